// The holder of a key: somebody without an account enters it, sees what it may do, rotates it and revokes it, on a phone.
import { Console, expect, test } from '../fixtures/console';
import { examine } from '../fixtures/examine';
import { unique } from '../steps/keys';
import { phone } from '../steps/phone';

test('a holder looks at a key, rotates it and revokes it, and nothing is kept', async ({ owner, arrange, browser, verifier, scripts }) => {
  test.setTimeout(120_000);
  const { server } = owner;
  const name = unique('Nightly export');
  const key = await arrange.active({
    name,
    cidrs: '127.0.0.0/8\n203.0.113.0/24',
    permissions: 'invoices.read\ninvoices.export',
    limits: '100 per hour',
    quota: '10000',
    quota_refill: 'daily',
    rotate_days: '90',
    description: 'Not for the eyes of its holder.',
  });
  await verifier.ask(key.token, { clientIp: '203.0.113.9' });
  await verifier.ask(key.token, { clientIp: '198.51.100.7' });
  await verifier.ask(key.token, { clientIp: '203.0.113.9', permissions: 'invoices.write' });
  const visitor = new Console(await phone(browser, scripts), server, scripts);
  const { page } = visitor;
  const codes = async (token: string) => [
    (await verifier.ask(key.token, { clientIp: '127.0.0.1' })).code,
    (await verifier.ask(token, { clientIp: '127.0.0.1' })).code,
  ];
  const wrong = (status: number) => page.waitForResponse((answer) => answer.request().method() === 'POST' && answer.status() === status);

  await test.step('a wrong key is told so, and nothing that was typed comes back', async () => {
    await visitor.open('/holder');
    await page.getByLabel('Your key').fill('ks_7Qm2xVbN4tRa_wrong');
    const refused = wrong(422);
    await page.getByRole('button', { name: 'Look at it' }).click();
    await refused;
    await expect(page.getByText('No key here is this one.').first()).toBeVisible();
    await visitor.alive();
    await expect(page.getByLabel('Your key')).toHaveValue('');
    expect(await page.content()).not.toContain('ks_7Qm2xVbN4tRa_wrong');
    await examine(page, 'holder-wrong');
  });

  await test.step('the key is explained, with what is left and why it was refused', async () => {
    await expect(async () => {
      await visitor.open('/holder');
      await page.getByLabel('Your key').fill(key.token);
      await page.getByRole('button', { name: 'Look at it' }).click();
      await expect(page.getByRole('heading', { name })).toBeVisible({ timeout: 2_000 });
      await expect(page.getByRole('main')).toContainText('198.51.100.7 is in none of', { timeout: 500 });
    }).toPass();
    await visitor.alive();
    const main = page.getByRole('main');
    for (const words of ['99 left', 'of 10,000 calls left', 'Every 90 days', '203.0.113.0/24', 'The call asks for invoices.write']) {
      await expect(main).toContainText(words);
    }
    await expect(main).not.toContainText('Not for the eyes');
    expect(await page.content()).not.toContain(key.token.slice(-49));
    expect(page.url()).toBe(`${server.url}/holder`);
    expect(await page.context().cookies()).toEqual([]);
    await examine(page, 'holder-key');
  });

  let token = '';
  await test.step('they rotate it, and their tick makes the new secret work', async () => {
    await page.getByRole('link', { name: 'Rotate…' }).click();
    await visitor.alive();
    await page.getByLabel('Your key').fill(key.token);
    await page.getByRole('button', { name: 'Show me the new secret' }).click();
    await expect(page.getByRole('heading', { name: `Copy the new secret of “${name}” now` })).toBeVisible();
    await visitor.alive();
    token = ((await page.locator('#secret').textContent()) ?? '').trim();
    expect(token).toMatch(new RegExp(`^ks_${key.id}_`));
    await examine(page, 'holder-rotated');
    expect(await codes(token)).toEqual(['VALID', 'NOT_FOUND']);
    await page.getByRole('checkbox', { name: 'I have stored this key' }).check();
    await page.getByRole('button', { name: 'Done' }).click();
    await expect(page.getByRole('heading', { name: `The new secret of “${name}” works` })).toBeVisible();
    await examine(page, 'holder-rotated-done');
    expect(await codes(token)).toEqual(['VALID', 'VALID']);
  });

  await test.step('the old secret says that it is the old one', async () => {
    await visitor.open('/holder');
    await page.getByLabel('Your key').fill(key.token);
    await page.getByRole('button', { name: 'Look at it' }).click();
    await expect(page.getByRole('main')).toContainText('This is the old secret.');
    await examine(page, 'holder-old-secret');
  });

  await test.step('they revoke it, after they were asked', async () => {
    await page.getByRole('link', { name: 'Revoke…' }).click();
    await visitor.alive();
    await page.getByLabel('Your key').fill(token);
    const refused = wrong(422);
    await page.getByRole('button', { name: 'Revoke this key' }).click();
    await refused;
    await expect(page.getByText('Tick the box').first()).toBeVisible();
    await visitor.alive();
    await examine(page, 'holder-revoke-unsure');
    await page.getByLabel('Your key').fill(token);
    await page.getByRole('checkbox', { name: 'Refuse every call with this key.' }).check();
    await page.getByRole('button', { name: 'Revoke this key' }).click();
    await expect(page.getByRole('heading', { name: `“${name}” is revoked` })).toBeVisible();
    await examine(page, 'holder-revoked');
    expect(await codes(token)).toEqual(['REVOKED', 'REVOKED']);
  });
  await page.context().close();

  await test.step('the record names the key itself', async () => {
    await owner.open(`/keys/${key.id}/audit`);
    await expect(owner.page.getByRole('dialog')).toContainText(`key ${name}`);
  });
});

test('where a key may not be used, its holder is told nothing of it', async ({ owner, arrange, browser, scripts }) => {
  const name = unique('Elsewhere');
  const key = await arrange.active({ name, cidrs: '203.0.113.0/24' });
  const visitor = new Console(await phone(browser, scripts), owner.server, scripts);
  const { page } = visitor;
  await visitor.open('/holder');
  await page.getByLabel('Your key').fill(key.token);
  await page.getByRole('button', { name: 'Look at it' }).click();
  await expect(page.getByRole('heading', { name: 'This key may not be used from where you are' })).toBeVisible();
  await visitor.alive();
  expect(await page.content()).not.toContain(name);
  await examine(page, 'holder-elsewhere');
  await page.context().close();
});

test('somebody else collects the new secret of a key', async ({ owner, arrange, browser, verifier, scripts }) => {
  test.setTimeout(120_000);
  const { page, server } = owner;
  const name = unique('Partner');
  const key = await arrange.active({ name });
  let link = '';

  await test.step('the owner makes a link in place of a secret', async () => {
    await owner.open(`/keys/${key.id}/rotate?from=key`);
    await page.getByRole('link', { name: 'Let somebody else collect it' }).click();
    await expect(page.getByRole('heading', { name: `Let somebody else collect the new secret of “${name}”` })).toBeVisible();
    await owner.alive();
    await examine(page, 'rotation-hand-over-form');
    await page.getByLabel('Who collects it').fill('Grace of Partner');
    await page.getByRole('button', { name: 'Make the link' }).click();
    await expect(page.getByRole('heading', { name: 'Copy the link now' })).toBeVisible();
    await owner.alive();
    await examine(page, 'rotation-hand-over-link');
    link = (await page.locator('#link').textContent()) ?? '';
    await page.getByRole('link', { name: 'Done' }).click();
    await expect(page.getByRole('main')).toContainText('A new secret waits until Grace of Partner collects it');
    await owner.alive();
    await examine(page, 'key-rotation-handed-over');
  });

  await test.step('the recipient collects and confirms it', async () => {
    const visitor = new Console(await phone(browser, scripts), server, scripts);
    const { page: outside } = visitor;
    await visitor.open(link);
    await expect(outside.getByRole('heading', { name: 'A new secret of your key waits for you' })).toBeVisible();
    await examine(outside, 'collect-secret');
    await outside.getByRole('button', { name: 'Show me the new secret' }).click();
    await expect(outside.getByRole('heading', { name: `Copy the new secret of “${name}” now` })).toBeVisible();
    await visitor.alive();
    const token = ((await outside.locator('#secret').textContent()) ?? '').trim();
    expect([await verifier.code(key.token), await verifier.code(token)]).toEqual(['VALID', 'NOT_FOUND']);
    await outside.getByRole('checkbox', { name: 'I have stored this key' }).check();
    await outside.getByRole('button', { name: 'Done' }).click();
    await expect(outside.getByRole('heading', { name: `The new secret of “${name}” works` })).toBeVisible();
    expect([await verifier.code(key.token), await verifier.code(token)]).toEqual(['VALID', 'VALID']);
    await owner.open(`/keys/${key.id}`);
    await expect(page.getByRole('heading', { name: 'Two secrets work' })).toBeVisible();
    await expect(page.getByRole('main')).toContainText('by Grace of Partner, from');
    expect(await page.content()).not.toContain(token.slice(-49));
    await outside.context().close();
  });
});
