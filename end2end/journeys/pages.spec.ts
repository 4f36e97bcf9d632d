import type { Page, Request } from '@playwright/test';

import { expect, test } from '../fixtures/console';
import { examine } from '../fixtures/examine';
import { acknowledge, confirm, dialog, field, shownToken, toSummary, unique } from '../steps/keys';

const LOST = 'Keystead did not answer. What you typed is still here. Try again.';

/** Holds back what is sent to an address in this way. Returns what waits for it, and then lets it go on. */
async function hold(page: Page, method: string, address: string): Promise<{ asked: Promise<unknown>; release: () => void }> {
  let release = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  const isHeld = (request: Request) => request.method() === method && new URL(request.url()).pathname === address;
  await page.route(`**${address}*`, async (route) => {
    if (isHeld(route.request())) await released;
    // The page may have given it up.
    await route.continue().catch(() => undefined);
  });
  return { asked: page.waitForRequest(isHeld), release };
}

/** Notes how often the browser loads a document from here on. */
function documents(page: Page): string[] {
  const loaded: string[] = [];
  page.on('request', (request) => {
    if (request.resourceType() === 'document') loaded.push(request.url());
  });
  return loaded;
}

test('links, filters, Back and Forward change the open page @scripts', async ({ owner, arrange }) => {
  const { page } = owner;
  const name = unique('In place');
  for (let n = 0; n < 30; n += 1) await arrange.active({ name: `${name} ${n}` });
  await page.setViewportSize({ width: 1440, height: 500 });
  await owner.open('/keys');
  const loaded = documents(page);
  const heading = page.getByRole('heading', { level: 1 });
  const current = page.getByRole('navigation', { name: 'Main' }).locator('[aria-current]');

  await page.getByRole('searchbox').fill(name);
  await page.getByRole('searchbox').press('Enter');
  await page.waitForURL((address) => address.searchParams.get('q') === name);
  await expect(page.getByRole('row')).toHaveCount(26);

  const link = page.getByRole('link', { name: `${name} 20`, exact: true });
  await link.scrollIntoViewIfNeeded();
  await page.evaluate(() => scrollBy(0, 40));
  const place = await page.evaluate(() => scrollY);
  expect(place).toBeGreaterThan(0);
  await link.click();
  await expect(heading).toHaveText(`${name} 20`);
  await expect(page).toHaveTitle(new RegExp(name));
  expect(await page.evaluate(() => scrollY)).toBe(0);
  await expect(page.getByRole('main')).toBeFocused();
  await page.getByRole('link', { name: 'Audit', exact: true }).first().click();
  await expect(heading).toHaveText('Audit');
  await expect(current).toHaveText('Audit');

  await page.goBack();
  await expect(heading).toHaveText(`${name} 20`);
  await expect(current).toHaveText('API Keys');
  await page.goBack();
  await expect(page.getByRole('row')).toHaveCount(26);
  await expect.poll(() => page.evaluate(() => scrollY)).toBe(place);
  await page.goForward();
  await expect(heading).toHaveText(`${name} 20`);
  expect(loaded, 'documents').toEqual([]);

  await page.reload();
  await expect(heading).toHaveText(`${name} 20`);
  await page.goBack();
  await expect(page.getByRole('row')).toHaveCount(26);
});

test('a form that only asks sends what is left blank, too, as the browser does @scripts', async ({ owner, arrange }) => {
  const { page } = owner;
  const { id } = await arrange.active({ name: unique('Asked') });
  await owner.open(`/keys/${id}/why`);
  const loaded = documents(page);
  await page.getByRole('button', { name: 'Check this call' }).click();
  await page.waitForURL((address) => address.searchParams.get('address') === '');
  await expect(page.getByRole('main')).toContainText('VALID');
  expect(loaded, 'documents').toEqual([]);
});

test('a dialog opens, saves and closes over the page that is open @scripts', async ({ owner, arrange }) => {
  const { page } = owner;
  const name = unique('Over');
  const { id } = await arrange.active({ name });
  await owner.open('/audit');
  await owner.open(`/keys?q=${encodeURIComponent(name)}`);
  await page.getByRole('button', { name: `Actions for ${name}` }).click();
  const loaded = documents(page);
  await page.getByRole('link', { name: 'Edit', exact: true }).click();
  await expect(page).toHaveTitle(/^Edit/);
  await page.goBack();
  await expect(dialog(owner)).toHaveCount(0);
  await expect(page).toHaveTitle(/^API Keys/);
  await page.goForward();
  await field(owner, 'Name').fill(`${name} again`);
  await confirm(owner, 'Save', `“${name} again” is saved`);
  await expect(page.locator(`[popovertarget$="${id}"]`)).toBeFocused();
  expect(loaded, 'documents').toEqual([]);
  await page.goBack();
  expect(owner.at).toBe('/audit');
});

test('if the server is silent, what was typed stays, and one more press sends it @scripts', async ({
  owner,
  arrange,
  context,
  watch,
}) => {
  const { page } = owner;
  const name = unique('Silent');
  const key = await arrange.active({ name });
  watch.expects('ERR_INTERNET_DISCONNECTED', /\/(keys\/.*|api\/check_key)?$/);
  await owner.open(`/keys/${key.id}/edit`);
  await field(owner, 'Name').fill(`${name} again`);
  await context.setOffline(true);
  const save = dialog(owner).getByRole('button', { name: 'Save' });
  await save.click();
  await expect(dialog(owner).getByRole('alert')).toHaveText(LOST);
  await expect(field(owner, 'Name')).toHaveValue(`${name} again`);
  await context.setOffline(false);
  await confirm(owner, 'Save', `“${name} again” is saved`);

  await context.setOffline(true);
  await page.getByRole('link', { name: 'Dashboard', exact: true }).click();
  await expect(page.getByRole('alert')).toHaveText('Keystead did not answer. Try again.');
  expect(owner.at).toContain('/keys');
  await context.setOffline(false);
  await page.getByRole('link', { name: 'Dashboard', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Dashboard');
});

test('a slow form says that it is under way, and a second press does nothing @scripts', async ({ owner, arrange }) => {
  const { page } = owner;
  const name = unique('Slow');
  const key = await arrange.active({ name });
  await owner.open(`/keys/${key.id}/edit`);
  let sent = 0;
  let go = () => {};
  const held = new Promise<void>((resolve) => (go = resolve));
  await page.route('**/edit', async (route) => {
    sent += 1;
    await held;
    await route.continue();
  });
  await dialog(owner).getByRole('button', { name: 'Save' }).click();
  const saving = dialog(owner).getByRole('button', { name: 'Saving…' });
  await expect(saving).toBeVisible();
  await saving.click();
  go();
  await expect(page.getByRole('status').filter({ hasText: 'is saved' })).toBeVisible();
  expect(sent).toBe(1);
});

test('the answer to a form that was left says what came of it, and leaves what is typed meanwhile @scripts', async ({
  owner,
  arrange,
  watch,
}) => {
  const { page } = owner;
  const name = unique('Left');
  const { id } = await arrange.active({ name });
  const list = `/keys?q=${encodeURIComponent(name)}`;
  const search = page.getByRole('searchbox', { name: 'Search by name, id or external id' });
  const told = page.getByRole('alert');

  await owner.open(list);
  await page.getByRole('button', { name: `Actions for ${name}` }).click();
  await page.getByRole('link', { name: 'Edit', exact: true }).click();
  await field(owner, 'Name').fill(`${name} again`);
  const saving = await hold(page, 'POST', `/keys/${id}/edit`);
  await dialog(owner).getByRole('button', { name: 'Save' }).click();
  await saving.asked;
  await page.goBack();
  await search.fill('Typed meanwhile');
  saving.release();
  await expect(told).toHaveText('What you sent from another page is done.');
  await expect(search).toHaveValue('Typed meanwhile');
  expect(owner.at).toBe(list);

  watch.expects(422, /\/people\/invite$/);
  await owner.open('/people/invite');
  const inviting = await hold(page, 'POST', '/people/invite');
  await page.getByRole('button', { name: 'Invite', exact: true }).click();
  await inviting.asked;
  await page.getByRole('link', { name: 'API Keys', exact: true }).click();
  await search.fill('Typed meanwhile');
  inviting.release();
  await expect(told).toHaveText('What you sent from another page was refused.');
  await expect(search).toHaveValue('Typed meanwhile');
  expect(owner.at).toBe('/keys');
});

test('a secret is shown wherever its reader has gone meanwhile @scripts', async ({ owner, verifier }) => {
  const { page } = owner;
  const name = unique('Gone on');
  await toSummary(owner, { kind: 'Service', name });
  const generating = await hold(page, 'POST', '/keys/new');
  await page.getByRole('button', { name: 'Generate Token' }).click();
  await generating.asked;
  await page.getByRole('link', { name: 'Audit', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Audit');
  generating.release();
  await expect(page.getByRole('heading', { name: `Copy “${name}” now` })).toBeVisible();
  const token = await shownToken(owner);
  await acknowledge(owner);
  expect(await verifier.code(token)).toBe('VALID');
});

test('Back gives up the page that is under way @scripts', async ({ owner }) => {
  const { page } = owner;
  const heading = page.getByRole('heading', { level: 1 });
  const menu = page.getByRole('navigation', { name: 'Main' });
  await owner.open('/audit');
  // By the keyboard: a page that a pointer asks for early is not given up.
  await menu.getByRole('link', { name: 'API Keys', exact: true }).press('Enter');
  await expect(heading).toHaveText('API Keys');
  const { asked, release } = await hold(page, 'GET', '/people');
  await menu.getByRole('link', { name: 'People', exact: true }).press('Enter');
  await asked;
  const givenUp = page.waitForEvent('requestfailed');
  await page.goBack();
  await expect(heading).toHaveText('Audit');
  release();
  await givenUp;
  expect(owner.at).toBe('/audit');
});

test('the palette finds pages, keys and acts, and takes a pasted key by its id @scripts', async ({ owner, arrange }) => {
  const { page } = owner;
  const name = unique('Palette');
  const { token, id } = await arrange.active({ name });
  await owner.open('/audit');
  const palette = page.getByRole('dialog', { name: 'Find' });
  const typed = palette.getByRole('combobox');

  await page.keyboard.press('Control+k');
  await expect(palette.getByRole('option', { name: /^Dashboard/ })).toHaveAttribute('aria-selected', 'true');
  await typed.fill('sett');
  await expect(palette.getByRole('option').first()).toHaveText('SettingsPage');
  await expect(palette.getByRole('option', { name: 'Settings Help: The console' })).toBeVisible();
  await typed.press('Enter');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Settings');

  // Nothing is lost that was typed here, so a press beside it asks nothing.
  await page.getByRole('link', { name: /^Find/ }).click();
  await typed.fill('sett');
  await page.mouse.click(2, 2);
  await expect(palette).toBeHidden();

  await page.getByRole('link', { name: /^Find/ }).click();
  const asked = page.waitForRequest((request) => request.url().endsWith('/api/find') && !request.postData()?.includes('""'));
  await typed.fill(token);
  expect((await asked).postData()).toBe(JSON.stringify({ typed: id }));
  await expect(typed).toHaveValue(id);
  await expect(palette.getByRole('option')).toHaveText([/key, active$/, /^Edit/, /^Audit/, /^Why/, /^Rotate/, /^Disable/, /^Revoke/, /^Delete/]);
  await examine(page, 'palette');
  for (let n = 0; n < 5; n += 1) await typed.press('ArrowDown');
  await typed.press('Enter');
  await expect(dialog(owner)).toContainText(`Disable “${name}”`);
  await expect(page.locator('main > .head h1')).toHaveText(name);
});

test('the page Find finds the same', async ({ owner, arrange }) => {
  const { page } = owner;
  const name = unique('Find');
  await arrange.active({ name });
  await owner.open(`/find?q=${encodeURIComponent(name)}`);
  await page.getByRole('main').getByRole('link', { name: 'Edit', exact: true }).click();
  await expect(field(owner, 'Name')).toHaveValue(name);
});

test('what was typed into another form of the page does not go without a question @scripts', async ({ owner }) => {
  const { page } = owner;
  await owner.open('/settings');
  const saves = page.locator('form[action="/settings"]').getByRole('button', { name: 'Save' });
  const typed = page.locator('form[action="/settings/approval"] textarea');
  await typed.fill('invoices.*');
  page.once('dialog', (asked) => void asked.dismiss());
  await saves.click();
  await expect(typed).toHaveValue('invoices.*');
  page.once('dialog', (asked) => void asked.accept());
  await saves.click();
  await expect(typed).toHaveValue('');
});
