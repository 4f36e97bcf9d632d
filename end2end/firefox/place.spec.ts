// Dialogs over the list: closed or saved, they give back the place, the focus and the history.
import { unique } from '../steps/keys';
import { type Tab, expect, test } from './tab';

const atList = (tab: Tab) =>
  tab.until('list', async () => tab.at.startsWith('/keys?') && !(await tab.page.$('dialog[open]')));

const scrolled = (tab: Tab) => tab.page.evaluate(() => scrollY);

const focused = (tab: Tab) => tab.page.evaluate(() => document.activeElement?.ariaLabel);

test('a dialog gives back the scroll position, the focus and the history @scripts', async ({
  owner: tab,
  arrange,
  navigation,
}) => {
  const word = unique('Place');
  for (let n = 10; n < 35; n += 1) await arrange.active({ name: `${word} ${n}` });
  const key = `${word} 28`;
  const more = `Actions for ${key}`;
  await tab.page.setViewport({ width: 1440, height: 500 });
  await tab.open('/audit');
  await tab.open(`/keys?q=${encodeURIComponent(word)}`);

  const open = async (entry: string, heading: string) => {
    await tab.press('button', more);
    await tab.see('link', entry);
    const y = await scrolled(tab);
    expect(y, entry).toBeGreaterThan(0);
    await tab.press('link', entry);
    await tab.see('heading', heading);
    await tab.alive();
    return y;
  };

  const givenBack = async (y: number) => {
    // Firefox rounds half a pixel to one side in a page, and to the other when it comes back to it.
    await expect.poll(async () => Math.abs((await scrolled(tab)) - y), { message: 'scrolled' }).toBeLessThan(1);
    await expect.poll(() => focused(tab), { message: 'focused' }).toBe(more);
  };

  const ways: [entry: string, heading: string, way: string, leave: () => Promise<void>][] = [
    ['Edit', `Edit “${key}”`, 'Esc', () => tab.page.keyboard.press('Escape')],
    ['Revoke…', `Revoke “${key}”?`, 'Cancel', () => tab.press('link', 'Cancel')],
    ['Edit', `Edit “${key}”`, 'Back', () => tab.go('back')],
    ['Audit', `Audit of “${key}”`, 'Close', () => tab.press('link', 'Close')],
  ];
  for (const [entry, heading, way, leave] of ways) {
    await test.step(`${entry}, left by ${way}`, async () => {
      const y = await open(entry, heading);
      await leave();
      await atList(tab);
      await tab.alive();
      await givenBack(y);
    });
  }

  await test.step('Edit, saved', async () => {
    const y = await open('Edit', `Edit “${key}”`);
    await tab.type('Description', 'Written in Firefox');
    await tab.press('button', 'Save');
    await atList(tab);
    await tab.see('message', `“${key}” is saved.`);
    await tab.alive();
    await givenBack(y);
  });

  // A browser that loads every page keeps an entry for each.
  if (!navigation) return;
  await tab.go('back');
  await tab.until('audit', async () => tab.at === '/audit');
  await tab.see('heading', 'Audit');
});
