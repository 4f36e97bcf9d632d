// Contacts: the creator of an app is the first; others are created, changed, disabled, enabled and removed.
import { OWNER, expect, test } from '../fixtures/console';
import { examine } from '../fixtures/examine';
import { confirm, dialog, field, said, unique } from '../steps/keys';

test('the owner is the first contact, staff and an admin', async ({ owner }) => {
  await owner.open(`/contacts?q=${encodeURIComponent(OWNER.email)}`);
  const row = owner.page.getByRole('main').getByRole('row').filter({ hasText: OWNER.email });
  await expect(row).toContainText('Staff, admin');
  await expect(row).toContainText('Active');
});

test('a contact is created, changed, disabled, enabled and removed', async ({ owner, watch }) => {
  const { page } = owner;
  const main = page.getByRole('main');
  const family = unique('Hopper');
  const email = `${family.replace(/\W/g, '.').toLowerCase()}@example.com`;
  await owner.open('/');
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Contacts' }).click();
  await owner.alive();
  await page.getByRole('link', { name: 'Create a contact' }).first().click();
  await owner.alive();

  await test.step('a client cannot be an admin', async () => {
    await field(owner, 'First name').fill('Grace');
    await field(owner, 'Last name').fill(family);
    await field(owner, 'E-mail').fill(email);
    await dialog(owner).getByRole('checkbox', { name: /^Admin/ }).check();
    watch.expects(422, /\/contacts\/new$/);
    await dialog(owner).getByRole('button', { name: 'Create' }).click();
    await expect(page.getByText('Only staff can be admins').first()).toBeVisible();
    await owner.alive();
    await expect(field(owner, 'Last name')).toHaveValue(family);
    await examine(page, 'dialog-contact-wrong');
    await dialog(owner).getByRole('checkbox', { name: /^Admin/ }).uncheck();
    await dialog(owner).getByRole('button', { name: 'Create' }).click();
    await said(owner, 'The contact is created.');
    await owner.alive();
    await expect(page.locator('#contact-uuid')).toHaveText(/^[0-9a-f-]{36}$/);
  });

  await test.step('no two have the same e-mail', async () => {
    const at = owner.at;
    await owner.open('/contacts/new');
    await field(owner, 'First name').fill('Grace');
    await field(owner, 'E-mail').fill(email.toUpperCase());
    await dialog(owner).getByRole('button', { name: 'Create' }).click();
    await expect(page.getByText('Another contact of this app has this e-mail').first()).toBeVisible();
    await owner.open(at);
  });

  await test.step('change', async () => {
    await page.getByRole('link', { name: 'Edit…' }).click();
    await owner.alive();
    await expect(field(owner, 'E-mail')).toHaveValue(email);
    await field(owner, 'Identifier').fill('crm/4711');
    await dialog(owner).getByLabel('Staff or client').selectOption('Staff');
    await confirm(owner, 'Save', 'The contact is saved.');
    await owner.alive();
    await expect(main).toContainText('crm/4711');
    await expect(main).toContainText('Staff');
  });

  await test.step('disable and enable', async () => {
    await page.getByRole('link', { name: 'Disable…' }).click();
    await owner.alive();
    await confirm(owner, 'Disable', 'The contact is disabled.');
    await owner.alive();
    await expect(main).toContainText('Disabled');
    // By its address, which comes with a document of its own.
    await owner.open(`${owner.at}/enable`);
    await confirm(owner, 'Enable', 'The contact is enabled again.');
    await owner.alive();
  });

  await test.step('remove', async () => {
    await page.getByRole('link', { name: 'Remove…' }).click();
    await owner.alive();
    await confirm(owner, 'Remove', 'The contact is removed.');
    await owner.alive();
    await owner.open(`/contacts?q=${encodeURIComponent(family)}`);
    await expect(page.getByRole('heading', { name: 'Nobody matches' })).toBeVisible();
  });
});
