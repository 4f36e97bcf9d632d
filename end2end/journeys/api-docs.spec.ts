// Swagger UI at /docs: somebody enters a key, opens a call, and presses Execute.
import type { Locator, Page } from '@playwright/test';

import { expectAccessible } from '../fixtures/axe';
import { expect, test } from '../fixtures/console';
import { picture } from '../fixtures/shots';

/** The page is Swagger UI's own, and its colours are ours. */
async function colours(page: Page, name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await expectAccessible(page, colorScheme, 'colours');
    await picture(page, `${name}-${colorScheme}`);
  }
}

/** A call in Swagger UI by its summary. */
const callOf = (page: Page, summary: string) =>
  page.locator('.opblock').filter({ has: page.locator('.opblock-summary-description', { hasText: new RegExp(`^${summary}$`) }) });

/** Opens a call and begins to try it. */
async function tryOut(call: Locator): Promise<void> {
  await call.locator('.opblock-summary-control').click();
  await call.getByRole('button', { name: 'Try it out' }).click();
}

/** Sends the call, and gives what came back. */
async function execute(call: Locator): Promise<string> {
  await call.getByRole('button', { name: 'Execute' }).click();
  await expect(call.locator('.live-responses-table tbody .response-col_status').first()).toContainText('200');
  return call.locator('.live-responses-table').innerText();
}

/** Enters values into the open dialog, saves them and closes it. */
async function authorize(page: Page, values: Record<string, string>): Promise<void> {
  const dialog = page.locator('.modal-ux');
  for (const [name, value] of Object.entries(values)) {
    const scheme = dialog.locator('div').filter({ has: page.locator('h4 code', { hasText: new RegExp(`^${name}$`) }) }).last();
    await scheme.getByRole('textbox').fill(value);
  }
  const apply = dialog.getByRole('button', { name: 'Apply credentials' });
  while (await apply.count()) await apply.first().click();
  await dialog.getByRole('button', { name: 'Close' }).first().click();
  await expect(dialog).toHaveCount(0);
}

test('somebody tries a call in the docs of the API @scripts', async ({ visitor, server, page }) => {
  const args = ['key', 'issue', '--kind', 'service', '--name', 'Swagger', '--permission', 'keystead.keys.read', '--permission', 'keystead.keys.write'];
  const token = /\bks_\w+/.exec(await server.run(args))?.[0] ?? '';
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(`${server.url}/docs`);
  await expect(page.getByRole('heading', { name: 'Keystead' })).toBeVisible();
  const tags = await page.locator('.opblock-tag').evaluateAll((all) => all.map((one) => one.getAttribute('data-tag')));
  expect(tags).toEqual([
    'Verification', 'Keys', 'Hand-overs', 'Apps', 'People', 'Invites', 'Requests', 'Audit', 'Settings', 'Usage',
  ]);
  // Every operation has its lock.
  const operations = await page.locator('.opblock').count();
  expect(operations).toBeGreaterThan(25);
  await expect(page.locator('.opblock .authorization__btn')).toHaveCount(operations);
  await expect(page.locator('#operations-Keys-listKeys .opblock-summary-operation-id')).toHaveText('listKeys');
  await colours(page, 'docs');

  await page.getByRole('button', { name: 'Authorize' }).first().click();
  const dialog = page.locator('.modal-ux');
  await dialog.getByRole('textbox').fill(token);
  await colours(page, 'docs-authorize');
  await dialog.getByRole('button', { name: 'Apply credentials' }).click();
  await dialog.getByRole('button', { name: 'Close' }).first().click();

  const list = page.locator('#operations-Keys-listKeys');
  await list.locator('.opblock-summary-control').click();
  await list.getByRole('button', { name: 'Try it out' }).click();
  await list.getByRole('button', { name: 'Execute' }).click();
  await expect(list.locator('.live-responses-table tbody .response-col_status').first()).toContainText('200');
  await expect(list.locator('.live-responses-table')).toContainText('"name": "Swagger"');

  const issue = page.locator('#operations-Keys-issueKey');
  await issue.locator('.opblock-summary-control').click();
  await issue.getByRole('button', { name: 'Try it out' }).click();
  await issue.locator('textarea.body-param__text').fill('{"kind":"service","name":"Made in the docs"}');
  await issue.getByRole('button', { name: 'Execute' }).click();
  await expect(issue.locator('.live-responses-table tbody .response-col_status').first()).toContainText('201');
  await colours(page, 'docs-executed');
  expect(asked.filter((url) => !url.startsWith(server.url) && !url.startsWith('data:') && !url.startsWith('blob:'))).toEqual([]);
  await visitor.page.close();
});

test('somebody tries the VChatCloud calls in the docs @scripts', async ({ server, page, arrange }) => {
  const key = await arrange.apiKey();
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(`${server.url}/docs/openapi`);
  await expect(page.getByRole('heading', { name: 'Keystead: VChatCloud API' })).toBeVisible();
  const tags = await page.locator('.opblock-tag').evaluateAll((all) => all.map((one) => one.getAttribute('data-tag')));
  expect(tags).toEqual(['1. Token', '2. ChatRoom', '3. ChatUser', '4. Chat']);
  const operations = await page.locator('.opblock').count();
  await expect(page.locator('.opblock .authorization__btn')).toHaveCount(operations);
  // The console names the call by its id and its group.
  const group = page.locator('.opblock-tag-section').filter({ has: page.locator('[data-tag="3. ChatUser"]') });
  await expect(group.getByText('listUser', { exact: true })).toBeVisible();
  await picture(page, 'docs-openapi');

  // The first way: the API KEY is a parameter. Execute shows the call and what came back.
  const issue = callOf(page, 'Issue an X-AUTH-TOKEN');
  await tryOut(issue);
  await issue.locator('tr[data-param-name="API_KEY"] input').fill(key);
  const bought = await execute(issue);
  await expect(issue.locator('.curl-command')).toContainText(`API_KEY: ${key}`);
  const token = /"X-AUTH-TOKEN": "([\w.-]+)"/.exec(bought)?.[1] ?? '';
  expect(token.split('.')).toHaveLength(3);
  expect(bought.toLowerCase()).toContain(`x-auth-token: ${token.toLowerCase()}`);
  await picture(page, 'docs-openapi-token');

  const send = async (path: string, form: Record<string, string>) => {
    const headers = { API_KEY: key, 'X-AUTH-TOKEN': token };
    const answer = await fetch(server.url + path, { method: 'POST', headers, body: new URLSearchParams(form) });
    return (await answer.json()) as { data: { roomId: string; clientKey: string } };
  };
  const { roomId } = (await send('/openapi/v2/rooms', { roomName: 'Tried in the docs' })).data;
  const { clientKey } = (await send(`/openapi/v1/users/${roomId}`, { nickName: 'Han' })).data;

  // The second way: the lock of a call asks for both.
  const rooms = callOf(page, 'List rooms');
  await rooms.locator('.authorization__btn').click();
  await authorize(page, { API_KEY: key, 'X-AUTH-TOKEN': token });
  await tryOut(rooms);
  expect(await execute(rooms)).toContain(roomId);

  // The third way: Authorize above, on a page that has forgotten both.
  await page.reload();
  await page.getByRole('button', { name: 'Authorize' }).first().click();
  await picture(page, 'docs-openapi-authorize');
  await authorize(page, { API_KEY: key, 'X-AUTH-TOKEN': token });
  const users = callOf(page, 'List who is in a room');
  await tryOut(users);
  await users.locator('tr[data-param-name="roomId"] input').fill(roomId);
  const listed = await execute(users);
  expect(listed).toContain(`"clientKey": "${clientKey}"`);
  expect(listed).toContain('"nickName": "Han"');
  await picture(page, 'docs-openapi-users');

  // A form, filled in field by field.
  const notice = callOf(page, 'Send a notice');
  await tryOut(notice);
  await notice.locator('tr[data-param-name="roomId"] input').fill(roomId);
  await notice.locator('tr[data-property-name="nickName"] input').fill('Team');
  await notice.locator('tr[data-property-name="notice"] input').fill('Back at nine');
  expect(await execute(notice)).toContain('"result_cd": 1');
  expect(asked.filter((url) => !url.startsWith(server.url) && !url.startsWith('data:') && !url.startsWith('blob:'))).toEqual([]);
});

test('on a phone each call in the docs is read line by line @scripts', async ({ server, page }) => {
  await page.setViewportSize({ width: 360, height: 800 });
  await page.goto(`${server.url}/docs`);
  await expect(page.locator('#operations-Keys-listKeys .opblock-summary-operation-id')).toHaveText('listKeys');
  const calls = await page.locator('.opblock-summary-control').evaluateAll((all) => {
    const box = (call: Element, part: string) => call.querySelector(`.opblock-summary-${part}`)?.getBoundingClientRect() ?? new DOMRect();
    return all.map((call) => ({
      words: call.textContent,
      name: box(call, 'operation-id').height,
      path: box(call, 'path').top - box(call, 'method').bottom,
      description: box(call, 'description').top - box(call, 'path').bottom,
    }));
  });
  expect(calls.length).toBeGreaterThan(25);
  for (const call of calls) {
    expect(call.name, `${call.words} has its name in one line`).toBeLessThan(24);
    expect(call.name, `${call.words}`).toBeGreaterThan(0);
    expect(call.path, `${call.words} has its path below its method`).toBeGreaterThanOrEqual(0);
    expect(call.description, `${call.words} has its description below its path`).toBeGreaterThanOrEqual(0);
  }
});

test('without scripts the docs of the API say where to read on @no-scripts', async ({ server, page }) => {
  await page.goto(`${server.url}/docs`);
  await expect(page.getByText('This page needs JavaScript.')).toBeVisible();
  await page.getByRole('link', { name: 'openapi.json' }).click();
  await expect(page.locator('body')).toContainText('"openapi"');
});
