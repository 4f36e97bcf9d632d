import { createHmac } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

import { Console, OWNER, expect, test } from '../fixtures/console';
import { examine } from '../fixtures/examine';
import { Server } from '../fixtures/server';
import { signInOnce } from '../fixtures/worker';

const NEW = { email: 'olive@example.com', password: 'seven kites over the salt marsh' };

test('people keep their account in order: name, sessions, e-mail and password', async ({ page, context, scripts, watch }) => {
  const server = await Server.start();
  const owner = new Console(page, server, scripts);
  const said = page.getByRole('status');
  try {
    const elsewhere = await signInOnce(server);
    await signInOnce(server);
    await owner.open('/login');
    await page.getByLabel('E-mail').fill(OWNER.email);
    await page.getByLabel('Password').fill(OWNER.password);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await owner.alive();

    await test.step('the menu leads to the account', async () => {
      await page.getByRole('complementary').getByRole('link', { name: OWNER.email }).click();
      await expect(page.getByRole('heading', { level: 1, name: 'Your account' })).toBeVisible();
      await owner.alive();
      await examine(page, 'account-sessions-several');
    });

    await test.step('a name is saved, and a blank one refused with what was typed', async () => {
      watch.expects(422, /\/account/);
      await page.getByLabel('Your name').fill('  ');
      await page.locator('form', { hasText: 'Your name' }).getByRole('button', { name: 'Save' }).click();
      await expect(page.getByLabel('Your name')).toHaveAccessibleDescription(/Enter the name/);
      await page.getByLabel('Your name').fill('Olive O.');
      await page.locator('form', { hasText: 'Your name' }).getByRole('button', { name: 'Save' }).click();
      await expect(said.filter({ hasText: 'Your name is saved' })).toBeVisible();
      await expect(page.getByLabel('Your name')).toHaveValue('Olive O.');
    });

    await test.step('one session is ended, then all others', async () => {
      await expect(page.getByText('This browser')).toHaveCount(1);
      await page.getByRole('button', { name: /^Sign out An unknown program/ }).first().click();
      await expect(said.filter({ hasText: 'That browser is signed out' })).toBeVisible();
      await page.getByRole('button', { name: 'Sign out everywhere else' }).click();
      await expect(said.filter({ hasText: 'You are signed out everywhere else' })).toBeVisible();
      await expect(page.getByRole('button', { name: 'Sign out everywhere else' })).toHaveCount(0);
      const cookie = elsewhere.map(({ name, value }) => `${name}=${value}`).join('; ');
      const answer = await fetch(`${server.url}/keys`, { redirect: 'manual', headers: { cookie } });
      expect(answer.status).toBe(303);
    });

    await test.step('the e-mail changes with the password', async () => {
      await page.getByRole('link', { name: 'Change e-mail' }).click();
      await page.getByLabel('E-mail').fill(NEW.email);
      await page.getByLabel('Current password').fill('not the password at all');
      await page.getByRole('button', { name: 'Change e-mail' }).click();
      await expect(page.getByLabel('Current password')).toHaveAccessibleDescription(/not your password/);
      await expect(page.getByLabel('E-mail')).toHaveValue(NEW.email);
      await owner.alive();
      await examine(page, 'account-email-refused');
      await page.getByLabel('Current password').fill(OWNER.password);
      await page.getByRole('button', { name: 'Change e-mail' }).click();
      await expect(said.filter({ hasText: 'Your e-mail is changed' })).toBeVisible();
      await expect(page.getByRole('main')).toContainText(NEW.email);
    });

    await test.step('the password changes with the old one', async () => {
      await page.getByRole('link', { name: 'Change password' }).click();
      await page.getByLabel('Current password').fill(OWNER.password);
      await page.getByLabel('New password').fill('olive@example.com');
      await page.getByRole('button', { name: 'Change password' }).click();
      await expect(page.getByLabel('New password')).toHaveAccessibleDescription(/too close to your name, your e-mail/);
      await owner.alive();
      await examine(page, 'account-password-refused');
      await page.getByLabel('Current password').fill(OWNER.password);
      await page.getByLabel('New password').fill(NEW.password);
      await page.getByRole('button', { name: 'Change password' }).click();
      await expect(said.filter({ hasText: 'Your password is changed' })).toBeVisible();
    });

    await test.step('both are what signs in from then on', async () => {
      await context.clearCookies();
      await owner.open('/login');
      await page.getByLabel('E-mail').fill(NEW.email);
      await page.getByLabel('Password').fill(NEW.password);
      await page.getByRole('button', { name: 'Sign in', exact: true }).click();
      await expect(page.getByRole('heading', { name: 'Dashboard' })).toBeVisible();
    });
  } finally {
    await server.stop();
  }
});

test('where mail is sent, who lost the password asks for the link', async ({ page, scripts, watch }) => {
  // Nothing takes the mail. The page is the same.
  const server = await Server.start({ settings: { KEYSTEAD_SMTP_URL: 'smtp://127.0.0.1:9?from=keystead@example.com' } });
  const visitor = new Console(page, server, scripts);
  try {
    await visitor.open('/login');
    await page.getByRole('link', { name: 'Forgot your password?' }).click();
    await expect(page.getByRole('heading', { name: 'Forgot your password?' })).toBeVisible();
    await examine(page, 'forgot-mail');

    await test.step('what is no e-mail is refused at its field', async () => {
      watch.expects(422, /\/forgot/);
      await page.getByLabel('E-mail').fill('owner');
      await page.getByLabel('E-mail').press('Enter');
      await expect(page.getByLabel('E-mail')).toHaveAttribute('aria-invalid', 'true');
      await expect(page.getByLabel('E-mail')).toHaveValue('owner');
      await examine(page, 'forgot-refused');
    });

    await test.step('the answer does not say whether anybody has it', async () => {
      for (const email of [OWNER.email, 'nobody@example.com']) {
        await visitor.open('/forgot');
        await page.getByLabel('E-mail').fill(email);
        await page.getByRole('button', { name: 'Mail me a link' }).click();
        await expect(page.getByRole('heading', { name: 'Look into your mail' })).toBeVisible();
        await expect(page.getByRole('main')).toContainText(`If somebody has the e-mail ${email} here`);
      }
      await examine(page, 'forgot-asked');
      await page.getByRole('link', { name: 'Back to sign-in' }).click();
      await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
    });
  } finally {
    await server.stop();
  }
});

test('who lost the password gets a link, which works once', async ({ page, scripts, watch }) => {
  const server = await Server.start();
  const visitor = new Console(page, server, scripts);
  try {
    await visitor.open('/login');
    await page.getByRole('link', { name: 'Forgot your password?' }).click();
    await expect(page.getByRole('heading', { name: 'Forgot your password?' })).toBeVisible();
    const printed = await server.run(['person', 'reset', '--email', OWNER.email]);
    const link = new URL(printed.trim()).pathname;

    await test.step('a look uses nothing up, and a bad password is refused at its field', async () => {
      watch.expects(422, /\/reset\//);
      for (let looks = 0; looks < 3; looks += 1) await visitor.open(link);
      await expect(page.getByRole('main')).toContainText(OWNER.email);
      await examine(page, 'reset');
      await page.getByLabel('New password').fill('password12345678');
      await page.getByRole('button', { name: 'Set the password' }).click();
      await expect(page.getByLabel('New password')).toHaveAccessibleDescription(/common|guess/i);
      await visitor.alive();
      await examine(page, 'reset-refused');
    });

    await test.step('a good one is set, and signs in', async () => {
      await page.getByLabel('New password').fill(NEW.password);
      await page.getByRole('button', { name: 'Set the password' }).click();
      await expect(page.getByRole('status')).toContainText('Your new password is set');
      await page.getByLabel('E-mail').fill(OWNER.email);
      await page.getByLabel('Password').fill(NEW.password);
      await page.getByRole('button', { name: 'Sign in', exact: true }).click();
      await expect(page.getByRole('heading', { name: 'Dashboard' })).toBeVisible();
    });

    await test.step('the link is used up', async () => {
      watch.expects(404, /\/reset\//);
      await visitor.open(link);
      await expect(page.getByRole('heading', { name: 'This reset link does not work' })).toBeVisible();
    });
  } finally {
    await server.stop();
  }
});

const STEP = 30_000;

/** Waits for the next step of the codes if little is left of this one. A code holds until the end of the step after its own. */
async function inTime(): Promise<void> {
  const left = STEP - (Date.now() % STEP);
  if (left < STEP / 3) await pause(left);
}

/** The code that an authenticator app shows, `steps` half minutes from now. */
function code(secret: string, steps = 0): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...secret.replaceAll(' ', '')].map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const bytes = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigInt64BE(BigInt(Math.floor(Date.now() / STEP) + steps));
  const mac = createHmac('sha1', bytes).update(step).digest();
  const number = mac.readUInt32BE((mac[19] ?? 0) & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, '0');
}

test('a second factor is set up, asked for, and required by the settings', async ({ page, context, scripts, watch }) => {
  const server = await Server.start();
  const owner = new Console(page, server, scripts);
  const signIn = async () => {
    await owner.open('/login');
    await page.getByLabel('E-mail').fill(OWNER.email);
    await page.getByLabel('Password').fill(OWNER.password);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  };
  const typed = page.getByRole('textbox', { name: 'Code' });
  try {
    await signIn();
    await expect(page.getByRole('heading', { name: 'Dashboard' })).toBeVisible();
    await test.step('an owner requires it, at once', async () => {
      await owner.open('/settings');
      await page.getByLabel('Second factor').selectOption('managers');
      await page.getByLabel('Days of grace').fill('0');
      await page.locator('form', { hasText: 'Second factor' }).getByRole('button', { name: 'Save' }).click();
      await expect(page.getByRole('status').filter({ hasText: 'Saved.' })).toBeVisible();
      const owed = page.getByText('You need a second factor here');
      await owner.open('/keys');
      await expect(owed).toBeVisible();
      expect(owner.at).toBe('/account/second-factor');
      await examine(page, 'factor-owed');
    });

    let secret = '';
    let recovery: string[] = [];
    await test.step('it is set up with the password and a code', async () => {
      watch.expects(422, /second-factor/);
      await page.getByLabel('Current password').fill(OWNER.password);
      await page.getByRole('button', { name: 'Continue' }).click();
      await expect(page.getByRole('img', { name: /QR code/ })).toBeVisible();
      await owner.alive();
      await examine(page, 'factor-enrol');
      await typed.fill('000000');
      await page.getByRole('button', { name: 'Set up' }).click();
      await expect(typed).toHaveAccessibleDescription(/This code is wrong/);
      secret = await page.locator('#factor-secret').innerText();
      await inTime();
      await typed.fill(` ${code(secret)} `);
      await page.getByRole('button', { name: 'Set up' }).click();
      await expect(page.getByRole('heading', { name: 'Your recovery codes' })).toBeVisible();
      await expect(page.locator('#recovery-codes').getByRole('listitem')).toHaveCount(10);
      recovery = await page.locator('#recovery-codes').getByRole('listitem').allInnerTexts();
      await owner.alive();
      await examine(page, 'factor-codes');
      if (scripts) {
        let question = '';
        page.once('dialog', (asked) => {
          question = asked.message();
          void asked.dismiss();
        });
        await page.keyboard.press('Escape');
        await expect.poll(() => question).toContain('you will not see these codes again');
      }
      await page.getByRole('link', { name: 'I have stored them' }).click();
      await expect(page.getByRole('main')).toContainText('On, with 10 recovery codes left.');
    });

    await test.step('a sign-in asks for a code after the password', async () => {
      watch.expects(422, /login/);
      await context.clearCookies();
      await signIn();
      await expect(page.getByRole('heading', { name: 'Enter your code' })).toBeVisible();
      await owner.alive();
      await examine(page, 'login-code');
      await typed.fill('12345');
      await page.getByRole('button', { name: 'Sign in', exact: true }).click();
      await expect(typed).toHaveAccessibleDescription(/Enter the 6 digits/);
      await typed.fill(code(secret, 1));
      await page.getByRole('button', { name: 'Sign in', exact: true }).click();
      await expect(page.getByRole('heading', { name: 'Dashboard' })).toBeVisible();
    });

    await test.step('a recovery code works in its place', async () => {
      await context.clearCookies();
      await signIn();
      await typed.fill((recovery[0] ?? '').toLowerCase());
      await page.getByRole('button', { name: 'Sign in', exact: true }).click();
      await expect(page.getByRole('heading', { name: 'Dashboard' })).toBeVisible();
      await owner.open('/account/second-factor');
      await expect(page.getByRole('main')).toContainText('Recovery codes left');
      await examine(page, 'factor-on');
    });

    await test.step('it is removed with the password and a code', async () => {
      await page.getByLabel('Current password').fill(OWNER.password);
      await typed.fill(recovery[1] ?? '');
      await page.getByRole('button', { name: 'Remove' }).click();
      await expect(page.getByText('You need a second factor here')).toBeVisible();
    });
  } finally {
    await server.stop();
  }
});
