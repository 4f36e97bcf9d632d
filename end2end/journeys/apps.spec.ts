// Apps: with one, nobody need know of them; with two, people choose, and are limited; an archived one refuses its keys. On a
// server of its own, because the forms of every other journey would ask for an app.
import { Arrange, PASSWORD } from '../fixtures/arrange';
import { Console, expect, test } from '../fixtures/console';
import { examine } from '../fixtures/examine';
import { Server } from '../fixtures/server';
import { Verifier } from '../fixtures/verify';
import { signInOnce } from '../fixtures/worker';
import { acknowledge, dialog, field, said, shownToken } from '../steps/keys';

/** Chooses in the menu. With scripts that acts at once. */
async function show(console: Console, app: string): Promise<void> {
  const { page } = console;
  const choice = page.getByRole('combobox', { name: 'App', exact: true }).first();
  // The box shows the choice before it is sent, and a page that is opened meanwhile would keep it from being sent.
  const sent = page.waitForResponse((response) => new URL(response.url()).pathname === '/apps/choose');
  await choice.selectOption(app);
  if (!console.scripts) await page.getByRole('button', { name: 'Show', exact: true }).click();
  await sent;
  await expect(page.locator('#switch-app option:checked')).toHaveText(app);
  await console.alive();
}

test('keys belong to apps that people choose, and are limited to', async ({ page, browser, context, scripts, watch }) => {
  test.setTimeout(180_000);
  const server = await Server.start();
  try {
    const cookies = await signInOnce(server);
    await context.addCookies(cookies);
    const arrange = new Arrange(server, cookies);
    const owner = new Console(page, server, scripts);
    const verifier = await Verifier.start(server);
    const here = await arrange.active({ name: 'Billing export' });
    const main = page.getByRole('main');

    await test.step('with one app, only the menu of those who manage it speaks of apps', async () => {
      await owner.open('/keys');
      await expect(page.getByLabel('App', { exact: true })).toHaveCount(0);
      await expect(main).not.toContainText('Default');
      await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Apps' }).click();
      await expect(page.getByRole('heading', { name: 'Apps', level: 1 })).toBeVisible();
      // The other one is the key of the service that checks keys.
      await expect(main.getByRole('row').filter({ hasText: 'Default' }).getByRole('cell', { name: '2', exact: true })).toBeVisible();
      await owner.alive();
    });

    await test.step('another is created, and no two look alike', async () => {
      await page.getByRole('link', { name: 'Create an app' }).click();
      await owner.alive();
      await dialog(owner).getByLabel('Name').fill(' dEFAULT ');
      watch.expects(422, /\/apps\/new$/);
      await dialog(owner).getByRole('button', { name: 'Create' }).click();
      await expect(page.getByText('Another app has this name').first()).toBeVisible();
      await owner.alive();
      await dialog(owner).getByLabel('Name').fill('Web shop');
      await dialog(owner).getByRole('button', { name: 'Create' }).click();
      await said(owner, 'The app is created.');
      await owner.alive();
      await expect(main.getByRole('row').filter({ hasText: 'Web shop' }).getByRole('cell', { name: '0', exact: true })).toBeVisible();
      await examine(page, 'apps-two');
    });

    let token = '';
    await test.step('under all apps, the form of a new key asks for one', async () => {
      await owner.open('/keys/new?kind=service');
      await field(owner, 'Name').fill('Shop checkout');
      await examine(page, 'wizard-app');
      await page.getByRole('button', { name: 'Continue to summary' }).click();
      await expect(page.getByText('Choose the app that the key will belong to.').first()).toBeVisible();
      await owner.alive();
      await expect(field(owner, 'Name')).toHaveValue('Shop checkout');
      await main.getByLabel('App', { exact: true }).selectOption('Web shop');
      await page.getByRole('button', { name: 'Continue to summary' }).click();
      await expect(page.getByRole('heading', { name: 'Summary' })).toBeVisible();
      await expect(main).toContainText('Web shop');
      await owner.alive();
      await examine(page, 'wizard-app-summary');
      await page.reload();
      await expect(main).toContainText('Web shop');
      await page.goBack();
      await expect(field(owner, 'Name')).toHaveValue('Shop checkout');
      await expect(main.getByLabel('App', { exact: true }).locator('option:checked')).toHaveText('Web shop');
      await page.goForward();
      await expect(main).toContainText('Web shop');
      await owner.alive();
      await page.getByRole('button', { name: 'Generate Token' }).click();
      await expect(page.getByRole('heading', { name: 'Copy “Shop checkout” now' })).toBeVisible();
      await owner.alive();
      token = await shownToken(owner);
      await acknowledge(owner);
    });

    await test.step('lists name the app under all apps, and show one when it is chosen', async () => {
      await owner.open('/keys');
      await expect(main.getByRole('row').filter({ hasText: 'Shop checkout' })).toContainText('Web shop');
      await examine(page, 'key-list-all-apps');
      await show(owner, 'Web shop');
      await expect(main).not.toContainText('Billing export');
      await expect(main).toContainText('Shop checkout');
      await page.reload();
      await expect(main).not.toContainText('Billing export');
      await owner.open(`/keys/${here.id}`);
      await expect(main).toContainText('Billing export');
      await expect(main).toContainText('Default');
      await examine(page, 'key-of-other-app');
      await owner.open('/audit');
      await expect(main).toContainText('Only events of the app Web shop');
      await expect(main).not.toContainText('Billing export');
      await owner.open('/');
      await examine(page, 'dashboard-one-app');
    });

    await test.step('an act on all that match is for the app that its list was about', async () => {
      await owner.open('/keys');
      await main.getByRole('checkbox', { name: 'Tick Shop checkout' }).check();
      await main.getByRole('checkbox', { name: /^All .* that match$/ }).check();
      await main.getByRole('button', { name: 'Disable…' }).click();
      await expect(main).toContainText('Shop checkout');
      await owner.alive();
      // Another tab chooses another app.
      await arrange.post('/apps/choose', { app: await arrange.appId('Default'), back: '/' });
      await main.getByRole('button', { name: 'Disable 1 key' }).click();
      await said(owner, 'is disabled');
      expect((await verifier.ask(here.token)).valid).toBe(true);
      await owner.alive();
      await show(owner, 'All apps');
      await arrange.act({ id: token.split('_')[1] ?? '', token }, 'enable');
    });

    await test.step('requests name their app, and follow the choice', async () => {
      await arrange.post('/settings/approval', { approval_permissions: 'vault.*' });
      await arrange.ask({ name: 'Shop vault', permissions: 'vault.open', app: await arrange.appId('Web shop') });
      await owner.open('/requests');
      await expect(main.getByRole('row').filter({ hasText: 'Shop vault' })).toContainText('Web shop');
      await examine(page, 'requests-all-apps');
      await show(owner, 'Default');
      await expect(main).toContainText('Only requests for keys of the app Default');
      await expect(main).not.toContainText('Shop vault');
      await examine(page, 'requests-one-app');
      await show(owner, 'All apps');
    });

    await test.step('a person who is limited to an app sees nothing of the other', async () => {
      const id = await arrange.person({ role: 'admin', email: 'shop@example.com' });
      await owner.open(`/people/${id}`);
      await page.getByRole('link', { name: 'Change apps…' }).click();
      await owner.alive();
      await dialog(owner).getByRole('checkbox', { name: 'Web shop' }).check();
      await examine(page, 'dialog-apps-of-person');
      await dialog(owner).getByRole('button', { name: 'Save' }).click();
      await said(owner, 'The apps are saved.');
      await expect(main).toContainText('Web shop');
      await owner.open('/people/invite');
      await examine(page, 'invite-apps');

      const theirs = await browser.newContext({ javaScriptEnabled: scripts, locale: 'en-GB', reducedMotion: 'reduce' });
      const limited = new Console(await theirs.newPage(), server, scripts);
      await limited.open('/login');
      await limited.page.getByLabel('E-mail').fill('shop@example.com');
      await limited.page.getByLabel('Password').fill(PASSWORD);
      await limited.page.getByRole('button', { name: 'Sign in', exact: true }).click();
      await expect(limited.page.getByRole('heading', { name: 'Dashboard' })).toBeVisible();
      await limited.open('/keys');
      const seen = limited.page.getByRole('main');
      await expect(seen).toContainText('Shop checkout');
      await expect(seen).not.toContainText('Billing export');
      await expect(limited.page.getByLabel('App', { exact: true })).toHaveCount(0);
      await limited.page.goto(`${server.url}/keys/${here.id}`);
      await expect(seen).toContainText('Key not found');
      await limited.open('/apps');
      await expect(seen).not.toContainText('Default');
      await expect(limited.page.getByRole('link', { name: 'Create an app' })).toHaveCount(0);
      await theirs.close();
    });

    await test.step('an archived app refuses its keys until it is brought back', async () => {
      await owner.open('/apps');
      await page.getByRole('link', { name: 'Archive… the app Web shop' }).click();
      await owner.alive();
      await examine(page, 'dialog-archive');
      await dialog(owner).getByRole('button', { name: 'Archive' }).click();
      await said(owner, 'The app is archived.');
      expect((await fetch(`${server.url}/v1/keys/self`, { headers: { authorization: `Bearer ${token}` } })).status).toBe(200);
      const self = await (await fetch(`${server.url}/v1/keys/self`, { headers: { authorization: `Bearer ${token}` } })).json();
      expect(self.code).toBe('DISABLED');
      await owner.open('/keys');
      await expect(main).not.toContainText('Shop checkout');
      await owner.open('/apps?status=archived');
      await page.getByRole('button', { name: 'Show its keys of the app Web shop' }).click();
      await expect(main).toContainText('This app is archived');
      await expect(main).toContainText('Shop checkout');
      await owner.alive();
      await examine(page, 'key-list-archived');
      await owner.open('/apps?status=archived');
      await page.getByRole('link', { name: 'Bring back… the app Web shop' }).click();
      await owner.alive();
      await dialog(owner).getByRole('button', { name: 'Bring back' }).click();
      await said(owner, 'The app is back.');
      const again = await (await fetch(`${server.url}/v1/keys/self`, { headers: { authorization: `Bearer ${token}` } })).json();
      expect(again.code).toBe('VALID');
    });
  } finally {
    await server.stop();
  }
});

test('with more apps than lists show together, people choose one first', async ({ page, context, scripts }) => {
  test.setTimeout(120_000);
  const server = await Server.start();
  try {
    const cookies = await signInOnce(server);
    await context.addCookies(cookies);
    const arrange = new Arrange(server, cookies);
    const owner = new Console(page, server, scripts);
    for (let n = 0; n < 31; n += 1) await arrange.post('/apps/new', { name: `Customer with a long name ${n}` });
    await owner.open('/keys');
    await expect(page.getByText('You have more than 30 apps; choose one of them first.')).toBeVisible();
    await examine(page, 'key-list-many-apps');
    await page.getByRole('main').getByRole('link', { name: 'Apps' }).click();
    await page.getByRole('searchbox', { name: 'Search by name or id' }).fill('Customer with a long name 30');
    await page.getByRole('searchbox', { name: 'Search by name or id' }).press('Enter');
    await expect(page.getByText('1 app', { exact: true })).toBeVisible();
    await owner.alive();
    await examine(page, 'apps-many');
    await page.getByRole('button', { name: /^Show its keys/ }).click();
    await expect(page.getByRole('heading', { name: 'No keys yet' })).toBeVisible();
    await owner.alive();
    await examine(page, 'key-list-one-of-many');
  } finally {
    await server.stop();
  }
});
