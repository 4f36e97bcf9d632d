// Times what the reader waits for, in the page: from the click to the paint, with pages that change in place and with
// pages that the browser loads, in turns. Writes its part of docs/benchmarks.md.
import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';

import type { Page } from '@playwright/test';

import { Arrange } from '../fixtures/arrange';
import { expect, test } from '../fixtures/console';

const ROUNDS = 20;
const DOCS = resolve(import.meta.dirname, '../../docs/benchmarks.md');
const HEADING = '## From the click to the paint';
const STEPS = ['list to key', 'key to its dialog', 'dialog closed', 'to the dashboard', 'to the audit', 'to the list'] as const;

type Step = (typeof STEPS)[number];
type Times = Record<Step, number[]>;

/** In every document: notes the time of the first frame that shows what is waited for. */
function noteFrames(): void {
  const tick = () => {
    const title = sessionStorage.getItem('awaited');
    if (title !== null && document.title.startsWith(title) && document.querySelector('main h1') !== null) {
      sessionStorage.removeItem('awaited');
      // After this frame has been painted.
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => sessionStorage.setItem('painted', String(performance.timeOrigin + performance.now()));
      port2.postMessage(null);
    }
    requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
}

/** How long the pointer rests on a link before it is pressed. Few people are faster. */
const REST = 150;

/** Milliseconds from a click until a page with this title has been painted. */
async function click(page: Page, selector: string, title: string): Promise<number> {
  await page.locator(selector).first().hover();
  await page.waitForTimeout(REST);
  await page.evaluate((title) => {
    sessionStorage.setItem('awaited', title);
    sessionStorage.removeItem('painted');
    const clicked = () => sessionStorage.setItem('clicked', String(performance.timeOrigin + performance.now()));
    addEventListener('click', clicked, { capture: true, once: true });
  }, title);
  await page.mouse.down();
  await page.mouse.up();
  let until: string | null = null;
  await expect
    .poll(async () => (until = await page.evaluate(() => sessionStorage.getItem('painted')).catch(() => null)), {
      intervals: [100],
    })
    .not.toBeNull();
  // Scripts that still start would be counted in the next click.
  await page.locator('html[data-hydrated]').waitFor({ state: 'attached' });
  await page.waitForTimeout(50);
  return Number(until) - Number(await page.evaluate(() => sessionStorage.getItem('clicked')));
}

async function round(page: Page, id: string, name: string, times: Times): Promise<void> {
  const take = async (step: Step, selector: string, title: string) => times[step].push(await click(page, selector, title));
  await take('list to key', `main a[href="/keys/${id}"]`, name);
  await take('key to its dialog', `main a[href^="/keys/${id}/edit"]`, 'Edit');
  await take('dialog closed', `dialog footer a`, name);
  await take('to the dashboard', '.rail a[href="/"]', 'Dashboard');
  await take('to the audit', '.rail a[href="/audit"]', 'Audit');
  await take('to the list', '.rail a[href="/keys"]', 'API Keys');
}

const median = (times: number[]) => [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN;
const none = (): Times => Object.fromEntries(STEPS.map((step) => [step, [] as number[]])) as Times;

test('from the click to the paint', async ({ browser, server, cookies }) => {
  test.setTimeout(20 * 60_000);
  const arrange = new Arrange(server, cookies);
  const name = 'Measured';
  const { id } = await arrange.active({ name });
  for (let n = 1; n < 33; n += 1) await arrange.active({ name: `${name} ${n}` });

  const lines: string[] = [];
  for (const slow of [false, true]) {
    const measured = { here: none(), loaded: none() };
    const pages = await Promise.all(
      (['here', 'loaded'] as const).map(async (way) => {
        const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'no-preference' });
        await context.addCookies(cookies);
        const page = await context.newPage();
        await page.addInitScript(noteFrames);
        if (way === 'loaded') await page.route('**/pages.js', (route) => route.fulfill({ contentType: 'text/javascript', body: '' }));
        if (slow) {
          const devtools = await context.newCDPSession(page);
          const speed = (5 * 1024 * 1024) / 8;
          const network = { offline: false, latency: 100, downloadThroughput: speed, uploadThroughput: speed };
          await devtools.send('Network.emulateNetworkConditions', network);
          await devtools.send('Emulation.setCPUThrottlingRate', { rate: 4 });
        }
        await page.goto(`${server.url}/keys`);
        await page.locator('html[data-hydrated]').waitFor({ state: 'attached' });
        return { way, page };
      }),
    );
    // The first round fills the cache.
    for (let n = 0; n <= ROUNDS; n += 1) {
      for (const { way, page } of pages) {
        await page.bringToFront();
        await round(page, id, name, n === 0 ? none() : measured[way]);
      }
    }
    for (const { page } of pages) await page.context().close();
    const where = slow ? '100 ms away, processor 4 times slower' : 'this machine';
    for (const step of STEPS) {
      const [here, loaded] = [median(measured.here[step]), median(measured.loaded[step])];
      lines.push(`| ${where} | ${step} | ${here.toFixed(0)} ms | ${loaded.toFixed(0)} ms | ${(here / loaded).toFixed(2)} |`);
    }
  }
  const table = [
    HEADING,
    '',
    `Chromium without windows, in the page, the median of ${ROUNDS} clicks, ${REST} ms after the pointer came to rest on the link; assets are in the cache. \`make bench\` runs it last.`,
    '',
    '| | click | changed in place | loaded by the browser | share |',
    '|---|---|---:|---:|---:|',
    ...lines,
    '',
  ].join('\n');
  console.log(table);
  if (process.env['KEYSTEAD_DOCS']) await write(table);
});

/** Replaces its part of the page, or adds it at the end. */
async function write(table: string): Promise<void> {
  const docs = await readFile(DOCS, 'utf8');
  const start = docs.indexOf(HEADING);
  const next = docs.indexOf('\n## ', start + 1);
  const before = start < 0 ? `${docs.trimEnd()}\n\n` : docs.slice(0, start);
  const after = start < 0 || next < 0 ? '' : docs.slice(next + 1);
  await writeFile(DOCS, `${before}${table}${after && `\n${after}`}`);
}
