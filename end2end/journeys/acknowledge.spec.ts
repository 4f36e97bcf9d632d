import { Console, expect, test } from '../fixtures/console';
import { acknowledge, choose, expectStatus, find, generate, said, shownToken, unique } from '../steps/keys';

test('closing the browser leaves a key that is refused and waits for its maker', async ({ owner, context, verifier }) => {
  const name = unique('Closed');
  const token = await generate(owner, { kind: 'Service', name });
  await owner.page.close();
  expect(await verifier.code(token)).toBe('PENDING');

  const later = new Console(await context.newPage(), owner.server, owner.scripts);
  await expectStatus(later, name, 'Pending');
  await choose(later, name, 'Confirm that it is stored…');
  await expect(later.page.getByRole('heading', { name: `Did you store “${name}”?` })).toBeVisible();
  await expect(later.page.locator('body')).not.toContainText(token.slice(-43));
  await acknowledge(later);
  expect(await verifier.code(token)).toBe('VALID');
});

test('a key can be discarded instead', async ({ owner, verifier }) => {
  const name = unique('Discarded');
  const token = await generate(owner, { kind: 'Service', name });
  owner.page.on('dialog', (question) => question.accept());
  await choose(owner, name, 'Confirm that it is stored…');
  await owner.page.getByRole('button', { name: 'Discard this key' }).click();
  await said(owner, 'The key was discarded');
  expect(await verifier.code(token)).toBe('NOT_FOUND');
});

test('reloading shows neither the secret again nor makes a second key', async ({ owner, watch }) => {
  const { page } = owner;
  const name = unique('Reloaded');
  const token = await generate(owner, { kind: 'Service', name });
  if (!owner.scripts) watch.expects(409, /\/keys\/new/);
  page.on('dialog', (question) => question.accept());
  await page.reload();
  if (owner.scripts) await expect(page.getByRole('heading', { name: `Did you store “${name}”?` })).toBeVisible();
  else await expect(page.getByRole('alert')).toContainText('already generated its key');
  await expect(page.locator('body')).not.toContainText(token.slice(-43));
  await find(owner, name);
  await expect(page.getByRole('row').filter({ hasText: name })).toHaveCount(1);
});

test.describe('once the page is alive', { tag: '@scripts' }, () => {
  test('Done waits for the tick, and the secret can be hidden and copied', async ({ owner, context }) => {
    const { page } = owner;
    await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: owner.server.url });
    const token = await generate(owner, { kind: 'Service', name: unique('Gate') });
    const done = page.getByRole('button', { name: 'Done' });
    await expect(done).toBeDisabled();
    await expect(page.locator('.secret')).toHaveClass(/masked/);
    await page.getByRole('button', { name: /^Show/ }).click();
    await expect(page.locator('.secret')).not.toHaveClass(/masked/);
    expect(await shownToken(owner)).toBe(token);

    const copy = page.locator('.secret').getByRole('button', { name: /^Copy/ });
    await copy.click();
    await expect(page.getByText('Copied')).toBeVisible();
    await expect(copy).toBeFocused();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(token);

    await page.getByRole('checkbox', { name: 'I have stored this key' }).check();
    await expect(done).toBeEnabled();
    await page.getByRole('checkbox', { name: 'I have stored this key' }).uncheck();
    await expect(done).toBeDisabled();
    await acknowledge(owner);
  });

  test('leaving asks first', async ({ owner }) => {
    const { page } = owner;
    const name = unique('Leaving');
    const token = await generate(owner, { kind: 'Service', name });
    const asked: string[] = [];
    page.on('dialog', async (question) => {
      asked.push(question.type());
      await question.dismiss();
    });
    await page.keyboard.press('Escape');
    await page.getByRole('link', { name: 'Audit', exact: true }).click();
    await expect.poll(() => asked.length).toBeGreaterThan(0);
    expect(await shownToken(owner)).toBe(token);
    page.removeAllListeners('dialog');
    await acknowledge(owner);
    await expectStatus(owner, name, 'Active');
  });
});
