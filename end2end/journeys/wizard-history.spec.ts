// Back, Forward and reload at each step of the wizard: what was typed is there, and never a page of the browser's own.
import type { Page } from '@playwright/test';

import { expect, test } from '../fixtures/console';
import { examine } from '../fixtures/examine';
import { acknowledge, chooseKind, field, fill, finishSummary, unfold, unique } from '../steps/keys';

// Chrome keeps no page then that the server did not allow it to keep, as under memory pressure.
test.use({ launchOptions: async ({ launchOptions }, use) => use({ ...launchOptions, args: [...(launchOptions.args ?? []), '--disable-features=BackForwardCache'] }) });

type Way = 'back' | 'forward' | 'reload';

async function go(page: Page, way: Way): Promise<void> {
  if (way === 'reload') await page.reload();
  else if (way === 'back') await page.goBack();
  else await page.goForward();
  await expect(page.getByRole('link', { name: 'Keystead' }), `${way} shows a page of the console`).toBeVisible();
}

test('no step of the wizard is lost on the way back and forth', async ({ owner, arrange, context }) => {
  const { page } = owner;
  const name = unique('To and fro');
  page.on('dialog', (question) => question.accept());
  await chooseKind(owner, 'Service');
  await fill(owner, { name, permissions: 'invoices.read' });
  await page.getByRole('button', { name: 'Continue to summary' }).click();
  const summary = page.getByRole('heading', { name: 'Summary' });
  await expect(summary).toBeVisible();

  for (const way of ['reload', 'back', 'reload', 'forward', 'back', 'forward'] as const) {
    await go(page, way);
    if (way === 'back') await expect(field(owner, 'Name')).toHaveValue(name);
    else if (way === 'forward') await expect(summary).toBeVisible();
    await expect(page.getByRole('main').getByText(name).or(field(owner, 'Name'))).toBeVisible();
  }

  await test.step('a refused form', async () => {
    await page.getByRole('link', { name: 'Edit', exact: true }).click();
    await expect(field(owner, 'Name')).toBeVisible();
    await owner.alive();
    await unfold(owner);
    await field(owner, 'Networks (CIDR)').fill('10.0.0.1/8');
    // With scripts, the form would be refused before it is sent.
    const form = (await page.getByRole('main').locator('form').first().locator('[name=form_id]').inputValue()) ?? '';
    if (owner.scripts) await arrange.post('/keys/new', { kind: 'service', name, cidrs: '10.0.0.1/8', step: 'summary', form_id: form });
    else {
      await page.getByRole('button', { name: 'Continue to summary' }).click();
      await expect(page.getByRole('main')).toContainText('host bits');
    }
    for (const way of ['reload', 'back', 'forward', 'reload'] as const) {
      await go(page, way);
      await expect(field(owner, 'Name')).toHaveValue(name);
      await expect(field(owner, 'Networks (CIDR)')).toHaveValue('10.0.0.1/8');
      await expect(page.getByRole('main')).toContainText('host bits');
    }
    await owner.alive();
    await field(owner, 'Networks (CIDR)').fill('');
    await page.getByRole('button', { name: 'Continue to summary' }).click();
    await expect(summary).toBeVisible();
  });

  await test.step('a second tab', async () => {
    const second = await context.newPage();
    await second.goto(page.url().replace('summary', 'details'));
    await second.getByRole('textbox', { name: /^Description/ }).fill('From a second tab');
    await second.getByRole('button', { name: 'Continue to summary' }).click();
    await expect(second.getByRole('main')).toContainText('From a second tab');
    await second.close();
    await go(page, 'reload');
    await expect(page.getByRole('main')).toContainText('From a second tab');
  });

  await owner.alive();
  const token = await finishSummary(owner, name);
  await test.step('the key', async () => {
    const ways: Way[] = owner.scripts ? ['reload', 'back', 'forward', 'reload'] : ['back'];
    for (const way of ways) {
      await go(page, way);
      await expect(page.locator('body')).not.toContainText(token.slice(-43));
      const words = way === 'back' ? 'already generated its key' : 'Have you stored';
      await expect(page.getByRole('main')).toContainText(words);
      await expect(page.getByRole('main')).toContainText(name);
    }
    if (!owner.scripts) await page.getByRole('link', { name: /^Confirm the key/ }).click();
    await owner.alive();
    await acknowledge(owner);
    await go(page, 'back');
    await expect(page.getByRole('heading', { name: `“${name}” is not waiting to be confirmed` })).toBeVisible();
    await go(page, 'forward');
  });
});

test('a form of which nothing is kept says so, and leads to a new one', async ({ owner, watch }) => {
  const { page } = owner;
  watch.expects(404, /\/keys\/new/);
  await owner.open('/keys/new?draft=0123456789abcdef0123456789abcdef&step=summary');
  await expect(page.getByRole('heading', { name: 'This form has expired' })).toBeVisible();
  await examine(page, 'generate-expired');
  await page.getByRole('link', { name: 'Start again' }).click();
  await expect(page.getByRole('link', { name: 'A service that checks keys' })).toBeVisible();
});
