import { expect, test } from '../fixtures/console';
import { close, confirm, dialog, field, unique } from '../steps/keys';

test('a closed dialog gives back the scroll position, the focus and the history @scripts', async ({ owner, arrange }) => {
  const { page } = owner;
  const word = unique('Place');
  for (let n = 10; n < 35; n += 1) await arrange.active({ name: `${word} ${n}` });
  await page.setViewportSize({ width: 1440, height: 500 });
  await owner.open('/audit');
  await owner.open(`/keys?q=${word}`);
  const row = page.getByRole('row').nth(19);
  const more = row.getByRole('button');
  for (const [entry, leave] of [
    ['Edit', () => page.keyboard.press('Escape')],
    ['Revoke…', () => close(owner, 'Cancel')],
    ['Audit', () => close(owner)],
  ] as const) {
    await more.click();
    const y = await page.evaluate(() => scrollY);
    await row.getByRole('link', { name: entry, exact: true }).click();
    await page.waitForURL((address) => address.pathname !== '/keys');
    await owner.alive();
    await leave();
    await page.waitForURL((address) => address.pathname === '/keys');
    await owner.alive();
    expect(y, entry).toBeGreaterThan(0);
    await expect.poll(() => page.evaluate(() => scrollY), { message: entry }).toBe(y);
    await expect(more, entry).toBeFocused();
  }
  await more.click();
  await row.getByRole('link', { name: 'Edit', exact: true }).click();
  await field(owner, 'Description').fill('Typed');
  for (const accepts of [false, true]) {
    page.once('dialog', (asked) => void (accepts ? asked.accept() : asked.dismiss()));
    await page.keyboard.press('Escape');
    await expect(dialog(owner)).toHaveCount(accepts ? 0 : 1);
  }
  // A closed dialog is in the page until its place in the history is gone.
  await expect(page.locator('dialog[data-back]')).toHaveCount(0);
  await page.goBack();
  expect(owner.at).toBe('/audit');
});

test('a dialog that is opened from a key’s page lies over it and leads back to it', async ({
  owner,
  arrange,
  watch,
}) => {
  const { page } = owner;
  const name = unique('Behind');
  const key = await arrange.active({ name });
  await owner.open(`/keys/${key.id}`);
  await page.getByRole('link', { name: 'Edit', exact: true }).click();
  await page.waitForURL((address) => address.pathname.endsWith('/edit'));
  await owner.alive();
  await expect(page.locator('main > .head h1')).toHaveText(name);
  await expect(page).toHaveTitle(`Edit “${name}” · Keystead`);

  // With scripts, the form says so before it is sent.
  if (!owner.scripts) watch.expects(422, /\/edit\?from=key$/);
  await field(owner, 'Name').fill('');
  await dialog(owner).getByRole('button', { name: 'Save' }).click();
  await expect(field(owner, 'Name')).toHaveAttribute('aria-invalid', 'true');
  await expect(page.locator('main > .head h1')).toHaveText(name);

  await field(owner, 'Name').fill(`${name} again`);
  await confirm(owner, 'Save', `“${name} again” is saved`);
  expect(owner.at).toBe(`/keys/${key.id}`);

  await owner.alive();
  await page.getByRole('button', { name: 'More acts' }).click();
  await page.getByRole('link', { name: 'Disable…' }).click();
  await page.waitForURL((address) => address.pathname.endsWith('/disable'));
  await owner.alive();
  await close(owner, 'Cancel');
  await expect.poll(() => owner.at).toBe(`/keys/${key.id}`);
});
