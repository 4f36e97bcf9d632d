// Keys of an account, an app and an integration: from the wizard to a first call in each language, as it is printed.
import { type Console, expect, test } from '../fixtures/console';
import { examine } from '../fixtures/examine';
import { prove } from '../fixtures/worker';
import { acknowledge, chooseKind, field, find, finish, generate, shownToken, unique } from '../steps/keys';
import { runChecks, runSamples, samplesOf } from '../steps/samples';

/** The header of a call with the key on the screen. */
async function basic(owner: Console): Promise<string> {
  const token = await shownToken(owner);
  const at = token.indexOf('_', token.indexOf('_') + 1);
  return `Basic ${Buffer.from(`${token.slice(0, at)}:${token.slice(at + 1)}`).toString('base64')}`;
}

/** A custom integration, by its id, made with a key of the app or of the account. */
async function integration(url: string, app: string, authorization: string): Promise<string> {
  const answer = await fetch(`${url}/v2/apps/${app}/integrations`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({
      type: 'custom',
      displayName: unique('Helpdesk'),
      webhooks: [{ target: 'https://hooks.example.com/keystead', triggers: ['conversation:message'] }],
    }),
  });
  expect(answer.status).toBe(201);
  return ((await answer.json()) as { integration: { id: string } }).integration.id;
}

/** The integration that is chosen, and that it is shown by its name. */
async function chosen({ page }: Console, id: string): Promise<void> {
  const choice = page.getByRole('combobox', { name: /^Integration( |$)/ });
  await expect(choice).toHaveValue(id);
  await expect(choice.locator('option:checked')).not.toHaveText(id);
}

test('the samples of a key run as they are printed', { tag: '@scripts' }, async ({ owner, arrange }) => {
  // The Rust sample is compiled.
  test.setTimeout(300_000);
  const { page, server } = owner;
  const app = await arrange.appId('Default');
  let authorization = '';

  for (const [kind, expected] of [['Account key', /apps/], ['App key', /integrations/]] as const) {
    await test.step(kind, async () => {
      await prove(arrange);
      await generate(owner, { kind, name: unique(kind) });
      await expect(page.locator('.secret')).toHaveCount(2);
      authorization = await basic(owner);
      const samples = await samplesOf(owner);
      await acknowledge(owner);
      await runSamples(samples, expected);
    });
  }

  await test.step('Integration key', async () => {
    await prove(arrange);
    const id = await integration(server.url, app, authorization);
    await owner.open(`/keys/new?kind=integration&integration=${id}`);
    await chosen(owner, id);
    const name = unique('Helpdesk');
    await finish(owner, { kind: 'Integration key', name });
    await examine(page, 'secret-integration');
    const folds = await page.locator('details[name="call"]').evaluateAll((all) => all.map((fold) => fold.getBoundingClientRect().toJSON()));
    expect(folds.length).toBeGreaterThan(1);
    for (const [n, fold] of folds.slice(1).entries()) {
      expect(fold.top, 'no sample covers the one above').toBeGreaterThanOrEqual(folds[n]?.bottom ?? 0);
    }
    const samples = await samplesOf(owner);
    await acknowledge(owner);
    await runSamples(samples, /webhooks/);

    // The page of the key has the same samples, without the secret.
    await (await find(owner, name)).getByRole('link', { name, exact: true }).click();
    await expect(page.getByRole('heading', { name: 'Call Keystead with this key' })).toBeVisible();
    const again = await samplesOf(owner);
    for (const [n, { code }] of again.files.entries()) {
      expect(code).toContain('THE_SECRET');
      const [before = ''] = code.split('THE_SECRET');
      expect(samples.files[n]?.code.startsWith(before)).toBe(true);
    }
    expect(again.postman).toContain('THE_SECRET');
  });
});

test('the samples that check a key run as they are printed', { tag: '@scripts' }, async ({ owner, arrange }) => {
  // The Rust sample is compiled.
  test.setTimeout(300_000);
  const key = await arrange.active({ name: unique('Checked') });
  const verifier = await arrange.active({ name: unique('Checks'), boxes: 'keystead.verify' });
  await owner.open(`/integrations/setup?key=${key.id}`);
  await runChecks(owner, { KEYSTEAD_KEY: key.token, KEYSTEAD_VERIFIER_KEY: verifier.token });
});

test('a key of an integration is generated from the page of the integration', async ({ owner, arrange }) => {
  const { page, server } = owner;
  const app = await arrange.appId('Default');
  await generate(owner, { kind: 'Account key', name: unique('Setup') });
  const authorization = await basic(owner);
  await acknowledge(owner);
  const id = await integration(server.url, app, authorization);

  await owner.open(`/integrations/${id}`);
  await page.getByRole('link', { name: 'Create a key' }).click();
  await chosen(owner, id);
  await owner.alive();
  await page.getByRole('link', { name: 'Cancel' }).click();
  await page.waitForURL((address) => address.pathname === `/integrations/${id}`);
  await page.getByRole('link', { name: 'Create a key' }).click();
  await chosen(owner, id);
  await owner.alive();
  const name = unique('From its page');
  await finish(owner, { kind: 'Integration key', name });
  await expect(page.locator('.secret code').first()).toHaveText(/^int_[0-9a-f]{24}$/);
  await expect(page.getByRole('link', { name: 'Download for Postman' })).toBeVisible();
  const call = { headers: { authorization: await basic(owner) } };
  const address = `${server.url}/v2/apps/${app}/integrations/me/webhooks`;
  expect((await fetch(address, call)).status, 'a key that nobody confirmed').toBe(401);
  await acknowledge(owner);
  expect((await fetch(address, call)).status).toBe(200);
  await owner.open(`/integrations/${id}`);
  await expect(page.getByRole('link', { name, exact: true })).toBeVisible();
});

test('an integration key needs an integration that there is', async ({ owner }) => {
  const { page } = owner;
  await chooseKind(owner, 'Integration key');
  await field(owner, 'Name').fill(unique('Nowhere'));
  await page.getByRole('button', { name: 'Continue to summary' }).click();
  await expect(page.getByRole('main')).toContainText('Choose the integration that the key is for.');
});
