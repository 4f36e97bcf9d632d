// What a company asks before it lets Keystead in: which addresses to allow, and which packages are in it.
import { expect, test } from '../fixtures/console';
import { examine } from '../fixtures/examine';

test('every path to allow in a firewall is listed with what it is for', async ({ owner }) => {
  const { page, server } = owner;
  await owner.open('/integrations/setup');
  await expect(page.getByText(`GET, POST ${server.url}/openconnect`, { exact: true })).toBeVisible();
  await page.getByRole('link', { name: 'Every path' }).click();
  await expect(page.getByRole('heading', { name: 'Addresses to allow', level: 1 })).toBeVisible();
  const { hostname, port } = new URL(server.url);
  await expect(page.getByRole('main')).toContainText(hostname);
  await expect(page.getByRole('main')).toContainText(`${port}, TCP`);
  const paths = ['/v1/authorize', '/v1/keys/verify', '/v2/keys.verifyKey', '/openconnect', '/events/client', '/healthz'];
  for (const path of paths) await expect(page.getByText(`${server.url}${path}`, { exact: true })).toBeVisible();
  for (const name of ['Keystead API', 'OpenConnect', 'Sunshine Conversations', 'VChatCloud', 'Qwil', 'From Keystead']) {
    await expect(page.getByRole('heading', { name, exact: true })).toBeVisible();
  }
});

test('each package that is shipped is listed with its version and licence', async ({ owner }) => {
  const { page } = owner;
  await owner.open('/help');
  await page.getByRole('link', { name: 'About', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'About Keystead', level: 1 })).toBeVisible();
  const rows = page.locator('tbody tr');
  await expect(page.getByRole('main')).toContainText(`has ${await rows.count()} packages of others in it`);
  await expect(rows.filter({ hasText: 'swagger-ui-dist' })).toContainText('Apache-2.0');

  // The link to a licence unfolds its text.
  const axum = rows.filter({ has: page.getByText('axum', { exact: true }) });
  await expect(axum).toContainText('MIT');
  await expect(axum).toContainText('Server');
  await owner.alive();
  const link = axum.getByRole('link').first();
  const text = page.locator((await link.getAttribute('href')) ?? '');
  await expect(text).toBeHidden();
  await link.click();
  await expect(text).toBeVisible();
  await expect(text).toContainText('Permission is hereby granted');
  await examine(page, 'about-licence');
});
