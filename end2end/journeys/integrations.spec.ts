// Integrations: set up, changed and deleted; their webhooks with secrets that are shown once; what programs report; and what
// webhooks are told, which somebody sends again.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { Arrange } from '../fixtures/arrange';
import { Console, expect, test } from '../fixtures/console';
import { examine } from '../fixtures/examine';
import { Server } from '../fixtures/server';
import { signInOnce } from '../fixtures/worker';
import { confirm, dialog, field, said, unique } from '../steps/keys';

test('an integration is added, paused, and deleted with its name', async ({ owner, watch }) => {
  const { page } = owner;
  const main = page.getByRole('main');
  const name = unique('Ticket system');
  await owner.open('/');
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Integrations' }).click();
  await expect(page.getByRole('heading', { name: 'Integrations', level: 1 })).toBeVisible();
  await owner.alive();

  const secret = await test.step('the form says what is wrong, keeps what was typed, and shows the secret once', async () => {
    await page.getByRole('link', { name: 'Add an integration' }).first().click();
    await owner.alive();
    await field(owner, 'Name').fill(name);
    await field(owner, 'Webhook address').fill('hooks.example.com');
    watch.expects(422, /\/integrations\/new$/);
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await expect(page.getByText('Choose at least one trigger.').first()).toBeVisible();
    await owner.alive();
    await expect(field(owner, 'Name')).toHaveValue(name);
    await expect(field(owner, 'Webhook address')).toHaveValue('hooks.example.com');
    await examine(page, 'integration-new-wrong');
    await field(owner, 'Webhook address').fill('https://hooks.invalid/keystead');
    await page.getByRole('checkbox', { name: /conversation:message$/ }).check();
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await expect(page.getByRole('heading', { name: 'Copy the secret of the webhook now' })).toBeVisible();
    await owner.alive();
    await examine(page, 'webhook-secret-shown');
    return (await page.locator('#webhook-secret').innerText()).trim();
  });

  await test.step('its page has all but the secret', async () => {
    await page.getByRole('link', { name: 'Done' }).click();
    await expect(page.getByRole('heading', { name, level: 1 })).toBeVisible();
    await owner.alive();
    await expect(main).toContainText('https://hooks.invalid/keystead');
    await expect(main).toContainText('0 of 10');
    expect(await page.content()).not.toContain(secret);
  });

  const address = owner.at;
  await test.step('pause it', async () => {
    await page.getByRole('link', { name: 'Edit…', exact: true }).first().click();
    await owner.alive();
    await dialog(owner).getByRole('checkbox', { name: /^Active/ }).uncheck();
    await confirm(owner, 'Save', 'The integration is saved.');
    await owner.alive();
    await expect(main).toContainText('Inactive');
  });

  await test.step('a new secret replaces the old one', async () => {
    await page.getByRole('link', { name: /^New secret…/ }).click();
    await owner.alive();
    await page.getByRole('button', { name: 'Make a new secret' }).click();
    await expect(page.locator('#webhook-secret')).toBeVisible();
    expect((await page.locator('#webhook-secret').innerText()).trim()).not.toBe(secret);
    await owner.alive();
    await page.getByRole('link', { name: 'Done' }).click();
    await expect(page.getByRole('heading', { name, level: 1 })).toBeVisible();
  });

  await test.step('delete asks for the name', async () => {
    await owner.open(address);
    await page.getByRole('link', { name: 'Delete…' }).click();
    await owner.alive();
    await dialog(owner).getByRole('textbox').fill('another');
    watch.expects(422, /\/delete$/);
    await dialog(owner).getByRole('button', { name: 'Delete' }).click();
    await expect(page.getByText('Type the name of the integration exactly as it is.')).toBeVisible();
    await owner.alive();
    await dialog(owner).getByRole('textbox').fill(name);
    await confirm(owner, 'Delete', 'The integration is deleted');
    await owner.open(`/integrations?q=${encodeURIComponent(name)}`);
    await expect(page.getByRole('heading', { name: 'No integrations here' })).toBeVisible();
  });
});

test('a channel has several webhooks, which are added, edited and removed', async ({ owner, arrange, watch }) => {
  const { page } = owner;
  const main = page.getByRole('main');
  const { id } = await arrange.integration({ kind: 'whatsapp', name: unique('Channel') });
  await owner.open(`/integrations/${id}`);

  await test.step('add', async () => {
    await page.getByRole('link', { name: 'Add a webhook' }).click();
    await owner.alive();
    await field(owner, 'Webhook address').fill('https://second.invalid/');
    await page.getByRole('checkbox', { name: /^A message was written/ }).check();
    await page.getByRole('button', { name: 'Add' }).click();
    await expect(page.locator('#webhook-secret')).toBeVisible();
    await owner.alive();
    await page.getByRole('link', { name: 'Done' }).click();
    await owner.alive();
    await expect(main).toContainText('https://second.invalid/');
  });

  await test.step('edit', async () => {
    await page.getByRole('link', { name: 'Edit… of https://second.invalid/' }).click();
    await owner.alive();
    await field(owner, 'Webhook address').fill('ftp://second.invalid/');
    watch.expects(422, /\/edit$/);
    await dialog(owner).getByRole('button', { name: 'Save' }).click();
    await expect(dialog(owner).getByText('Enter an address like').first()).toBeVisible();
    await owner.alive();
    await expect(field(owner, 'Webhook address')).toHaveValue('ftp://second.invalid/');
    await field(owner, 'Webhook address').fill('https://third.invalid/');
    await confirm(owner, 'Save', 'The webhook is saved.');
    await owner.alive();
    await expect(main).toContainText('https://third.invalid/');
  });

  await test.step('on a phone, a long address is whole', async () => {
    await page.getByRole('link', { name: 'Add a webhook' }).click();
    await owner.alive();
    await field(owner, 'Webhook address').fill(`https://long.invalid/${'an-address-of-many-words-'.repeat(3)}${'x'.repeat(60)}`);
    await page.getByRole('checkbox', { name: /^A message was written/ }).check();
    await page.getByRole('button', { name: 'Add' }).click();
    await expect(page.locator('#webhook-secret')).toBeVisible();
    await page.getByRole('link', { name: 'Done' }).click();
    await expect(main).toContainText('https://long.invalid/');
    await page.setViewportSize({ width: 360, height: 800 });
    await owner.open(`/integrations/${id}`);
    const cut = await page.locator('td.name').evaluateAll((cells) => cells.map((cell) => cell.scrollWidth - cell.clientWidth));
    expect(cut.length).toBeGreaterThan(1);
    expect(Math.max(...cut)).toBeLessThanOrEqual(0);
    await page.setViewportSize({ width: 1440, height: 900 });
  });

  await test.step('remove', async () => {
    await page.getByRole('link', { name: 'Remove… of https://third.invalid/' }).click();
    await owner.alive();
    await confirm(owner, 'Remove', 'The webhook is removed.');
    await owner.alive();
    await expect(main).not.toContainText('https://third.invalid/');
  });
});

test('what programs report is found by its event, its CRM and its agent', async ({ owner, arrange }) => {
  const { page } = owner;
  const main = page.getByRole('main');
  const crm = `${unique('crm').replace(/\W/g, '-')}.example.com`;
  const key = await arrange.active({ kind: 'telephony', name: unique('Media bar') });
  await arrange.reported(key, { event: 'On Answer', crmId: crm, agentId: 'ana' });
  const id = await arrange.reported(key, {
    event: 'On Ring',
    crmId: crm,
    agentId: 'another.agent.with.a.long.address@example.com',
    call: { ANI: '+1 555 0100' },
  });
  await arrange.reported(key, { event: 'On End', crmId: crm });
  await owner.open(`/integrations/${id}`);
  await page.getByRole('searchbox', { name: 'CRM' }).fill(crm);
  await page.getByRole('button', { name: 'Apply' }).click();
  await expect(main).toContainText('3 events');
  await owner.alive();
  await page.getByRole('searchbox', { name: 'Agent' }).fill('ana');
  await page.getByRole('button', { name: 'Apply' }).click();
  await expect(main).toContainText('1 event');
  await expect(main.getByRole('link', { name: 'On Answer' })).toBeVisible();
  await owner.open(`/integrations/${id}?crm=${crm}&event=On%20End`);
  await expect(main).toContainText('CRM connection');
  await owner.open(`/integrations/${id}?crm=${crm}&event=On%20Ring`);
  await main.getByRole('link', { name: 'On Ring' }).click();
  await expect(page.getByRole('heading', { name: 'On Ring', level: 1 })).toBeVisible();
  await owner.alive();
  await expect(main).toContainText('+1 555 0100');
  await test.step('on a phone, what arrived has the width of the list', async () => {
    await page.setViewportSize({ width: 360, height: 800 });
    await owner.open(`/integrations/setup?key=${key.id}`);
    const event = page.getByRole('list', { name: 'Events, newest first' }).getByRole('listitem').first();
    await expect(event).toContainText(crm);
    const wide = await event.evaluate((line) => (line.firstElementChild?.getBoundingClientRect().width ?? 0) / line.clientWidth);
    expect(wide, 'the time stands below').toBeGreaterThan(0.6);
  });
});

test('what a webhook is told is seen with its answer, and sent again', async ({ page, context, scripts }) => {
  const calls: { secret: string | string[] | undefined; body: string }[] = [];
  let status = 410;
  const receiver = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      calls.push({ secret: request.headers['x-api-key'], body });
      response.writeHead(status).end(`answered ${status}`);
    });
  }).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  const target = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
  const server = await Server.start({ settings: { KEYSTEAD_WEBHOOK_NETWORKS: '127.0.0.0/8' } });
  try {
    const cookies = await signInOnce(server);
    await context.addCookies(cookies);
    const [owner, arrange] = [new Console(page, server, scripts), new Arrange(server, cookies)];
    const main = page.getByRole('main');
    const { id, secret } = await arrange.integration({ kind: 'custom', name: 'Ticket system', webhook_target: target });
    const contact = await arrange.contact({ first_name: 'Ada' });
    await arrange.chat({ name: 'Support', contacts: contact });
    const row = main.getByRole('row').filter({ hasText: 'A chat was created' });
    const becomes = async (word: string) =>
      expect(async () => {
        await owner.open(`/integrations/${id}/deliveries`);
        await expect(row).toContainText(word, { timeout: 200 });
      }).toPass();

    await becomes('Failed');
    await expect(row).toContainText('410');
    await row.getByRole('link').click();
    await owner.alive();
    await expect(main).toContainText('answered 410');
    await expect(main.getByRole('link', { name: 'Support' })).toBeVisible();
    await examine(page, 'delivery-failed');
    status = 200;
    await page.getByRole('button', { name: 'Send again' }).click();
    await said(owner, 'The delivery is sent again');
    await becomes('Delivered');
    expect(calls.map((call) => call.secret)).toEqual([secret, secret]);
    expect(calls.every((call) => call.body.includes('conversation:create'))).toBe(true);
  } finally {
    receiver.closeAllConnections();
    receiver.close();
    await server.stop();
  }
});
