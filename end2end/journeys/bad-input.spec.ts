// Fills in every field of the wizard wrongly. With scripts, the form is checked before it is sent; without them, the
// server checks it. Both show the same message at the field, and nothing typed is lost.
import { type Console, expect, test } from '../fixtures/console';
import { examine } from '../fixtures/examine';
import { chooseKind, field, unfold, unique } from '../steps/keys';

const LONG = 'x'.repeat(10_000);

const wrong: [label: string, typed: string, message: RegExp][] = [
  ['Name', '', /Enter a name/],
  ['Name', '   ', /Enter a name/],
  ['Name', 'bell \u0007 rings', /control|character/i],
  ['Name', 'turned \u202e around', /character|direction/i],
  ['Name', 'x'.repeat(101), /at most 100 characters; yours has 101/],
  ['Name', LONG, /at most 100 characters; yours has 10,?000/],
  ['Description', LONG, /at most 1,?000 characters/],
  ['Networks (CIDR)', '203.0.113.0/24\n10.0.0.1/8', /Line 2: 10\.0\.0\.1\/8 has host bits set\. Did you mean 10\.0\.0\.0\/8/],
  ['Networks (CIDR)', 'localhost', /Line 1/],
  ['Networks (CIDR)', '2001:db8::1/32', /host bits/],
  ['Networks (CIDR)', '10.0.0.0/8\n'.repeat(101), /at most 100/],
  ['Blocked networks (CIDR)', '203.0.113.7\n10.0.0.1/8', /Line 2: .* host bits/],
  ['Domain allow-list', '*', /Line 1/],
  ['Domain allow-list', 'ok.example.com\n*.com', /Line 2/],
  ['Domain allow-list', 'https://app.example.com/path', /Line 1/],
  ['Domain allow-list', '<script>alert(1)</script>', /Line 1/],
  ['Permissions in your own APIs', 'keystead.verify', /keystead/],
  ['Permissions in your own APIs', 'not a permission', /Line 1/],
  ['Permissions in your own APIs', LONG, /at most 100 characters/],
  ['Rate limits', '100 per minute\nmany', /Line 2: “many” is not a rate limit/],
  ['Rate limits', '0 per minute', /Line 1: .*1 to/],
  ['Rate limits', '1 per 400d', /is 1 second to 31 days/],
  ['Rate limits', '99999999999999999999 per minute', /1 to 1000000000 calls/],
  ['Rate limits', '1 per minute\n2 per hour', /Two rate limits are called calls/],
  ['Call quota', '-1', /not a number of calls/],
  ['Call quota', '0', /is 1 to/],
  ['Call quota', '99999999999999999999', /is 1 to/],
];

const OTHERS = [
  'Networks (CIDR)',
  'Blocked networks (CIDR)',
  'Domain allow-list',
  'Permissions in your own APIs',
  'Rate limits',
  'Call quota',
];

test('what is wrong is said at its field, and nothing typed is lost', async ({ owner }) => {
  const name = unique('Refused');
  await chooseKind(owner, 'Service');
  for (const [label, typed, message] of wrong) {
    await test.step(`${label}: ${JSON.stringify(typed.slice(0, 40))}`, async () => {
      await unfold(owner);
      await field(owner, 'Name').fill(name);
      await field(owner, 'Description').fill('Stays.');
      for (const other of OTHERS) {
        await field(owner, other).fill('');
      }
      await field(owner, label).fill(typed);
      await toSummary(owner);
      await expect(field(owner, label)).toHaveAccessibleDescription(message);
      await expect(field(owner, label)).toHaveAttribute('aria-invalid', 'true');
      await expect(field(owner, label)).toHaveValue(typed);
      if (label !== 'Description') await expect(field(owner, 'Description')).toHaveValue('Stays.');
    });
  }
});

test('several wrong fields are listed, each with a way to it', async ({ owner }) => {
  const { page } = owner;
  await chooseKind(owner, 'Service');
  await field(owner, 'Networks (CIDR)').fill('10.0.0.1/8\n1.2.3');
  await field(owner, 'Domain allow-list').fill('*.com');
  await toSummary(owner);
  await expect(page.getByRole('alert')).toContainText(/\d fields need attention/);
  await examine(page, 'generate-refused');
  await page.getByRole('alert').getByRole('link', { name: 'Networks' }).first().click();
  await expect(field(owner, 'Networks (CIDR)')).toBeFocused();
});

test('what scripts let through, the server refuses in words that can be seen', async ({ owner, arrange }) => {
  const { page } = owner;
  const forms: [fields: Record<string, string>, words: string][] = [
    [{ name: '' }, 'Enter a name, for example: Create a chat.'],
    [{ name: 'nul \u0000' }, 'Remove the hidden character U+0000.'],
    [{ boxes: 'keystead.everything' }, '“keystead.everything” is not one of the boxes: tick the boxes that are shown.'],
    [{ expiry: 'tomorrow' }, 'Choose one of the options.'],
    [{ quota_refill: 'hourly' }, 'Use one of never, daily, monthly.'],
    [{ quota_refill: 'daily' }, 'Enter the quota to refill to, or let it never refill.'],
    [{ not_before: 'soon' }, '“soon” is not a date: write one like 2026-11-21 or 2026-11-21T09:30, in UTC.'],
    [{ expiry: 'custom', expires_at: '2001-01-01T00:00' }, 'This time has passed: choose a later one.'],
    // The rest is about fields that the form does not show.
    [{ kind: 'client', cidrs: '10.0.0.0/8' }, 'Networks (CIDR): Client keys do not have this field: leave it blank.'],
    [{ kind: 'client', quota: '5' }, 'Call quota: Client keys do not have this field: leave it blank.'],
    [{ kind: 'sausage' }, '“sausage” is not a kind that you can issue: choose one of service, client, open_connect, queue_adapter, telephony, master_user, integration, app, account.'],
  ];
  await owner.open('/keys');
  for (const [fields, words] of forms) {
    await test.step(JSON.stringify(fields), async () => {
      const form = { kind: 'service', name: 'x', step: 'generate', form_id: 'f'.repeat(32), ...fields };
      expect(await send(owner, form)).toBe(303);
      await expect(page.getByText(words, { exact: true })).toBeVisible();
    });
  }
  await owner.alive();
  await examine(page, 'generate-refused-kind');
  const big = await arrange.post('/keys/new', { kind: 'service', step: 'summary', name: 'x'.repeat(1_000_000) });
  expect(big.status).toBe(413);
});

test('a replacement character is kept, what is no text is refused above what was typed', async ({ owner, watch }) => {
  const { page } = owner;
  const name = unique('Torn \ufffd');
  await chooseKind(owner, 'Service');
  await field(owner, 'Name').fill(name);
  await toSummary(owner);
  await expect(page.getByRole('heading', { name: 'Summary' })).toBeVisible();
  await expect(page.getByRole('main')).toContainText(name);

  watch.expects(400, /\/keys\/new$/);
  const fields = { kind: 'service', step: 'summary', name: 'Café', description: 'Stays.' };
  expect(await send(owner, fields, 'windows-1252')).toBe(400);
  await expect(page.getByRole('alert')).toContainText('Some of the input is not valid text and was replaced by \ufffd.');
  await expect(field(owner, 'Name')).toHaveValue('Caf\ufffd');
  await expect(field(owner, 'Description')).toHaveValue('Stays.');
  await owner.alive();
  await examine(page, 'generate-not-text');
});

/** Sends, from a page of the console, a form that no page would send, and waits for the answer. */
async function send({ page }: Console, fields: Record<string, string>, charset = 'utf-8'): Promise<number> {
  await page.waitForLoadState();
  await page.evaluate(
    ({ fields, charset }) => {
      const form = document.createElement('form');
      Object.assign(form, { method: 'post', action: '/keys/new', acceptCharset: charset });
      for (const [name, value] of Object.entries(fields)) {
        form.append(Object.assign(document.createElement('input'), { type: 'hidden', name, value }));
      }
      document.body.prepend(form);
    },
    { fields, charset },
  );
  const answered = page.waitForResponse((response) => response.request().method() === 'POST');
  const loaded = page.waitForEvent('load');
  // Not by a button: this is about the browser's own way to send it.
  await page.evaluate(() => document.forms[0]?.submit());
  await loaded;
  return (await answered).status();
}

async function toSummary({ page, scripts }: Console): Promise<void> {
  const button = page.getByRole('button', { name: 'Continue to summary' });
  if (scripts) return button.click();
  const answered = page.waitForResponse((response) => response.request().method() === 'POST');
  await button.click();
  await (await answered).finished();
  await page.waitForLoadState();
}
