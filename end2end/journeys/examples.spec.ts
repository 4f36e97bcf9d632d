// The integration examples: each call runs as it is printed, with a Master User key from this console.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { expect, test } from '../fixtures/console';
import { unique } from '../steps/keys';

const run = promisify(execFile);

const EXAMPLES = [
  { id: 'butler', name: 'Send automated messages via the Butler', expected: /"receivers":\s*[1-9]/ },
  { id: 'create-chat', name: 'Create a chat', expected: /"title":\s*"Support"/ },
  { id: 'export', name: 'Export chats', expected: /Support/ },
  { id: 'invite', name: 'Invite a contact', expected: /ada\.byron@example\.com/ },
  { id: 'list-users', name: 'List users', expected: /ada\.byron@example\.com/ },
];

test('each integration example runs as it is printed', { tag: '@scripts' }, async ({ owner, arrange }) => {
  const { page } = owner;
  const boxes = ['chats.read', 'chats.write', 'chats.export', 'contacts.manage'];
  const key = await arrange.master(unique('Examples'), boxes);
  await owner.open('/integrations/setup');
  await page.getByRole('link', { name: 'Integration examples' }).click();
  await owner.alive();
  await expect(page.getByRole('heading', { name: 'Integration examples', level: 1 })).toBeVisible();
  const env = { PATH: process.env.PATH ?? '', KEYSTEAD_KEY_ID: key.id, KEYSTEAD_KEY_SECRET: key.secret };
  for (const { id, name, expected } of EXAMPLES) {
    await test.step(name, async () => {
      await expect(page.getByRole('heading', { name })).toBeVisible();
      const code = await page.locator(`code#${id}`).innerText();
      const { stdout } = await run('bash', ['-c', code.replace(/^curl /, 'curl --silent --show-error --fail-with-body ')], { env });
      expect(stdout).toMatch(expected);
    });
  }
});
