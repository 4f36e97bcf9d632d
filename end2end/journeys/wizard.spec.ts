// What helps people to make the right key: presets, links, sections, the words beside the form, warnings.
import { expect, test } from '../fixtures/console';
import { examine } from '../fixtures/examine';
import { acknowledge, field, finish, finishSummary, unfold, unique } from '../steps/keys';

test('a plain key needs no scrolling, and says what it will do', async ({ owner, arrange }) => {
  const { page } = owner;
  await arrange.active({ name: unique('Other'), permissions: 'invoices.read\norders.write' });
  await owner.open('/keys/new');
  await page.getByRole('link', { name: 'A caller of my API' }).click();
  await owner.alive();
  await expect(page.getByRole('combobox', { name: 'Expires' })).toHaveValue('90');
  await expect(page.getByLabel('Expiry date and time')).toBeHidden();
  const bottom = async (selector: string) => {
    const box = await page.locator(selector).last().boundingBox();
    return (box?.y ?? Infinity) + (box?.height ?? 0);
  };
  expect(await bottom('.wizard > footer'), 'the form fits into the window').toBeLessThanOrEqual(900);
  expect(await bottom('.wizard .fold'), 'and nothing is behind the buttons').toBeLessThanOrEqual((await bottom('.wizard > footer')) - 56);
  await examine(page, 'wizard-caller');

  const name = unique('Partner');
  await field(owner, 'Name').fill(name);
  const where = page.getByText('Where it may be used');
  await expect(where).toContainText('any address · all domains');
  const beside = page.getByRole('complementary', { name: 'What this key will do' });
  if (owner.scripts) {
    await page.getByRole('button', { name: 'orders.write', exact: true }).click();
    await expect(field(owner, 'Permissions in your own APIs')).toHaveValue('orders.write');
    await expect(beside).toContainText('It has the permission orders.write.');
    await expect(beside).toContainText('This key works from everywhere.');
  } else {
    await field(owner, 'Permissions in your own APIs').fill('orders.write');
    await expect(beside).toBeHidden();
  }
  await unfold(owner);
  await field(owner, 'Networks (CIDR)').fill('203.0.113.0/24\n::1');
  if (owner.scripts) {
    await expect(where).toContainText('203.0.113.0/24 and 1 more');
    await expect(beside).toContainText('Accepted from 203.0.113.0/24 and ::1/128.');
  }
  await field(owner, 'Blocked networks (CIDR)').fill('203.0.113.0/24\n::1');
  await page.getByRole('button', { name: 'Continue to summary' }).click();
  await expect(page.getByRole('heading', { name: 'Summary' })).toBeVisible();
  await expect(page.getByRole('main')).toContainText('This key can never pass');
  await owner.alive();
  await examine(page, 'generate-summary-warned');
  await finishSummary(owner, name);
  await acknowledge(owner);
});

test('a link fills in the form, and names what is wrong with it', async ({ owner }) => {
  const { page } = owner;
  const name = unique('From a runbook');
  const query = new URLSearchParams({ kind: 'service', name, permissions: 'invoices.read,orders.*', expires: '45d', cidrs: '10.0.0.1/8', colour: 'red' });
  await owner.open(`/keys/new?${query}`);
  await expect(field(owner, 'Name')).toHaveValue(name);
  await expect(field(owner, 'Permissions in your own APIs')).toHaveValue('invoices.read\norders.*');
  await expect(page.getByLabel('Expiry date and time')).toBeVisible();
  await expect(field(owner, 'Networks (CIDR)')).toHaveAccessibleDescription(/host bits/);
  await expect(page.getByRole('main')).toContainText('The link also has “colour”');
  await examine(page, 'wizard-link');
  await field(owner, 'Networks (CIDR)').fill('');
  await finish(owner, { kind: 'Service', name });
  await acknowledge(owner);
});

test('an owner decides how long new keys live', async ({ owner }) => {
  const { page } = owner;
  await owner.open('/settings');
  await page.getByRole('combobox', { name: 'Default expiry' }).selectOption('365 days');
  await page.locator('form', { hasText: 'New keys' }).getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'Saved.' })).toBeVisible();
  await owner.alive();
  await examine(page, 'settings-saved');
  await owner.open('/keys/new?kind=service');
  await expect(page.getByRole('combobox', { name: 'Expires' })).toHaveValue('365');
  await owner.open('/settings');
  await page.getByRole('combobox', { name: 'Default expiry' }).selectOption('90 days');
  await page.locator('form', { hasText: 'New keys' }).getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'Saved.' })).toBeVisible();
});

test('a press on the button counts, although it leaves a field that is wrong @scripts', async ({ owner }) => {
  const { page } = owner;
  await owner.open('/keys/new?kind=service');
  await field(owner, 'Name').pressSequentially('x'.repeat(101));
  await page.getByRole('button', { name: 'Continue to summary' }).hover({ position: { x: 40, y: 4 } });
  await page.mouse.down();
  await page.mouse.up();
  await expect(page.getByText('Use at most 100 characters').first()).toBeVisible();
  await expect(field(owner, 'Name')).toBeFocused();
});
