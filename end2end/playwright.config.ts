import { defineConfig } from '@playwright/test';

import type { Options } from './fixtures/console';

// On a closed network, Chromium's many background requests fail and slow down every start.
const quiet = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // A host name that resolves to this machine but does not look like loopback, as seen by a browser elsewhere on the
  // network.
  '--host-resolver-rules=MAP keystead.test 127.0.0.1',
];
const root = process.getuid?.() === 0;

export default defineConfig<Options>({
  testDir: 'journeys',
  outputDir: 'test-results',
  forbidOnly: true,
  // A machine that stalls for seconds is no defect. A journey that passes only on retry is reported as flaky.
  retries: process.env.CI ? 1 : 0,
  // Each worker has its own server and browser, and spends a third of its time waiting for them on two cores.
  workers: 3,
  fullyParallel: true,
  timeout: 120_000,
  expect: { timeout: 30_000 },
  reporter: [['list']],
  use: {
    launchOptions: {
      // Chromium without windows: a fifth less work, and a smaller package.
      executablePath: '/usr/bin/chromium-headless-shell',
      args: root ? [...quiet, '--no-sandbox'] : quiet,
    },
    viewport: { width: 1440, height: 900 },
    locale: 'en-GB',
    timezoneId: 'UTC',
    // During a fade to the next page, a click would come too early.
    contextOptions: { reducedMotion: 'reduce' },
    actionTimeout: 30_000,
    navigationTimeout: 30_000,
    screenshot: 'only-on-failure',
  },
  projects: [
    { name: 'with JavaScript', use: { javaScriptEnabled: true }, grepInvert: /@no-scripts/ },
    { name: 'without JavaScript', use: { javaScriptEnabled: false }, grepInvert: /@scripts/ },
  ],
});
