import { type Console, expect, test } from '../fixtures/console';
import { examine } from '../fixtures/examine';
import { confirm, dialog, filterBy, unique } from '../steps/keys';

const names = async ({ page }: Console) =>
  (await page.getByRole('row').locator('.name a').allInnerTexts()).map((name) => name.trim());
const pager = ({ page }: Console) => page.getByRole('navigation', { name: 'Pages' });

test('the list is searched, filtered, sorted and paged, all in its address', async ({ owner, arrange }) => {
  const { page } = owner;
  const word = unique('Zebra');
  for (let n = 10; n < 40; n += 1) {
    const key = await arrange.pending({ kind: n % 2 ? 'service' : 'client', name: `${word} ${n}` });
    if (n < 13) await arrange.act(key, 'acknowledge', { acknowledged: 'yes' });
    if (n < 11) await arrange.act(key, 'disable');
  }

  await test.step('search by the beginning of the name', async () => {
    await owner.open('/keys');
    await page.getByRole('searchbox', { name: 'Search by name, id or external id' }).fill(word.toLowerCase());
    await page.getByRole('button', { name: 'Apply' }).click();
    await expect(pager(owner)).toContainText('30 keys');
    expect(await names(owner)).toHaveLength(25);
    await owner.alive();
    await examine(page, 'keys-searched');
  });

  await test.step('to the second page and back', async () => {
    const first = await names(owner);
    await page.getByRole('link', { name: 'Next' }).click();
    await expect.poll(() => names(owner)).toHaveLength(5);
    const second = await names(owner);
    await expect(pager(owner)).toContainText('26–30 of 30 keys');
    expect(new Set([...first, ...second]).size).toBe(30);
    await page.getByRole('link', { name: 'Previous' }).click();
    await expect.poll(() => names(owner)).toEqual(first);
    await expect(pager(owner)).toContainText('1–25 of 30 keys');
    await pager(owner).getByRole('link', { name: '50', exact: true }).click();
    await expect.poll(() => names(owner)).toHaveLength(30);
    expect(owner.at).toContain('rows=50');
  });

  await test.step('only one kind, only one status', async () => {
    await filterBy(owner, 'Kind', 'Client');
    await expect(pager(owner)).toContainText('15 keys');
    expect(owner.at).toContain('kind=client');
    await filterBy(owner, 'Status', 'Disabled');
    await expect(pager(owner)).toContainText('1 key');
    expect(owner.at).toContain('status=disabled');
    await page.getByRole('link', { name: 'Clear' }).click();
    await expect(page.getByRole('searchbox')).toHaveValue('');
    expect(owner.at).toBe('/keys');
  });

  await test.step('sorted by name, both ways', async () => {
    const heading = page.getByRole('columnheader', { name: 'Name' });
    await owner.open('/keys?kind=client');
    await expect(heading).toHaveAttribute('aria-sort', 'ascending');
    const up = await names(owner);
    expect(up).toEqual([...up].sort());
    await heading.getByRole('link').click();
    await expect(heading).toHaveAttribute('aria-sort', 'descending');
    const down = await names(owner);
    expect(down).toEqual([...down].sort().reverse());
  });

  await test.step('sorted by age, with the filter kept', async () => {
    const heading = page.getByRole('columnheader', { name: 'Created', exact: true });
    await heading.getByRole('link').click();
    await expect(heading).toHaveAttribute('aria-sort', 'descending');
    expect(owner.at).toContain('kind=client');
    expect((await names(owner))[0]).toBe(`${word} 38`);
    await heading.getByRole('link').click();
    await expect(heading).toHaveAttribute('aria-sort', 'ascending');
  });

  await test.step('sorted by use', async () => {
    await page.getByRole('columnheader', { name: 'Last used' }).getByRole('link').click();
    await expect(page.getByRole('columnheader', { name: 'Last used' })).toHaveAttribute('aria-sort', 'descending');
  });
});

test('a page whose last key is deleted leads back to those before it', async ({ owner, arrange }) => {
  const { page } = owner;
  const word = unique('Emptied');
  for (let n = 10; n < 36; n += 1) await arrange.pending({ name: `${word} ${n}` });
  const last = `${word} 35`;
  await owner.open(`/keys?q=${encodeURIComponent(word)}`);
  await page.getByRole('link', { name: 'Next' }).click();
  await expect.poll(() => names(owner)).toEqual([last]);
  await owner.alive();
  await page.getByRole('button', { name: `Actions for ${last}` }).click();
  await page.getByRole('link', { name: 'Delete…', exact: true }).click();
  await expect(dialog(owner)).toBeVisible();
  await owner.alive();
  await dialog(owner).getByRole('textbox').fill(last);
  await confirm(owner, 'Delete', 'is deleted');

  await expect(page.getByRole('heading', { name: 'This page is empty' })).toBeVisible();
  await expect(pager(owner)).toContainText('25 keys');
  await owner.alive();
  await examine(page, 'keys-nothing-more');
  await page.getByRole('link', { name: 'Previous', exact: true }).click();
  await expect.poll(() => names(owner)).toHaveLength(25);
});

test('a whole token in the address finds the key by its id, and goes no further', async ({ owner, arrange }) => {
  const { id, token } = await arrange.active({ name: unique('Address') });
  await owner.open(`/keys?q=${token}`);
  await expect(pager(owner)).toContainText('1 key');
  await expect(owner.page.getByRole('searchbox')).toHaveValue(id);
  expect(await owner.page.content()).not.toContain(token.slice(-43));
});

test('a key is found by a word inside its name, and an active one works now', async ({ owner, arrange }) => {
  const { page } = owner;
  const word = unique('Ledger').toLowerCase();
  await arrange.active({ name: `Billing ${word}` });
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 16);
  await arrange.active({ name: `Later: ${word}`, not_before: tomorrow });
  const list = `/keys?q=${encodeURIComponent(word)}`;
  await owner.open(list);
  expect((await names(owner)).sort()).toEqual([`Billing ${word}`, `Later: ${word}`]);
  await owner.open(`${list}&status=active`);
  expect(await names(owner)).toEqual([`Billing ${word}`]);
  await expect(page.locator('.keys .state')).not.toContainText([/Starts|Expired/]);
  await owner.open(`${list}&status=not_yet_valid`);
  expect(await names(owner)).toEqual([`Later: ${word}`]);
});

test('a key is found by the beginning of its id', async ({ owner, arrange }) => {
  const name = unique('By id');
  const { id } = await arrange.active({ name });
  await owner.open(`/keys?q=${id.slice(0, 8)}`);
  expect(await names(owner)).toContain(name);
});

test('nonsense in the address leads to words, not to an error', async ({ owner }) => {
  for (const query of ['kind=nothing', 'status=x&sort=y&dir=z', 'after=%00%ff', 'before=abc', `q=${'x'.repeat(10_000)}`]) {
    const answer = await owner.page.goto(`${owner.server.url}/keys?${query}`);
    expect(answer?.status(), query).toBeLessThan(500);
    await expect(owner.page.getByRole('heading', { name: 'API Keys' })).toBeVisible();
  }
});

test('each number of the dashboard leads to exactly these keys', async ({ owner, arrange }) => {
  const { page } = owner;
  await arrange.pending({ name: unique('Counted') });
  await arrange.act(await arrange.active({ name: unique('Counted') }), 'disable');
  await arrange.active({ name: unique('Counted'), expiry: '7' });
  // Keys of earlier journeys end meanwhile: then both are read again.
  await expect(async () => {
    await owner.open('/');
    const tiles = await page.locator('main a:has(> small):has(> b)[href*="status="]').evaluateAll((links) =>
      links.map((link) => ({
        address: link.getAttribute('href') ?? '',
        number: link.querySelector('b')?.textContent?.trim() ?? '',
      })),
    );
    expect(tiles).toHaveLength(5);
    const toLookAt = await page.locator('main li > a[href*="status="]').evaluateAll((links) =>
      links.map((link) => ({
        address: link.getAttribute('href') ?? '',
        number: /^Show ([\d,]+)/.exec(link.textContent?.trim() ?? '')?.[1] ?? '',
      })),
    );
    expect(toLookAt.map(({ address }) => address)).toContain('/keys?status=expiring_7');
    for (const { address, number } of [...tiles, ...toLookAt]) {
      await owner.page.goto(owner.server.url + address);
      if (number === '0') await expect(page.getByRole('heading', { name: 'No keys match' })).toBeVisible({ timeout: 5_000 });
      else await expect(pager(owner)).toContainText(new RegExp(`(^|of )${number} keys?`), { timeout: 5_000 });
    }
  }).toPass();
});

test.describe('once the page is alive', { tag: '@scripts' }, () => {
  test('a slash leads to search, where a whole token is cut to its id', async ({ owner, arrange }) => {
    const { page } = owner;
    const { id, token } = await arrange.active({ name: unique('Pasted') });
    await owner.open('/keys');
    await page.keyboard.press('/');
    const search = page.getByRole('searchbox', { name: 'Search by name, id or external id' });
    await expect(search).toBeFocused();
    for (const pasted of [`KEYSTEAD_KEY=${token}`, token]) {
      await search.fill(pasted);
      await expect(search).toHaveValue(id);
    }
    await page.keyboard.press('Enter');
    await expect(pager(owner)).toContainText('1 key');
    expect(owner.at).not.toContain(token.slice(-43));
  });
});

// With scripts, the token is cut to its id before it is sent.
test('without scripts a whole token is not sent at all', { tag: '@no-scripts' }, async ({ owner, arrange }) => {
  const { token } = await arrange.active({ name: unique('Kept') });
  await expectNotSent(owner, [token, `KEYSTEAD_KEY=${token}`], token);
});

// A bare secret has no id to cut to.
test('a secret without its id is not sent at all', async ({ owner, arrange }) => {
  const { token } = await arrange.active({ kind: 'master_user', name: unique('Alone'), boxes: 'chats.read' });
  const secret = token.slice(-49);
  await expectNotSent(owner, [secret, `the ${secret} of it`, `KEYSTEAD_KEY_SECRET=${secret}`], secret);
});

async function expectNotSent(owner: Console, pasted: string[], secret: string): Promise<void> {
  const { page } = owner;
  const sent: string[] = [];
  page.on('request', (request) => sent.push(request.url()));
  await owner.open('/keys');
  const search = page.getByRole('searchbox', { name: 'Search by name, id or external id' });
  for (const text of pasted) {
    await search.fill(text);
    await expect(search).toHaveValue(text);
    expect(await search.evaluate((input: HTMLInputElement) => input.validity.patternMismatch), text).toBe(true);
    await page.getByRole('button', { name: 'Apply' }).click();
    expect(owner.at, text).toBe('/keys');
  }
  // The refused search does not block anything else.
  await search.fill('a'.repeat(48));
  await page.getByRole('button', { name: 'Apply' }).click();
  await expect.poll(() => owner.at).toContain('q=aaaa');
  expect(sent.filter((address) => address.includes(secret.slice(-43)))).toEqual([]);
}

test('each row shows its name, status and last use at every width', async ({ owner, arrange }) => {
  const { page } = owner;
  const word = unique('Wide');
  for (let n = 10; n < 35; n += 1) {
    const name = `${word} ${n} `.padEnd(30, 'letters of a name ');
    const fields: Record<string, string> = n % 2 ? { kind: 'service', cidrs: '203.0.113.0/24\n10.0.0.0/8' } : { kind: 'telephony' };
    await arrange.pending({ name, ...fields });
  }
  await arrange.pending({ name: `מפתח ${word}` });
  await owner.open(`/keys?q=${word}`);
  const sheet = page.getByRole('region', { name: 'Keys' });
  const links = page.locator('.keys .name a');
  await expect(links).toHaveCount(25);
  for (const width of [1920, 1440, 1280, 1024, 768, 360]) {
    await page.setViewportSize({ width, height: 900 });
    expect(await sheet.evaluate((box) => box.scrollWidth - box.clientWidth), `${width}`).toBe(0);
    if (width >= 1440) {
      const cut = await links.evaluateAll((all) => all.filter((link) => link.scrollWidth > link.clientWidth).length);
      expect(cut, `names that are cut at ${width}`).toBe(0);
    }
    for (const part of ['.name a', '.state', '.used']) {
      for (const cell of await page.locator(`.keys tbody ${part}`).all()) {
        const box = await cell.boundingBox();
        expect(box && box.width > 0 && box.x >= 0 && box.x + box.width <= width, `${part} at ${width}`).toBe(true);
      }
    }
  }
  await owner.open(`/keys?q=${encodeURIComponent(`מפתח ${word}`)}`);
  await expect(links).toHaveCSS('direction', 'rtl');
});

test('on paper, the list and the audit keep their columns and lose what is there to be pressed', async ({ owner, arrange }) => {
  const { page } = owner;
  const name = unique('Paper');
  await arrange.active({ name });
  await page.setViewportSize({ width: 718, height: 1000 });
  await page.emulateMedia({ media: 'print' });
  for (const [path, columns] of [
    [`/keys?q=${name}`, ['Name', 'Status', 'Last used']],
    ['/audit', ['Action', 'On', 'User', 'Date and time', 'Change']],
  ] as const) {
    await owner.open(path);
    for (const column of columns) await expect(page.getByRole('columnheader', { name: column, exact: true })).toBeVisible();
    await expect(page.getByRole('row').filter({ hasText: name }).first()).toBeVisible();
    for (const pressed of ['.rail', '.actions', '.filters']) await expect(page.locator(pressed).first()).toBeHidden();
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(wide, path).toBe(0);
  }
});
