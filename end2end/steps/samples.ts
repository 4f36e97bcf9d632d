// Runs the samples of a page as they are printed there.
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

import { expect } from '@playwright/test';

import type { Console } from '../fixtures/console';

const run = promisify(execFile);

const CRATE = resolve(import.meta.dirname, '../samples');
const NEWMAN = resolve(import.meta.dirname, '../node_modules/.bin/newman');

/** The languages, each with the id of its sample, its file, and how that is run. */
const LANGUAGES = [
  { id: 'call-curl', file: 'sample.sh', command: ['bash', 'sample.sh'] },
  { id: 'call-tcl', file: 'sample.tcl', command: ['tclsh', 'sample.tcl'] },
  { id: 'call-python', file: 'sample.py', command: ['python3', 'sample.py'] },
  { id: 'call-javascript', file: 'sample.mjs', command: ['node', 'sample.mjs'] },
  { id: 'call-rust', file: 'src/main.rs', command: ['cargo', 'run', '--quiet', '--locked', '--offline'] },
];

export type Samples = { files: { file: string; code: string; command: string[] }[]; postman: string };

/** The samples of the page that is open, and its file for Postman. */
export async function samplesOf({ page }: Console): Promise<Samples> {
  const files = [];
  for (const { id, file, command } of LANGUAGES) {
    files.push({ file, command, code: (await page.locator(`code#${id}`).textContent()) ?? '' });
  }
  const link = page.getByRole('link', { name: 'Download for Postman' });
  expect(await link.getAttribute('download')).toMatch(/^keystead-\w+\.postman_collection\.json$/);
  const [kind, text] = ((await link.getAttribute('href')) ?? '').split(',');
  expect(kind).toBe('data:application/json;charset=utf-8');
  return { files, postman: decodeURIComponent(text ?? '') };
}

/** Runs each of them. Each prints an answer with these words, and Newman finds the status to be 200. */
export async function runSamples({ files, postman }: Samples, expected: RegExp): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'samples-'));
  // What Cargo compiles is kept for the next sample.
  const target = join(process.env.CARGO_TARGET_DIR ?? tmpdir(), 'samples');
  const options = { cwd: folder, env: { ...process.env, CARGO_TARGET_DIR: target }, timeout: 100_000 };
  try {
    await mkdir(join(folder, 'src'));
    for (const name of ['Cargo.toml', 'Cargo.lock']) await copyFile(join(CRATE, name), join(folder, name));
    for (const { file, code, command: [program = '', ...args] } of files) {
      await writeFile(join(folder, file), code);
      const { stdout } = await run(program, args, options);
      expect(stdout, file).toMatch(expected);
    }
    await writeFile(join(folder, 'collection.json'), postman);
    const { stdout } = await run(NEWMAN, ['run', 'collection.json', '--color', 'off'], options);
    expect(stdout).toContain('Keystead answers');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
