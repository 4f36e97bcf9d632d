// Every page that the router knows and every dialog, by the list in screens.json: visited with and
// without scripts, and examined. A router test fails when that list and the router's own differ.
import { expect, test } from '../fixtures/console';
import { examine } from '../fixtures/examine';
import screens from '../screens.json' with { type: 'json' };
import { choose, confirm, dialog, generate, generateActive, unique } from '../steps/keys';

type Screen = { route: string; name: string; visit: string; dialog?: boolean; outside?: boolean; status?: number };

test('every screen and every dialog stands up to a look', async ({ owner, context, cookies, watch }) => {
  test.setTimeout(300_000);
  const { page } = owner;
  const ids: Record<string, string> = {};
  const id = (token: string) => token.split('_')[1] ?? '';

  await test.step('a key in each state', async () => {
    const draft = { kind: 'Service', networks: '203.0.113.0/24', domains: 'app.example.com' } as const;
    ids.active = id(await generateActive(owner, { ...draft, name: unique('Screens, active') }));
    ids.pending = id(await generate(owner, { ...draft, name: unique('Screens, pending') }));

    const disabled = unique('Screens, disabled');
    ids.disabled = id(await generateActive(owner, { ...draft, name: disabled }));
    await choose(owner, disabled, 'Disable…');
    await confirm(owner, 'Disable', 'The key is disabled');

    const revoked = unique('Screens, revoked');
    ids.revoked = id(await generateActive(owner, { ...draft, name: revoked }));
    await choose(owner, revoked, 'Revoke…');
    await dialog(owner).getByRole('radio', { name: /superseded/i }).check();
    await confirm(owner, 'Revoke', 'The key is revoked');
  });

  for (const screen of screens as Screen[]) {
    await test.step(`${screen.route}: ${screen.name}`, async () => {
      const path = screen.visit.replace(/\{(\w+)\}/, (_, state: string) => ids[state] ?? 'unknown');
      const status = screen.status ?? 200;
      if (status >= 400) watch.expects(status, new RegExp(path));
      if (screen.outside) await context.clearCookies();
      else await context.addCookies(cookies);

      const answered = page.waitForResponse((response) => response.url() === owner.server.url + path);
      await owner.open(path);
      expect((await answered).status(), path).toBe(status);
      await expect(page.getByRole('heading', { level: 1 }).first()).toBeVisible();
      if (screen.dialog) await expect(dialog(owner)).toBeVisible();
      await examine(page, screen.name);
    });
  }

  await test.step('the row menu', async () => {
    await context.addCookies(cookies);
    await owner.open('/keys?q=Screens');
    await page.getByRole('button', { name: /^Actions for/ }).first().click();
    await examine(page, 'row-menu');
  });
});
