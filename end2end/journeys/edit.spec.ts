import { expect, test } from '../fixtures/console';
import { examine } from '../fixtures/examine';
import { choose, confirm, dialog, field, find, generateActive, unique } from '../steps/keys';

test('a Service key is edited, and calls follow at once', async ({ owner, verifier }) => {
  const name = unique('Before');
  const token = await generateActive(owner, { kind: 'Service', name });
  expect((await verifier.ask(token, { clientIp: '198.51.100.7' })).code).toBe('VALID');

  const renamed = unique('After');
  await choose(owner, name, 'Edit');
  await examine(owner.page, 'edit');
  await field(owner, 'Name').fill(renamed);
  await field(owner, 'Networks (CIDR)').fill('203.0.113.0/24');
  await confirm(owner, 'Save', 'Your changes are saved');

  await expect(await find(owner, renamed)).toContainText('1 network');
  expect((await verifier.ask(token, { clientIp: '198.51.100.7' })).code).toBe('IP_NOT_ALLOWED');
  expect((await verifier.ask(token, { clientIp: '203.0.113.7' })).code).toBe('VALID');
});

test('a Client key offers only name and description', async ({ owner }) => {
  const name = unique('Client');
  await generateActive(owner, { kind: 'Client', name, domains: 'a.example.com' });
  await choose(owner, name, 'Edit');
  await expect(dialog(owner).getByRole('textbox')).toHaveCount(2);
  await expect(field(owner, 'Allow-list of domains')).toHaveCount(0);
});

test('a refused edit keeps what was typed', async ({ owner, watch }) => {
  const name = unique('Wrong edit');
  await generateActive(owner, { kind: 'Service', name });
  await choose(owner, name, 'Edit');
  if (!owner.scripts) watch.expects(422, /\/edit/);
  await field(owner, 'Networks (CIDR)').fill('10.0.0.1/8');
  await dialog(owner).getByRole('button', { name: 'Save' }).click();
  await expect(field(owner, 'Networks (CIDR)')).toHaveAccessibleDescription(/host bits/);
  await expect(field(owner, 'Networks (CIDR)')).toHaveValue('10.0.0.1/8');
  await examine(owner.page, 'edit-refused');
});

test('two people who edit at once do not overwrite each other', async ({ owner, context, watch, scripts }) => {
  const name = unique('Shared');
  await generateActive(owner, { kind: 'Service', name });
  await choose(owner, name, 'Edit');
  const address = owner.page.url();

  const other = await context.newPage();
  await other.goto(address);
  if (scripts) await other.locator('html[data-hydrated]').waitFor({ state: 'attached' });
  await other.getByRole('textbox', { name: /^Description/ }).fill('The other was faster.');
  await other.getByRole('button', { name: 'Save' }).click();
  await expect(other.getByRole('status').filter({ hasText: 'Your changes are saved' })).toBeVisible();

  watch.expects(409, /\/(edit|edit_key)/);
  await field(owner, 'Description').fill('I was slower.');
  await dialog(owner).getByRole('button', { name: 'Save' }).click();
  await expect(dialog(owner).getByRole('alert')).toContainText('Somebody changed this key');
  await expect(field(owner, 'Description')).toHaveValue('I was slower.');
});
