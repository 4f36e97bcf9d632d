// The way to a new key, by the words on the screen.
import type { Tab } from './tab';

/** Goes from the list to the fields of a Service key. */
export async function chooseService(tab: Tab): Promise<void> {
  await tab.open('/keys');
  await tab.press('link', 'Generate New Key');
  await tab.see('heading', 'For your own APIs');
  await tab.alive();
  await tab.press('link', 'Service');
  await tab.see('field', 'Name');
  await tab.alive();
}

/** Goes from the fields to the summary. */
export async function summarise(tab: Tab, name: string): Promise<void> {
  await tab.type('Name', name);
  await tab.press('button', 'Continue to summary');
  await tab.see('heading', 'Summary');
  await tab.read(name);
  await tab.alive();
}

/** Goes from the summary to the page that shows the secret once. Returns the secret. */
export async function generate(tab: Tab, name: string): Promise<string> {
  await tab.press('button', 'Generate Token');
  await tab.see('heading', `Copy “${name}” now`);
  await tab.alive();
  return tab.page.$eval('.secret code', (code) => code.textContent.trim());
}

/** Says that the key is stored. */
export async function confirm(tab: Tab): Promise<void> {
  await tab.press('checkbox', 'I have stored this key.');
  await tab.press('button', 'Done');
  await tab.read('is confirmed and enabled.');
  await tab.alive();
}
