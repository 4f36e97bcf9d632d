// What people do with keys, by the words on the screen.
import { type Locator, expect } from '@playwright/test';

import type { Console } from '../fixtures/console';

export type Kind =
  | 'Service'
  | 'Client'
  | 'OpenConnect'
  | 'QueueAdapter'
  | 'Telephony (legacy)'
  | 'Master User'
  | 'Integration key'
  | 'App key'
  | 'Account key';

export type Draft = {
  kind: Kind;
  name: string;
  description?: string;
  networks?: string;
  domains?: string;
  permissions?: string;
  boxes?: string[];
};

let made = 0;

/** A name that no other journey of this run uses. */
export function unique(words: string): string {
  made += 1;
  return `${words} ${process.pid.toString(36)}-${made}`;
}

/** Goes from the list to the fields of a kind. */
export async function chooseKind(console: Console, kind: Kind): Promise<void> {
  const { page } = console;
  await console.open('/keys');
  await page.getByRole('link', { name: 'Generate New Key' }).first().click();
  await page.waitForURL('**/keys/new');
  await page.getByRole('main').getByRole('link', { name: new RegExp(`^${escape(kind)} `) }).click();
  await expect(field(console, 'Name')).toBeVisible();
  await console.alive();
  await unfold(console);
}

/** Opens every section of the form that is folded. */
export async function unfold({ page }: Console): Promise<void> {
  const closed = page.locator('details.fold:not([open]) > summary:has(small)');
  while ((await closed.count()) > 0) await closed.first().click();
}

/** Fills the fields of the details step. */
export async function fill(console: Console, draft: Partial<Draft>): Promise<void> {
  const { page } = console;
  const fields: [string, string | undefined][] = [
    ['Name', draft.name],
    ['Description', draft.description],
    ['Networks (CIDR)', draft.networks],
    ['Domain allow-list', draft.domains],
    ['Permissions in your own APIs', draft.permissions],
  ];
  for (const [label, value] of fields) {
    if (value !== undefined) await field(console, label).fill(value);
  }
  for (const box of draft.boxes ?? []) await page.getByRole('checkbox', { name: box }).check();
}

/** The input with this label, without the small words beside it. */
export function field(console: Console, label: string): Locator {
  return console.page.getByRole('textbox', { name: new RegExp(`^${escape(label)}( |$)`) });
}

function escape(words: string): string {
  return words.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** Goes through the whole wizard, to the page that shows the secret once. */
export async function generate(console: Console, draft: Draft): Promise<string> {
  await chooseKind(console, draft.kind);
  return finish(console, draft);
}

/** Goes through the wizard to its summary. */
export async function toSummary(console: Console, draft: Draft): Promise<void> {
  await chooseKind(console, draft.kind);
  await summarise(console, draft);
}

/** Goes from the details step to the page that shows the secret once. */
export async function finish(console: Console, draft: Draft): Promise<string> {
  await summarise(console, draft);
  return finishSummary(console, draft.name);
}

/** Goes from the summary to the page that shows the secret once. */
export async function finishSummary(console: Console, name: string): Promise<string> {
  const { page } = console;
  await page.getByRole('button', { name: 'Generate Token' }).click();
  await expect(page.getByRole('heading', { name: `Copy “${name}” now` })).toBeVisible();
  await console.alive();
  return shownToken(console);
}

async function summarise(console: Console, draft: Draft): Promise<void> {
  const { page } = console;
  await fill(console, draft);
  await page.getByRole('button', { name: 'Continue to summary' }).click();
  await expect(page.getByRole('heading', { name: 'Summary' })).toBeVisible();
  await expect(page.getByRole('main')).toContainText(draft.name);
  await console.alive();
}

/** The token on the screen; for a Master User key, id and secret as one. */
export async function shownToken(console: Console): Promise<string> {
  const parts = await console.page.locator('.secret code').allInnerTexts();
  return parts.map((part) => part.trim()).join('_');
}

/** Confirms the key. */
export async function acknowledge(console: Console): Promise<void> {
  const { page } = console;
  await page.getByRole('checkbox', { name: 'I have stored this key' }).check();
  await page.getByRole('button', { name: 'Done' }).click();
  await said(console, 'is confirmed and enabled.');
}

/** Chooses in a filter of the list. With scripts that acts at once. */
export async function filterBy(console: Console, filter: string, choice: string): Promise<void> {
  const { page } = console;
  await page.getByRole('combobox', { name: filter, exact: true }).selectOption(choice);
  if (!console.scripts) await page.getByRole('button', { name: 'Apply' }).click();
  const removes = page.getByRole('link', { name: `${filter}: ${choice}, remove` });
  await expect(removes).toBeVisible();
  await console.alive();
}

/** The row of a key in the list, found by its name. */
export async function find(console: Console, name: string): Promise<Locator> {
  await console.open(`/keys?q=${encodeURIComponent(name)}`);
  const link = console.page.getByRole('link', { name, exact: true });
  const row = console.page.getByRole('row').filter({ has: link });
  await expect(row).toBeVisible();
  return row;
}

/** Opens an entry of a key's row menu. */
export async function choose(console: Console, name: string, entry: string): Promise<void> {
  const row = await find(console, name);
  await row.getByRole('button', { name: `Actions for ${name}` }).click();
  await row.getByRole('link', { name: entry, exact: true }).click();
  await console.page.waitForURL((address) => address.pathname !== '/keys');
  await console.alive();
  await unfold(console);
}

/** Does an entry of a key's row menu that needs no dialog, and reads the message. */
export async function press(console: Console, name: string, entry: string, words: string): Promise<void> {
  const row = await find(console, name);
  await row.getByRole('button', { name: `Actions for ${name}` }).click();
  await row.getByRole('button', { name: entry, exact: true }).click();
  await said(console, words);
}

export function dialog(console: Console): Locator {
  return console.page.getByRole('dialog');
}

/** Presses the dialog's button, and reads the message that the console shows. */
export async function confirm(console: Console, button: string, words: string): Promise<void> {
  await dialog(console).getByRole('button', { name: button, exact: true }).click();
  await said(console, words);
}

/** Closes a dialog by its link, and waits for the page behind it. */
export async function close(console: Console, link: 'Close' | 'Cancel' = 'Close'): Promise<void> {
  await dialog(console).getByRole('link', { name: link, exact: true }).click();
  // A closed dialog is in the page until the one behind it comes.
  await expect(console.page.locator('dialog[data-back]')).toHaveCount(0);
  await console.alive();
}

/** Expects the console's message about the last act. */
export async function said(console: Console, words: string | RegExp): Promise<void> {
  await expect(console.page.getByRole('status').filter({ hasText: words })).toBeVisible();
}

export async function expectStatus(console: Console, name: string, status: string): Promise<void> {
  await expect(await find(console, name)).toContainText(status);
}
