import { expect, test } from '../fixtures/console';
import { examine } from '../fixtures/examine';
import { choose, confirm, dialog, field, find, unfold, unique } from '../steps/keys';

test('a Service key is edited, and calls follow at once', async ({ owner, arrange, verifier }) => {
  const name = unique('Before');
  const { token } = await arrange.active({ name });
  expect((await verifier.ask(token, { clientIp: '198.51.100.7' })).code).toBe('VALID');

  const renamed = unique('After');
  await choose(owner, name, 'Edit');
  await field(owner, 'Name').fill(renamed);
  await field(owner, 'Networks (CIDR)').fill('203.0.113.0/24');
  await confirm(owner, 'Save', 'is saved');

  await expect(await find(owner, renamed)).toContainText('1 network');
  expect((await verifier.ask(token, { clientIp: '198.51.100.7' })).code).toBe('IP_NOT_ALLOWED');
  expect((await verifier.ask(token, { clientIp: '203.0.113.7' })).code).toBe('VALID');
});

const all = [
  'Name',
  'Description',
  'Networks (CIDR)',
  'Blocked networks (CIDR)',
  'Domain allow-list',
  'Permissions in your own APIs',
  'Rate limits',
  'Call quota',
];
const kinds: [kind: string, label: string, fields: string[], boxes: number][] = [
  ['service', 'Service', all, 10],
  ['client', 'Client', ['Name', 'Description', 'Rate limits'], 0],
  ['open_connect', 'OpenConnect', ['Name', 'Description', 'Rate limits'], 0],
  ['queue_adapter', 'QueueAdapter', ['Name', 'Description', 'Rate limits'], 0],
  ['telephony', 'Telephony (legacy)', ['Name', 'Description', 'Rate limits'], 0],
  ['master_user', 'Master User', ['Name', 'Networks (CIDR)'], 4],
];

test('each kind offers the fields that it lets change, and no others', async ({ owner, arrange }) => {
  for (const [kind, label, fields, boxes] of kinds) {
    await test.step(label, async () => {
      const { id } = await arrange.active({ kind, name: unique(label) });
      await owner.open(`/keys/${id}/edit`);
      await unfold(owner);
      for (const one of all) await expect(field(owner, one)).toHaveCount(fields.includes(one) ? 1 : 0);
      await expect(dialog(owner).getByRole('checkbox')).toHaveCount(boxes);
      await expect(dialog(owner)).toContainText(/Cannot be changed: Kind/);
      const renamed = unique(`${label} renamed`);
      await field(owner, 'Name').fill(renamed);
      await confirm(owner, 'Save', 'is saved');
      await find(owner, renamed);
    });
  }
});

test('a Master User key changes what it may do', async ({ owner, arrange, verifier }) => {
  const name = unique('Chats');
  const { token } = await arrange.active({ kind: 'master_user', name, boxes: 'chats.read' });
  expect((await verifier.ask(token, { permissions: 'chats.write' })).code).toBe('INSUFFICIENT_PERMISSIONS');
  await choose(owner, name, 'Edit');
  await expect(dialog(owner).getByRole('checkbox', { name: /read-only/ })).toBeChecked();
  await dialog(owner).getByRole('checkbox', { name: /read-only/ }).uncheck();
  await dialog(owner).getByRole('checkbox', { name: /write-only/ }).check();
  await examine(owner.page, 'dialog-edit-master-user');
  await confirm(owner, 'Save', 'is saved');
  expect((await verifier.ask(token, { permissions: 'chats.write' })).code).toBe('VALID');
  expect((await verifier.ask(token, { permissions: 'chats.read' })).code).toBe('INSUFFICIENT_PERMISSIONS');
});

test('a refused edit keeps what was typed', async ({ owner, arrange, watch }) => {
  const name = unique('Wrong edit');
  await arrange.active({ name });
  await choose(owner, name, 'Edit');
  // With scripts, the form is not sent at all.
  if (!owner.scripts) watch.expects(422, /\/edit(\?|$)/);
  await field(owner, 'Networks (CIDR)').fill('10.0.0.1/8');
  await dialog(owner).getByRole('button', { name: 'Save' }).click();
  await expect(field(owner, 'Networks (CIDR)')).toHaveAccessibleDescription(/host bits/);
  await expect(field(owner, 'Networks (CIDR)')).toHaveValue('10.0.0.1/8');
  await examine(owner.page, 'dialog-edit-refused');
});

test('two people who edit at once do not overwrite each other', async ({ owner, arrange, context, watch, scripts }) => {
  const { id } = await arrange.active({ name: unique('Shared') });
  await owner.open(`/keys/${id}/edit`);

  const other = await context.newPage();
  await other.goto(owner.page.url());
  if (scripts) await other.locator('html[data-hydrated]').waitFor({ state: 'attached' });
  await other.getByRole('textbox', { name: /^Description/ }).fill('The other was faster.');
  await other.getByRole('button', { name: 'Save' }).click();
  await expect(other.getByRole('status').filter({ hasText: 'is saved' })).toBeVisible();

  watch.expects(409, /\/edit(\?|$)/);
  await field(owner, 'Description').fill('I was slower.');
  await dialog(owner).getByRole('button', { name: 'Save' }).click();
  await expect(dialog(owner).getByRole('alert')).toContainText('This was changed after the page was loaded');
  await expect(field(owner, 'Description')).toHaveValue('I was slower.');
  await examine(owner.page, 'dialog-edit-changed');
  await dialog(owner).getByRole('link', { name: 'Load the current values' }).click();
  await expect(field(owner, 'Description')).toHaveValue('The other was faster.');
});

test('a session that ends while a form is filled in loses nothing', async ({ owner, arrange, context, cookies, watch }) => {
  const { id } = await arrange.active({ name: unique('Interrupted') });
  await owner.open(`/keys/${id}/edit`);
  await field(owner, 'Description').fill('Typed for a long time.');
  await context.clearCookies();
  watch.expects(401, /\/edit(\?|$)/);
  await dialog(owner).getByRole('button', { name: 'Save' }).click();
  await expect(owner.page.getByRole('heading', { name: 'Your session has ended' })).toBeVisible();
  await owner.alive();
  await examine(owner.page, 'session-ended');

  // Signed in again, in another tab.
  await context.addCookies(cookies);
  await owner.page.getByRole('button', { name: 'Send again' }).click();
  await expect(owner.page.getByRole('status').filter({ hasText: 'is saved' })).toBeVisible();
  await owner.open(`/keys/${id}/edit`);
  await expect(field(owner, 'Description')).toHaveValue('Typed for a long time.');
});
