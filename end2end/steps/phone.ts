// A phone in the hand of somebody who has no account.
import { type Browser, type Page } from '@playwright/test';

/** A phone on which nobody is signed in. */
export async function phone(browser: Browser, scripts: boolean): Promise<Page> {
  const context = await browser.newContext({
    javaScriptEnabled: scripts,
    locale: 'en-GB',
    reducedMotion: 'reduce',
    viewport: { width: 360, height: 780 },
  });
  return context.newPage();
}
