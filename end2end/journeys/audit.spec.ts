import { OWNER, expect, test } from '../fixtures/console';
import { examine } from '../fixtures/examine';
import { choose, close, confirm, dialog, field, unique } from '../steps/keys';

test('every change to a key is on record, in the modal and on the page', async ({ owner, arrange }) => {
  const { page } = owner;
  const name = unique('Recorded');
  const renamed = unique('Renamed');
  await arrange.active({ name });
  await choose(owner, name, 'Edit');
  await field(owner, 'Name').fill(renamed);
  await confirm(owner, 'Save', 'is saved');

  await choose(owner, renamed, 'Audit');
  const rows = dialog(owner).getByRole('row');
  await expect(rows.filter({ hasText: /^Issued/ })).toContainText(OWNER.email);
  await expect(rows.filter({ hasText: /^Issued/ })).toContainText('Kind: “Service”');
  await expect(rows.filter({ hasText: /^Confirmed/ })).toHaveCount(1);
  await expect(rows.filter({ hasText: /^Edited/ })).toContainText(`Name: “${name}” → “${renamed}”`);
  await expect(rows.filter({ hasText: /^Edited/ }).locator('time')).toHaveAttribute('datetime', /^\d{4}-\d\d-\d\dT.*Z$/);
  await examine(page, 'dialog-audit-edited');

  await dialog(owner).getByRole('link', { name: 'Open in Audit' }).click();
  await expect(page.getByRole('heading', { name: 'Audit', exact: true })).toBeVisible();
  expect(owner.at).toMatch(/^\/audit\?key=/);
  await expect(page.getByRole('row')).toHaveCount(4);
  await owner.alive();
  await examine(page, 'audit-filtered');
  await page.getByRole('link', { name: 'Show all' }).click();
  await expect(page.getByRole('row').nth(5)).toBeVisible();
});

test('who revoked what today takes one form and no id', async ({ owner, arrange }) => {
  const { page } = owner;
  const name = unique('Withdrawn');
  // Midnight may pass between the two.
  const today = () => new Date().toISOString().slice(0, 10);
  const from = today();
  const key = await arrange.active({ name });
  await arrange.act(key, 'revoke', { reason: 'other' });
  await owner.open('/audit');
  await page.getByRole('searchbox', { name: 'Name of a key' }).fill(name.toUpperCase());
  await page.getByRole('searchbox', { name: 'Person' }).fill('owner');
  await page.getByRole('combobox', { name: 'Action' }).selectOption('Revoked');
  await page.getByLabel('From').fill(from);
  await page.getByLabel('To', { exact: true }).fill(today());
  await page.getByRole('button', { name: 'Search', exact: true }).click();
  await expect(page.getByText('1 event', { exact: true })).toBeVisible();
  await expect(page.getByRole('row').nth(1)).toContainText(name);
  await owner.alive();
  await examine(page, 'audit-asked');

  await test.step('a bar of the strip is a day', async () => {
    const all = page.getByRole('link', { name: 'Show all' });
    await all.click();
    await expect(all).toHaveCount(0);
    await owner.alive();
    await page.getByRole('group', { name: 'Events by day (UTC)' }).getByRole('link').last().locator('.spot').click();
    await expect(page).toHaveURL(/\/audit\?from=(\d{4}-\d\d-\d\d)&to=\1$/);
  });
});

test('the list leads to the record of all keys', async ({ owner, arrange }) => {
  const name = unique('Listed');
  await arrange.pending({ name });
  await owner.open('/keys');
  await owner.page.getByRole('main').getByRole('link', { name: 'Audit', exact: true }).click();
  await expect(dialog(owner).getByRole('row').filter({ hasText: name })).toHaveCount(1);
  await close(owner);
  expect(owner.at).toBe('/keys');
});

test('the record can be paged through, both ways', async ({ owner, arrange }) => {
  const { page } = owner;
  for (let n = 0; n < 15; n += 1) await arrange.active({ name: unique('Paged') });
  await owner.open('/audit');
  const first = await page.getByRole('row').nth(1).innerText();
  await page.getByRole('link', { name: 'Next' }).click();
  await expect(page.getByRole('row').nth(1)).not.toHaveText(first, { useInnerText: true });
  await owner.alive();
  await examine(page, 'audit-second-page');
  await page.getByRole('link', { name: 'Previous' }).click();
  await owner.alive();
  await expect(page.getByRole('row').nth(1)).toHaveText(first, { useInnerText: true });
});

test('a key that is not on record leads to words, not to an error', async ({ owner, watch }) => {
  watch.expects(404, /\/audit\?key=/);
  for (const typed of ['nothing', '000000000000', '"><script>alert(1)</script>', 'x'.repeat(10_000)]) {
    const answer = await owner.page.goto(`${owner.server.url}/audit?key=${encodeURIComponent(typed)}`);
    expect(answer?.status(), typed).toBeLessThan(500);
    await expect(owner.page.getByRole('heading', { name: 'Audit', exact: true })).toBeVisible();
  }
});

test.describe('once the page is alive', { tag: '@scripts' }, () => {
  test.use({ timezoneId: 'Asia/Tokyo' });

  test('times are those of the reader, with their zone', async ({ owner }) => {
    await owner.open('/audit');
    const time = owner.page.locator('td time').first();
    await expect(time).toHaveText(/GMT\+9|JST/);
    await expect(time).toHaveAttribute('datetime', /Z$/);
  });
});
