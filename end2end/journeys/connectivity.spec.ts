import { Arrange } from '../fixtures/arrange';
import { Console, expect, test } from '../fixtures/console';
import { signInOnce } from '../fixtures/worker';
import { examine } from '../fixtures/examine';
import { Server } from '../fixtures/server';
import { finish, unique } from '../steps/keys';

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
