// Rotation: a key gets a new secret while calls with the old one go on.
import { expect, test } from '../fixtures/console';
import { examine } from '../fixtures/examine';
import { choose, close, confirm, dialog, find, said, shownToken, unique } from '../steps/keys';

test('a key is rotated while it is used, and the rotation is extended and finished', async ({ owner, arrange, verifier, watch }) => {
  test.setTimeout(120_000);
  const { page } = owner;
  const name = unique('Rotated');
  const key = await arrange.active({ name, rotate_days: '90' });
  await verifier.ask(key.token, { clientIp: '203.0.113.9' });
  const codes = async (token: string) => [await verifier.code(key.token), await verifier.code(token)];

  await test.step('the dialog says what will happen', async () => {
    await choose(owner, name, 'Rotate…');
    await expect(dialog(owner)).toContainText('Until then nothing changes.');
    await expect(dialog(owner).getByRole('combobox')).toHaveValue('24h');
    watch.expects(422, /\/rotate(\?|$)/);
    await dialog(owner).getByRole('combobox').selectOption('Another time');
    await dialog(owner).getByLabel('Another time').fill('91d');
    await dialog(owner).getByRole('button', { name: 'Show me the new secret' }).click();
    await expect(dialog(owner).getByText('Choose 90 days at most.').first()).toBeVisible();
    await owner.alive();
    await examine(page, 'dialog-rotate-refused');
    await expect(dialog(owner).getByLabel('Another time')).toHaveValue('91d');
    await dialog(owner).getByLabel('Another time').fill('36h');
  });

  let token = '';
  await test.step('the new secret is shown once, and does not work yet', async () => {
    await dialog(owner).getByRole('button', { name: 'Show me the new secret' }).click();
    await expect(page.getByRole('heading', { name: `Copy the new secret of “${name}” now` })).toBeVisible();
    await owner.alive();
    await expect(page.getByRole('main')).toContainText('for 36 hours after you confirm this one');
    await expect(page.getByRole('main')).toContainText('The new secret starts to work when you confirm below.');
    token = await shownToken(owner);
    expect(token).toMatch(new RegExp(`^ks_${key.id}_`));
    await examine(page, 'rotated');
    expect(await codes(token)).toEqual(['VALID', 'NOT_FOUND']);
    if (owner.scripts) await expect(page.getByRole('button', { name: 'Done' })).toBeDisabled();
  });

  await test.step('it works once it is confirmed, beside the old one', async () => {
    await page.getByRole('checkbox', { name: 'I have stored this key' }).check();
    await page.getByRole('button', { name: 'Done' }).click();
    await said(owner, `“${name}” has a new secret.`);
    await expect(page.getByRole('heading', { name: 'Two secrets work' })).toBeVisible();
    expect(await codes(token)).toEqual(['VALID', 'VALID']);
    expect(await page.content()).not.toContain(token.slice(-49));
  });

  await test.step('the page shows who still uses the old one', async () => {
    for (const clientIp of ['203.0.113.9', '203.0.113.10']) await verifier.ask(key.token, { clientIp });
    await expect(async () => {
      await owner.open(`/keys/${key.id}`);
      await expect(page.locator('#rotation')).toContainText('The old secret was used', { timeout: 500 });
      await expect(page.locator('#rotation')).toContainText('in the last hour, from 2 addresses', { timeout: 500 });
    }).toPass();
    await expect(page.locator('#rotation')).toContainText('203.0.113.10');
    await examine(page, 'key-rotating');
  });

  await test.step('a second rotation has to wait', async () => {
    await choose(owner, name, 'Rotate…');
    await expect(dialog(owner)).toContainText('finish or undo it first');
    await close(owner);
  });

  await test.step('it is extended, and then finished', async () => {
    await owner.open(`/keys/${key.id}`);
    await page.getByRole('link', { name: 'Extend…' }).click();
    // It has 36 hours.
    await expect(dialog(owner).getByRole('option')).toHaveText(['7 days', 'Another time']);
    await dialog(owner).getByRole('combobox').selectOption('7 days');
    await confirm(owner, 'Extend', 'has two secrets for longer');
    await page.getByRole('link', { name: 'Finish now…' }).click();
    await expect(dialog(owner)).toContainText('every call with the old secret is refused');
    await examine(page, 'dialog-rotation-finish');
    await confirm(owner, 'Finish now', 'has one secret');
    expect(await codes(token)).toEqual(['NOT_FOUND', 'VALID']);
    await expect(page.locator('#rotation')).toHaveCount(0);
  });
});

test('a rotation is undone, and one that nobody confirms changes nothing', async ({ owner, arrange, verifier }) => {
  const { page } = owner;
  const name = unique('Undone');
  const key = await arrange.active({ name });
  const undone = await arrange.rotated(key, '1h');
  await owner.open(`/keys/${key.id}`);
  await page.getByRole('link', { name: 'Undo…' }).click();
  await expect(dialog(owner)).toContainText('every call with the new secret is refused, for good');
  await confirm(owner, 'Undo the rotation', 'has its old secret back');
  expect(await verifier.code(key.token)).toBe('VALID');
  expect(await verifier.code(undone.token)).toBe('NOT_FOUND');

  const dropped = await arrange.rotate(key, '1h');
  await owner.open(`/keys/${key.id}`);
  await page.getByRole('link', { name: 'Confirm or drop it' }).click();
  await expect(page.getByRole('heading', { name: `Have you stored the new secret of “${name}”?` })).toBeVisible();
  await owner.alive();
  await page.getByRole('button', { name: 'Drop the new secret' }).click();
  await said(owner, 'keeps its secret');
  expect(await verifier.code(key.token)).toBe('VALID');
  expect(await verifier.code(dropped.token)).toBe('NOT_FOUND');
});

test('a Master User key is rotated, too', async ({ owner, arrange, verifier }) => {
  const { page } = owner;
  const name = unique('Chats');
  const key = await arrange.active({ kind: 'master_user', name, boxes: 'chats.read' });
  await choose(owner, name, 'Rotate…');
  await dialog(owner).getByRole('combobox').selectOption('Not at all');
  await dialog(owner).getByRole('button', { name: 'Show me the new secret' }).click();
  await expect(page.getByRole('heading', { name: /^Copy the new secret/ })).toBeVisible();
  await owner.alive();
  const token = await shownToken(owner);
  await page.getByRole('checkbox', { name: 'I have stored this key' }).check();
  await page.getByRole('button', { name: 'Done' }).click();
  await said(owner, 'has a new secret');
  expect([await verifier.code(key.token), await verifier.code(token)]).toEqual(['NOT_FOUND', 'VALID']);
});

test('dropping a new secret that is shown asks about that @scripts', async ({ owner, arrange, verifier }) => {
  const { page } = owner;
  const name = unique('Shown');
  const key = await arrange.active({ name });
  await choose(owner, name, 'Rotate…');
  await dialog(owner).getByRole('button', { name: 'Show me the new secret' }).click();
  await expect(page.getByRole('heading', { name: /^Copy the new secret/ })).toBeVisible();
  await owner.alive();
  const asked: string[] = [];
  page.on('dialog', async (question) => {
    asked.push(question.message());
    await (asked.length === 1 ? question.dismiss() : question.accept());
  });
  const drop = page.getByRole('button', { name: 'Drop the new secret' });
  await drop.click();
  await expect.poll(() => asked.length).toBe(1);
  await expect(page.getByRole('heading', { name: /^Copy the new secret/ })).toBeVisible();
  await drop.click();
  await said(owner, 'keeps its secret');
  for (const question of asked) expect(question).toMatch(/^Drop the new secret\?/);
  expect(asked).toHaveLength(2);
  expect(await verifier.code(key.token)).toBe('VALID');
});

test('a new key with the same permissions begins with the fields of another', async ({ owner, arrange }) => {
  const { page } = owner;
  const name = unique('Original');
  const key = await arrange.active({ name, permissions: 'invoices.read\ninvoices.export', cidrs: '203.0.113.0/24' });
  await owner.open(`/keys/${key.id}`);
  await page.getByRole('button', { name: 'More acts' }).click();
  await page.getByRole('button', { name: 'New key with the same permissions' }).click();
  await expect(page.getByRole('heading', { name: 'Summary' })).toBeVisible();
  for (const words of [`${name} (copy)`, 'invoices.export', '203.0.113.0/24']) await expect(page.getByRole('main')).toContainText(words);
});

test('the interval of a key is asked for and shown', async ({ owner, arrange }) => {
  const { page } = owner;
  const name = unique('Every month');
  const { id } = await arrange.active({ name });
  await choose(owner, name, 'Edit');
  await page.getByLabel('Rotation interval').fill('30');
  await confirm(owner, 'Save', 'is saved');
  await owner.open(`/keys/${id}`);
  await expect(page.getByRole('main')).toContainText('Every 30 days, next by');
  expect(await (await find(owner, name)).textContent()).not.toContain('Rotation overdue');
  await owner.open('/keys?status=rotation_overdue');
  await expect(page.getByRole('link', { name, exact: true })).toHaveCount(0);
});
