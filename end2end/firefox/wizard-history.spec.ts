// Back, Forward and reload after each step of the wizard: never a page of Firefox's own, and never an empty name.
import { unique } from '../steps/keys';
import { type Tab, type Way, expect, test } from './tab';
import { chooseService, confirm, generate, summarise } from './wizard';

/** Goes a way, and waits for what must come. */
async function arrive(tab: Tab, way: Way, comes: () => Promise<unknown>): Promise<void> {
  await tab.go(way);
  await comes();
  await tab.see('link', 'Keystead');
  await tab.alive();
}

test('no step of the wizard is lost on the way back and forth', async ({ owner: tab, scripts }) => {
  const name = unique('To and fro');
  const kinds = () => tab.see('heading', 'For your own APIs');
  const empty = () => tab.holds('Name', '');
  const named = () => tab.holds('Name', name);
  const summary = async () => {
    await tab.see('heading', 'Summary');
    await tab.read(name);
  };

  await test.step('the fields', async () => {
    await chooseService(tab);
    await arrive(tab, 'reload', empty);
    await arrive(tab, 'back', kinds);
    await arrive(tab, 'forward', empty);
  });

  await test.step('the summary', async () => {
    await summarise(tab, name);
    await arrive(tab, 'reload', summary);
    await arrive(tab, 'back', named);
    await arrive(tab, 'reload', named);
    await arrive(tab, 'forward', summary);
    await arrive(tab, 'back', named);
    await arrive(tab, 'forward', summary);
  });

  const token = await generate(tab, name);
  await test.step('the secret', async () => {
    // Without scripts, a reload would send the form again, and Firefox asks about that outside the page.
    const ways: Way[] = scripts ? ['back', 'forward', 'reload', 'back', 'forward'] : ['back'];
    for (const way of ways) {
      await arrive(tab, way, () => tab.read(way === 'back' ? 'already generated its key' : 'Have you stored'));
      await tab.read(name);
      expect(await tab.page.content(), way).not.toContain(token.slice(-43));
    }
    if (!scripts) await tab.press('link', 'Confirm the key, or drop it');
    await tab.see('heading', `Have you stored “${name}”?`);
    await confirm(tab);
  });

  await test.step('the list', async () => {
    await arrive(tab, 'back', () => tab.see('heading', `“${name}” is not waiting to be confirmed`));
    await arrive(tab, 'forward', () => tab.see('heading', 'API Keys'));
    expect(await tab.page.content()).not.toContain(token.slice(-43));
  });
});
