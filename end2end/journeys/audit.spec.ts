import { OWNER, expect, test } from '../fixtures/console';
import { examine } from '../fixtures/examine';
import { choose, confirm, dialog, field, generateActive, unique } from '../steps/keys';

test('every change to a key is on record, in the modal and on the page', async ({ owner }) => {
  const { page } = owner;
  const name = unique('Recorded');
  const renamed = unique('Renamed');
  await generateActive(owner, { kind: 'Service', name });
  await choose(owner, name, 'Edit');
  await field(owner, 'Name').fill(renamed);
  await confirm(owner, 'Save', 'Your changes are saved');

  await choose(owner, renamed, 'Audit');
  const rows = dialog(owner).getByRole('row');
  await expect(rows.filter({ hasText: 'Issued' })).toContainText(OWNER.email);
  await expect(rows.filter({ hasText: 'Acknowledged' })).toHaveCount(1);
  await expect(rows.filter({ hasText: 'Edited' })).toContainText(`name: “${name}” → “${renamed}”`);
  await expect(rows.filter({ hasText: 'Edited' }).locator('time')).toHaveAttribute('datetime', /^\d{4}-\d\d-\d\dT.*Z$/);
  await examine(page, 'audit-of-key');

  await dialog(owner).getByRole('link', { name: 'Open in Audit' }).click();
  await expect(page.getByRole('heading', { name: 'Audit', exact: true })).toBeVisible();
  expect(owner.at).toMatch(/^\/audit\?key=/);
  await expect(page.getByRole('row')).toHaveCount(4);
  await examine(page, 'audit-filtered');
  await page.getByRole('link', { name: 'Show all' }).click();
  await expect(page.getByRole('row').filter({ hasText: 'Installation created' }).or(page.getByRole('link', { name: 'Next' }))).not.toHaveCount(0);
});

test('the record can be paged through, both ways', async ({ owner }) => {
  const { page, server } = owner;
  for (let n = 0; n < 30; n += 1) {
    await server.run(['key', 'issue', '--kind', 'service', '--name', unique('Paged')]);
  }
  await owner.open('/audit');
  const first = await page.getByRole('row').nth(1).innerText();
  await page.getByRole('link', { name: 'Next' }).click();
  await expect(page.getByRole('row').nth(1)).not.toHaveText(first);
  await examine(page, 'audit');
  await page.getByRole('link', { name: 'Previous' }).click();
  await expect(page.getByRole('row').nth(1)).toHaveText(first, { useInnerText: true });
});
