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

/** The languages, each with the file of its sample, and how that is run. */
const LANGUAGES = [
  { language: 'curl', file: 'sample.sh', command: ['bash', 'sample.sh'] },
  { language: 'tcl', file: 'sample.tcl', command: ['tclsh', 'sample.tcl'] },
  { language: 'python', file: 'sample.py', command: ['python3', 'sample.py'] },
  { language: 'javascript', file: 'sample.mjs', command: ['node', 'sample.mjs'] },
  { language: 'rust', file: 'src/main.rs', command: ['cargo', 'run', '--quiet', '--locked', '--offline'] },
];

type File = { file: string; code: string; command: string[] };

export type Samples = { files: File[]; postman: string };

/** The samples of the page that is open, and its file for Postman. */
export async function samplesOf(owner: Console): Promise<Samples> {
  const { page } = owner;
  const files = await filesOf(owner, 'call', LANGUAGES);
  const link = page.getByRole('link', { name: 'Download for Postman' });
  expect(await link.getAttribute('download')).toMatch(/^keystead-\w+\.postman_collection\.json$/);
  const [kind, text] = ((await link.getAttribute('href')) ?? '').split(',');
  expect(kind).toBe('data:application/json;charset=utf-8');
  return { files, postman: decodeURIComponent(text ?? '') };
}

/** Runs each of them. Each prints an answer with these words, and Newman finds the status to be 200. */
export async function runSamples({ files, postman }: Samples, expected: RegExp): Promise<void> {
  await inFolder(files, expected, {}, async (options) => {
    await writeFile(join(options.cwd, 'collection.json'), postman);
    const { stdout } = await run(NEWMAN, ['run', 'collection.json', '--color', 'off'], options);
    expect(stdout).toContain('Keystead answers');
  });
}

/** Runs the samples that check a key, with both keys in the environment. Each prints the verdict. */
export async function runChecks(owner: Console, keys: Record<string, string>): Promise<void> {
  const files = await filesOf(owner, 'verify', LANGUAGES.filter(({ language }) => language !== 'tcl'));
  await inFolder(files, /VALID/, keys, async () => {});
}

async function filesOf({ page }: Console, id: string, languages: typeof LANGUAGES): Promise<File[]> {
  const files = [];
  for (const { language, file, command } of languages) {
    files.push({ file, command, code: (await page.locator(`code#${id}-${language}`).textContent()) ?? '' });
  }
  return files;
}

type Options = { cwd: string; env: NodeJS.ProcessEnv; timeout: number };

async function inFolder(
  files: File[],
  expected: RegExp,
  keys: Record<string, string>,
  after: (options: Options) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'samples-'));
  // What Cargo compiles is kept for the next sample of this worker. Another one's program would have the same name.
  const target = join(process.env.CARGO_TARGET_DIR ?? tmpdir(), `samples-${process.env.TEST_PARALLEL_INDEX ?? '0'}`);
  const options = { cwd: folder, env: { ...process.env, ...keys, CARGO_TARGET_DIR: target }, timeout: 100_000 };
  try {
    await mkdir(join(folder, 'src'));
    for (const name of ['Cargo.toml', 'Cargo.lock']) await copyFile(join(CRATE, name), join(folder, name));
    for (const { file, code, command: [program = '', ...args] } of files) {
      await writeFile(join(folder, file), code);
      const { stdout } = await run(program, args, options);
      expect(stdout, file).toMatch(expected);
    }
    await after(options);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
