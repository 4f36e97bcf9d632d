import { expect, test } from '../fixtures/console';
import { examine } from '../fixtures/examine';
import { generateActive, unique } from '../steps/keys';

test('the list is searched, filtered, sorted and paged, all in its address', async ({ owner }) => {
  const { page, server } = owner;
  const word = unique('Zebra');
  for (let n = 10; n < 40; n += 1) {
    await server.run(['key', 'issue', '--kind', n % 2 ? 'service' : 'client', '--name', `${word} ${n}`]);
  }
  const names = async () => (await page.getByRole('row').locator('.name a').allInnerTexts()).map((name) => name.trim());

  await test.step('search by the beginning of the name', async () => {
    await owner.open('/keys');
    await page.getByRole('searchbox', { name: 'Search by name or id' }).fill(word.toLowerCase());
    await page.getByRole('button', { name: 'Apply' }).click();
    await expect(page.getByRole('navigation', { name: 'Pages' })).toContainText('30 keys');
    expect(await names()).toHaveLength(25);
    await examine(page, 'keys');
  });

  await test.step('to the second page and back', async () => {
    const first = await names();
    await page.getByRole('link', { name: 'Next' }).click();
    await expect.poll(names).toHaveLength(5);
    const second = await names();
    expect(new Set([...first, ...second]).size).toBe(30);
    await page.getByRole('link', { name: 'Previous' }).click();
    await expect.poll(names).toEqual(first);
  });

  await test.step('only one kind', async () => {
    await page.getByRole('combobox', { name: 'Kind' }).selectOption('Client');
    await page.getByRole('button', { name: 'Apply' }).click();
    await expect(page.getByRole('navigation', { name: 'Pages' })).toContainText('15 keys');
    expect(owner.at).toContain('kind=client');
  });

  await test.step('sorted by name, both ways', async () => {
    await owner.open('/keys?kind=client');
    await page.getByRole('columnheader', { name: 'Name' }).getByRole('link').click();
    await expect(page.getByRole('columnheader', { name: 'Name' })).toHaveAttribute('aria-sort', 'ascending');
    const up = await names();
    expect(up).toEqual([...up].sort());
    await page.getByRole('columnheader', { name: 'Name' }).getByRole('link').click();
    await expect(page.getByRole('columnheader', { name: 'Name' })).toHaveAttribute('aria-sort', 'descending');
    const down = await names();
    expect(down).toEqual([...down].sort().reverse());
  });
});

test.describe('once the page is alive', { tag: '@scripts' }, () => {
  test('a slash leads to search, where a whole token is cut to its id', async ({ owner }) => {
    const { page } = owner;
    const token = await generateActive(owner, { kind: 'Service', name: unique('Pasted') });
    await owner.open('/keys');
    await page.keyboard.press('/');
    const search = page.getByRole('searchbox', { name: 'Search by name or id' });
    await expect(search).toBeFocused();
    await search.fill(token);
    await expect(search).not.toHaveValue(new RegExp(token.slice(-43)));
    await page.getByRole('button', { name: 'Apply' }).click();
    await expect(page.getByRole('navigation', { name: 'Pages' })).toContainText('1 key');
    expect(owner.at).not.toContain(token.slice(-43));
  });
});

test('a whole token in the address finds the key by its id', async ({ owner }) => {
  const { page } = owner;
  const token = await generateActive(owner, { kind: 'Service', name: unique('Address') });
  await owner.open(`/keys?q=${token}`);
  await expect(page.getByRole('navigation', { name: 'Pages' })).toContainText('1 key');
  await expect(page.locator('body')).not.toContainText(token.slice(-43));
});
