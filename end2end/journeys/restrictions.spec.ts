// A key with every restriction is created, refused, explained and changed.
import type { Locator, Page } from '@playwright/test';

import { sameDay } from '../../drills/lib/day.mjs';
import { expect, test } from '../fixtures/console';
import { examine } from '../fixtures/examine';
import { acknowledge, choose, chooseKind, confirm, dialog, field, find, finish, unique } from '../steps/keys';

/** How many seconds of a day the calls of a daily quota may take here. */
const CALLS = 60;

test('a key with every restriction tells why a call was refused', async ({ owner, verifier, watch }) => {
  const { page } = owner;
  test.setTimeout(120_000 + CALLS * 1000);
  const name = unique('Restricted');
  await chooseKind(owner, 'Service');
  await field(owner, 'Blocked networks (CIDR)').fill('203.0.113.7/32');
  await field(owner, 'Rate limits').fill('100 per minute\nburst: 20 per 10s');
  await field(owner, 'Call quota').fill('10000');
  await page.getByLabel('Quota refill').selectOption('daily');
  const draft = { kind: 'Service', name, networks: '203.0.113.0/24', permissions: 'invoices.read' } as const;
  const words =
    'Accepted from 203.0.113.0/24, but not from 203.0.113.7/32. It has the permission invoices.read. ' +
    'At most 100 calls per minute and 20 calls per 10s. At most 10,000 calls a day';

  await test.step('the summary says it in sentences, and leads back with all of it', async () => {
    await field(owner, 'Name').fill(name);
    await field(owner, 'Networks (CIDR)').fill(draft.networks);
    await field(owner, 'Permissions in your own APIs').fill(draft.permissions);
    await page.getByRole('button', { name: 'Continue to summary' }).click();
    await expect(page.getByText(`${words}.`)).toBeVisible();
    await owner.alive();
    await examine(page, 'summary-restricted');
    await page.getByRole('link', { name: 'Edit', exact: true }).click();
    await owner.alive();
    await expect(field(owner, 'Blocked networks (CIDR)')).toHaveValue('203.0.113.7/32');
    await expect(field(owner, 'Rate limits')).toHaveValue('100 per minute\nburst: 20 per 10s');
    await expect(field(owner, 'Call quota')).toHaveValue('10000');
    await expect(page.getByLabel('Quota refill')).toHaveValue('daily');
  });

  const token = await finish(owner, draft);
  await acknowledge(owner);
  await sameDay(CALLS);
  const call = { clientIp: '203.0.113.9', permissions: 'invoices.read' };
  expect((await verifier.ask(token, call)).code).toBe('VALID');
  expect((await verifier.ask(token, { ...call, clientIp: '203.0.113.7' })).code).toBe('IP_NOT_ALLOWED');

  await test.step('its page shows the calls and the refusal', async () => {
    await (await find(owner, name)).getByRole('link', { name, exact: true }).click();
    await expect(page.getByRole('heading', { level: 1, name })).toBeVisible();
    await expect(page.getByText(`${words}, 9,999 left.`)).toBeVisible();
    // Written in batches, once a second.
    await expect(async () => {
      await page.reload();
      await expect(page.getByText('1 accepted', { exact: true })).toBeVisible({ timeout: 100 });
      await expect(page.getByText('1 refused', { exact: true })).toBeVisible({ timeout: 100 });
    }).toPass();
    await owner.alive();
    await expect(page.getByRole('group', { name: 'Calls, last 48 hours' })).toBeVisible();
    await page.getByText('Show as a table').click();
    await expect(page.getByRole('region', { name: 'Calls as a table' })).toContainText('IP_NOT_ALLOWED 1');
    const refused = page.getByRole('list', { name: 'Refused calls, newest first' }).getByRole('listitem').first();
    await expect(refused).toContainText('1 call · 203.0.113.7');
    await refused.locator('summary').click();
    await expect(refused).toContainText('asked for invoices.read');
    await expect(refused).toContainText("outside the key's networks");
    await expect(page.getByText('outside the allowed networks')).toBeVisible();
    await examine(page, 'key-with-calls');
  });

  await test.step('the dashboard leads to it', async () => {
    await owner.open('/');
    const today = page.getByRole('link', { name: /accepted, \d+ refused/ }).last();
    await today.focus();
    await expect(today.locator('.said')).toHaveCSS('opacity', '1');
    await page.getByRole('link', { name: /Refused in the last 24 hours/ }).click();
    await expect(page.getByRole('combobox', { name: 'Status' })).toHaveValue('refused_24h');
    await page.getByRole('link', { name, exact: true }).click();
    await owner.alive();
  });

  await test.step('each check of the call is told, line by line', async () => {
    await page.getByRole('link', { name: /^Why\? / }).click();
    await expect(page.getByRole('heading', { level: 1, name: 'Why was this refused?' })).toBeVisible();
    await owner.alive();
    await expect(field(owner, 'Client address')).toHaveValue('203.0.113.7');
    await expect(field(owner, 'Permissions asked for')).toHaveValue('invoices.read');
    await expect(gate(page, 'Address')).toContainText('Fails');
    await expect(gate(page, 'Address')).toContainText('203.0.113.7 is in 203.0.113.7/32, which is blocked.');
    await expect(page.getByText('Fails', { exact: true })).toHaveCount(1);
    await expect(gate(page, 'Permissions')).toContainText('Would pass');
    await examine(page, 'why-picked');
  });

  await test.step('another call is tried, and a wrong one keeps what was typed', async () => {
    await field(owner, 'Client address').fill('203.0.113.9');
    await page.getByRole('button', { name: 'Check this call' }).click();
    await expect(page.getByText('The key may pass.')).toBeVisible();
    await expect(page.getByText('Fails', { exact: true })).toHaveCount(0);
    await owner.alive();
    watch.expects(422, /\/why\?/);
    await field(owner, 'Client address').fill('203.0.113');
    await field(owner, 'Permissions asked for').fill('invoices.read AND');
    await page.getByRole('button', { name: 'Check this call' }).click();
    await expect(field(owner, 'Client address')).toHaveAccessibleDescription(/is not an address/);
    await expect(field(owner, 'Client address')).toHaveValue('203.0.113');
    await expect(field(owner, 'Permissions asked for')).toHaveAccessibleDescription(/At character/);
    await expect(page.getByText('Passes', { exact: true })).toHaveCount(0);
  });

  await test.step('a limit is changed, holds at once and is on record', async () => {
    await choose(owner, name, 'Edit');
    await expect(field(owner, 'Rate limits')).toHaveValue('calls: 100 per minute\nburst: 20 per 10s');
    await field(owner, 'Rate limits').fill('1 per hour');
    await confirm(owner, 'Save', 'is saved');
    const codes = [await verifier.ask(token, call), await verifier.ask(token, call)].map(({ code }) => code);
    expect(codes).toEqual(['VALID', 'RATE_LIMITED']);
    await choose(owner, name, 'Audit');
    await expect(dialog(owner).getByRole('row').filter({ hasText: /^Edited/ })).toContainText(
      'Rate limits: “calls: 100 per minute, burst: 20 per 10s” → “calls: 1 per hour”',
    );
  });
});

test('a proxy is set up from the page of a key', async ({ owner, arrange }) => {
  const { page, server } = owner;
  const { id } = await arrange.active({ name: unique('Behind'), permissions: 'orders.read' });
  await owner.open(`/keys/${id}`);
  await page.getByRole('link', { name: 'Put it behind a proxy' }).click();
  await owner.alive();
  const place = server.url.replace('http://localhost', '127.0.0.1');
  for (const proxy of ['nginx', 'Caddy', 'HAProxy', 'Traefik', 'Envoy']) {
    await page.locator('summary').getByText(proxy, { exact: true }).click();
    const example = page.locator('details[open]').filter({ has: page.locator('summary').getByText(proxy, { exact: true }) });
    await expect(example).toContainText(place);
    await expect(example).toContainText('orders.read');
    await expect(example).not.toContainText('127.0.0.1:3000');
  }
});

test('the settings say how this browser is seen', async ({ owner }) => {
  const { page } = owner;
  await owner.open('/');
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Settings' }).click();
  await expect(page.getByRole('heading', { name: 'How Keystead sees you' })).toBeVisible();
  await expect(check(page, 'Your address')).toContainText('127.0.0.1');
  await expect(check(page, 'Database')).toContainText('SQLite');
  await expect(page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Settings' })).toHaveAttribute('aria-current', 'page');
});

/** One of the gates that a call goes through. */
function gate(page: Page, name: string): Locator {
  return page.getByRole('region', { name: 'Result' }).getByRole('listitem').filter({ has: page.getByText(name, { exact: true }) });
}

/** A line of a list of facts. */
function check(page: Page, subject: string): Locator {
  return page.locator(`.facts > div:has(> dt:text-is("${subject}"))`);
}
