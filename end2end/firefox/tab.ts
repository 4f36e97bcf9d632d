// A tab of Firefox, as its reader sees and moves it. It also works where no page may run scripts, so nothing here waits
// inside a page.
import { expect } from '@playwright/test';
import { setTimeout as pause } from 'node:timers/promises';
import puppeteer, { type Browser, type ElementHandle, type Page } from 'puppeteer-core';

import type { Server } from '../fixtures/server';
import { test as base } from '../fixtures/worker';

export { expect } from '@playwright/test';

export type Options = {
  /** Settings of Firefox, as in about:config. */
  prefs: Record<string, unknown>;
  /** Whether pages run scripts. */
  scripts: boolean;
  /** Whether pages change in place. */
  navigation: boolean;
};

const ROLES = {
  link: 'a[href]',
  button: 'button',
  heading: 'h1, h2, h3',
  field: 'input:not([type=hidden], [type=checkbox]), textarea',
  checkbox: 'input[type=checkbox]',
  message: '[role=status], [role=alert]',
};

export type Role = keyof typeof ROLES;

export type Way = 'back' | 'forward' | 'reload';

const PATIENCE = 30_000;

export class Tab {
  /** What went wrong in the pages, whatever the journey looked at. */
  readonly complaints: string[] = [];

  constructor(
    readonly page: Page,
    readonly server: Server,
    readonly scripts: boolean,
  ) {
    page.on('pageerror', (error) => this.complaints.push(`exception: ${error}`));
    page.on('console', (entry) => entry.type() === 'error' && this.complaints.push(entry.text()));
    page.on('response', (answer) => {
      if (answer.status() >= 500) this.complaints.push(`${answer.status()} ${answer.url()}`);
    });
    // Questions before a page is left. Every journey here wants to leave.
    page.on('dialog', (question) => void question.accept().catch(() => undefined));
  }

  /** The path and query of the page. */
  get at(): string {
    return this.page.url().replace(this.server.url, '');
  }

  async open(path: string): Promise<void> {
    await this.page.goto(path.startsWith('http') ? path : this.server.url + path);
    await this.alive();
  }

  /** Waits for hydration. After that, the scripts of buttons work. */
  async alive(): Promise<void> {
    if (this.scripts) await this.until('a page that is alive', () => this.page.$('html[data-hydrated]'));
  }

  /** Asks again until there is an answer. A page that goes while it is asked gives none. */
  async until<T>(what: string, ask: () => Promise<T>): Promise<NonNullable<T>> {
    const end = Date.now() + PATIENCE;
    let reason: unknown = '';
    while (Date.now() < end) {
      const answer = await ask().catch((error: unknown) => void (reason = error));
      if (answer) return answer;
      await pause(40);
    }
    const text = await this.text().catch(() => 'no text');
    throw new Error(`no ${what} at ${this.at} ${reason}\nThe page says:\n${text.slice(0, 1_500)}`);
  }

  /** The visible element whose name is these words, or begins with them. A dialog or menu hides the rest. */
  async find(role: Role, words: string): Promise<ElementHandle<HTMLElement> | null> {
    const found = await this.page.evaluateHandle(
      (selector, words) => {
        const name = (element: HTMLElement) => {
          const label = (element as HTMLInputElement).labels?.[0] ?? element;
          return (element.ariaLabel ?? label.innerText).replace(/\s+/g, ' ').trim();
        };
        const place = document.querySelector('dialog[open], :popover-open') ?? document;
        const seen = [...place.querySelectorAll<HTMLElement>(selector)].filter((element) => element.checkVisibility());
        const begins = (element: HTMLElement) => `${name(element)} `.startsWith(`${words} `);
        return seen.find((element) => name(element) === words) ?? seen.find(begins) ?? null;
      },
      ROLES[role],
      words,
    );
    return found.asElement() as ElementHandle<HTMLElement> | null;
  }

  /** Waits for an element. */
  async see(role: Role, words: string): Promise<ElementHandle<HTMLElement>> {
    return this.until(`${role} “${words}”`, () => this.find(role, words));
  }

  /** Waits for words in the page. */
  async read(words: string): Promise<void> {
    await this.until(`words “${words}”`, async () => (await this.text()).includes(words));
  }

  /** What the page says. */
  async text(): Promise<string> {
    return this.page.evaluate(() => document.body.innerText);
  }

  /** Clicks where a reader would: in the middle of the element, if nothing lies over it and it is not disabled. */
  async press(role: Role, words: string): Promise<void> {
    const { x, y } = await this.until(`free ${role} “${words}”`, async () => {
      const element = await this.find(role, words);
      return element?.evaluate((element) => {
        const middle = () => {
          const box = element.getClientRects()[0] ?? new DOMRect();
          return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
        };
        const free = () => element.contains(document.elementFromPoint(middle().x, middle().y));
        if (!free()) element.scrollIntoView({ block: 'center' });
        return free() && !element.matches(':disabled') ? middle() : null;
      });
    });
    await this.page.mouse.click(x, y);
  }

  /** Writes into a field what a reader types. */
  async type(label: string, words: string): Promise<void> {
    const field = await this.see('field', label);
    await field.evaluate((field) => (field.focus(), (field as HTMLInputElement).select()));
    await this.page.keyboard.press('Backspace');
    await this.page.keyboard.type(words);
    await this.holds(label, words);
  }

  /** Waits until a field holds these words. */
  async holds(label: string, words: string): Promise<void> {
    await this.until(`“${words}” in the field ${label}`, async () => {
      const field = await this.find('field', label);
      return (await field?.evaluate((field) => (field as HTMLInputElement).value)) === words;
    });
  }

  /** Goes a step in the history, or loads the page again. Returns before the page of another step has come. */
  async go(way: Way): Promise<void> {
    if (way === 'reload') await this.page.reload();
    // A page that changes in place ends no load that could be waited for.
    else void (way === 'back' ? this.page.goBack() : this.page.goForward()).catch(() => undefined);
  }
}

type PerTest = { visitor: Tab; owner: Tab };

type PerWorker = Options & {
  firefox: Browser;
};

export const test = base.extend<PerTest, PerWorker>({
  prefs: [{}, { scope: 'worker', option: true }],
  scripts: [true, { scope: 'worker', option: true }],
  navigation: [true, { scope: 'worker', option: true }],
  firefox: [
    async ({ prefs }, use) => {
      const firefox = await puppeteer.launch({
        browser: 'firefox',
        executablePath: '/usr/bin/firefox-esr',
        headless: true,
        // During a fade to the next page, a click would come too early. Pages may ask before they are left.
        extraPrefsFirefox: { 'ui.prefersReducedMotion': 1, 'dom.disable_beforeunload': false, ...prefs },
        defaultViewport: { width: 1440, height: 900 },
      });
      await use(firefox);
      await firefox.close();
    },
    { scope: 'worker' },
  ],
  visitor: async ({ firefox, server, scripts, navigation }, use) => {
    const context = await firefox.createBrowserContext();
    const tab = new Tab(await context.newPage(), server, scripts);
    await use(tab);
    // A setting that a newer Firefox no longer knows would change nothing.
    await tab.alive();
    const found = await tab.page.evaluate(() => {
      return ['hydrated' in document.documentElement.dataset, 'navigation' in window];
    });
    expect(found, 'scripts and the Navigation API').toEqual([scripts, scripts ? navigation : expect.any(Boolean)]);
    expect(tab.complaints, 'errors and exceptions').toEqual([]);
    await context.close();
  },
  owner: async ({ visitor, cookies }, use) => {
    const own = cookies.map(({ name, value, httpOnly }) => ({ name, value, httpOnly, domain: 'localhost', path: '/' }));
    await visitor.page.browserContext().setCookie(...own);
    await use(visitor);
  },
});
