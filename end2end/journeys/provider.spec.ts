// Signing in by a provider, on another site, which a browser tells apart from the console.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { BrowserContext } from '@playwright/test';

import { Console, OWNER, expect, test } from '../fixtures/console';
import { examine } from '../fixtures/examine';
import { CLIENT, Provider } from '../fixtures/provider';
import { Server } from '../fixtures/server';

/** Runs a journey with a console, a provider that runs, and one that is down. */
async function between(work: (server: Server, provider: Provider) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'keystead-oidc-'));
  const [corp, partner] = [await Provider.planned(), await Provider.planned()];
  const shared = { client_id: CLIENT.id, client_secret: CLIENT.secret, domains: ['example.com'] };
  const providers = [
    { id: 'corp', name: 'Example Corp', issuer: corp.issuer, join: 'anybody', default_role: 'auditor', ...shared },
    { id: 'partner', name: 'Partner', issuer: partner.issuer, ...shared },
  ];
  const file = join(folder, 'providers.json');
  await writeFile(file, JSON.stringify(providers));
  const server = await Server.start({ settings: { KEYSTEAD_OIDC_FILE: file } });
  try {
    await corp.start(server.url);
    await work(server, corp);
  } finally {
    await corp.stop();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** The provider's own pages ask for a font of the Internet. */
async function withoutFonts(context: BrowserContext): Promise<void> {
  await context.route('https://fonts.googleapis.com/**', (route) => route.fulfill({ contentType: 'text/css', body: '' }));
}

test('somebody signs in by a provider, and comes again without typing', async ({ page, context, scripts }) => {
  test.setTimeout(120_000);
  await withoutFonts(context);
  await between(async (server, provider) => {
    const visitor = new Console(page, server, scripts);

    await test.step('they are led there and back to where they wanted', async () => {
      await visitor.open('/audit');
      await examine(page, 'login-providers');
      await page.getByRole('link', { name: 'Sign in with Example Corp' }).click();
      await provider.signIn(page, 'ada');
      await expect(page.getByRole('heading', { name: 'Audit' })).toBeVisible();
      expect(visitor.at).toBe('/audit');
      await visitor.alive();
      const names = (await context.cookies(server.url)).map((cookie) => cookie.name.replace(/-?\d+$/, ''));
      expect(names.sort()).toEqual(['keystead', 'keystead-device']);
    });

    await test.step('their account has no password, and this one way in', async () => {
      await visitor.open('/account');
      await expect(page.getByRole('main')).toContainText('None. This account signs in with Example Corp');
      await expect(page.getByRole('region', { name: 'Sign-in by a provider' })).toContainText('Your only way to sign in');
      await examine(page, 'account-by-provider');
    });

    await test.step('they set up a second factor without a password', async () => {
      await visitor.open('/account/second-factor');
      await expect(page.getByLabel('Current password')).toHaveCount(0);
      await page.getByRole('button', { name: 'Continue' }).click();
      await expect(page.getByRole('button', { name: 'Set up' })).toBeVisible();
      await visitor.alive();
    });

    await test.step('they sign out, and in again with one press', async () => {
      await page.getByRole('button', { name: 'Sign out' }).click();
      await expect(page.getByRole('status').filter({ hasText: 'You are signed out' })).toBeVisible();
      await visitor.alive();
      await page.getByRole('link', { name: 'Sign in with Example Corp' }).click();
      await expect(page.getByRole('heading', { name: 'Dashboard' })).toBeVisible();
      await visitor.alive();
    });
  });
});

test('what a provider does not do is said plainly', async ({ page, context, scripts }) => {
  await withoutFonts(context);
  await between(async (server, provider) => {
    const visitor = new Console(page, server, scripts);
    const alert = page.getByRole('alert');

    await test.step('one that is down', async () => {
      await visitor.open('/login');
      await page.getByRole('link', { name: 'Sign in with Partner' }).click();
      await expect(alert).toContainText('Partner cannot be reached right now.');
      await visitor.alive();
      await examine(page, 'login-provider-down');
    });

    await test.step('one where somebody presses "Cancel"', async () => {
      await page.getByRole('link', { name: 'Sign in with Example Corp' }).click();
      await page.getByRole('link', { name: 'Cancel' }).click();
      await expect(alert).toContainText('Example Corp did not sign you in.');
      await visitor.alive();
    });

    await test.step('one that knows somebody whose e-mail is of an account here', async () => {
      await page.getByRole('link', { name: 'Sign in with Example Corp' }).click();
      await provider.signIn(page, 'owner');
      await expect(alert).toContainText('Example Corp knows you, but you cannot enter here with it.');
      await visitor.alive();
      await examine(page, 'login-provider-refused');
    });

    await test.step('an address that comes back a second time', async () => {
      await visitor.open('/login/oidc/corp/callback?state=0&code=0');
      await expect(alert).toContainText('This sign-in is over.');
    });
  });
});

test('an owner connects a provider, signs in by it, and disconnects it', async ({ page, context, scripts, watch }) => {
  test.setTimeout(120_000);
  await withoutFonts(context);
  await between(async (server, provider) => {
    const visitor = new Console(page, server, scripts);
    await visitor.open('/login?next=/account');
    await page.getByLabel('E-mail').fill(OWNER.email);
    await page.getByLabel('Password').fill(OWNER.password);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await expect(page.getByRole('heading', { name: 'Your account' })).toBeVisible();
    await visitor.alive();
    const ways = page.getByRole('region', { name: 'Sign-in by a provider' });

    await test.step('with the password', async () => {
      await ways.getByRole('link', { name: 'Connect Example Corp' }).click();
      await expect(page.getByRole('heading', { name: 'Connect Example Corp' })).toBeVisible();
      await visitor.alive();
      await examine(page, 'account-connect');
      watch.expects(422, /\/account\/connect\/corp$/);
      await page.getByLabel('Current password').fill('not the password at all');
      await page.getByRole('button', { name: 'Continue to Example Corp' }).click();
      await expect(page.getByText('This is not your password.').first()).toBeVisible();
      await visitor.alive();
      await page.getByLabel('Current password').fill(OWNER.password);
      await page.getByRole('button', { name: 'Continue to Example Corp' }).click();
      await provider.signIn(page, 'olive');
      await expect(page.getByRole('status')).toContainText('The provider is connected.');
      await visitor.alive();
      await expect(ways).toContainText('olive@example.com');
      await examine(page, 'account-connected');
    });

    await test.step('people see how the owner signs in', async () => {
      await visitor.open('/people');
      await page.getByRole('main').getByRole('link', { name: OWNER.email.split('@')[0] }).first().click();
      await expect(page.getByRole('main')).toContainText('password, Example Corp');
      await visitor.alive();
      await examine(page, 'person-by-provider');
    });

    await test.step('it signs in the same owner', async () => {
      await page.getByRole('button', { name: 'Sign out' }).click();
      await visitor.alive();
      await page.getByRole('link', { name: 'Sign in with Example Corp' }).click();
      await expect(page.getByRole('heading', { name: 'Dashboard' })).toBeVisible();
      await visitor.open('/account');
      await expect(page.getByRole('main')).toContainText(OWNER.email);
    });

    await test.step('it is disconnected', async () => {
      await ways.getByRole('button', { name: 'Disconnect Example Corp' }).click();
      await expect(page.getByRole('status')).toContainText('The provider is disconnected.');
      await visitor.alive();
      await expect(ways.getByRole('link', { name: 'Connect Example Corp' })).toBeVisible();
    });
  });
});
