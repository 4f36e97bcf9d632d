// Visits every page and dialog listed in screens.json, with and without scripts, and examines it. A router test fails
// if that list differs from the router.
import { Arrange, PASSWORD } from '../fixtures/arrange';
import { Console, OWNER, expect, test } from '../fixtures/console';
import { examine } from '../fixtures/examine';
import { Server } from '../fixtures/server';
import { WIDTHS } from '../fixtures/shots';
import { signInOnce } from '../fixtures/worker';
import screens from '../screens.json' with { type: 'json' };
import { dialog } from '../steps/keys';

type Screen = { route: string; name: string; visit: string; dialog?: boolean; outside?: boolean; status?: number };

const PARTS = 4;
const parts = Array.from({ length: PARTS }, (_, part) => (screens as Screen[]).filter((_, index) => index % PARTS === part));

test.describe.configure({ mode: 'parallel', timeout: 180_000 });

for (const [index, part] of parts.entries()) {
  test(`every screen and every dialog stands up to a look, part ${index + 1} of ${PARTS}`, async ({
    owner,
    arrange,
    context,
    cookies,
    verifier,
    watch,
  }) => {
    const { page } = owner;
    const draft = {
      description: 'Exports invoices every night.\nAsk the owner before you change it.',
      cidrs: '203.0.113.0/24\n2001:db8::/32',
      domains: 'app.example.com\n*.example.org',
      permissions: 'invoices.read\ninvoices.export',
    };
    const limits = {
      denied_cidrs: '203.0.113.7/32',
      limits: '100 per minute\nburst: 20 per 10s',
      quota: '10000',
      quota_refill: 'daily',
    };
    const ids: Record<string, string> = {};
    for (const state of ['active', 'pending', 'disabled', 'revoked', 'expiring', 'restricted']) {
      const name = `Screens, ${state}`;
      const made = { ...draft, name, ...(state === 'expiring' ? { expiry: '7' } : {}), ...(state === 'restricted' ? limits : {}) };
      const key = await (state === 'pending' ? arrange.pending(made) : arrange.active(made));
      if (state === 'disabled') await arrange.act(key, 'disable');
      if (state === 'revoked') await arrange.act(key, 'revoke', { reason: 'superseded' });
      ids[state] = key.id;
      if (state !== 'restricted') continue;
      const origin = 'https://app.example.com';
      for (let n = 0; n < 12; n += 1) await verifier.ask(key.token, { clientIp: '203.0.113.9', origin });
      await verifier.ask(key.token, { clientIp: '203.0.113.7', origin, permissions: 'invoices.read' });
      await verifier.ask(key.token, { clientIp: '203.0.113.9', origin: 'https://elsewhere.example' });
    }
    const rotating = await arrange.active({ ...draft, name: 'Screens, rotating', rotate_days: '90' });
    ids.rotating = rotating.id;
    await arrange.rotated(rotating, '7d');
    for (const clientIp of ['203.0.113.9', '203.0.113.10', '2001:db8::9']) {
      await verifier.ask(rotating.token, { clientIp, origin: 'https://app.example.com' });
    }
    const waiting = await arrange.active({ name: 'Screens, with a new secret that waits' });
    ids.waiting = waiting.id;
    await arrange.rotate(waiting, '24h');
    await arrange.active({ kind: 'master_user', name: 'Screens, master user', boxes: 'chats.read' });
    ids.reports = (await arrange.active({ kind: 'open_connect', name: 'Screens, reports events' })).id;
    ids.account = (await arrange.active({ kind: 'account', name: 'Screens, of the account' })).id;
    const email = (who: string) => `${who}.${index}@example.com`;
    ids.guest = await arrange.person({ role: 'guest', email: email('guest'), see: ids.active ?? '', revoke: ids.active ?? '' });
    await arrange.active({ name: 'Screens, owned by the guest', owner: email('guest') });
    ids.barred = await arrange.person({ role: 'auditor', email: email('barred') });
    await arrange.post(`/people/${ids.barred}/disable`, {});
    ids.invited = (await arrange.invite({ role: 'admin', email: email('a.rather.long.address.of.somebody.who.was.invited') })).id;
    const handed = await arrange.handOver({ name: 'Screens, handed over', recipient: 'Grace of a partner with a rather long name' });
    ids.handed = handed.id;
    await arrange.post('/settings/approval', { approval_permissions: 'vault.*' });
    await arrange.person({ role: 'admin', email: email('asks') });
    const asker = new Arrange(owner.server, await signInOnce(owner.server, { email: email('asks'), password: PASSWORD }));
    const vault = { ...draft, permissions: 'vault.open\ninvoices.read', expiry: '90' };
    const why = 'The auditors need it every night.\nThey asked in ticket 4711.';
    ids.requested = await asker.ask({ ...vault, name: 'Screens, asked for', reason: why });
    ids.other = await asker.ask({ ...vault, name: 'Screens, asked for with a very long name that says all that can be said' });
    ids.approved = await arrange.ask({ ...vault, name: 'Screens, approved', reason: why });
    await asker.decide(ids.approved, 'approve', { note: 'Revoke it once they are done.' });
    await asker.decide(await arrange.ask({ ...vault, name: 'Screens, declined' }), 'decline', { note: 'Give it an expiry.' });
    ids.asking = await arrange.draft({ ...vault, name: 'Screens, to ask for' });
    ids.draft = await arrange.draft({ name: 'Screens, to hand over' });
    ids.app = await arrange.appId('Default');
    ids.archived = await arrange.app('Screens, archived');
    await arrange.post(`/apps/${ids.archived}/archive`, {});
    ids.room = await arrange.room({ name: 'Screens, a room with a rather long name', max_users: '50', room_password: 'sesame' });
    const long = 'Somebody with a rather long nickname in this room';
    const joined = (nick_name: string) => arrange.joined(ids.room ?? '', { nick_name, room_password: 'sesame' });
    const [muted, banned] = [await joined('Bo'), await joined('Cy')];
    await joined(long);
    await arrange.onParticipant(ids.room, 'mute', muted);
    await arrange.onParticipant(ids.room, 'ban', banned);
    await arrange.notice(ids.room, 'The room closes at noon. Thank you all for coming, and do write to us.');
    ids.closed = await arrange.room({ name: 'Screens, closed' });
    await arrange.post(`/rooms/${ids.closed}/close`, {});
    ids.contact = await arrange.contact({
      first_name: 'Ada',
      last_name: 'Byron of a rather long name',
      email: email('a.rather.long.address.of.a.contact'),
      identifier: `crm/${index}`,
      contact_kind: 'staff',
      is_admin: 'yes',
    });
    const custom = { kind: 'custom', name: 'Screens, a ticket system with a rather long name' };
    ids.integration = (await arrange.integration(custom)).id;
    ids.channel = (await arrange.integration({ kind: 'whatsapp', name: 'Screens, a channel' })).id;
    ids.webhook = await arrange.firstOf(`/integrations/${ids.channel}`, 'webhooks');
    ids.chat = await arrange.chat({ name: 'Screens, a chat with a rather long title', contacts: ids.contact });
    ids.delivery = await arrange.firstOf(`/integrations/${ids.integration}/deliveries`, 'deliveries');
    const reports = await arrange.active({ kind: 'telephony', name: 'Screens, with a very long name that says all that can be said about it' });
    const reported = { event: 'On Ring', crmId: 'this-is-a-test.zendesk.com', agentId: email('an.agent'), ANI: '+1 555 0100' };
    ids.reported = await arrange.reported(reports, reported);
    ids.event = await arrange.firstOf(`/integrations/${ids.reported}`, 'events');

    for (const screen of part) {
      await test.step(`${screen.route}: ${screen.name}`, async () => {
        const path = screen.visit.replace(/\{(\w+)\}/g, (_, state: string) => ids[state] ?? 'unknown');
        const status = screen.status ?? 200;
        if (status >= 400) watch.expects(status, new RegExp(path.replace(/\?.*/, '')));
        if (screen.outside) await context.clearCookies();
        else await context.addCookies(cookies);
        const answer = await page.goto(owner.server.url + path);
        expect(answer?.status(), path).toBe(status);
        await owner.alive();
        await expect(page.getByRole('heading', { level: 1 }).first()).toBeVisible();
        if (screen.dialog) await expect(dialog(owner)).toBeVisible();
        for (const table of await dialog(owner).locator('.sheet').all()) {
          const cut = await table.evaluate((sheet) => sheet.scrollWidth - sheet.clientWidth);
          expect(cut, 'a wide window has room for the table of a dialog').toBeLessThanOrEqual(0);
        }
        await examine(page, screen.name);
      });
    }
  });
}

test('the row menu stands up to a look', async ({ owner, arrange }) => {
  const { page } = owner;
  await arrange.active({ name: 'Screens, menu' });
  // Opened anew at each width. Resizing the window with an open menu is another matter.
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 });
    await owner.open('/keys?q=Screens');
    await page.getByRole('button', { name: /^Actions for/ }).first().click();
    const entries = page.locator('.menu:popover-open').getByRole('link');
    await expect(entries.first()).toBeVisible();
    for (const entry of await entries.all()) {
      const { x, y, width: wide, height: high } = (await entry.boundingBox()) ?? { x: -1, y: -1, width: 0, height: 0 };
      const inside = x >= 0 && y >= 0 && x + wide <= width && y + high <= 900;
      expect(inside, `an entry of the menu is at ${x}, ${y} in a window ${width} px wide`).toBe(true);
    }
    await examine(page, 'row-menu', [width]);
  }
});

test('over plain http beyond this machine the page says why nobody can sign in', async ({ visitor }) => {
  const { page, server } = visitor;
  await visitor.open(server.url.replace('localhost', 'keystead.test') + '/login');
  await expect(page.getByText('You cannot sign in over this connection')).toBeVisible();
  await expect(page.getByLabel('Password')).toHaveCount(0);
  await examine(page, 'login-plain-http');
});

test('over plain http that an operator allowed, every page warns', async ({ page, scripts }) => {
  const server = await Server.start({ settings: { KEYSTEAD_ALLOW_HTTP: 'true' } });
  const visitor = new Console(page, server, scripts);
  const warning = page.getByText('This connection is not encrypted.');
  try {
    await visitor.open(server.url.replace('localhost', 'keystead.test') + '/login');
    await expect(warning).toBeVisible();
    await examine(page, 'login-http-allowed');
    await page.getByLabel('E-mail').fill(OWNER.email);
    await page.getByLabel('Password').fill(OWNER.password);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await expect(page.getByRole('heading', { name: 'Dashboard' })).toBeVisible();
    await expect(warning).toBeVisible();
    await visitor.alive();
    await examine(page, 'dashboard-http-allowed');
  } finally {
    await server.stop();
  }
});
