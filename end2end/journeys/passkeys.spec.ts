// Passkeys, with Chromium's virtual authenticator, and the proof that some acts ask for.
import { existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

import type { Page } from '@playwright/test';

import { Arrange } from '../fixtures/arrange';
import { Console, OWNER, expect, test } from '../fixtures/console';
import { examine } from '../fixtures/examine';
import { Server } from '../fixtures/server';

/** A clock of the server's that the journey sets. */
class Clock {
  readonly settings: Record<string, string>;

  constructor(private readonly file: string) {
    mkdirSync(dirname(file), { recursive: true });
    this.set('+0');
    const [library] = readdirSync('/usr/lib').map((arch) => `/usr/lib/${arch}/faketime/libfaketimeMT.so.1`).filter(existsSync);
    if (!library) throw new Error('libfaketime is missing; scripts/test-tools.sh installs it');
    this.settings = {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    };
  }

  set(offset: string): void {
    writeFileSync(`${this.file}.new`, offset);
    renameSync(`${this.file}.new`, this.file);
  }
}

/** An authenticator in the page's browser, as a laptop has one. */
async function authenticator(page: Page): Promise<void> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('WebAuthn.enable');
  await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
}

async function password(owner: Console): Promise<void> {
  const { page } = owner;
  await owner.open('/login');
  await page.getByLabel('E-mail').fill(OWNER.email);
  await page.getByLabel('Password').fill(OWNER.password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

test('a passkey is added, signs in after the password and alone, confirms who it is, and is removed @scripts', async ({
  page,
  context,
  scripts,
  watch,
}) => {
  test.setTimeout(120_000);
  const server = await Server.start();
  const owner = new Console(page, server, scripts);
  const dashboard = page.getByRole('heading', { name: 'Dashboard' });
  try {
    await authenticator(page);
    await password(owner);
    await expect(dashboard).toBeVisible();

    await test.step('it is added with a name, and brings recovery codes', async () => {
      await owner.open('/account/second-factor');
      await expect(page.getByText('passkeys need JavaScript')).toBeHidden();
      await examine(page, 'passkeys-none');
      await page.getByLabel('Name of the passkey').fill('Work laptop');
      await page.getByRole('button', { name: 'Add a passkey' }).click();
      await expect(page.getByRole('heading', { name: 'Your recovery codes' })).toBeVisible();
      await page.getByRole('link', { name: 'I have stored them' }).click();
      await expect(page.getByRole('main')).toContainText('1 passkey.');
      await owner.open('/account/second-factor');
      await expect(page.getByRole('list', { name: 'Your passkeys' })).toContainText('Work laptop');
      await examine(page, 'passkeys-one');
    });

    await test.step('it signs in after the password', async () => {
      await context.clearCookies();
      await password(owner);
      await expect(page.getByRole('button', { name: 'Use a passkey' })).toBeVisible();
      await owner.alive();
      await examine(page, 'login-passkey');
      await page.getByRole('button', { name: 'Use a passkey' }).click();
      await expect(dashboard).toBeVisible();
    });

    await test.step('it signs in alone, and leads on', async () => {
      await context.clearCookies();
      await owner.open('/keys?status=active');
      await expect(page.getByRole('button', { name: 'Sign in with a passkey' })).toBeVisible();
      await examine(page, 'login-with-passkeys');
      await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
      await expect(page.getByRole('heading', { name: 'API Keys' })).toBeVisible();
      expect(owner.at).toBe('/keys?status=active');
    });

    await test.step('whoever presses Cancel stays on the page, and can try again', async () => {
      await context.clearCookies();
      await owner.open('/login');
      await page.evaluate(() => {
        const { credentials } = navigator;
        const real = credentials.get.bind(credentials);
        credentials.get = async () => {
          credentials.get = real;
          throw new DOMException('cancelled', 'NotAllowedError');
        };
      });
      await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
      await expect(page.getByRole('alert')).toContainText('No passkey was used.');
      await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
      await expect(dashboard).toBeVisible();
    });

    await test.step('it confirms who it is', async () => {
      watch.expects(401, /passkeys|prove/);
      await owner.open('/account/prove');
      await examine(page, 'prove-with-passkey');
      await page.getByRole('button', { name: 'Use a passkey' }).click();
      await expect(page.getByRole('status').filter({ hasText: 'You are not asked again for 5 minutes.' })).toBeVisible();
      // An answer of another page, sent here, is none.
      await page.evaluate(async () => {
        const body = new URLSearchParams({ proof_password: '', proof_passkey: '{}' });
        await fetch('/account/prove', { method: 'POST', body });
      });
    });

    await test.step('it is renamed and removed', async () => {
      await owner.open('/account/second-factor');
      await page.getByRole('link', { name: 'Change Work laptop' }).click();
      await expect(page.getByRole('heading', { name: 'Remove it' })).toBeVisible();
      await owner.alive();
      await examine(page, 'passkey-change');
      await page.getByLabel('Name of the passkey').fill('Old laptop');
      await page.getByRole('button', { name: 'Rename' }).click();
      await expect(page.getByRole('list', { name: 'Your passkeys' })).toContainText('Old laptop');
      await page.getByRole('link', { name: 'Change Old laptop' }).click();
      await expect(page.getByRole('heading', { name: 'Remove it' })).toBeVisible();
      await page.getByLabel('Current password').fill(OWNER.password);
      await page.getByRole('button', { name: 'Remove' }).click();
      await expect(page.getByRole('status').filter({ hasText: 'The passkey is removed.' })).toBeVisible();
      await expect(page.getByRole('list', { name: 'Your passkeys' })).toHaveCount(0);
    });

    await test.step('removed, it signs nobody in', async () => {
      watch.expects(401, /\/login$/);
      await context.clearCookies();
      await owner.open('/login');
      await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
      await expect(page.getByText('This passkey was not accepted')).toBeVisible();
    });
  } finally {
    await server.stop();
  }
});

test('without scripts the pages say that passkeys need them @no-scripts', async ({ owner, visitor }) => {
  const { page } = owner;
  await owner.open('/account/second-factor');
  await expect(page.getByText('passkeys need JavaScript')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Add a passkey' })).toBeHidden();
  await page.context().clearCookies();
  await visitor.open('/login');
  await expect(page.getByRole('button', { name: 'Sign in', exact: true })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Sign in with a passkey' })).toBeHidden();
});

test('a session that was left open is asked who it is, and the act goes on with what was typed', async ({
  page,
  scripts,
  watch,
}, info) => {
  const clock = new Clock(info.outputPath('clock'));
  const server = await Server.start({ settings: clock.settings });
  const owner = new Console(page, server, scripts);
  const asked = page.getByRole('heading', { name: 'Confirm that it is you' });
  const mine = page.getByLabel('Your password');
  const invite = page.getByRole('button', { name: 'Invite', exact: true });
  try {
    await password(owner);
    await expect(page.getByRole('heading', { name: 'Dashboard' })).toBeVisible();
    clock.set('+6m');

    await test.step('an invite of an admin waits for the password', async () => {
      watch.expects(401, /\/people\/invite$/);
      watch.expects(422, /\/people\/invite$/);
      await owner.open('/people/invite');
      await page.getByLabel('First name').fill('Grace "G" <Hopper>');
      await page.getByLabel('E-mail').fill('grace@example.com');
      await page.getByRole('radio', { name: /^Admin/ }).check();
      await invite.click();
      await expect(asked).toBeVisible();
      await expect(mine).toBeFocused();
      await owner.alive();
      await examine(page, 'prove-waiting');
      await mine.fill('not mine at all');
      await page.getByRole('button', { name: 'Confirm' }).click();
      await expect(mine).toHaveAccessibleDescription(/not your password/);
      await mine.fill(OWNER.password);
      await page.getByRole('button', { name: 'Confirm' }).click();
      await expect(page.locator('#link')).toContainText('/invite/');
      await expect(page.getByRole('main')).toContainText('Grace "G" <Hopper>, Admin');
      await page.getByRole('link', { name: 'Done' }).click();
      await expect(page.getByRole('heading', { name: 'People', level: 1 })).toBeVisible();
    });

    await test.step('in a dialog, too', async () => {
      watch.expects(401, /\/role$/);
      watch.expects(409, /\/role$/);
      clock.set('+12m');
      await owner.open('/people');
      await page.getByRole('main').getByRole('row').nth(1).getByRole('link').first().click();
      await page.getByRole('link', { name: 'Change role…' }).click();
      await page.getByRole('radio', { name: /^Auditor/ }).check();
      await page.getByRole('button', { name: 'Change role' }).click();
      await expect(asked).toBeVisible();
      await mine.fill(OWNER.password);
      await page.getByRole('button', { name: 'Confirm' }).click();
      await expect(page.getByText('This is the only owner who can sign in')).toBeVisible();
    });

    await test.step('a passphrase is not carried, and asked for again', async () => {
      watch.expects(401, /handovers\/new$/);
      watch.expects(422, /handovers\/new$/);
      clock.set('+18m');
      const draft = await new Arrange(server, await page.context().cookies()).draft({ kind: 'master_user', name: 'Chats' });
      await owner.open(`/keys/handovers/new?draft=${draft}`);
      await page.getByLabel('Who collects it').fill('Grace');
      await page.getByLabel('Passphrase').fill('swordfish 99');
      await page.getByRole('button', { name: 'Make the link' }).click();
      await expect(page.getByText('Secrets are not kept.')).toBeVisible();
      await mine.fill(OWNER.password);
      await page.getByRole('button', { name: 'Confirm' }).click();
      await expect(page.getByLabel('Passphrase')).toHaveAccessibleDescription(/Type this again/);
      await expect(page.getByLabel('Who collects it')).toHaveValue('Grace');
      await page.getByLabel('Passphrase').fill('swordfish 99');
      await page.getByRole('button', { name: 'Make the link' }).click();
      await expect(page.locator('#link')).toContainText('/collect/');
    });
  } finally {
    await server.stop();
  }
});
