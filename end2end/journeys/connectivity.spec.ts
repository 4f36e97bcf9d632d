import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { Arrange } from '../fixtures/arrange';
import { Console, expect, test } from '../fixtures/console';
import { signInOnce } from '../fixtures/worker';
import { examine } from '../fixtures/examine';
import { Server } from '../fixtures/server';
import { finish, generate, unique } from '../steps/keys';

const run = promisify(execFile);

/** The names that the platform's own clients send. */
const EVENTS = [
  'On Ring',
  'On Answer',
  'On Hold',
  'On End',
  'Chat Ring',
  'Chat Accept',
  'Chat Reject',
  'On Chat End',
  'On Incident Save',
];

test('an integration is set up, and its first call is seen', async ({ owner, verifier }) => {
  const { page } = owner;
  await owner.open('/keys');
  await page.getByRole('link', { name: 'Setup Integration' }).click();
  await expect(page.getByRole('heading', { name: /^OpenConnect/ })).toBeVisible();

  const token = await finish(owner, { kind: 'OpenConnect', name: unique('Integration') });
  await page.getByRole('checkbox', { name: 'I have stored this key' }).check();
  await page.getByRole('button', { name: 'Setup Integration' }).click();
  await expect(page.getByRole('heading', { name: 'Setup Integration' })).toBeVisible();
  expect(owner.at).toMatch(/^\/integrations\/setup\?key=/);
  await owner.alive();

  await test.step('the calls carry the real address', async () => {
    for (const language of ['curl', 'JavaScript', 'Python', 'Rust']) {
      const sample = page.locator('details').filter({ has: page.getByText(language, { exact: true }) });
      await expect(sample).toContainText(`${owner.server.url}/v1/keys/verify`);
    }
    await examine(page, 'integration-waiting');
  });

  await test.step('the next call shows, as it arrives or after a reload', async () => {
    if (owner.scripts) {
      await expect(page.getByText('Waiting for the next call with this key')).toBeVisible();
      expect(await verifier.code(token)).toBe('VALID');
      await expect(page.getByText('VALID', { exact: true })).toBeVisible();
      await page.setViewportSize({ width: 360, height: 800 });
      const call = page.getByRole('listitem').filter({ has: page.getByText('VALID', { exact: true }) });
      const [words, time] = [await call.locator('> span').first().boundingBox(), await call.locator('time').boundingBox()];
      expect(time?.y, 'on a phone, the time leaves the words the width').toBeGreaterThanOrEqual((words?.y ?? 0) + (words?.height ?? 0) - 1);
      await page.setViewportSize({ width: 1440, height: 900 });
    } else {
      await expect(page.getByText('Never used')).toBeVisible();
      expect(await verifier.code(token)).toBe('VALID');
      // Written in batches, once a second.
      await expect(async () => {
        await page.getByRole('link', { name: 'Reload' }).click();
        await expect(page.getByText('Never used')).toHaveCount(0, { timeout: 100 });
      }).toPass();
    }
    await examine(page, 'integration-seen');
  });
});

test('an event is reported with the call that is printed, and is seen', async ({ owner }) => {
  const { page } = owner;
  const token = await generate(owner, { kind: 'OpenConnect', name: unique('Reports') });
  const first = await page.locator('code#report-it').innerText();
  await page.getByRole('checkbox', { name: 'I have stored this key' }).check();
  await page.getByRole('button', { name: 'Setup Integration' }).click();
  await expect(page.getByRole('heading', { name: 'Setup Integration' })).toBeVisible();
  await owner.alive();

  const events = page.getByRole('combobox', { name: 'Event' });
  await expect(events.locator('option')).toHaveText(EVENTS);
  expect(await page.locator('code#event-call').innerText(), 'the call that stood beside the secret').toBe(first);
  await events.selectOption('Chat Accept');
  await page.getByRole('button', { name: 'Show its call' }).click();
  await page.waitForURL((address) => address.searchParams.get('event') === 'Chat Accept');
  await owner.alive();
  const code = await page.locator('code#event-call').innerText();
  expect(code).toContain(`${owner.server.url}/openconnect`);
  expect(code).toContain('"event":"Chat Accept"');
  const { stdout } = await run('bash', ['-c', code], { env: { PATH: process.env.PATH, KEYSTEAD_KEY: token } });
  expect(stdout).toMatch(/"success":\s*true/);

  if (!owner.scripts) await page.getByRole('link', { name: 'Show new events' }).click();
  const lines = page.getByRole('list', { name: 'Events, newest first' }).getByRole('listitem');
  await expect(lines).toHaveCount(1);
  await expect(lines).toContainText('Chat Accept');
  await expect(lines).toContainText('crm.example.com');
  await examine(page, 'integration-event');
});

test.describe('once the page is alive', { tag: '@scripts' }, () => {
  test('a server that went away is not waited for in silence', async ({ page, context, scripts, watch }) => {
    const server = await Server.start();
    try {
      const cookies = await signInOnce(server);
      await context.addCookies(cookies);
      const { id } = await new Arrange(server, cookies).active({ name: unique('Cut off') });
      const owner = new Console(page, server, scripts);
      await owner.open(`/integrations/setup?key=${id}`);
      const line = page.getByRole('status').filter({ hasText: /connection|Waiting/ });
      await expect(line).toHaveText('Waiting for the next call with this key…');
      watch.expects('ERR_CONNECTION_REFUSED', /\/integrations\/setup\/events/);
      await server.stop();
      await expect(line).toHaveText('The connection to Keystead was lost. Trying again…');
      await examine(page, 'integration-lost');
    } finally {
      await server.stop();
    }
  });

  test('a session that ended while the page was open has to be begun again', async ({ owner, arrange, watch }) => {
    const { page } = owner;
    const { id } = await arrange.active({ name: unique('Signed out') });
    await page.route('**/integrations/setup/events?*', (route) => route.fulfill({ status: 401 }));
    watch.expects(401, /\/integrations\/setup\/events/);
    await owner.open(`/integrations/setup?key=${id}`);
    await expect(page.getByText('The connection to Keystead was lost. Reload the page to listen again.')).toBeVisible();
    await examine(page, 'integration-ended');
  });
});
