import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { Page } from '@playwright/test';

import { expect, test } from '../fixtures/console';
import { unique } from '../steps/keys';

type Answer = { status: number; document: Record<string, unknown> };

type Init = { method?: string; headers?: Record<string, string>; body?: string };

/** Calls from a page, as its own script would. */
function call(page: Page, url: string, init: Init): Promise<Answer> {
  return page.evaluate(
    async ([url, init]) => {
      const answer = await fetch(url, init);
      return { status: answer.status, document: await answer.json() };
    },
    [url, init] as const,
  );
}

/** A page of somebody else, on a host and port of its own. */
async function elsewhere(use: (origin: string) => Promise<void>): Promise<void> {
  const site = createServer((request, answer) => {
    const found = request.url === '/';
    answer.writeHead(found ? 200 : 204, { 'Content-Type': 'text/html; charset=utf-8' });
    answer.end(found ? '<!doctype html><title>Desk</title><h1>Desk</h1>' : undefined);
  });
  site.listen(0, '127.0.0.1');
  await once(site, 'listening');
  try {
    await use(`http://desk.localhost:${(site.address() as AddressInfo).port}`);
  } finally {
    site.closeAllConnections();
    site.close();
  }
}

test.describe('from a page that runs scripts', { tag: '@scripts' }, () => {
  test('a page on another origin reports events, and is refused outside the domains of the key', async ({
    owner,
    arrange,
    context,
    watch,
  }) => {
    const { page, server } = owner;
    const open = await arrange.active({ kind: 'client', name: unique('Any origin') });
    const here = await arrange.active({ kind: 'client', name: unique('Desk alone'), domains: 'desk.localhost' });
    const other = await arrange.active({ kind: 'client', name: unique('Somewhere else'), domains: 'crm.example.com' });
    const path = `${server.url}/events/client`;
    await owner.open(`/integrations/setup?key=${here.id}`);

    await elsewhere(async (origin) => {
      const desk = await context.newPage();
      await desk.goto(origin);
      const event = { crmId: 'desk.localhost', agentId: 'ana@example.com', event: 'On Answer' };
      const json = (members: Record<string, string>, headers: Record<string, string> = {}): Init => ({
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...headers },
        body: JSON.stringify(members),
      });

      await test.step('a key without domains, and one with this domain, are accepted', async () => {
        const taken = await call(desk, path, json({ jwt: open.token, ...event }));
        expect(taken).toMatchObject({ status: 200, document: { success: true } });
        // With a header that the browser asks about first.
        const bearer = { Authorization: `Bearer ${here.token}` };
        expect((await call(desk, path, json({ ...event, event: 'On Ring' }, bearer))).document.success).toBe(true);
        const query = new URLSearchParams({ jwt: here.token, ...event, event: 'On End' });
        expect((await call(desk, `${path}?${query}`, { method: 'GET' })).document.success).toBe(true);
      });

      await test.step('the connectivity test shows what its key reported', async () => {
        const feed = page.getByRole('list', { name: 'Events, newest first' });
        await expect(feed).toContainText('On End');
        await expect(feed).toContainText('On Ring');
        await expect(feed).not.toContainText('On Answer');
      });

      await test.step('a key with another domain is refused, and the page can read why', async () => {
        watch.expects(403, /\/events\/client$/);
        const refused = await call(desk, path, json({ jwt: other.token, ...event }));
        expect(refused).toMatchObject({ status: 403, document: { success: false, error: 'ORIGIN_NOT_ALLOWED' } });
      });

      await test.step('a key of another kind is told its path', async () => {
        watch.expects(403, /\/openconnect$/);
        const refused = await call(desk, `${server.url}/openconnect`, json({ jwt: open.token, ...event }));
        expect(refused).toMatchObject({ status: 403, document: { error: 'KIND_NOT_ALLOWED' } });
        expect(refused.document.message).toContain('/events/client');
      });

      await test.step('the VChatCloud calls answer such a page, too', async () => {
        watch.expects(401, /\/openapi\/token$/);
        const refused = await call(desk, `${server.url}/openapi/token`, { headers: { API_KEY: 'none' } });
        expect(refused.status).toBe(401);
      });
      await desk.close();
    });
  });
});
