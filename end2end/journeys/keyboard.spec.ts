import { type Locator, type Page, expect } from '@playwright/test';

import { OWNER, test } from '../fixtures/console';
import { said, shownToken, unique } from '../steps/keys';

test('the first path needs no mouse: sign in, generate, acknowledge, find', async ({ visitor, verifier }) => {
  const { page } = visitor;
  const name = unique('Keyboard');
  await visitor.open('/login');
  await tabTo(page, page.getByLabel('E-mail'));
  await page.keyboard.type(OWNER.email);
  await tabTo(page, page.getByLabel('Password'));
  await page.keyboard.type(OWNER.password);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Dashboard' })).toBeVisible();
  await visitor.alive();

  await test.step('past the menu', async () => {
    await page.keyboard.press('Tab');
    await expect(page.getByRole('link', { name: 'Skip to content' })).toBeFocused();
    await page.keyboard.press('Enter');
    await tabTo(page, page.getByRole('link', { name: 'Generate New Key' }));
    await page.keyboard.press('Enter');
  });

  await test.step('through the wizard', async () => {
    const card = page.getByRole('link', { name: /^A caller of my API/ });
    await expect(card).toBeVisible();
    await visitor.alive();
    await tabTo(page, card);
    await page.keyboard.press('Enter');
    const field = page.getByRole('textbox', { name: 'Name' });
    await expect(field).toBeVisible();
    await visitor.alive();
    await tabTo(page, field);
    await page.keyboard.type(name);
    await tabTo(page, page.getByRole('button', { name: 'Continue to summary' }));
    await page.keyboard.press('Enter');
    await expect(page.getByRole('heading', { name: 'Summary' })).toBeVisible();
    await visitor.alive();
    await tabTo(page, page.getByRole('button', { name: 'Generate Token' }));
    await page.keyboard.press('Enter');
  });

  await test.step('the secret is shown, and confirmed', async () => {
    await expect(page.getByRole('heading', { name: `Copy “${name}” now` })).toBeVisible();
    await visitor.alive();
    if (visitor.scripts) {
      await tabTo(page, page.getByRole('checkbox', { name: /^Show/ }));
      await page.keyboard.press('Space');
      await expect(page.locator('.secret code')).not.toHaveCSS('color', 'rgba(0, 0, 0, 0)');
      await tabTo(page, page.getByRole('button', { name: /^Copy key/ }));
      await page.keyboard.press('Enter');
      await expect(page.getByRole('button', { name: /^Copy key/ })).toBeFocused();
    }
    const token = await shownToken(visitor);
    await tabTo(page, page.getByRole('checkbox', { name: 'I have stored this key' }));
    await page.keyboard.press('Space');
    await tabTo(page, page.getByRole('button', { name: 'Done' }));
    await page.keyboard.press('Enter');
    await said(visitor, 'is confirmed');
    expect(await verifier.code(token)).toBe('VALID');
  });

  await test.step('the list is searched for it', async () => {
    await visitor.alive();
    await tabTo(page, page.getByRole('searchbox', { name: 'Search by name, id or external id' }));
    await page.keyboard.type(name);
    await page.keyboard.press('Enter');
    await expect(page.getByRole('navigation', { name: 'Pages' })).toContainText('1 key');
    await expect(page.getByRole('link', { name: 'Clear' })).toBeVisible();
    await visitor.alive();
  });

  await test.step('its menu opens, and its dialog closes', async () => {
    await tabTo(page, page.getByRole('button', { name: `Actions for ${name}` }));
    await page.keyboard.press('Enter');
    await tabTo(page, page.getByRole('link', { name: 'Edit', exact: true }));
    await page.keyboard.press('Enter');
    await expect(page.getByRole('dialog')).toBeVisible();
    await visitor.alive();
    if (visitor.scripts) await page.keyboard.press('Escape');
    else {
      await tabTo(page, page.getByRole('link', { name: 'Cancel' }));
      await page.keyboard.press('Enter');
    }
    await expect(page.getByRole('dialog')).toHaveCount(0);
  });
});

/** Presses Tab until the element has the focus, at most once around the page. The focus must be visible at every stop. */
async function tabTo(page: Page, goal: Locator): Promise<void> {
  await goal.waitFor();
  const stops = await page.locator('a, button, input, select, summary, textarea, [tabindex]').count();
  // The browser's own stop, between the last and the first, is one more.
  for (let presses = 0; presses <= stops + 1; presses += 1) {
    if (await goal.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
    const hidden = await page.evaluate(() => {
      const focused = document.activeElement;
      if (!focused || focused === document.body) return undefined;
      const ring = [focused, focused.closest('label')].some((one) => one && getComputedStyle(one).outlineStyle !== 'none');
      return ring ? undefined : focused.outerHTML.slice(0, 200);
    });
    expect(hidden, 'an element that has the focus and does not show it').toBeUndefined();
  }
  throw new Error(`Tab does not lead to ${goal}`);
}
