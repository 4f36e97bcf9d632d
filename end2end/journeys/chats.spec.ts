// Chats between contacts: create one, rename it, add contacts, archive it and bring it back.
import { expect, test } from '../fixtures/console';
import { examine } from '../fixtures/examine';
import { confirm, dialog, said, unique } from '../steps/keys';

test('a chat is created, renamed, joined by contacts, archived and brought back', async ({ owner, arrange, watch }) => {
  const { page } = owner;
  const main = page.getByRole('main');
  const [title, family] = [unique('Support'), unique('Byron')];
  await arrange.contact({ first_name: 'Ada', last_name: family });
  await arrange.contact({ first_name: 'Grace', last_name: family });
  await owner.open('/chats');
  await page.getByRole('link', { name: 'Create a chat' }).first().click();
  await owner.alive();

  await test.step('contacts are found and ticked', async () => {
    await dialog(owner).getByLabel('Title').fill(title);
    await dialog(owner).getByRole('searchbox').fill(family);
    await dialog(owner).getByRole('button', { name: 'Find contacts' }).click();
    await expect(dialog(owner).getByRole('checkbox', { name: new RegExp(`Ada ${family}`) })).toBeVisible();
    await owner.alive();
    await expect(dialog(owner).getByLabel('Title')).toHaveValue(title);
    await dialog(owner).getByRole('checkbox', { name: new RegExp(`Ada ${family}`) }).check();
    await examine(page, 'dialog-chat-contacts');
    await dialog(owner).getByRole('button', { name: 'Create' }).click();
    await said(owner, 'The chat is created.');
    await owner.alive();
    await expect(main.getByRole('link', { name: `Ada ${family}` })).toBeVisible();
    await expect(page.locator('#chat-uuid')).toHaveText(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  await test.step('another name is told in the chat', async () => {
    await page.getByRole('link', { name: 'Rename…' }).click();
    await owner.alive();
    await dialog(owner).getByLabel('Title').fill(`${title} desk`);
    await confirm(owner, 'Rename', 'The chat is renamed.');
    await owner.alive();
    await expect(page.getByRole('list', { name: 'Messages, newest first' })).toContainText(`The chat is now called ${title} desk`);
  });

  await test.step('adding nobody says so, and adding somebody adds them', async () => {
    await page.getByRole('link', { name: 'Add contacts…' }).click();
    await owner.alive();
    watch.expects(422, /\/invite$/);
    await dialog(owner).getByRole('button', { name: 'Add', exact: true }).click();
    await expect(page.getByText('Tick at least one contact.')).toBeVisible();
    await owner.alive();
    await dialog(owner).getByRole('searchbox').fill(family);
    await dialog(owner).getByRole('button', { name: 'Find contacts' }).click();
    await dialog(owner).getByRole('checkbox', { name: new RegExp(`Grace ${family}`) }).check();
    await confirm(owner, 'Add', 'The contacts are in the chat.');
    await owner.alive();
    await expect(main).toContainText(`Grace ${family} was added`);
    await examine(page, 'chat-two');
  });

  await test.step('an archived chat is in a list of its own', async () => {
    await page.getByRole('link', { name: 'Archive…' }).click();
    await owner.alive();
    await confirm(owner, 'Archive', 'The chat is archived.');
    await owner.open(`/chats?q=${encodeURIComponent(title)}`);
    await expect(main).toContainText('No chats here');
    await owner.open(`/chats?q=${encodeURIComponent(title)}&status=archived`);
    await page.getByRole('link', { name: `Bring back… the chat ${title} desk` }).click();
    await owner.alive();
    await confirm(owner, 'Bring back', 'The chat is back.');
  });
});
