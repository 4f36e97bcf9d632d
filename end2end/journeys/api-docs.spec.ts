// Swagger UI at /docs: somebody enters a key, opens a call, and presses Execute.
import type { Page } from '@playwright/test';

import { expectAccessible } from '../fixtures/axe';
import { expect, test } from '../fixtures/console';
import { picture } from '../fixtures/shots';

/** The page is Swagger UI's own, and its colours are ours. */
async function colours(page: Page, name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await expectAccessible(page, colorScheme, 'colours');
    await picture(page, `${name}-${colorScheme}`);
  }
}

test('somebody tries a call in the docs of the API @scripts', async ({ visitor, server, page }) => {
  const args = ['key', 'issue', '--kind', 'service', '--name', 'Swagger', '--permission', 'keystead.keys.read', '--permission', 'keystead.keys.write'];
  const token = /\bks_\w+/.exec(await server.run(args))?.[0] ?? '';
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(`${server.url}/docs`);
  await expect(page.getByRole('heading', { name: 'Keystead' })).toBeVisible();
  const tags = await page.locator('.opblock-tag').evaluateAll((all) => all.map((one) => one.getAttribute('data-tag')));
  expect(tags).toEqual(['Verification', 'Keys', 'Apps', 'People', 'Invites', 'Audit', 'Settings', 'Usage']);
  // Every operation has its lock.
  const operations = await page.locator('.opblock').count();
  expect(operations).toBeGreaterThan(25);
  await expect(page.locator('.opblock .authorization__btn')).toHaveCount(operations);
  await colours(page, 'docs');

  await page.getByRole('button', { name: 'Authorize' }).first().click();
  const dialog = page.locator('.modal-ux');
  await dialog.getByRole('textbox').fill(token);
  await colours(page, 'docs-authorize');
  await dialog.getByRole('button', { name: 'Apply credentials' }).click();
  await dialog.getByRole('button', { name: 'Close' }).first().click();

  const list = page.locator('#operations-Keys-listKeys');
  await list.locator('.opblock-summary-control').click();
  await list.getByRole('button', { name: 'Try it out' }).click();
  await list.getByRole('button', { name: 'Execute' }).click();
  await expect(list.locator('.live-responses-table tbody .response-col_status').first()).toContainText('200');
  await expect(list.locator('.live-responses-table')).toContainText('"name": "Swagger"');

  const issue = page.locator('#operations-Keys-issueKey');
  await issue.locator('.opblock-summary-control').click();
  await issue.getByRole('button', { name: 'Try it out' }).click();
  await issue.locator('textarea.body-param__text').fill('{"kind":"service","name":"Made in the docs"}');
  await issue.getByRole('button', { name: 'Execute' }).click();
  await expect(issue.locator('.live-responses-table tbody .response-col_status').first()).toContainText('201');
  await colours(page, 'docs-executed');
  expect(asked.filter((url) => !url.startsWith(server.url) && !url.startsWith('data:') && !url.startsWith('blob:'))).toEqual([]);
  await visitor.page.close();
});

test('without scripts the docs of the API say where to read on @no-scripts', async ({ server, page }) => {
  await page.goto(`${server.url}/docs`);
  await expect(page.getByText('This page needs JavaScript.')).toBeVisible();
  await page.getByRole('link', { name: 'openapi.json' }).click();
  await expect(page.locator('body')).toContainText('"openapi"');
});
