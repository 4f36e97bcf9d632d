// What an owner sees of the installation: what is wrong, the nodes, and the last hour of the node that answers.
import { expect, test } from '../fixtures/console';
import { examine } from '../fixtures/examine';

test('an owner sees what is wrong, the nodes and the last hour, and the figures come anew', async ({
  owner,
  scripts,
  arrange,
  verifier,
}) => {
  const { page } = owner;
  const key = await arrange.active({ name: 'Status' });
  await verifier.ask(key.token, {});
  await owner.open('/');
  const link = page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Status' });
  await link.click();
  await expect(page.getByRole('heading', { name: 'Status', level: 1 })).toBeVisible();
  await owner.alive();
  await expect(link).toHaveAttribute('aria-current', 'page');
  // Other journeys make keys that expire soon, so it may be a warning.
  await expect(page.getByRole('main').locator('.note').first()).toBeVisible();
  await expect(page.getByRole('region', { name: 'Nodes' }).getByRole('row').filter({ hasText: '(this one)' })).toHaveCount(1);

  await test.step('pictures of the last hour come within ten seconds of the start', async () => {
    const picture = page.getByRole('img', { name: /^Calls a second, last hour: / });
    await expect(async () => {
      if (!scripts) await page.getByRole('link', { name: 'Refresh' }).click();
      await expect(picture).toBeVisible({ timeout: 1_000 });
    }).toPass({ timeout: 60_000 });
    for (const name of [/^Time of a call/, /^Wait for the database/, /^Requests of the console a second/, /^Memory/]) {
      await expect(page.getByRole('img', { name })).toBeVisible();
    }
  });

  await test.step('the table has the same figures', async () => {
    await page.getByText('Show as a table').click();
    const table = page.getByRole('table', { name: 'The last hour, newest first' });
    await expect(table.getByRole('row').nth(1)).toContainText('MB');
    await examine(page, 'status-hour');
  });

  await test.step('another call is counted, by itself or by a press', async () => {
    const accepted = page.getByText(/^[\d,]+ accepted$/);
    const before = (await accepted.textContent()) ?? '';
    await verifier.ask(key.token, {});
    if (!scripts) await page.getByRole('link', { name: 'Refresh' }).click();
    await expect(accepted).not.toHaveText(before, { timeout: 40_000 });
    // What was unfolded stays unfolded.
    if (scripts) await expect(page.getByRole('table', { name: 'The last hour, newest first' })).toBeVisible();
  });
});
