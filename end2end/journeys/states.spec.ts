import { expect, test } from '../fixtures/console';
import { examine } from '../fixtures/examine';
import { acknowledge, choose, close, confirm, dialog, expectStatus, find, press, said, unique } from '../steps/keys';

test('a key is disabled and enabled', async ({ owner, arrange, verifier }) => {
  const name = unique('Switch');
  const { token } = await arrange.active({ name });

  await press(owner, name, 'Disable', 'is disabled');
  expect(await verifier.code(token)).toBe('DISABLED');
  await expectStatus(owner, name, 'Disabled');
  await press(owner, name, 'Enable', 'is enabled again');
  expect(await verifier.code(token)).toBe('VALID');

  await owner.page.getByRole('status').getByRole('link', { name: 'View key' }).click();
  const more = owner.page.getByRole('button', { name: 'More acts' });
  await more.click();
  await owner.page.getByRole('link', { name: 'Disable…' }).click();
  await expect(dialog(owner)).toContainText('every call with this key is refused');
  await confirm(owner, 'Disable', 'is disabled');
  await more.click();
  await owner.page.getByRole('link', { name: 'Enable…' }).click();
  await confirm(owner, 'Enable', 'is enabled again');
  expect(await verifier.code(token)).toBe('VALID');
});

test('an open list shows what others do to its keys @scripts', async ({ owner, arrange }) => {
  const { page } = owner;
  const name = unique('Watched');
  const key = await arrange.active({ name });
  const row = await find(owner, name);
  await arrange.act(key, 'disable');
  await expect(row).toContainText('Active');
  // As when the reader comes back to the tab.
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  await expect(row).toContainText('Disabled');
  await row.getByRole('button', { name: `Actions for ${name}` }).click();
  await expect(row.getByRole('button', { name: 'Enable', exact: true })).toBeVisible();
});

test('a message names the key, undoes what can be undone, and is shown once', async ({ owner, arrange, verifier }) => {
  const { page } = owner;
  const name = unique('Undo');
  const { token } = await arrange.active({ name });
  await press(owner, name, 'Disable', `“${name}” is disabled`);
  expect(owner.at).toContain('/keys?q=');
  await page.getByRole('status').getByRole('button', { name: 'Undo' }).click();
  await said(owner, `“${name}” is enabled again`);
  expect(await verifier.code(token)).toBe('VALID');
  await page.reload();
  await expect(page.getByRole('status').filter({ hasText: name })).toHaveCount(0);

  await choose(owner, name, 'Edit');
  await confirm(owner, 'Save', `“${name}” is saved`);
  await page.getByRole('status').getByRole('link', { name: 'View key' }).click();
  await expect(page.getByRole('heading', { name, level: 1 })).toBeVisible();
  await expect(page.getByRole('status').filter({ hasText: 'is saved' })).toHaveCount(0);
});

test('a key is revoked with a reason and restored', async ({ owner, arrange, verifier, watch }) => {
  const name = unique('Revoked');
  const { token } = await arrange.active({ name });
  expect(await verifier.code(token)).toBe('VALID');

  await choose(owner, name, 'Revoke…');
  await test.step('a reason is needed, and what was typed stays', async () => {
    watch.expects(422, /\/revoke(\?|$)/);
    await dialog(owner).getByRole('textbox').fill('The contract has ended.');
    await dialog(owner).getByRole('button', { name: 'Revoke' }).click();
    const reason = dialog(owner).getByRole('radio').first();
    await expect(reason).toHaveAccessibleDescription('Choose a reason.');
    if (owner.scripts) await expect(reason).toBeFocused();
    await expect(dialog(owner).getByRole('textbox')).toHaveValue('The contract has ended.');
    await examine(owner.page, 'dialog-revoke-refused');
  });
  await dialog(owner).getByRole('radio', { name: /no longer needed/i }).check();
  await confirm(owner, 'Revoke', 'is revoked');
  expect(await verifier.code(token)).toBe('REVOKED');
  await expectStatus(owner, name, 'Revoked');

  await choose(owner, name, 'Audit');
  const row = dialog(owner).getByRole('row').filter({ hasText: /^Revoked/ });
  for (const words of ['The contract has ended.', 'Reason: “It is no longer needed”', 'State: “Active” → “Revoked”']) {
    await expect(row).toContainText(words);
  }
  await close(owner);

  await choose(owner, name, 'Restore…');
  await confirm(owner, 'Restore', 'is restored');
  expect(await verifier.code(token)).toBe('VALID');
});

test('a key that was disabled before its revoke comes back disabled, and the words say so', async ({
  owner,
  arrange,
  verifier,
}) => {
  const name = unique('Still off');
  const key = await arrange.active({ name });
  await arrange.act(key, 'disable');
  await arrange.act(key, 'revoke', { reason: 'superseded' });
  await choose(owner, name, 'Restore…');
  await expect(dialog(owner)).toContainText('The key returns to its status before it was revoked, with the same secret.');
  await confirm(owner, 'Restore', 'is restored to its status before it was revoked.');
  expect(await verifier.code(key.token)).toBe('DISABLED');
  await expectStatus(owner, name, 'Disabled');
});

test('a key that begins later is confirmed and enabled, and nothing says that it works now', async ({
  owner,
  arrange,
  verifier,
}) => {
  const name = unique('Later');
  const key = await arrange.pending({ name, not_before: '2099-01-01T00:00' });
  await choose(owner, name, 'Confirm…');
  await acknowledge(owner);
  expect(await verifier.code(key.token)).toBe('NOT_YET_VALID');

  await arrange.act(key, 'disable');
  await press(owner, name, 'Enable', 'is enabled again.');
  expect(await verifier.code(key.token)).toBe('NOT_YET_VALID');
});

test('a kind that does not exist is refused at the choice of kinds', async ({ owner, arrange, watch }) => {
  const { id } = await arrange.active({ name: unique('Asked') });
  watch.expects(422, /\/why\?/);
  await owner.open(`/keys/${id}/why?kind=sausage`);
  const kind = owner.page.getByRole('combobox', { name: 'Kind asked for' });
  await expect(kind).toHaveAccessibleDescription('Choose one of the kinds that are shown.');
  if (owner.scripts) await expect(kind).toBeFocused();
});

test('a key that leaked stays revoked', async ({ owner, arrange, verifier }) => {
  const name = unique('Leaked');
  const { id, token } = await arrange.active({ name });
  await choose(owner, name, 'Revoke…');
  await dialog(owner).getByRole('radio', { name: /leaked/i }).check();
  await confirm(owner, 'Revoke', 'is revoked');

  await choose(owner, name, 'Restore…');
  await expect(dialog(owner)).toContainText('A leaked key stays revoked; issue a new one.');
  await expect(dialog(owner).getByRole('button', { name: 'Restore' })).toHaveCount(0);
  await examine(owner.page, 'dialog-restore-refused');
  await close(owner);
  expect((await arrange.post(`/keys/${id}/restore`, {})).status).toBe(409);
  await owner.open(`/keys/${id}`);
  await expect(owner.page.getByRole('link', { name: 'Restore…' })).toHaveCount(0);
  expect(await verifier.code(token)).toBe('REVOKED');
});

test('a key is deleted by its name, for good, and its history stays', async ({ owner, arrange, verifier, watch }) => {
  const name = unique('Deleted');
  const { id, token } = await arrange.active({ name });
  await choose(owner, name, 'Delete…');

  watch.expects(422, /\/delete(\?|$)/);
  await dialog(owner).getByRole('textbox').fill('another name');
  await dialog(owner).getByRole('button', { name: 'Delete' }).click();
  await expect(dialog(owner).getByRole('textbox')).toHaveAccessibleDescription(/type it exactly as shown/);
  await expect(dialog(owner).getByRole('textbox')).toHaveValue('another name');
  await examine(owner.page, 'dialog-delete-refused');
  expect(await verifier.code(token)).toBe('VALID');

  await dialog(owner).getByRole('textbox').fill(name);
  await confirm(owner, 'Delete', 'is deleted');
  expect(await verifier.code(token)).toBe('NOT_FOUND');
  await owner.open(`/keys?q=${encodeURIComponent(name)}`);
  await expect(owner.page.getByRole('heading', { name: 'No keys match' })).toBeVisible();
  await examine(owner.page, 'keys-no-match');

  await owner.open(`/audit?key=${id}`);
  await expect(owner.page.getByRole('row').filter({ hasText: /^Deleted/ })).toContainText(name);
  watch.expects(404, new RegExp(`/keys/${id}$`));
  await owner.open(`/keys/${id}`);
  await expect(owner.page.getByRole('heading', { name: 'Key not found' })).toBeVisible();
  await examine(owner.page, 'key-gone');
});

test('closing a dialog goes back to the list as it was and changes nothing', async ({ owner, arrange, verifier }) => {
  const name = unique('Undecided');
  const { token } = await arrange.active({ name });
  await choose(owner, name, 'Revoke…');
  await close(owner, 'Cancel');
  await expect.poll(() => owner.at).toContain(`/keys?q=`);
  if (owner.scripts) {
    await choose(owner, name, 'Revoke…');
    await owner.page.keyboard.press('Escape');
    await expect(owner.page.locator('dialog[data-back]')).toHaveCount(0);
    await expect.poll(() => owner.at).toContain(`/keys?q=`);
  }
  await find(owner, name);
  expect(await verifier.code(token)).toBe('VALID');
});
