import { Console, OWNER, expect, test } from '../fixtures/console';
import { examine } from '../fixtures/examine';
import { Server } from '../fixtures/server';

test('the owner signs in, is led to where they wanted, and signs out', async ({ visitor, context, watch }) => {
  const { page } = visitor;
  await visitor.open('/keys?status=active');
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();

  await test.step('a wrong password is refused and the e-mail kept', async () => {
    watch.expects(401, /\/login/);
    await page.getByLabel('E-mail').fill(OWNER.email);
    await page.getByLabel('Password').fill('not the password at all');
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await expect(page.getByRole('alert')).toContainText('The e-mail or password is wrong');
    await expect(page.getByLabel('E-mail')).toHaveValue(OWNER.email);
    await expect(page.getByLabel('Password')).toHaveValue('');
    await visitor.alive();
    await examine(page, 'login-refused');
  });

  await test.step('the right one leads on, with cookies that scripts cannot read', async () => {
    await page.getByLabel('Password').fill(OWNER.password);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await expect(page.getByRole('heading', { name: 'API Keys' })).toBeVisible();
    expect(visitor.at).toBe('/keys?status=active');
    await visitor.alive();
    const port = new URL(page.url()).port;
    for (const name of [`keystead-${port}`, `keystead-device-${port}`]) {
      const cookie = (await context.cookies()).find((cookie) => cookie.name === name);
      expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict', path: '/' });
    }
  });

  await test.step('signing out ends the session, and Back shows nothing', async () => {
    await page.getByRole('button', { name: 'Sign out' }).click();
    await expect(page.getByRole('status')).toContainText('You are signed out');
    await visitor.alive();
    await examine(page, 'login-signed-out');
    await page.goBack();
    await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
    await visitor.open('/audit');
    await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
    expect((await context.cookies()).map((cookie) => cookie.name)).toEqual([`keystead-device-${new URL(page.url()).port}`]);
  });
});

test('five failures make an account wait, one that exists and one that does not alike', async ({ page, scripts, watch }) => {
  const server = await Server.start();
  const visitor = new Console(page, server, scripts);
  watch.expects(401, /\/login/);
  watch.expects(429, /\/login/);
  try {
    for (const email of ['nobody@example.com', OWNER.email]) {
      await visitor.open('/login');
      // The first waits last seconds and double with each failure, so a slow browser may outlast some of them.
      let status = 401;
      for (let tries = 0; status === 401 && tries < 12; tries += 1) {
        await page.getByLabel('E-mail').fill(email);
        await page.getByLabel('Password').fill('not the password at all');
        const answered = page.waitForResponse((response) => response.request().method() === 'POST');
        await page.getByRole('button', { name: 'Sign in', exact: true }).click();
        status = (await answered).status();
        if (tries < 5) expect(status, `${email}, try ${tries + 1}`).toBe(401);
        await expect(page.getByRole('alert')).toContainText(status === 401 ? 'The e-mail or password is wrong' : 'wait');
      }
      expect(status, email).toBe(429);
    }
    await examine(page, 'login-wait');

    await test.step('an operator lets the owner in again', async () => {
      await server.run(['owner', 'unlock', '--email', OWNER.email]);
      await page.getByLabel('Password').fill(OWNER.password);
      await page.getByRole('button', { name: 'Sign in', exact: true }).click();
      await expect(page.getByRole('heading', { name: 'Dashboard' })).toBeVisible();
    });
  } finally {
    await server.stop();
  }
});
