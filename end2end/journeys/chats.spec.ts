// Chats between contacts: create one, rename it, add contacts, archive it and bring it back.
import { type Console, expect, test } from '../fixtures/console';
import { examine } from '../fixtures/examine';
import { confirm, dialog, said, unique } from '../steps/keys';

/** Searches for contacts. They may be in the dialog before, but only its answer has the focus in the search field. */
async function findContacts(owner: Console, words: string): Promise<void> {
  const search = dialog(owner).getByRole('searchbox');
  await search.fill(words);
  await dialog(owner).getByRole('button', { name: 'Find contacts' }).click();
  await expect(search).toBeFocused();
  await expect(search).toHaveValue(words);
  await owner.alive();
}

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
    await findContacts(owner, family);
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
    await findContacts(owner, family);
    await dialog(owner).getByRole('checkbox', { name: new RegExp(`Grace ${family}`) }).check();
    await confirm(owner, 'Add', 'The contacts are in the chat.');
    await owner.alive();
    await expect(main).toContainText(`Grace ${family} was added`);
    await examine(page, 'chat-two');
  });

  await test.step('whoever manages chats writes in it, and anybody who sees it gets the file', async () => {
    await page.getByText('Write a message').click();
    await page.getByRole('textbox', { name: /^Message/ }).fill('Look here');
    await page.getByLabel(/^File/).setInputFiles({ name: 'plan.txt', mimeType: 'text/plain', buffer: Buffer.from('A plan') });
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await said(owner, 'The message is in the chat.');
    await owner.alive();
    const messages = page.getByRole('list', { name: 'Messages, newest first' });
    await expect(messages.getByRole('listitem').first()).toContainText('Look here');
    const coming = page.waitForEvent('download');
    await messages.getByRole('link', { name: 'plan.txt' }).click();
    expect((await coming).suggestedFilename()).toBe('plan.txt');
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

test('what is ticked and typed while contacts are searched is not lost @scripts', async ({ owner, arrange }) => {
  const { page } = owner;
  const title = unique('Late');
  const family = unique('Aalto');
  for (const first_name of ['Aada', 'Aino', 'Aku', 'Alvar']) await arrange.contact({ first_name, last_name: family });
  const box = (name: string) => dialog(owner).getByRole('checkbox', { name: new RegExp(`${name} ${family}`) });
  await owner.open('/chats/new');
  await box('Aku').check();
  await expect(box('Alvar')).toBeVisible();
  let answer = () => {};
  const held = new Promise<void>((resolve) => (answer = resolve));
  await page.route('**/chats/new', async (route) => {
    await held;
    await route.continue();
  });
  await dialog(owner).getByRole('searchbox').fill('Aino');
  await dialog(owner).getByRole('button', { name: 'Find contacts' }).click();
  await box('Aku').uncheck();
  // The search finds Aino, but not Aada.
  await box('Aino').check();
  await box('Aada').check();
  await dialog(owner).getByLabel('Title').pressSequentially(title);
  answer();
  // Nobody ticked or found this one, so the answer is there.
  await expect(box('Alvar')).toHaveCount(0);
  await expect(dialog(owner).getByLabel('Title')).toBeFocused();
  await expect(dialog(owner).getByLabel('Title')).toHaveValue(title);
  await expect(box('Aku')).not.toBeChecked();
  await expect(box('Aino')).toBeChecked();
  await expect(box('Aada')).toBeChecked();
  await dialog(owner).getByRole('button', { name: 'Create', exact: true }).click();
  await said(owner, 'The chat is created.');
  const participants = page.getByRole('main').getByRole('link', { name: family });
  await expect(participants).toHaveCount(2);
  await expect(participants.filter({ hasText: 'Aku' })).toHaveCount(0);
});
