import { Console, OWNER, expect, test } from '../fixtures/console';
import { examine } from '../fixtures/examine';
import { Server } from '../fixtures/server';

test('the first start makes an owner, by the link that it prints', async ({ page, scripts, watch }) => {
  const server = await Server.start({ owner: false });
  const visitor = new Console(page, server, scripts);
  const create = page.getByRole('button', { name: 'Create the owner' });
  try {
    await test.step('nobody can sign in yet', async () => {
      await visitor.open('/');
      await expect(page.getByRole('heading', { name: 'This installation has no owner yet' })).toBeVisible();
      expect(visitor.at).toMatch(/^\/login/);
      await examine(page, 'login-nobody');
    });

    await test.step('a link that was not printed does not work', async () => {
      watch.expects(403, /\/setup/);
      await visitor.open('/setup?token=guess');
      await expect(page.getByRole('heading', { name: 'This set-up link does not work' })).toBeVisible();
      await examine(page, 'set-up-wrong-link');
    });

    const link = await server.setupLink();
    await test.step('what is wrong is said at its field, and nothing typed is lost but the password', async () => {
      watch.expects(422, /\/setup$/);
      await visitor.open(link);
      await examine(page, 'set-up');
      const fields = ['Your name', 'E-mail', 'Password'] as const;
      const wrong: [label: (typeof fields)[number], typed: string, message: RegExp][] = [
        ['Your name', '   ', /Enter the name/],
        ['Your name', 'x'.repeat(5_000), /at most 100 characters/],
        ['E-mail', '', /Enter an e-mail address/],
        ['E-mail', 'owner at example', /Enter an e-mail address/],
        ['E-mail', `${'x'.repeat(250)}@example.com`, /at most 254 characters/],
        ['Password', '', /at least 15 characters/],
        ['Password', 'short', /at least 15 characters; yours has 5/],
        ['Password', 'x'.repeat(257), /at most 256 characters/],
        ['Password', 'password12345678', /common|guess/i],
      ];
      for (const [label, typed, message] of wrong) {
        await page.getByLabel('Your name').fill(OWNER.name);
        await page.getByLabel('E-mail').fill(OWNER.email);
        await page.getByLabel('Password').fill(OWNER.password);
        await page.getByLabel(label).fill(typed);
        const answered = page.waitForResponse((response) => response.request().method() === 'POST');
        await create.click();
        expect((await answered).status(), `${label}: ${typed}`).toBe(422);
        await expect(page.getByLabel(label)).toHaveAccessibleDescription(message);
        await expect(page.getByLabel(label)).toHaveAttribute('aria-invalid', 'true');
        for (const one of fields) {
          const kept = one === 'Your name' ? OWNER.name : OWNER.email;
          await expect(page.getByLabel(one)).toHaveValue(one === 'Password' ? '' : one === label ? typed : kept);
        }
      }
      await visitor.alive();
      await examine(page, 'set-up-refused');
    });

    await test.step('a good one makes the owner and signs them in', async () => {
      await page.getByLabel('Password').fill(OWNER.password);
      await create.click();
      await expect(page.getByRole('heading', { name: 'Dashboard' })).toBeVisible();
      await expect(page.getByRole('complementary')).toContainText(OWNER.email);
      await visitor.alive();
      await expect(page.getByRole('link', { name: 'Generate your first key' })).toBeVisible();
      await examine(page, 'dashboard-new');
    });

    await test.step('an empty list says what to do', async () => {
      await page.getByRole('link', { name: 'API Keys', exact: true }).click();
      await expect(page.getByRole('heading', { name: 'No keys yet' })).toBeVisible();
      await visitor.alive();
      await examine(page, 'keys-empty');
    });

    await test.step('the page is gone afterwards, and the link is used up', async () => {
      watch.expects(404, /\/setup/);
      for (const address of ['/setup', link]) {
        await visitor.open(address);
        await expect(page.getByRole('heading', { name: 'Keystead is set up' })).toBeVisible();
      }
    });
  } finally {
    await server.stop();
  }
});

test('the binary alone serves a page with all that belongs to it', async ({ visitor }) => {
  const { page, server } = visitor;
  const got = new Map<string, number>();
  page.on('response', (response) => got.set(new URL(response.url()).pathname, response.status()));
  await visitor.open('/login');
  await page.waitForLoadState('networkidle');
  expect(await page.evaluate(() => getComputedStyle(document.body).fontVariantNumeric)).toBe('tabular-nums');
  const kinds = visitor.scripts ? ['.css', '.js', '.wasm'] : ['.css'];
  for (const kind of kinds) expect([...got.keys()].filter((path) => path.endsWith(kind)), kind).not.toEqual([]);
  expect([...new Set(got.values())]).toEqual([200]);
  for (const path of got.keys()) expect(server.url + path).toMatch(/\/(login|favicon\.svg|pkg\/[0-9a-f]{20}\/[a-z]+\.(css|js|wasm))$/);
});
