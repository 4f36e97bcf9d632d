import { expect, test } from '../fixtures/console';
import { examine } from '../fixtures/examine';
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
      // Written down in batches, a second apart.
      await expect(async () => {
        await page.getByRole('link', { name: 'Reload' }).click();
        await expect(page.getByText('Never used')).toHaveCount(0, { timeout: 100 });
      }).toPass();
    }
    await examine(page, 'integration-seen');
  });
});
