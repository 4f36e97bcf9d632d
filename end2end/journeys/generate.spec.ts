import { expect, test } from '../fixtures/console';
import { examine } from '../fixtures/examine';
import { type Draft, acknowledge, chooseKind, expectStatus, field, fill, find, finish, finishSummary, generate, toSummary, unique } from '../steps/keys';

const restricted = [
  'Name',
  'Description',
  'Networks (CIDR)',
  'Blocked networks (CIDR)',
  'Domain allow-list',
  'Permissions in your own APIs',
  'Rate limits',
  'Call quota',
];
const events = ['Name', 'Description', 'Domain allow-list', 'Rate limits'];

const journeys: (Omit<Draft, 'name'> & { asks: string[] })[] = [
  {
    kind: 'Service',
    asks: restricted,
    description: 'Exports invoices every night.',
    networks: '127.0.0.0/8\n::1',
    permissions: 'invoices.read\ninvoices.export',
  },
  { kind: 'Client', asks: events, description: 'Action buttons.', domains: 'crm.example.com' },
  { kind: 'OpenConnect', asks: events, domains: '*.example.com' },
  { kind: 'QueueAdapter', asks: events },
  { kind: 'Telephony (legacy)', asks: events, domains: 'münchen.example' },
  {
    kind: 'Master User',
    asks: ['Name', 'Networks (CIDR)'],
    networks: '203.0.113.0/24',
    boxes: ['Perform read-only chat actions', 'Export data'],
  },
];

for (const { asks, ...draft } of journeys) {
  test(`a ${draft.kind} key is made, does not work, is acknowledged, works`, async ({ owner, verifier }) => {
    const name = unique(`${draft.kind} journey`);
    await chooseKind(owner, draft.kind);
    for (const one of restricted) await expect(field(owner, one)).toHaveCount(asks.includes(one) ? 1 : 0);
    await expect(owner.page.getByRole('checkbox', { checked: true })).toHaveCount(0);
    const token = await finish(owner, { ...draft, name });
    const about = { clientIp: '203.0.113.9', origin: 'https://crm.example.com' };

    const master = draft.kind === 'Master User';
    await expect(owner.page.locator('.secret')).toHaveCount(master ? 2 : 1);
    expect(token).toMatch(new RegExp(`^${master ? 'mk' : 'ks'}_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}$`));
    expect((await verifier.ask(token, about)).code).toBe('PENDING');
    if (master) await examine(owner.page, 'secret-master-user');
    if (draft.kind === 'Service') await examine(owner.page, 'secret');

    const sample = await owner.page.locator('#try-it').innerText();
    await acknowledge(owner);
    // Its networks do not include this machine.
    expect(await call(sample, token)).toMatchObject({ code: master ? 'IP_NOT_ALLOWED' : 'VALID' });
    const { code } = await verifier.ask(token, about);
    if (draft.kind === 'Service') {
      expect(code).toBe('IP_NOT_ALLOWED');
      const home = { clientIp: '127.0.0.1', permissions: 'invoices.read AND invoices.export' };
      expect((await verifier.ask(token, home)).code).toBe('VALID');
    } else if (draft.kind === 'Telephony (legacy)') {
      expect(code).toBe('ORIGIN_NOT_ALLOWED');
      expect((await verifier.ask(token, { origin: 'https://xn--mnchen-3ya.example' })).code).toBe('VALID');
    } else {
      expect(code).toBe('VALID');
    }
    await expectStatus(owner, name, 'Active');
    expect(await owner.page.content()).not.toContain(token.slice(-43));
  });
}

test('a service that checks keys is one preset away, and can check keys', async ({ owner, arrange }) => {
  const { page, server } = owner;
  await owner.open('/keys/new');
  await page.getByRole('link', { name: 'A service that checks keys' }).click();
  await expect(page.getByRole('checkbox', { name: /verify other keys/i })).toBeChecked();
  await expect(field(owner, 'Name')).toHaveValue('Gateway');
  await expect(page.getByRole('main')).toContainText('Preset: A service that checks keys.');
  await owner.alive();
  const token = await finish(owner, { kind: 'Service', name: unique('Checker') });
  await acknowledge(owner);

  const { token: other } = await arrange.active({ name: unique('Checked') });
  const answer = await fetch(`${server.url}/v1/keys/verify`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ key: other }),
  });
  expect(await answer.json()).toMatchObject({ valid: true, code: 'VALID' });
  const own = await fetch(`${server.url}/v1/keys/self`, { headers: { authorization: `Bearer ${token}` } });
  expect(await own.json()).toMatchObject({ valid: true, code: 'VALID' });
});

test('the summary leads back to the fields with what was typed', async ({ owner }) => {
  const { page } = owner;
  const name = unique('Second thoughts');
  await chooseKind(owner, 'Client');
  await fill(owner, { name, description: 'First words', domains: 'a.example.com' });
  await page.getByRole('button', { name: 'Continue to summary' }).click();
  await owner.alive();
  await examine(page, 'generate-summary');
  await page.getByRole('link', { name: 'Edit', exact: true }).click();
  await expect(field(owner, 'Name')).toHaveValue(name);
  await expect(field(owner, 'Domain allow-list')).toHaveValue('a.example.com');
});

test('a form that has made its key tells what became of it, and leads to another one', async ({ owner, arrange }) => {
  const { page } = owner;
  const name = unique('Once');
  await toSummary(owner, { kind: 'Service', name, permissions: 'invoices.read' });
  const summary = owner.at;
  const token = await finishSummary(owner, name);
  const key = { token, id: token.split('_')[1] ?? '' };
  page.on('dialog', (question) => question.accept());
  const main = page.getByRole('main');

  await test.step('it was confirmed', async () => {
    await arrange.act(key, 'acknowledge', { acknowledged: 'yes' });
    await page.goto(owner.server.url + summary);
    await expect(main).toContainText(`“${name}” was confirmed.`);
    await expect(main.getByRole('link', { name: 'View the key' })).toHaveAttribute('href', `/keys/${key.id}`);
    await expect(main.getByRole('link', { name: 'Edit', exact: true })).toHaveCount(0);
    await expect(main.getByRole('button', { name: 'Generate Token' })).toHaveCount(0);
    await owner.alive();
    await examine(page, 'generate-repeated-confirmed');
  });

  await test.step('it is gone', async () => {
    await arrange.act(key, 'delete', { confirm_name: name });
    await page.reload();
    await expect(main).toContainText('The key from this form is gone');
    await expect(main.getByRole('link', { name: 'View the key' })).toHaveCount(0);
    await owner.alive();
    await examine(page, 'generate-repeated-gone');
  });

  await test.step('another one, with a change', async () => {
    await page.getByRole('button', { name: 'Generate again with the same fields' }).click();
    await expect(main).toContainText('invoices.read');
    await page.getByRole('link', { name: 'Edit', exact: true }).click();
    await expect(field(owner, 'Name')).toHaveValue(name);
    await owner.alive();
    const other = await finish(owner, { kind: 'Service', name: unique('Another') });
    expect(other).not.toBe(token);
    await acknowledge(owner);
  });
});

test('a key that starts later and ends is refused until then', async ({ owner, verifier }) => {
  const { page } = owner;
  const name = unique('Later');
  await chooseKind(owner, 'Service');
  await page.getByLabel('Valid from').fill('2040-01-01T08:00');
  await page.getByLabel('Expires', { exact: true }).selectOption('custom');
  await page.getByLabel('Expiry date and time').fill('2040-02-01T08:00');
  const token = await finish(owner, { kind: 'Service', name });
  await acknowledge(owner);
  expect(await verifier.code(token)).toBe('NOT_YET_VALID');
  await expectStatus(owner, name, 'Starts in');
});

test('markup, scripts and letters from right to left are shown as they are', async ({ owner }) => {
  const { page } = owner;
  const name = `<script>alert("1")</script><img src=x onerror=alert(1)> ${unique('&amp;')}`;
  const hebrew = unique('מפתח לייצוא חשבונות');
  await generate(owner, { kind: 'Service', name, description: '</textarea><script>alert(2)</script>' });
  await acknowledge(owner);
  await generate(owner, { kind: 'Service', name: hebrew });
  await acknowledge(owner);
  await find(owner, hebrew);
  const row = await find(owner, name);
  await row.getByRole('link', { name, exact: true }).click();
  await expect(page.getByRole('heading', { level: 1, name })).toBeVisible();
  await expect(page.getByRole('main')).toContainText('</textarea><script>alert(2)</script>');
  await owner.alive();
  await examine(page, 'key-with-markup');
});

/** Makes the call shown on the page unchanged, with the key in the environment. */
async function call(sample: string, token: string): Promise<unknown> {
  const [prefix, id, secret = ''] = token.split('_');
  const environment: Record<string, string> = {
    KEYSTEAD_KEY: token,
    KEYSTEAD_KEY_ID: `${prefix}_${id}`,
    KEYSTEAD_KEY_SECRET: secret,
  };
  const filled = sample.replace(/\$(\w+)/g, (_, name: string) => environment[name] ?? '');
  const headers = [...filled.matchAll(/-H "([^:"]+): ([^"]+)"/g)].map(([, name = '', value = '']): [string, string] => [name, value]);
  const address = /\S+\/v1\/keys\/self/.exec(filled)?.[0] ?? '';
  return (await fetch(address, { headers })).json();
}
