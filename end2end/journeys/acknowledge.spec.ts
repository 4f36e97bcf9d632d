import { readFile } from 'node:fs/promises';

import { Console, expect, test } from '../fixtures/console';
import { examine } from '../fixtures/examine';
import { acknowledge, choose, expectStatus, find, generate, said, shownToken, toSummary, unique } from '../steps/keys';

test('closing the browser leaves a key that is refused and waits for its maker', async ({ owner, context, verifier }) => {
  const name = unique('Closed');
  const token = await generate(owner, { kind: 'Service', name });
  await owner.page.close();
  expect(await verifier.code(token)).toBe('PENDING');

  const later = new Console(await context.newPage(), owner.server, owner.scripts);
  await expectStatus(later, name, 'Pending');
  await choose(later, name, 'Confirm…');
  await expect(later.page.getByRole('heading', { name: `Have you stored “${name}”?` })).toBeVisible();
  await expect(later.page.locator('body')).not.toContainText(token.slice(-43));
  await acknowledge(later);
  expect(await verifier.code(token)).toBe('VALID');
});

test('a key can be dropped instead', async ({ owner, arrange, verifier }) => {
  const name = unique('Discarded');
  const { token } = await arrange.pending({ name });
  await choose(owner, name, 'Confirm…');
  await owner.page.getByRole('button', { name: 'Drop this key' }).click();
  await said(owner, 'The key was dropped');
  expect(await verifier.code(token)).toBe('NOT_FOUND');
});

test('reloading neither shows the secret again nor makes a second key, and it can still be confirmed', async ({ owner, verifier }) => {
  const { page } = owner;
  const name = unique('Reloaded');
  const token = await generate(owner, { kind: 'Service', name });
  page.on('dialog', (question) => question.accept());
  await page.reload();
  if (owner.scripts) {
    await expect(page.getByRole('heading', { name: `Have you stored “${name}”?` })).toBeVisible();
  } else {
    // The browser sends the form again.
    await expect(page.getByRole('alert')).toContainText('already generated its key');
    await page.getByRole('link', { name: /^Confirm the key/ }).click();
  }
  await expect(page.locator('body')).not.toContainText(token.slice(-43));
  await expect(page.getByRole('button', { name: 'Generate Token' })).toHaveCount(0);
  await owner.alive();
  await acknowledge(owner);
  expect(await verifier.code(token)).toBe('VALID');
  await find(owner, name);
  await expect(page.getByRole('row').filter({ hasText: name })).toHaveCount(1);
});

test('a second press of the button makes no second key', async ({ owner, verifier }) => {
  const { page } = owner;
  const name = unique('Twice');
  await toSummary(owner, { kind: 'Service', name });
  // On a slow connection, the second press comes before the answer to the first.
  let token = '';
  let go = () => {};
  let answered = () => {};
  const held = new Promise<void>((resolve) => (go = resolve));
  const made = new Promise<void>((resolve) => (answered = resolve));
  await page.route('**/keys/new', async (route) => {
    const response = await route.fetch({ maxRedirects: 0 });
    answered();
    token ||= /id="secret"[^>]*>([^<]+)</.exec(await response.text())?.[1] ?? '';
    await held;
    await route.fulfill({ response }).catch(() => undefined);
  });
  const button = page.getByRole('button', { name: 'Generate Token' });
  await button.scrollIntoViewIfNeeded();
  const box = await button.boundingBox();
  const press = () => page.mouse.click((box?.x ?? 0) + 20, (box?.y ?? 0) + 10);
  const sent = () => page.waitForRequest('**/keys/new');
  await Promise.all([sent(), press()]);
  // The server has answered by then, or the second press might make the key.
  await made;
  // Without scripts, the browser sends the form again.
  await Promise.all([owner.scripts || sent(), press()]);
  go();
  if (owner.scripts) {
    await expect(page.getByRole('heading', { name: `Copy “${name}” now` })).toBeVisible();
    expect(await shownToken(owner)).toBe(token);
    await owner.alive();
  } else {
    await page.getByRole('link', { name: /^Confirm the key/ }).click();
  }
  await acknowledge(owner);
  await find(owner, name);
  const row = page.getByRole('row').filter({ hasText: name });
  await expect(row).toHaveCount(1);
  await expect(row).toContainText('Active');
  // Without scripts the browser drops the first answer, and with it the only sight of the secret.
  if (owner.scripts) expect(await verifier.code(token)).toBe('VALID');
});

test('a key can be confirmed in a second tab, and the first one finds that out', async ({ owner, context, verifier, watch }) => {
  const name = unique('Two tabs');
  const token = await generate(owner, { kind: 'Service', name });

  const second = new Console(await context.newPage(), owner.server, owner.scripts);
  await choose(second, name, 'Confirm…');
  await acknowledge(second);
  expect(await verifier.code(token)).toBe('VALID');

  watch.expects(409, /\/acknowledge$/);
  await owner.page.getByRole('checkbox', { name: 'I have stored this key' }).check();
  await owner.page.getByRole('button', { name: 'Done' }).click();
  await expect(owner.page.getByRole('heading', { name: `“${name}” is not waiting to be confirmed` })).toBeVisible();
  await examine(owner.page, 'acknowledge-done-elsewhere');
  expect(await verifier.code(token)).toBe('VALID');
});

test('a key that was dropped in a second tab is gone in the first, which still has its fields', async ({
  owner,
  context,
  verifier,
  watch,
}) => {
  const { page } = owner;
  const name = unique('Gone');
  const draft = { kind: 'Service', name, networks: '203.0.113.0/24', permissions: 'invoices.read' } as const;
  const token = await generate(owner, draft);

  const second = new Console(await context.newPage(), owner.server, owner.scripts);
  await choose(second, name, 'Confirm…');
  await second.page.getByRole('button', { name: 'Drop this key' }).click();
  await said(second, 'The key was dropped');

  watch.expects(404, /\/acknowledge$/);
  await page.getByRole('checkbox', { name: 'I have stored this key' }).check();
  await page.getByRole('button', { name: 'Done' }).click();
  await expect(page.getByRole('heading', { name: 'This key is gone' })).toBeVisible();
  await expect(page.locator('body')).not.toContainText(token.slice(-43));
  await owner.alive();
  await examine(page, 'acknowledge-gone');
  expect(await verifier.code(token)).toBe('NOT_FOUND');

  await page.getByRole('button', { name: 'Generate again with the same fields' }).click();
  await expect(page.getByRole('heading', { name: 'Summary' })).toBeVisible();
  for (const kept of [name, draft.networks, draft.permissions]) await expect(page.getByRole('main')).toContainText(kept);
});

test('without the tick the server refuses at the box, and the key waits on', async ({ owner, verifier, watch }) => {
  const { page } = owner;
  const name = unique('No tick');
  const token = await generate(owner, { kind: 'Service', name });
  // As an older browser would send it, which does not know required fields.
  await page.locator('form:has(#acknowledged)').evaluate((form: HTMLFormElement) => {
    form.noValidate = true;
    for (const button of form.querySelectorAll('button')) button.disabled = false;
  });
  watch.expects(422, /\/acknowledge$/);
  await page.getByRole('button', { name: 'Done' }).click();
  await expect(page.getByRole('checkbox', { name: 'I have stored this key' })).toHaveAccessibleDescription(
    'Tick the box to confirm that you have stored the key.',
  );
  await expect(page.locator('body')).not.toContainText(token.slice(-43));
  expect(await verifier.code(token)).toBe('PENDING');
  await examine(page, 'acknowledge-refused');
  await owner.alive();
  await acknowledge(owner);
  expect(await verifier.code(token)).toBe('VALID');
});

test('the secret can be taken along as a file', async ({ owner }) => {
  const { page } = owner;
  const token = await generate(owner, { kind: 'Service', name: unique('File') });
  const coming = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download .env' }).click();
  const file = await coming;
  expect(file.suggestedFilename()).toMatch(/^keystead-[0-9A-Za-z]{12}\.env$/);
  expect(await readFile(await file.path(), 'utf8')).toBe(`KEYSTEAD_KEY=${token}\n`);
  await acknowledge(owner);
});

test('the same fields lead to another key', async ({ owner }) => {
  const { page } = owner;
  const name = unique('Again');
  const draft = { kind: 'Service', name, networks: '203.0.113.0/24', permissions: 'invoices.read' } as const;
  const first = await generate(owner, draft);
  page.on('dialog', (question) => question.accept());
  await page.getByRole('button', { name: 'Generate again with the same fields' }).click();
  await expect(page.getByRole('main')).toContainText('203.0.113.0/24');
  await page.getByRole('button', { name: 'Generate Token' }).click();
  await expect(page.getByRole('heading', { name: `Copy “${name}” now` })).toBeVisible();
  expect(await shownToken(owner)).not.toBe(first);
  await owner.alive();
  await acknowledge(owner);
});

test.describe('once the page is alive', { tag: '@scripts' }, () => {
  test('Done waits for the tick, and the secret can be shown and copied', async ({ owner, context }) => {
    const { page } = owner;
    await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: owner.server.url });
    const token = await generate(owner, { kind: 'Service', name: unique('Gate') });
    const done = page.getByRole('button', { name: 'Done' });
    await expect(done).toBeDisabled();
    const secret = page.locator('.secret code');
    await expect(secret).toHaveCSS('color', 'rgba(0, 0, 0, 0)');
    await page.locator('.secret label').filter({ hasText: 'Show' }).click();
    await expect(secret).not.toHaveCSS('color', 'rgba(0, 0, 0, 0)');
    expect(await shownToken(owner)).toBe(token);

    const copy = page.locator('.secret').getByRole('button', { name: /^Copy/ });
    await copy.click();
    await expect(page.getByRole('status').filter({ hasText: 'Copied' })).toBeVisible();
    await expect(copy).toBeFocused();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(token);
    await examine(page, 'secret-shown');

    await page.getByRole('checkbox', { name: 'I have stored this key' }).check();
    await expect(done).toBeEnabled();
    await page.getByRole('checkbox', { name: 'I have stored this key' }).uncheck();
    await expect(done).toBeDisabled();
    await acknowledge(owner);
  });

  test('a tick from before the page was alive counts, and a reload begins without one', async ({ owner, arrange }) => {
    const { page } = owner;
    const { id } = await arrange.pending({ name: unique('Early') });
    const box = page.getByRole('checkbox', { name: 'I have stored this key' });
    const done = page.getByRole('button', { name: 'Done' });
    let arrive = () => {};
    const ticked = new Promise<void>((resolve) => (arrive = resolve));
    await page.route('**/*.wasm', async (route) => {
      await ticked;
      await route.continue();
    });
    await page.goto(`${owner.server.url}/keys/${id}/acknowledge`, { waitUntil: 'domcontentloaded' });
    await box.check();
    await expect(page.locator('html')).not.toHaveAttribute('data-hydrated');
    arrive();
    await owner.alive();
    await expect(page.getByText('minutes left.')).toBeVisible();
    await expect(done).toBeEnabled();

    await page.reload();
    await owner.alive();
    await expect(box).not.toBeChecked();
    await expect(done).toBeDisabled();
    await acknowledge(owner);
  });

  test('a wrong clock in the browser takes no time away', async ({ owner }) => {
    const { page } = owner;
    await page.addInitScript(() => {
      const right = Date.now;
      Date.now = () => right() + 24 * 3_600_000;
    });
    await generate(owner, { kind: 'Service', name: unique('Clock') });
    await expect(page.getByText('14 minutes left.')).toBeVisible();
    await acknowledge(owner);
  });

  test('leaving asks first, and Esc too', async ({ owner }) => {
    const { page } = owner;
    const name = unique('Leaving');
    const token = await generate(owner, { kind: 'Service', name });
    const asked: string[] = [];
    page.on('dialog', async (question) => {
      asked.push(question.type());
      await question.dismiss();
    });
    // For a dialog that is open, Esc closes that one.
    for (const opens of ['Control+k', '?']) {
      await page.keyboard.press(opens);
      await expect(page.getByRole('dialog')).toBeVisible();
      await page.keyboard.press('Escape');
      await expect(page.getByRole('dialog')).toHaveCount(0);
    }
    expect(asked).toEqual([]);
    await page.keyboard.press('Escape');
    await expect.poll(() => asked).toEqual(['confirm']);
    await page.getByRole('link', { name: 'Audit', exact: true }).click();
    await expect.poll(() => asked).toEqual(['confirm', 'confirm']);
    await page.evaluate(() => location.reload());
    await expect.poll(() => asked).toEqual(['confirm', 'confirm', 'beforeunload']);
    expect(await shownToken(owner)).toBe(token);
    page.removeAllListeners('dialog');
    await acknowledge(owner);
    await expectStatus(owner, name, 'Active');
  });
});
