import { Console, OWNER, expect, test } from '../fixtures/console';
import { examine } from '../fixtures/examine';
import { Server } from '../fixtures/server';

test('the first start makes an owner, by the link that it prints', async ({ page, scripts, watch }) => {
  const server = await Server.start({ owner: false });
  const visitor = new Console(page, server, scripts);
  try {
    await test.step('nobody can sign in yet', async () => {
      await visitor.open('/');
      await expect(page.getByRole('heading', { name: 'Nobody owns this installation yet' })).toBeVisible();
      expect(visitor.at).toMatch(/^\/login/);
      await examine(page, 'sign-in-nobody');
    });

    await test.step('a link that was not printed does not work', async () => {
      watch.expects(403, /\/setup/);
      await visitor.open('/setup?token=guess');
      await expect(page.getByRole('heading', { name: 'This set-up link does not work' })).toBeVisible();
      await examine(page, 'set-up-wrong-link');
    });

    await test.step('a common password is refused, with the reason, and nothing typed is lost', async () => {
      watch.expects(422, /\/setup$/);
      await visitor.open(await server.setupLink());
      await examine(page, 'set-up');
      await page.getByLabel('Your name').fill(OWNER.name);
      await page.getByLabel('E-mail').fill(OWNER.email);
      await page.getByLabel('Password').fill('password1234');
      await page.getByRole('button', { name: 'Create the owner' }).click();
      await expect(page.getByLabel('Password')).toHaveAttribute('aria-invalid', 'true');
      await expect(page.getByLabel('Password')).toHaveAccessibleDescription(/common|guess/i);
      await expect(page.getByLabel('Your name')).toHaveValue(OWNER.name);
      await expect(page.getByLabel('E-mail')).toHaveValue(OWNER.email);
      await expect(page.getByLabel('Password')).toHaveValue('');
      await examine(page, 'set-up-refused');
    });

    await test.step('a good one makes the owner and signs them in', async () => {
      await page.getByLabel('Password').fill(OWNER.password);
      await page.getByRole('button', { name: 'Create the owner' }).click();
      await expect(page.getByRole('heading', { name: 'Dashboard' })).toBeVisible();
      await expect(page.getByRole('complementary')).toContainText(OWNER.email);
      await visitor.alive();
      await expect(page.getByRole('link', { name: 'Generate a first key' })).toBeVisible();
      await examine(page, 'dashboard-new');
    });

    await test.step('an empty list says what to do', async () => {
      await page.getByRole('link', { name: 'API Keys', exact: true }).click();
      await expect(page.getByRole('heading', { name: 'No keys yet' })).toBeVisible();
      await examine(page, 'keys-empty');
    });

    await test.step('the page is gone afterwards', async () => {
      watch.expects(404, /\/setup/);
      await visitor.open('/setup');
      await expect(page.getByRole('heading', { name: 'There is nothing here' })).toBeVisible();
    });
  } finally {
    await server.stop();
  }
});
