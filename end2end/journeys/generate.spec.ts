import { expect, test } from '../fixtures/console';
import { examine } from '../fixtures/examine';
import { type Draft, acknowledge, chooseKind, expectStatus, field, fill, generate, unique } from '../steps/keys';

const drafts: Omit<Draft, 'name'>[] = [
  {
    kind: 'Service',
    description: 'Exports invoices every night.',
    networks: '127.0.0.0/8\n::1',
    permissions: 'invoices.read\ninvoices.export',
  },
  { kind: 'Client', description: 'Action buttons.', domains: 'crm.example.com' },
  { kind: 'OpenConnect', domains: '*.example.com' },
  { kind: 'QueueAdapter' },
  { kind: 'Telephony (legacy)', domains: 'münchen.example' },
  { kind: 'Master User', networks: '203.0.113.0/24', boxes: ['Perform read-only chat actions', 'Export data'] },
];

for (const draft of drafts) {
  test(`a ${draft.kind} key is made, does not work, is acknowledged, works`, async ({ owner, verifier }) => {
    const name = unique(`${draft.kind} journey`);
    const token = await generate(owner, { ...draft, name });
    const about = { clientIp: '203.0.113.9', origin: 'https://crm.example.com' };

    if (draft.kind === 'Master User') {
      await expect(owner.page.locator('.secret')).toHaveCount(2);
      expect(token).toMatch(/^mk_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}$/);
    } else {
      expect(token).toMatch(/^ks_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}$/);
    }
    expect((await verifier.ask(token, about)).code).toBe('PENDING');
    await examine(owner.page, `secret-${draft.kind.toLowerCase().replaceAll(/\W+/g, '-')}`);

    await acknowledge(owner);
    const { code } = await verifier.ask(token, about);
    if (draft.kind === 'Service') {
      expect(code).toBe('IP_NOT_ALLOWED');
      const home = { clientIp: '127.0.0.1', permissions: 'invoices.read AND invoices.export' };
      expect((await verifier.ask(token, home)).code).toBe('VALID');
    } else if (draft.kind === 'Telephony (legacy)') {
      expect(code).toBe('ORIGIN_NOT_ALLOWED');
    } else {
      expect(code).toBe('VALID');
    }
    await expectStatus(owner, name, 'Active');
    await expect(owner.page.locator('body')).not.toContainText(token.slice(-43));
  });
}

test('what is wrong is said at its field, and nothing typed is lost', async ({ owner, watch }) => {
  const { page } = owner;
  await chooseKind(owner, 'Service');
  await examine(page, 'generate-details');
  const name = unique('Refused');
  await fill(owner, {
    name,
    networks: '203.0.113.0/24\n10.0.0.1/8',
    domains: '*.com',
    permissions: 'keystead.verify',
  });
  if (!owner.scripts) watch.expects(422, /\/keys\/new/);
  await page.getByRole('button', { name: 'Continue to summary' }).click();

  await expect(field(owner, 'Networks (CIDR)')).toHaveAccessibleDescription(
    /10\.0\.0\.1\/8 has host bits set\. Did you mean 10\.0\.0\.0\/8/,
  );
  await expect(field(owner, 'Allow-list of domains')).toHaveAttribute('aria-invalid', 'true');
  await expect(field(owner, 'Permissions in your own APIs')).toHaveAttribute('aria-invalid', 'true');
  await expect(field(owner, 'Networks (CIDR)')).toHaveValue('203.0.113.0/24\n10.0.0.1/8');
  await expect(field(owner, 'Name')).toHaveValue(name);
  await examine(page, 'generate-refused');
});

test('a service that checks keys is one preset away', async ({ owner }) => {
  const { page } = owner;
  await owner.open('/keys/new?kind=service&preset=verifier');
  await expect(page.getByRole('checkbox', { name: /check keys/i })).toBeChecked();
});

test('the summary leads back to the fields with what was typed', async ({ owner }) => {
  const { page } = owner;
  const name = unique('Second thoughts');
  await chooseKind(owner, 'Client');
  await fill(owner, { name, description: 'First words', domains: 'a.example.com' });
  await page.getByRole('button', { name: 'Continue to summary' }).click();
  await examine(page, 'generate-summary');
  await page.getByRole('button', { name: 'Edit', exact: true }).click();
  await expect(field(owner, 'Name')).toHaveValue(name);
  await expect(field(owner, 'Allow-list of domains')).toHaveValue('a.example.com');
});
