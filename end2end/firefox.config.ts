import { defineConfig } from '@playwright/test';

import type { Options } from './firefox/tab';

// Only the runner is Playwright's. The browser is Debian's Firefox, which Playwright cannot drive.
export default defineConfig<{}, Options>({
  testDir: 'firefox',
  outputDir: 'test-results',
  forbidOnly: true,
  retries: process.env.CI ? 1 : 0,
  workers: 2,
  fullyParallel: true,
  timeout: 120_000,
  expect: { timeout: 30_000 },
  reporter: [['list']],
  projects: [
    { name: 'Firefox' },
    // Firefox keeps no page for the way back then, as under memory pressure.
    { name: 'Firefox without its cache of pages', use: { prefs: { 'browser.sessionhistory.max_total_viewers': 0 } } },
    // As in Firefox before 147: the browser loads every page.
    {
      name: 'Firefox without the Navigation API',
      use: { prefs: { 'dom.navigation.webidl.enabled': false }, navigation: false },
    },
    {
      name: 'Firefox without JavaScript',
      use: { prefs: { 'javascript.enabled': false }, scripts: false, navigation: false },
      grepInvert: /@scripts/,
    },
  ],
});
