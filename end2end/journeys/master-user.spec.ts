// Master User API Keys, from their menu to the calls that they open.
import { expect, test } from '../fixtures/console';
import { examine } from '../fixtures/examine';
import { acknowledge, choose, confirm, dialog, field, find, finish, unfold, unique } from '../steps/keys';

test('a Master User key is created from its menu, opens the chat service, is edited and deleted', async ({ owner }) => {
  const { page, server } = owner;
  const name = unique('Chats');
  await owner.open('/');
  await page.getByRole('link', { name: 'Master User API Keys' }).first().click();
  await expect(page.getByRole('heading', { name: 'Master User API Keys', level: 1 })).toBeVisible();
  await page.getByRole('main').getByRole('link', { name: 'Create', exact: true }).first().click();
  await expect(field(owner, 'Name')).toHaveAccessibleDescription(/for example: Create a chat/);
  await owner.alive();
  await unfold(owner);

  const boxes = page.getByRole('main').getByRole('checkbox');
  await expect(boxes).toHaveCount(4);
  for (const box of await boxes.all()) await expect(box).not.toBeChecked();
  for (const words of ['Perform read-only chat actions', 'Perform write-only chat actions', 'Export data', 'Perform read/write contact actions']) {
    await expect(page.getByRole('checkbox', { name: words })).toBeVisible();
  }
  await expect(field(owner, 'Networks (CIDR)')).toHaveValue('');
  await expect(field(owner, 'Acts only for')).toHaveValue('');
  const token = await finish(owner, {
    kind: 'Master User',
    name,
    networks: '127.0.0.0/8\n::1',
    boxes: ['Perform read/write contact actions'],
  });

  await expect(page.getByRole('main')).toContainText('You will not be able to see it again. If you lose it, generate a new key.');
  await expect(page.getByRole('main')).toContainText('Treat this key as you would a password.');
  await expect(page.locator('.secret')).toHaveCount(2);
  if (owner.scripts) await expect(page.locator('.secret').getByRole('button', { name: /^Copy/ })).toHaveCount(2);
  await acknowledge(owner);
  await expect(await find(owner, name)).toContainText('Active');
  expect(await page.content()).not.toContain(token.slice(-43));

  const [prefix, id, secret] = token.split('_');
  const headers = { 'X-MASTER-USER-API-KEY': `${prefix}_${id}`, 'X-MASTER-USER-API-KEY-SECRET': secret ?? '' };
  const call = async () => {
    const answer = await fetch(`${server.url}/chat-service/api/contacts/list`, { headers });
    return [answer.status, ((await answer.json()) as { error_code?: string }).error_code];
  };
  expect(await call()).toEqual([200, undefined]);

  await choose(owner, name, 'Edit');
  await dialog(owner).getByRole('checkbox', { name: /contact actions/ }).uncheck();
  await dialog(owner).getByRole('checkbox', { name: /read-only/ }).check();
  await confirm(owner, 'Save', 'is saved');
  expect(await call()).toEqual([403, 'RF731']);

  await choose(owner, name, 'Delete…');
  await expect(dialog(owner)).toContainText(/cannot undo this/);
  await examine(page, 'dialog-delete-master-user');
  await dialog(owner).getByRole('textbox').fill(name);
  await confirm(owner, 'Delete', 'is deleted');
  expect(await call()).toEqual([401, 'RU001']);
});
