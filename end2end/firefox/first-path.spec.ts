import { OWNER, Server } from '../fixtures/server';
import { Verifier } from '../fixtures/verify';
import { Tab, expect, test } from './tab';
import { chooseService, confirm, generate, summarise } from './wizard';

test('from the link of the first start to a key that is accepted', async ({ visitor, scripts }) => {
  const server = await Server.start({ owner: false });
  const tab = new Tab(visitor.page, server, scripts);
  try {
    await test.step('the owner', async () => {
      await tab.open(await server.setupLink());
      await tab.type('Your name', OWNER.name);
      await tab.type('E-mail', OWNER.email);
      await tab.type('Password', OWNER.password);
      await tab.press('button', 'Create the owner');
      await tab.see('heading', 'Dashboard');
      await tab.alive();
    });

    await test.step('signing in', async () => {
      await tab.press('button', 'Sign out');
      await tab.see('button', 'Sign in');
      await tab.alive();
      await tab.type('E-mail', OWNER.email);
      await tab.type('Password', OWNER.password);
      await tab.press('button', 'Sign in');
      await tab.see('heading', 'Dashboard');
      await tab.alive();
    });

    const name = 'Invoices';
    await chooseService(tab);
    await summarise(tab, name);
    const token = await generate(tab, name);
    const verifier = await Verifier.start(server);
    expect(await verifier.code(token)).toBe('PENDING');
    await confirm(tab);
    expect(await verifier.code(token)).toBe('VALID');

    await tab.open('/keys');
    await tab.see('link', name);
    expect(await tab.text()).toContain('Active');
    expect(await tab.page.content()).not.toContain(token.slice(-43));
  } finally {
    await server.stop();
  }
});
