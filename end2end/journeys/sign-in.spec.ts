import { OWNER, expect, test } from '../fixtures/console';
import { examine } from '../fixtures/examine';

test('the owner signs in, is led to where they wanted, and signs out', async ({ visitor, watch }) => {
  const { page } = visitor;
  await visitor.open('/keys?status=active');
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  await examine(page, 'sign-in');

  await test.step('a wrong password is refused and the e-mail kept', async () => {
    watch.expects(401, /\/login/);
    await page.getByLabel('E-mail').fill(OWNER.email);
    await page.getByLabel('Password').fill('not the password at all');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page.getByRole('alert')).toContainText('E-mail or password is wrong');
    await expect(page.getByLabel('E-mail')).toHaveValue(OWNER.email);
    await examine(page, 'sign-in-refused');
  });

  await test.step('the right one leads on', async () => {
    await page.getByLabel('Password').fill(OWNER.password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page.getByRole('heading', { name: 'API Keys' })).toBeVisible();
    expect(visitor.at).toBe('/keys?status=active');
    await visitor.alive();
  });

  await test.step('signing out ends the session', async () => {
    await page.getByRole('button', { name: 'Sign out' }).click();
    await expect(page.getByRole('status')).toContainText('You are signed out');
    await visitor.open('/audit');
    await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  });
});

test('an e-mail that nobody has gets the same answers, and waits too', async ({ visitor, watch }) => {
  watch.expects(401, /\/login/);
  watch.expects(429, /\/login/);
  const { page } = visitor;
  await visitor.open('/login');
  for (let tries = 0; tries < 6; tries += 1) {
    await page.getByLabel('E-mail').fill('nobody@example.com');
    await page.getByLabel('Password').fill('not the password at all');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page.getByRole('alert')).toContainText(tries < 5 ? 'E-mail or password is wrong' : 'wait');
  }
  await examine(page, 'sign-in-wait');
});
