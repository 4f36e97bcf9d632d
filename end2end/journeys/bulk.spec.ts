import { type Console, expect, test } from '../fixtures/console';
import { examine } from '../fixtures/examine';
import { said, unique } from '../steps/keys';

const bar = ({ page }: Console) => page.getByRole('form', { name: 'Ticked keys' });

test('ticked keys are disabled, and all that match are revoked with one reason', async ({ owner, arrange, watch }) => {
  watch.expects(422, /\/keys\/bulk/);
  const { page } = owner;
  const word = unique('Batch');
  for (let n = 10; n < 14; n += 1) await arrange.active({ name: `${word} ${n}` });
  await arrange.pending({ name: `${word} 14` });
  const list = `/keys?q=${encodeURIComponent(word)}`;
  await owner.open(list);
  await expect(bar(owner)).toBeHidden();
  await page.getByRole('checkbox', { name: `Tick ${word} 10` }).check();
  await page.getByRole('checkbox', { name: `Tick ${word} 14` }).check();
  await examine(page, 'keys-ticked');
  await bar(owner).getByRole('button', { name: 'Disable…' }).click();
  await expect(page.getByRole('heading', { name: 'Disable keys' })).toBeVisible();
  await expect(page.getByRole('main')).toContainText('1 key, not confirmed yet');
  await expect(page.getByRole('main')).toContainText(`${word} 10`);
  await page.goBack();
  await owner.alive();
  await expect(page.getByRole('checkbox', { name: `Tick ${word} 10` })).toBeChecked();
  await page.goForward();
  await owner.alive();
  await page.getByRole('button', { name: 'Disable 1 key' }).click();
  await said(owner, `“${word} 10” is disabled. 1 was skipped.`);
  expect(owner.at).toBe(list);
  await page.getByRole('button', { name: 'Undo' }).click();
  await said(owner, `“${word} 10” is enabled again.`);
  expect(owner.at).toBe(list);

  await page.getByRole('checkbox', { name: `Tick ${word} 11` }).check();
  await bar(owner).getByRole('checkbox', { name: 'All 5 that match' }).check();
  await bar(owner).getByRole('button', { name: 'Revoke…' }).click();
  await page.getByRole('button', { name: 'Revoke 4 keys' }).click();
  await expect(page.getByRole('main')).toContainText('Choose a reason.');
  await page.getByRole('radio', { name: 'Another key replaces it' }).check();
  await page.getByRole('button', { name: 'Revoke 4 keys' }).click();
  await said(owner, new RegExp(`“${word} 1\\d”, “${word} 1\\d”, “${word} 1\\d” and 1 more are revoked\\. 1 was skipped\\.`));
  await expect(page.locator('.keys .state').filter({ hasText: 'Revoked' })).toHaveCount(4);
  await owner.open('/audit');
  await expect(page.getByRole('row').filter({ hasText: word }).filter({ hasText: 'Revoked' })).toHaveCount(4);
});

test('keys are transferred to another owner, one and many', async ({ owner, arrange, watch }) => {
  watch.expects(422, /\/keys\/bulk/);
  const { page } = owner;
  const word = unique('Given');
  const team = unique('Billing team');
  const first = await arrange.active({ name: `${word} 1`, owner: 'Payments team' });
  await arrange.active({ name: `${word} 2` });
  await owner.open(`/keys/${first.id}`);
  await page.getByRole('button', { name: 'More acts' }).click();
  await page.getByRole('link', { name: 'Transfer…' }).click();
  await expect(page.getByRole('heading', { name: 'Transfer keys' })).toBeVisible();
  await owner.alive();
  await page.getByLabel('New owner').fill('nobody@example.com');
  await page.getByRole('button', { name: 'Transfer 1 key' }).click();
  await expect(page.getByText('You see nobody here with the e-mail').first()).toBeVisible();
  await owner.alive();
  await examine(page, 'bulk-transfer-refused');
  await page.getByLabel('New owner').fill(team);
  await page.getByRole('button', { name: 'Transfer 1 key' }).click();
  await said(owner, `“${word} 1” is saved.`);
  await owner.open(`/keys?q=${encodeURIComponent(word)}`);
  await page.getByRole('checkbox', { name: `Tick ${word} 1` }).check();
  await page.getByRole('checkbox', { name: `Tick ${word} 2` }).check();
  await bar(owner).getByRole('button', { name: 'Transfer…' }).click();
  await owner.alive();
  await page.getByLabel('New owner').fill(team);
  await page.getByRole('button', { name: 'Transfer 2 keys' }).click();
  await said(owner, `“${word} 2” is transferred. 1 was skipped.`);
  await owner.open(`/keys?owner=${encodeURIComponent(team)}`);
  await expect(page.locator('.keys tbody .state')).toHaveCount(2);
});

test.describe('once the page is alive', { tag: '@scripts' }, () => {
  test('a long act says how far it is', async ({ owner, arrange }) => {
    const { page } = owner;
    const word = unique('Long');
    await arrange.active({ name: word });
    await owner.open(`/keys?q=${encodeURIComponent(word)}`);
    await page.getByRole('checkbox', { name: `Tick ${word}` }).check();
    await bar(owner).getByRole('button', { name: 'Disable…' }).click();
    const button = page.getByRole('button', { name: 'Disable 1 key' });
    await expect(button).toBeVisible();
    // So few keys take no time: the act waits here, and the server is asked about an act that has not begun.
    const asked = page.waitForResponse('**/api/progress');
    let go = () => {};
    const held = new Promise<void>((resolve) => (go = resolve));
    await page.route('**/keys/bulk', async (route) => {
      await held;
      await route.continue();
    });
    await button.click();
    expect(await (await asked).json()).toBeNull();
    await expect(page.getByRole('button', { name: 'Saving…' })).toBeVisible();
    await page.route('**/api/progress', (route) => route.fulfill({ json: '6,000 of 10,000' }));
    await expect(page.getByRole('button', { name: 'Saving… 6,000 of 10,000' })).toBeVisible();
    go();
    await said(owner, `“${word}” is disabled.`);
  });

  test('one box ticks the whole page', async ({ owner, arrange }) => {
    const { page } = owner;
    const word = unique('Whole');
    for (let n = 0; n < 3; n += 1) await arrange.pending({ name: `${word} ${n}` });
    await owner.open(`/keys?q=${encodeURIComponent(word)}`);
    const all = page.getByRole('checkbox', { name: 'Tick all on this page' });
    await all.check();
    await expect(page.locator('.tick :checked')).toHaveCount(4);
    await expect(bar(owner)).toBeVisible();
    await all.uncheck();
    await expect(bar(owner)).toBeHidden();
  });
});

test('the filtered list is a file with as many rows, and a view with a name', async ({ owner, arrange }) => {
  const { page } = owner;
  const tag = unique('batch').replace(' ', '-').toLowerCase();
  for (let n = 0; n < 3; n += 1) await arrange.pending({ name: `=1+${n}`, tags: tag });
  await owner.open(`/keys?tag=${tag}`);
  const link = page.getByRole('link', { name: 'CSV' });
  const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
  expect(download.suggestedFilename()).toMatch(/^keystead-keys-\d{4}-\d\d-\d\d\.csv$/);
  const chunks = [];
  for await (const chunk of await download.createReadStream()) chunks.push(chunk);
  const rows = Buffer.concat(chunks).toString().trim().split('\r\n');
  expect(rows).toHaveLength(4);
  expect(rows[1]).toContain(",'=1+");

  await page.getByRole('link', { name: 'Save this view' }).click();
  await owner.alive();
  const name = unique('My view');
  await page.getByRole('textbox', { name: 'Name' }).fill(name);
  await page.getByRole('button', { name: 'Save view' }).click();
  await expect(page.getByRole('link', { name, exact: true })).toHaveAttribute('aria-current', 'true');
  await owner.open('/keys');
  await page.getByRole('link', { name, exact: true }).click();
  await expect(page.getByRole('link', { name: `Tag: ${tag}, remove` })).toBeVisible();
  await page.getByRole('link', { name: 'Edit views' }).click();
  await page.getByRole('button', { name: `Delete ${name}` }).click();
  await expect(page.getByRole('link', { name, exact: true })).toHaveCount(0);
});
