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
  const issue = ['key', 'issue', '--kind', 'service', '--name'];
  const permissions = PERMISSIONS.flatMap((permission) => ['--permission', permission]);
  const token = (await command(settings, [...issue, 'manager', ...permissions])).trim();
  for (const name of ['one', 'two', 'three']) await command(settings, [...issue, name]);
  const server = await Server.start(settings);
  try {
    const args = ['-m', 'schemathesis.cli', '--config-file', SETTINGS, '--no-color', 'run', `${server.url}/openapi.json`,
      '--header', `Authorization: Bearer ${token}`, '--mode', 'all', '--continue-on-failure',
      '--max-time', short ? '40' : '240', '--seed', '1', '--no-shrink', '--request-timeout', '20', '--warnings', 'off'];
    const env = { PATH: process.env.PATH, PYTHONPATH: PACKAGES, HYPOTHESIS_STORAGE_DIRECTORY: join(folder, 'examples') };
    const child = owned(spawn('python3', args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] }));
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk));
    const [code] = await once(child, 'close');
    expect(code === 0, `Schemathesis ended with ${code}:\n${said.slice(-12_000)}`);
    expect(!/"?status"?[ :]+5\d\d/.test(server.log), `the server failed: ${server.log.slice(-2_000)}`);
    expect((await server.code(token)) === 'VALID', 'the key that called no longer works');
    expect((await server.ready()).ok, 'the server is not ready after it');
    const told = said.split('\n').filter((line) => /Operations:|Test cases:|generated/.test(line)).map((line) => line.trim());
    return told.length ? told : 'every call held';
  } finally {
    await server.stop('SIGKILL');
  }
}
