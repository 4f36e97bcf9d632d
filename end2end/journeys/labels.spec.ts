import { expect, test } from '../fixtures/console';
import { examine } from '../fixtures/examine';
import { acknowledge, choose, chooseKind, confirm, dialog, field, fill, filterBy, find, shownToken, unique } from '../steps/keys';

test('labels go from the wizard to the list, the key’s page and the verify call', async ({ owner, verifier }) => {
  const { page } = owner;
  const name = unique('Labelled');
  const team = unique('Payments');
  await chooseKind(owner, 'Service');
  await fill(owner, { name });
  const environment = page.getByRole('combobox', { name: 'Environment' });
  await expect(environment).toHaveAccessibleDescription(/cannot change it later/);
  await environment.selectOption('Test');
  await field(owner, 'Owner').fill(team);
  await field(owner, 'External id').fill(`cus-${name}`);
  await field(owner, 'Tags').fill('Production\neu');
  await field(owner, 'Metadata').fill('plan=gold\nseats=5');
  await examine(page, 'labels');
  await page.getByRole('button', { name: 'Continue to summary' }).click();
  for (const words of [team, 'Production', 'plan=gold', 'Test']) {
    await expect(page.getByRole('main')).toContainText(words);
  }
  await page.getByRole('button', { name: 'Generate Token' }).click();
  await expect(page.getByRole('heading', { name: `Copy “${name}” now` })).toBeVisible();
  const token = await shownToken(owner);
  expect(token).toMatch(/^ks_test_/);
  await acknowledge(owner);

  const answer = await verifier.ask(token, {});
  expect(answer).toMatchObject({
    code: 'VALID',
    environment: 'test',
    owner: team,
    externalId: `cus-${name}`,
    tags: ['eu', 'production'],
    metadata: { plan: 'gold', seats: '5' },
  });

  await owner.open(`/keys?q=${encodeURIComponent(`cus-${name}`)}`);
  await expect(page.getByRole('link', { name, exact: true })).toBeVisible();
  await page.getByRole('link', { name, exact: true }).click();
  await page.getByRole('link', { name: team }).click();
  await expect(page.getByRole('link', { name, exact: true })).toBeVisible();
  await examine(page, 'list-by-owner');
  await page.getByRole('link', { name: `Owner: ${team}, remove` }).click();
  await expect(page).toHaveURL(/\/keys$/);
  await page.getByText('More filters').click();
  await filterBy(owner, 'Environment', 'Test');
  await expect(page.getByRole('link', { name, exact: true })).toBeVisible();
});

test('labels are edited, and the environment is not', async ({ owner, arrange }) => {
  const name = unique('Relabelled');
  await arrange.active({ name, tags: 'eu' });
  await choose(owner, name, 'Edit');
  await expect(dialog(owner)).toContainText('Environment');
  await expect(dialog(owner).getByRole('combobox', { name: 'Environment' })).toHaveCount(0);
  await field(owner, 'Tags').fill('asia');
  await confirm(owner, 'Save', 'is saved');
  await owner.open('/keys?tag=asia');
  await expect(owner.page.getByRole('link', { name, exact: true })).toBeVisible();
  await owner.open('/keys?tag=eu');
  await expect(owner.page.getByRole('link', { name, exact: true })).toHaveCount(0);
});

test('a label that is wrong says so at its field, and is not lost', async ({ owner, arrange, watch }) => {
  watch.expects(422, /\/edit(\?|$)/);
  const name = unique('Wrong');
  await arrange.active({ name });
  await choose(owner, name, 'Edit');
  await field(owner, 'Owner').fill('nobody@example.com');
  await owner.page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(dialog(owner)).toContainText('You see nobody here with the e-mail “nobody@example.com”');
  await expect(field(owner, 'Owner')).toHaveValue('nobody@example.com');
  await field(owner, 'Owner').fill('The night shift');
  await confirm(owner, 'Save', 'is saved');
  await find(owner, name);
});
