// The API KEY of an app: at the top of the dashboard, revealed after a proof, re-issued with a confirmation; and the page that
// prepares a program. On a server of its own, because a new key would surprise the other journeys.
import { Arrange } from '../fixtures/arrange';
import { Console, expect, test } from '../fixtures/console';
import { examine } from '../fixtures/examine';
import { Server } from '../fixtures/server';
import { signInOnce } from '../fixtures/worker';

const SHAPE = /^[0-9A-Za-z]{6}(-[0-9A-Za-z]{6}){3}-\d{14}$/;

/** Buys an access token; the answer is the status and the token. */
async function buy(server: Server, key: string): Promise<[number, string]> {
  const answer = await fetch(`${server.url}/openapi/token`, { headers: { API_KEY: key } });
  const body = (await answer.json()) as { data?: Record<string, string> };
  return [answer.status, body.data?.['X-AUTH-TOKEN'] ?? ''];
}

/** Lists the users of a room; the answer is the status. */
async function users(server: Server, room: string, key: string, token: string): Promise<number> {
  const headers = { API_KEY: key, 'X-AUTH-TOKEN': token };
  return (await fetch(`${server.url}/openapi/v1/users/${room}`, { headers })).status;
}

test('the API KEY is revealed, copied, and re-issued', async ({ page, context, scripts }) => {
  test.setTimeout(180_000);
  const server = await Server.start();
  try {
    const cookies = await signInOnce(server);
    await context.addCookies(cookies);
    const arrange = new Arrange(server, cookies);
    const room = await arrange.room({ name: 'Lobby' });
    const owner = new Console(page, server, scripts);
    const card = page.getByRole('region', { name: 'API KEY' });
    const shown = card.locator('#api-key');

    let key = '';
    await test.step('it is at the top of the dashboard, masked, and revealed', async () => {
      await owner.open('/');
      await expect(page.locator('main section').first()).toContainText('API KEY');
      await expect(shown).toContainText('••••••');
      await examine(page, 'dashboard-api-key');
      await card.getByRole('button', { name: 'Reveal' }).click();
      await expect(shown).toHaveText(SHAPE);
      await owner.alive();
      key = (await shown.innerText()).trim();
      if (scripts) {
        await card.getByRole('button', { name: 'Copy the API KEY' }).click();
        await expect(card.getByRole('status')).toHaveText('Copied');
      }
      await examine(page, 'dashboard-api-key-revealed');
      await card.getByRole('link', { name: 'Hide' }).click();
      await expect(shown).toContainText('••••••');
      await owner.alive();
    });

    await test.step('it is in the audit that it was revealed', async () => {
      await owner.open('/audit');
      await expect(page.getByRole('main')).not.toContainText(key);
      await expect(page.getByRole('main')).toContainText(/API KEY/i);
    });

    await test.step('the CHAT ROOM section has the ROOM ID', async () => {
      await owner.open('/');
      const rooms = page.getByRole('region', { name: 'CHAT ROOM' });
      await expect(rooms).toContainText('ROOM ID (Channel Key)');
      await expect(rooms).toContainText(room);
      await expect(rooms).toContainText('Press Copy');
    });

    const [, token] = await buy(server, key);
    expect(token).not.toBe('');
    expect(await users(server, room, key, token)).toBe(200);

    await test.step('re-issue says what dies, and shows the new one', async () => {
      await card.getByRole('link', { name: 'Re-issue' }).click();
      await expect(page.getByRole('heading', { name: 'Re-issue the API KEY?' })).toBeVisible();
      await owner.alive();
      await expect(page.getByRole('main')).toContainText('every access token');
      await examine(page, 'member-key-ask');
      await page.getByRole('button', { name: 'Re-issue' }).click();
      await expect(page.getByRole('heading', { name: 'The API KEY is re-issued' })).toBeVisible();
      await owner.alive();
      const fresh = (await page.locator('#api-key').innerText()).trim();
      expect(fresh).toMatch(SHAPE);
      expect(fresh).not.toBe(key);
      await examine(page, 'member-key-reissued');
      expect((await buy(server, key))[0]).toBe(401);
      expect(await users(server, room, key, token)).toBe(401);
      expect(await users(server, room, fresh, token)).toBe(401);
      const [status, next] = await buy(server, fresh);
      expect(status).toBe(200);
      expect(await users(server, room, fresh, next)).toBe(200);
      await page.getByRole('link', { name: 'Done' }).click();
      await expect(shown).toContainText(`${fresh.slice(0, 13)}-••••••`);
      await owner.alive();
    });

    await test.step('a wrong password reveals nothing', async () => {
      // Five minutes are too long to wait for here, but a form that carries a proof has it checked.
      const answer = await page.request.post(`${server.url}/`, {
        headers: { origin: server.url },
        form: { app: await arrange.appId('Default'), proof_password: 'not the password at all' },
      });
      expect(answer.status()).toBe(422);
      expect(await answer.text()).not.toMatch(/[0-9A-Za-z]{6}(-[0-9A-Za-z]{6}){3}-\d{14}/);
    });
  } finally {
    await server.stop();
  }
});

test('the page that prepares a program has all four values', async ({ owner, arrange }) => {
  const { page } = owner;
  const main = page.getByRole('main');
  const room = await arrange.room({ name: 'Prepared' });
  const client = await arrange.joined(room, { nick_name: 'Ana' });
  await owner.open('/integrations/setup');
  await page.getByRole('link', { name: 'Prepare to use the API' }).click();
  await owner.alive();
  for (const words of ['1. API KEY', '2. X-AUTH-TOKEN', '3. ROOM ID (Channel Key)', '4. CLIENT KEY (User Key)']) {
    await expect(page.getByRole('heading', { name: words })).toBeVisible();
  }
  await owner.open(`/integrations/prepare?room=${room}`);
  await expect(main).toContainText(`${owner.server.url}/openapi/token`);
  await expect(main).toContainText(`${owner.server.url}/openapi/v1/users/${room}`);
  await expect(main).toContainText(client);
  await expect(main).toContainText('3. ChatUser');
});
