// Hostile requests to every call of the API: Schemathesis calls what the document describes, rightly and wrongly, and makes
// all its checks.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

import { owned } from './lib/children.mjs';
import { Server, command, expect } from './lib/server.mjs';

const SETTINGS = resolve(import.meta.dirname, 'schemathesis.toml');
const PACKAGES = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'keystead/schemathesis');
const PERMISSIONS = ['verify', 'keys.read', 'keys.write', 'people.read', 'people.write', 'apps.read', 'apps.write',
  'settings.read', 'settings.write', 'audit.read'].map((name) => `keystead.${name}`);

export async function drill({ folder, short }) {
  const settings = { KEYSTEAD_DATA_DIR: join(folder, 'data') };
  const permissions = PERMISSIONS.flatMap((permission) => ['--permission', permission]);
  const issue = async (name, ...more) =>
    (await command(settings, ['key', 'issue', '--kind', 'service', '--name', name, ...more])).trim();
  const token = await issue('manager', ...permissions);
  for (const name of ['one', 'two', 'three']) await issue(name);
  await command(settings, ['app', 'create', 'To archive']);
  const archives = await issue('archives', '--app', 'To archive', ...permissions);
  const server = await Server.start(settings);
  const calls = async (key, seconds, ...which) => {
    const args = ['-m', 'schemathesis.cli', '--config-file', SETTINGS, '--no-color', 'run', `${server.url}/openapi.json`,
      '--header', `Authorization: Bearer ${key}`, '--mode', 'all', '--continue-on-failure',
      '--max-time', seconds, '--seed', '1', '--no-shrink', '--request-timeout', '20', '--warnings', 'off', ...which];
    const env = { PATH: process.env.PATH, PYTHONPATH: PACKAGES, HYPOTHESIS_STORAGE_DIRECTORY: join(folder, 'examples') };
    const child = owned(spawn('python3', args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] }));
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk));
    const [code] = await once(child, 'close');
    expect(code === 0, `Schemathesis ended with ${code}:\n${said.slice(-12_000)}`);
    return said;
  };
  try {
    const said = await calls(token, short ? '40' : '240', '--exclude-operation-id', 'archiveApp');
    // With its app, a key archives itself: so another key does it.
    await calls(archives, short ? '5' : '20', '--include-operation-id', 'archiveApp');
    expect(!/"?status"?[ :]+5\d\d/.test(server.log), `the server failed: ${server.log.slice(-2_000)}`);
    expect((await server.code(token)) === 'VALID', 'the key that called no longer works');
    expect((await server.ready()).ok, 'the server is not ready after it');
    const told = said.split('\n').filter((line) => /Operations:|Test cases:|generated/.test(line)).map((line) => line.trim());
    return told.length ? told : 'every call held';
  } finally {
    await server.stop('SIGKILL');
  }
}
