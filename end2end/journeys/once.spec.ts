// What is shown once on other pages than a new key's: nobody leaves it by a slip, and one form makes it once.
import type { Arrange } from '../fixtures/arrange';
import { type Console, expect, test } from '../fixtures/console';
import { unique } from '../steps/keys';

type Once = { what: string; button: string; shown: string; form: (arrange: Arrange) => Promise<string> };

const mail = () => `${unique('once').replace(/\W/g, '-')}@example.com`;

const PAGES: Once[] = [
  {
    what: 'the secret of a webhook',
    button: 'Make a new secret',
    shown: '#webhook-secret',
    form: async (arrange) => {
      const { id } = await arrange.integration({ kind: 'custom', name: unique('Hooked') });
      return `/integrations/${id}/webhooks/${await arrange.firstOf(`/integrations/${id}`, 'webhooks')}/secret`;
    },
  },
  {
    what: 'the link of an invite',
    button: 'Make a new link',
    shown: '#link',
    form: async (arrange) => `/people/invites/${(await arrange.invite({ role: 'auditor', email: mail() })).id}/renew`,
  },
  {
    what: 'a reset link',
    button: 'Make a reset link',
    shown: '#link',
    form: async (arrange) => `/people/${await arrange.person({ role: 'auditor', email: mail() })}/reset`,
  },
];

/** Sends the form of the page, and gives what its answer shows. */
async function make({ page }: Console, { button, shown }: Pick<Once, 'button' | 'shown'>): Promise<string> {
  await page.getByRole('button', { name: button }).click();
  await expect(page.locator(shown)).toBeVisible();
  return page.locator(shown).innerText();
}

for (const once of PAGES) {
  test(`${once.what} is not left without a question before it was copied @scripts`, async ({ owner, arrange }) => {
    const { page } = owner;
    const asked: string[] = [];
    page.on('dialog', async (question) => {
      asked.push(question.type());
      await question.dismiss();
    });
    const audit = page.getByRole('link', { name: 'Audit', exact: true });
    await owner.open(await once.form(arrange));
    const secret = await make(owner, once);

    await page.keyboard.press('Escape');
    await expect.poll(() => asked).toEqual(['confirm']);
    await audit.click();
    await expect.poll(() => asked).toEqual(['confirm', 'confirm']);
    await page.evaluate(() => location.reload());
    await expect.poll(() => asked).toEqual(['confirm', 'confirm', 'beforeunload']);
    await expect(page.locator(once.shown)).toHaveText(secret);

    await page.getByRole('main').getByRole('button', { name: /^Copy/ }).click();
    await expect(page.getByRole('status').filter({ hasText: 'Copied' })).toBeVisible();
    await audit.click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Audit');
    expect(asked).toHaveLength(3);
  });

  test(`${once.what} is made once, although a reload sends the form again @no-scripts`, async ({ owner, arrange, watch }) => {
    const { page } = owner;
    await owner.open(await once.form(arrange));
    const secret = await make(owner, once);
    watch.expects(409, /\/(secret|renew|reset)$/);
    await page.reload();
    await expect(page.getByRole('alert')).toContainText('This form was sent already');
    await expect(page.locator(once.shown)).toHaveCount(0);
    expect(await make(owner, once), 'another one, on purpose').not.toBe(secret);
  });
}

test('Esc leads on after its question, Done asks nothing, and Back shows it to nobody @scripts', async ({ owner, arrange }) => {
  const { page } = owner;
  const id = await arrange.person({ role: 'auditor', email: mail() });
  const reset = { button: 'Make a reset link', shown: '#link' };
  await owner.open(`/people/${id}/reset`);
  await make(owner, reset);
  page.once('dialog', (question) => void question.accept());
  await page.keyboard.press('Escape');
  await expect.poll(() => owner.at).toBe(`/people/${id}`);

  const asked: string[] = [];
  page.on('dialog', async (question) => {
    asked.push(question.message());
    await question.dismiss();
  });
  await owner.open(`/people/${id}/reset`);
  await make(owner, reset);
  await page.getByRole('link', { name: 'Done' }).click();
  await expect.poll(() => owner.at).toBe(`/people/${id}`);
  expect(asked).toEqual([]);

  await owner.open(`/people/${id}/reset`);
  await make(owner, reset);
  await page.evaluate(() => dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true })));
  await expect(page.locator('#link')).toHaveText('');
});
