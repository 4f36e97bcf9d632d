import { expect, test } from '../fixtures/console';
import { examine } from '../fixtures/examine';
import { choose, confirm, dialog, expectStatus, find, generateActive, unique } from '../steps/keys';

test('a key is disabled and enabled', async ({ owner, verifier }) => {
  const name = unique('Switch');
  const token = await generateActive(owner, { kind: 'Service', name });

  await choose(owner, name, 'Disable…');
  await expect(dialog(owner)).toContainText('Never used');
  await examine(owner.page, 'disable');
  await confirm(owner, 'Disable', 'The key is disabled');
  expect(await verifier.code(token)).toBe('DISABLED');
  await expectStatus(owner, name, 'Disabled');

  await choose(owner, name, 'Enable…');
  await examine(owner.page, 'enable');
  await confirm(owner, 'Enable', 'The key is enabled');
  expect(await verifier.code(token)).toBe('VALID');
});

test('a key is revoked with a reason and restored', async ({ owner, verifier, watch }) => {
  const name = unique('Revoked');
  const token = await generateActive(owner, { kind: 'Service', name });
  expect(await verifier.code(token)).toBe('VALID');

  await choose(owner, name, 'Revoke…');
  await test.step('a reason is needed', async () => {
    watch.expects(422, /\/(revoke|change_key)/);
    await dialog(owner).getByRole('button', { name: 'Revoke' }).click();
    await expect(dialog(owner)).toContainText(/choose|say why|reason/i);
    await examine(owner.page, 'revoke-refused');
  });
  await dialog(owner).getByRole('radio', { name: /no longer needed/i }).check();
  await confirm(owner, 'Revoke', 'The key is revoked');
  expect(await verifier.code(token)).toBe('REVOKED');
  await expectStatus(owner, name, 'Revoked');

  await choose(owner, name, 'Restore…');
  await examine(owner.page, 'restore');
  await confirm(owner, 'Restore', 'The key is restored');
  expect(await verifier.code(token)).toBe('VALID');
});

test('a key that leaked stays revoked', async ({ owner, verifier, watch }) => {
  const name = unique('Leaked');
  const token = await generateActive(owner, { kind: 'Service', name });
  await choose(owner, name, 'Revoke…');
  await dialog(owner).getByRole('radio', { name: /leaked/i }).check();
  await confirm(owner, 'Revoke', 'The key is revoked');

  await choose(owner, name, 'Restore…');
  watch.expects(409, /\/(restore|change_key)/);
  await dialog(owner).getByRole('button', { name: 'Restore' }).click();
  await expect(dialog(owner).getByRole('alert')).toBeVisible();
  expect(await verifier.code(token)).toBe('REVOKED');
});

test('a key is deleted by its name, for good', async ({ owner, verifier, watch }) => {
  const name = unique('Deleted');
  const token = await generateActive(owner, { kind: 'Service', name });
  await choose(owner, name, 'Delete…');
  await examine(owner.page, 'delete');

  watch.expects(422, /\/(delete|change_key)/);
  await dialog(owner).getByRole('textbox').fill('another name');
  await dialog(owner).getByRole('button', { name: 'Delete' }).click();
  await expect(dialog(owner)).toContainText('type it exactly as it is shown');
  expect(await verifier.code(token)).toBe('VALID');

  await dialog(owner).getByRole('textbox').fill(name);
  await confirm(owner, 'Delete', 'The key is deleted');
  expect(await verifier.code(token)).toBe('NOT_FOUND');
  await owner.open(`/keys?q=${encodeURIComponent(name)}`);
  await expect(owner.page.getByRole('heading', { name: 'No key matches' })).toBeVisible();
  await examine(owner.page, 'keys-no-match');
});

test('closing a dialog goes back to the list and changes nothing', async ({ owner, verifier }) => {
  const name = unique('Undecided');
  const token = await generateActive(owner, { kind: 'Service', name });
  await choose(owner, name, 'Revoke…');
  await dialog(owner).getByRole('link', { name: 'Cancel' }).click();
  await expect(dialog(owner)).toHaveCount(0);
  expect(owner.at).toContain(`/keys?q=`);
  if (owner.scripts) {
    await choose(owner, name, 'Revoke…');
    await owner.page.keyboard.press('Escape');
    await expect(dialog(owner)).toHaveCount(0);
  }
  await find(owner, name);
  expect(await verifier.code(token)).toBe('VALID');
});
