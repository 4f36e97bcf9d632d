// People: an owner invites a guest to two keys, the guest joins and sees them, and is taken out again.
import { type Browser, type Page } from '@playwright/test';

import { PASSWORD } from '../fixtures/arrange';
import { Console, expect, test } from '../fixtures/console';
import { examine } from '../fixtures/examine';
import { dialog, unique } from '../steps/keys';

/** Another browser, in which nobody is signed in. */
async function elsewhere(browser: Browser, scripts: boolean): Promise<Page> {
  const context = await browser.newContext({ javaScriptEnabled: scripts, locale: 'en-GB', reducedMotion: 'reduce' });
  return context.newPage();
}

test('a guest is invited to two keys, joins, sees them and no others, and is taken out', async ({
  owner,
  browser,
  arrange,
  scripts,
  watch,
}, info) => {
  test.setTimeout(120_000);
  const { page, server } = owner;
  const mark = `${info.workerIndex}-${scripts}`;
  const email = `guest-${mark}@example.com`;
  const one = await arrange.active({ name: `Partner ${mark} export` });
  await arrange.active({ name: `Partner ${mark} import` });
  const hidden = await arrange.active({ name: `Internal ${mark}` });
  let link = '';

  await test.step('the owner fills in the form and finds the keys', async () => {
    await owner.open('/people');
    await page.getByRole('link', { name: 'Invite someone' }).click();
    await owner.alive();
    await page.getByLabel('First name').fill('Grace');
    await page.getByLabel('Last name').fill('Guest');
    await page.getByLabel('E-mail').fill(email);
    await expect(page.getByRole('radio', { name: /^Guest/ })).toBeChecked();
    await page.getByRole('searchbox', { name: /Find keys/ }).fill(`Partner ${mark}`);
    // Enter in the search field searches, and sends nothing yet.
    await page.getByRole('searchbox', { name: /Find keys/ }).press('Enter');
    await expect(page.getByRole('checkbox', { name: `See “Partner ${mark} export”` })).toBeVisible();
    await owner.alive();
    await expect(page.getByLabel('First name')).toHaveValue('Grace');
    await examine(page, 'invite-found');
  });

  await test.step('what is wrong is said at its field, and nothing typed is lost', async () => {
    watch.expects(422, /\/people\/invite$/);
    await page.getByRole('button', { name: 'Invite', exact: true }).click();
    await expect(page.getByText('Name the keys that the guest may see: at least one.').first()).toBeVisible();
    await expect(page.getByRole('searchbox', { name: /Find keys/ })).toHaveAttribute('aria-invalid', 'true');
    await owner.alive();
    await expect(page.getByLabel('E-mail')).toHaveValue(email);
    await examine(page, 'invite-refused');
  });

  await test.step('the link is shown once, in full', async () => {
    await page.getByRole('checkbox', { name: `See “Partner ${mark} export”` }).check();
    await page.getByRole('checkbox', { name: `Revoke “Partner ${mark} export”` }).check();
    await page.getByRole('checkbox', { name: `See “Partner ${mark} import”` }).check();
    await page.getByRole('button', { name: 'Invite', exact: true }).click();
    await expect(page.getByRole('heading', { name: 'Copy the link now' })).toBeVisible();
    await owner.alive();
    link = (await page.locator('#link').textContent()) ?? '';
    expect(link).toMatch(new RegExp(`^${server.url}/invite/[0-9a-f]{64}$`));
    await page.emulateMedia({ colorScheme: 'light' });
    await page.getByRole('link', { name: 'Done' }).click();
    const invites = page.getByRole('region', { name: /invites? waits?/ });
    await expect(invites).toContainText(email);
    await expect(invites).toContainText('2 keys');
    expect(await page.content()).not.toContain(link.slice(-64));
  });

  const guest = await elsewhere(browser, scripts);
  const visitor = new Console(guest, server, scripts);
  await test.step('the guest opens it more than once, and joins once', async () => {
    for (let n = 0; n < 3; n += 1) await guest.goto(link);
    await expect(guest.getByRole('heading', { name: 'Join Keystead' })).toBeVisible();
    await expect(guest.getByLabel('Your name')).toHaveValue('Grace Guest');
    await expect(guest.getByLabel('E-mail')).toHaveValue(email);
    await examine(guest, 'join');
    await guest.getByLabel('Password').fill('short');
    await guest.getByRole('button', { name: 'Join' }).click();
    await expect(guest.getByLabel('Password')).toHaveAccessibleDescription(/at least 15 characters/);
    await guest.getByLabel('Password').fill(PASSWORD);
    await guest.getByRole('button', { name: 'Join' }).click();
    await expect(guest.getByRole('status')).toContainText('Your account is ready');
    await examine(guest, 'joined');
    await guest.goto(link);
    await expect(guest.getByRole('heading', { name: 'This link does not work' })).toBeVisible();
  });

  await test.step('the guest sees the two keys, and nothing else', async () => {
    await visitor.open('/login');
    await guest.getByLabel('E-mail').fill(email);
    await guest.getByLabel('Password').fill(PASSWORD);
    await guest.getByRole('button', { name: 'Sign in', exact: true }).click();
    await expect(guest.getByRole('heading', { name: 'Dashboard' })).toBeVisible();
    await examine(guest, 'guest-dashboard');
    const menu = guest.getByRole('navigation', { name: 'Main' });
    await expect(menu.getByRole('link', { name: 'People' })).toHaveCount(0);
    await expect(menu.getByRole('link', { name: 'Settings' })).toHaveCount(0);
    await visitor.open('/keys');
    await expect(guest.getByRole('link', { name: `Partner ${mark} import` })).toBeVisible();
    await expect(guest.getByText(`Internal ${mark}`)).toHaveCount(0);
    await expect(guest.getByRole('link', { name: 'Generate New Key' })).toHaveCount(0);
    await examine(guest, 'guest-keys');
    for (const [path, status] of [[`/keys/${hidden.id}`, 404], ['/people', 403], ['/keys/new', 403]] as const) {
      expect((await guest.goto(server.url + path))?.status(), path).toBe(status);
    }
  });

  await test.step('the guest revokes the key that they may revoke', async () => {
    await visitor.open(`/keys/${one.id}`);
    await examine(guest, 'guest-key');
    await expect(guest.getByRole('link', { name: 'Edit' })).toHaveCount(0);
    await guest.getByRole('button', { name: 'More acts' }).click();
    await guest.getByRole('link', { name: 'Revoke…' }).click();
    await guest.getByRole('radio', { name: 'It leaked, or may have' }).check();
    await guest.getByRole('button', { name: 'Revoke', exact: true }).click();
    await expect(guest.getByText(/is revoked/).first()).toBeVisible();
    await visitor.open('/audit');
    await expect(guest.getByText('What you did here')).toBeVisible();
    await expect(guest.getByRole('row', { name: /Revoked/ })).toHaveCount(1);
  });

  await test.step('the owner takes the guest out, who is out with the next request', async () => {
    await arrange.active({ name: `Owned ${mark}`, owner: email });
    await owner.open('/people?role=guest&q=' + encodeURIComponent(email));
    await page.getByRole('link', { name: 'Grace Guest' }).click();
    await owner.alive();
    await examine(page, 'person-of-guest');
    await page.getByRole('link', { name: 'Disable…' }).click();
    await dialog(owner).getByRole('button', { name: 'Disable' }).click();
    await expect(page.getByText('The person is signed out')).toBeVisible();
    await guest.goto(server.url + '/keys');
    await expect(guest.getByRole('heading', { name: 'Sign in' })).toBeVisible();
    await page.getByRole('link', { name: 'Remove…' }).click();
    await expect(dialog(owner)).toContainText('They own 1 key.');
    await owner.alive();
    await examine(page, 'dialog-remove-with-keys');
    await dialog(owner).getByLabel('Transfer these keys to').fill(email);
    watch.expects(422, /\/remove$/);
    await dialog(owner).getByRole('button', { name: 'Remove' }).click();
    await expect(dialog(owner).getByText('Choose somebody else').first()).toBeVisible();
    await owner.alive();
    await dialog(owner).getByLabel('Transfer these keys to').fill('Partners team');
    await dialog(owner).getByRole('button', { name: 'Remove' }).click();
    await expect(page.getByText('The keys that they issued keep working')).toBeVisible();
    expect(owner.at).toBe('/people');
  });
  await guest.context().close();
});

test('somebody is signed out everywhere, and signs in again', async ({ owner, browser, arrange, scripts }, info) => {
  const { page, server } = owner;
  const email = `away-${info.workerIndex}-${scripts}@example.com`;
  const id = await arrange.person({ role: 'auditor', email });
  const there = await elsewhere(browser, scripts);
  const visitor = new Console(there, server, scripts);
  const signIn = async () => {
    await visitor.open('/login');
    await there.getByLabel('E-mail').fill(email);
    await there.getByLabel('Password').fill(PASSWORD);
    await there.getByRole('button', { name: 'Sign in', exact: true }).click();
    await expect(there.getByRole('heading', { name: 'Dashboard' })).toBeVisible();
  };
  await signIn();
  await owner.open(`/people/${id}`);
  await page.getByRole('link', { name: 'Sign out everywhere…' }).click();
  await dialog(owner).getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByText('The person is signed out everywhere')).toBeVisible();
  await there.goto(server.url + '/keys');
  await expect(there.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  await signIn();
  await there.context().close();
});

test('an invite is sent again and revoked', async ({ owner, arrange, scripts }, info) => {
  const { page } = owner;
  const email = `again-${info.workerIndex}-${scripts}@example.com`;
  const { link, id } = await arrange.invite({ role: 'auditor', email });
  await owner.open(`/people/invites/${id}/renew`);
  await page.getByRole('button', { name: 'Make a new link' }).click();
  await expect(page.getByRole('heading', { name: 'Copy the link now' })).toBeVisible();
  await owner.alive();
  await examine(page, 'invite-link');
  const renewed = (await page.locator('#link').textContent()) ?? '';
  expect(renewed).not.toBe(link);
  const status = async (address: string) => (await fetch(address)).status;
  expect([await status(link), await status(renewed)]).toEqual([404, 200]);
  await page.getByRole('link', { name: 'Done' }).click();
  await expect(page.getByRole('heading', { name: 'People', level: 1 })).toBeVisible();
  await owner.open('/people?show=invites');
  await page.getByRole('link', { name: `Revoke… the invite of ${email}` }).click();
  await dialog(owner).getByRole('button', { name: 'Revoke' }).click();
  await expect(page.getByText('The invite is revoked')).toBeVisible();
  expect(await status(renewed)).toBe(404);
});

test('the only owner stays one', async ({ owner, watch }) => {
  const { page } = owner;
  watch.expects(409, /\/people\/[0-9a-f]{24}\/role$/);
  await owner.open('/people?role=owner');
  await page.getByRole('table').getByRole('link').last().click();
  await page.getByRole('link', { name: 'Change role…' }).click();
  await dialog(owner).getByRole('radio', { name: /^Auditor/ }).check();
  await dialog(owner).getByRole('button', { name: 'Change role' }).click();
  await expect(dialog(owner)).toContainText('This is the only owner who can sign in');
});

test('the keys that are ticked while others are searched stay ticked @scripts', async ({ owner, arrange }) => {
  const { page } = owner;
  const mark = unique('Slow');
  for (const name of ['first', 'second']) await arrange.active({ name: `${mark} ${name}` });
  const box = (act: string, name: string) => page.getByRole('checkbox', { name: `${act} “${mark} ${name}”` });
  const search = page.getByRole('searchbox', { name: /Find keys/ });
  await owner.open('/people/invite');
  await search.fill(mark);
  await search.press('Enter');
  await expect(box('See', 'first')).toBeVisible();
  await owner.alive();
  let answer = () => {};
  const held = new Promise<void>((resolve) => (answer = resolve));
  await page.route('**/people/invite', async (route) => {
    await held;
    await route.continue();
  });
  await search.fill('No key is called so');
  await search.press('Enter');
  await box('See', 'first').check();
  await box('Rotate', 'first').check();
  answer();
  await expect(page.getByText('No key matches.')).toBeVisible();
  await expect(box('See', 'second')).toHaveCount(0);
  await expect(box('See', 'first')).toBeChecked();
  await expect(box('Rotate', 'first')).toBeChecked();
  await page.getByRole('button', { name: 'Find keys' }).click();
  await expect(page.getByText('No key matches.')).toHaveCount(0);
  await expect(box('See', 'first')).toBeChecked();
  await expect(box('Rotate', 'first')).toBeChecked();
});
