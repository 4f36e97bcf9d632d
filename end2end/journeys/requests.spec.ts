// Approval: an admin asks for a key, an owner approves or declines it, and only the admin sees the key.
import type { Browser } from '@playwright/test';

import { Arrange, PASSWORD } from '../fixtures/arrange';
import { Console, expect, test } from '../fixtures/console';
import { examine } from '../fixtures/examine';
import type { Server } from '../fixtures/server';
import { signInOnce } from '../fixtures/worker';
import { acknowledge, dialog, said, shownToken, toSummary, unique } from '../steps/keys';

/** What no other journey gives a key. */
const PATTERN = 'vault.*';

type Somebody = { console: Console; arrange: Arrange };

/** An admin in a browser of their own, who can also send forms. */
async function admin(browser: Browser, server: Server, owner: Arrange, scripts: boolean): Promise<Somebody> {
  const email = `${unique('admin').replaceAll(' ', '.')}@example.com`;
  await owner.person({ role: 'admin', email });
  const cookies = await signInOnce(server, { email, password: PASSWORD });
  const context = await browser.newContext({ javaScriptEnabled: scripts, locale: 'en-GB', reducedMotion: 'reduce' });
  await context.addCookies(cookies);
  return { console: new Console(await context.newPage(), server, scripts), arrange: new Arrange(server, cookies) };
}

test('a key is asked for, approved by somebody else, and collected by whoever asked', async ({
  owner,
  browser,
  arrange,
  verifier,
  scripts,
  watch,
}) => {
  test.setTimeout(120_000);
  const { page, server } = owner;
  const name = unique('Vault door');

  await test.step('the owner says which keys need approval', async () => {
    await owner.open('/settings');
    watch.expects(422, /\/settings\/approval$/);
    const card = page.locator('form[action="/settings/approval"]');
    await card.getByLabel('Keys with these permissions').fill('Vault');
    await card.getByRole('button', { name: 'Save' }).click();
    await expect(card.getByText('has capital letters').first()).toBeVisible();
    await owner.alive();
    await card.getByLabel('Keys with these permissions').fill(PATTERN);
    await card.getByRole('button', { name: 'Save' }).click();
    await expect(card.getByText('Saved. This counts for keys from now on.')).toBeVisible();
    await owner.alive();
    await examine(page, 'settings-approval-saved');
  });

  const { console: asker } = await admin(browser, server, arrange, scripts);
  let token = '';

  await test.step('the wizard of the admin ends with a request', async () => {
    await toSummary(asker, { kind: 'Service', name, networks: '127.0.0.0/8', permissions: 'vault.open' });
    await expect(asker.page.getByText('because it has the permission vault.open')).toBeVisible();
    await expect(asker.page.getByRole('button', { name: 'Generate Token' })).toHaveCount(0);
    await asker.page.getByRole('button', { name: 'Ask for the key' }).click();
    await expect(asker.page.getByText('Enter why the key is needed.').first()).toBeVisible();
    await asker.alive();
    await examine(asker.page, 'summary-asks');
    await asker.page.getByLabel('Why you need it').fill('The auditors need it.');
    await asker.page.getByRole('button', { name: 'Ask for the key' }).click();
    await said(asker, 'You have asked for the key.');
    await asker.alive();
    await expect(asker.page.getByRole('main')).toContainText('The auditors need it.');
    await expect(asker.page.getByRole('button', { name: 'Approve' })).toHaveCount(0);
    await examine(asker.page, 'request-own');
  });

  await test.step('the owner sees that it waits, and approves it', async () => {
    await owner.open('/');
    await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: /^Requests \d+ waiting/ }).click();
    await expect(page.getByRole('heading', { name: 'Requests' })).toBeVisible();
    await owner.alive();
    await page.getByRole('link', { name, exact: true }).click();
    await expect(page.getByRole('heading', { name: 'Decide' })).toBeVisible();
    await owner.alive();
    await page.getByLabel('A word to whoever asked').fill('Revoke it afterwards.');
    await page.getByRole('button', { name: 'Approve' }).click();
    await said(owner, 'The request is approved.');
  });

  await test.step('the admin collects the key, once', async () => {
    await asker.open('/requests?show=approved');
    await asker.page.getByRole('link', { name: `Collect your key ${name}` }).click();
    await expect(asker.page.getByText('Approved by')).toBeVisible();
    await asker.alive();
    await asker.page.getByRole('button', { name: 'Show me the key' }).click();
    await expect(asker.page.getByRole('heading', { name: `Copy “${name}” now` })).toBeVisible();
    await asker.alive();
    token = await shownToken(asker);
    expect((await verifier.ask(token, { clientIp: '127.0.0.1' })).valid).toBe(false);
    await acknowledge(asker);
    expect((await verifier.ask(token, { clientIp: '127.0.0.1' })).valid).toBe(true);
  });

  await test.step('the owner never sees the key, and the record names both', async () => {
    await owner.open(`/audit?key=${token.split('_')[1] ?? ''}`);
    await expect(page.getByRole('main')).toContainText('approved by owner@example.com');
    expect(await page.content()).not.toContain(token.slice(-49));
  });
  await asker.page.context().close();
});

test('ticked requests are declined together, and one is withdrawn', async ({ owner, browser, arrange, scripts }) => {
  const { page, server } = owner;
  await arrange.post('/settings/approval', { approval_permissions: PATTERN });
  const asker = await admin(browser, server, arrange, scripts);
  const names = [unique('Door'), unique('Door'), unique('Window')];
  const ids: string[] = [];
  for (const name of names) ids.push(await asker.arrange.ask({ name, permissions: 'vault.open' }));

  await owner.open('/requests');
  for (const name of names.slice(0, 2)) await page.getByRole('checkbox', { name: `Tick ${name}`, exact: true }).check();
  await page.getByRole('button', { name: 'Decline…' }).click();
  await expect(page.getByRole('heading', { name: 'Decline requests' })).toBeVisible();
  await owner.alive();
  for (const name of names.slice(0, 2)) await expect(page.getByRole('main')).toContainText(name);
  await page.getByLabel('A word to whoever asked').fill('Not without an expiry.');
  await page.getByRole('button', { name: 'Decline 2 requests' }).click();
  await said(owner, '2 requests are declined.');

  const { console: browserOfAsker } = asker;
  await browserOfAsker.open(`/requests/${ids[0] ?? ''}`);
  await expect(browserOfAsker.page.getByRole('main')).toContainText('Not without an expiry.');
  await browserOfAsker.open('/requests?mine=yes');
  await browserOfAsker.page.getByRole('link', { name: `Withdraw… ${names[2] ?? ''}` }).click();
  await dialog(browserOfAsker).getByRole('button', { name: 'Withdraw' }).click();
  await said(browserOfAsker, 'The request is withdrawn.');

  // Declining one is a dialog over the list.
  const last = unique('Gate');
  await asker.arrange.ask({ name: last, permissions: 'vault.open' });
  await owner.open('/requests');
  await page.getByRole('link', { name: `Decline… ${last}` }).click();
  await expect(dialog(owner)).toContainText('For the auditors');
  await dialog(owner).getByRole('button', { name: 'Decline' }).click();
  await said(owner, 'The request is declined.');
  await browserOfAsker.page.context().close();
});

test('times are shown in the zone that somebody chose', async ({ browser, owner, arrange, scripts }) => {
  const { console } = await admin(browser, owner.server, arrange, scripts);
  const { page } = console;
  await console.open('/account');
  await page.getByLabel('Time zone').selectOption('Asia/Kolkata');
  await page.locator('form[action="/account/time-zone"]').getByRole('button', { name: 'Save' }).click();
  await said(console, 'Your time zone is saved.');
  await console.alive();
  await expect(page.locator('form[action="/account/time-zone"] time')).toContainText(/ IST$/);
  await console.open('/audit');
  await expect(page.getByRole('table').locator('time').first()).toContainText(/ IST$/);
  await examine(page, 'audit-zoned');
  await page.context().close();
});
