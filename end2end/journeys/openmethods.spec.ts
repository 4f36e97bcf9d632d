// The screens that users of OpenMethods know: the list of API keys, a new key, its record, and people.
import { OWNER, expect, test } from '../fixtures/console';
import { chooseKind, close, dialog, field, fill, finish, unfold, unique } from '../steps/keys';

test('the list of keys leads to Setup Integration, Audit and Generate New Key', async ({ owner, arrange }) => {
  const { page } = owner;
  const main = page.getByRole('main');
  const names = [unique('First'), unique('Second')];
  for (const name of names) await arrange.active({ name });
  await owner.open('/keys?sort=created&dir=desc');
  for (const name of names) await expect(page.getByRole('link', { name, exact: true })).toBeVisible();

  await main.getByRole('link', { name: 'Setup Integration', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'OpenConnect: Events driven by OpenConnect' })).toBeVisible();
  await expect(field(owner, 'Name')).toBeVisible();
  await owner.open('/keys');
  await main.getByRole('link', { name: 'Audit', exact: true }).click();
  const headers = dialog(owner).getByRole('columnheader');
  await expect(headers.filter({ hasText: 'Action' })).toBeVisible();
  await expect(headers.filter({ hasText: 'User' })).toBeVisible();
  await expect(headers.filter({ hasText: 'Date and time' })).toBeVisible();
  await expect(dialog(owner).getByRole('row').filter({ hasText: names[0] }).first()).toBeVisible();
  await close(owner);
  await main.getByRole('link', { name: 'Generate New Key' }).first().click();
  await expect(page.getByRole('heading', { name: 'Generate New Key', level: 1 })).toBeVisible();
  for (const kind of ['Client', 'OpenConnect', 'QueueAdapter', 'Telephony (legacy)']) {
    await expect(main.getByRole('link', { name: kind }).first()).toBeVisible();
  }
});

test('a key needs a name, its description is recommended, and it has one type', async ({ owner }) => {
  const { page } = owner;
  await chooseKind(owner, 'OpenConnect');
  await expect(page.getByText('optional, recommended')).toBeVisible();
  await page.getByRole('button', { name: 'Continue to summary' }).click();
  await expect(field(owner, 'Name')).toHaveAttribute('aria-invalid', 'true');
  await expect(field(owner, 'Name')).toHaveAccessibleDescription(/\S/);
  const name = unique('Named');
  await owner.alive();
  await unfold(owner);
  await fill(owner, { name });
  await finish(owner, { kind: 'OpenConnect', name });
  await expect(page.getByRole('main')).toContainText('You will not be able to see it again.');
});

test('people are found by name and e-mail, and sorted by role', async ({ owner, arrange }) => {
  const { page } = owner;
  const mark = unique('Filter').split(' ').at(-1) ?? '';
  const email = `filter.${mark}@example.com`;
  await arrange.person({ email, role: 'auditor' });
  const rows = page.getByRole('region', { name: 'People' }).locator('tbody tr');
  for (const [typed, found] of [[email, email], ['Ada', 'Ada Byron']] as const) {
    await owner.open('/people');
    await page.getByRole('searchbox', { name: 'Search by name or e-mail' }).fill(typed);
    await page.getByRole('searchbox', { name: 'Search by name or e-mail' }).press('Enter');
    await page.waitForURL((address) => address.searchParams.get('q') === typed);
    await expect(rows.first()).toContainText(found);
    await expect(rows.filter({ hasText: OWNER.email })).toHaveCount(0);
  }

  await owner.open('/people?sort=role');
  await expect(page.getByRole('columnheader', { name: 'Role' })).toHaveAttribute('aria-sort', 'ascending');
  const first = await rows.first().innerText();
  await page.getByRole('columnheader', { name: 'Role' }).getByRole('link').click();
  await expect(page.getByRole('columnheader', { name: 'Role' })).toHaveAttribute('aria-sort', 'descending');
  expect(await rows.first().innerText()).not.toBe(first);
});
