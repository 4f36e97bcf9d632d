// Hand-overs: an owner prepares a key, and somebody without an account collects it on a phone.
import { Console, expect, test } from '../fixtures/console';
import { examine } from '../fixtures/examine';
import { dialog, toSummary, unique } from '../steps/keys';
import { phone } from '../steps/phone';

test('somebody without an account collects a key, and its maker never sees it', async ({ owner, browser, verifier, scripts, watch }) => {
  test.setTimeout(120_000);
  const { page, server } = owner;
  const name = unique('Partner export');
  let link = '';

  await test.step('the owner prepares the key and gets a link', async () => {
    await toSummary(owner, { kind: 'Service', name, description: 'Exports invoices every night.', networks: '127.0.0.0/8' });
    await page.getByRole('button', { name: 'Let somebody else collect it' }).click();
    await expect(page.getByRole('heading', { name: 'Let somebody else collect the key' })).toBeVisible();
    await owner.alive();
    await examine(page, 'hand-over-form');
    watch.expects(422, /\/keys\/handovers\/new$/);
    await page.getByRole('button', { name: 'Make the link' }).click();
    await expect(page.getByText('Enter the name of whoever collects the key.').first()).toBeVisible();
    await owner.alive();
    await page.getByLabel('Who collects it').fill('Grace of Partner');
    await page.getByLabel('Passphrase').fill('a green lantern');
    await page.getByLabel('How long the link works').selectOption('1 hour');
    await page.getByRole('button', { name: 'Make the link' }).click();
    await expect(page.getByRole('heading', { name: 'Copy the link now' })).toBeVisible();
    await owner.alive();
    link = (await page.locator('#link').textContent()) ?? '';
    expect(link).toMatch(new RegExp(`^${server.url}/collect/[0-9a-f]{64}$`));
    await page.getByRole('link', { name: 'Done' }).click();
    await expect(page.getByRole('region', { name: 'Hand-overs that wait' })).toContainText('Grace of Partner');
    expect(await page.content()).not.toContain(link.slice(-64));
  });

  const visitor = new Console(await phone(browser, scripts), server, scripts);
  const { page: outside } = visitor;
  let token = '';

  await test.step('the recipient opens it, and nothing is made yet', async () => {
    for (let n = 0; n < 2; n += 1) await visitor.open(link);
    await expect(outside.getByRole('main')).toContainText(name);
    await expect(outside.getByRole('main')).toContainText('Grace of Partner');
    await examine(outside, 'collect');
    await outside.getByLabel('Passphrase').fill('a blue lantern');
    await outside.getByRole('button', { name: 'Show me the key' }).click();
    await expect(outside.getByText('The passphrase is wrong.').first()).toBeVisible();
    await visitor.alive();
  });

  await test.step('they get the key, once', async () => {
    await outside.getByLabel('Passphrase').fill('a green lantern');
    await outside.getByRole('button', { name: 'Show me the key' }).click();
    await expect(outside.getByRole('heading', { name: `Copy “${name}” now` })).toBeVisible();
    await visitor.alive();
    token = ((await outside.locator('#secret').textContent()) ?? '').trim();
    expect(token).toMatch(/^ks_/);
    await examine(outside, 'collected');
    expect((await verifier.ask(token, { clientIp: '127.0.0.1' })).valid).toBe(false);
  });

  await test.step('they load the page again, and can still confirm the key', async () => {
    outside.on('dialog', (question) => question.accept());
    await outside.reload();
    await expect(outside.getByRole('heading', { name: `Have you stored “${name}”?` })).toBeVisible();
    await visitor.alive();
    await expect(outside.locator('body')).not.toContainText(token.slice(-43));
    await examine(outside, 'collected-again');
    await outside.getByRole('checkbox', { name: 'I have stored this key' }).check();
    await outside.getByRole('button', { name: 'Done' }).click();
    await expect(outside.getByRole('heading', { name: `“${name}” is confirmed and enabled` })).toBeVisible();
    await examine(outside, 'collected-done');
    expect((await verifier.ask(token, { clientIp: '127.0.0.1' })).valid).toBe(true);
    expect((await fetch(link)).status).toBe(404);
  });

  await test.step('the owner sees who collected it, and never the secret', async () => {
    await owner.open(`/keys/${token.split('_')[1] ?? ''}`);
    await expect(page.getByRole('main')).toContainText('by Grace of Partner, from');
    expect(await page.content()).not.toContain(token.slice(-49));
    await examine(page, 'key-collected');
  });
  await outside.context().close();
});

test('a hand-over is withdrawn', async ({ owner, arrange }) => {
  const { page } = owner;
  const name = unique('Withdrawn');
  const { link } = await arrange.handOver({ name, recipient: 'Grace' });
  expect((await fetch(link)).status).toBe(200);
  await owner.open('/keys');
  await page.getByRole('link', { name: 'Hand-overs' }).click();
  await page.getByRole('link', { name: `Withdraw… the hand-over of ${name}` }).click();
  await dialog(owner).getByRole('button', { name: 'Withdraw' }).click();
  await expect(page.getByText('The hand-over is withdrawn')).toBeVisible();
  expect((await fetch(link)).status).toBe(404);
});
