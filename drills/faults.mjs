// Single writes and flushes of the database fail, as a broken or full disk makes them. Whatever was acknowledged is there
// afterwards, and the file is sound.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { count } from './lib/figures.mjs';
import { Server, command, expect } from './lib/server.mjs';

const FAULTS = [
  ['pwrite64', 'ENOSPC'], ['pwrite64', 'EIO'], ['pwrite64', 'EDQUOT'], ['write', 'ENOSPC'], ['fdatasync', 'EIO'], ['fsync', 'EIO'],
  ['fdatasync', 'ENOSPC'],
];

export async function drill({ folder, short }) {
  if (spawnSync('strace', ['-V']).status !== 0) throw new Error('strace is missing; make drills installs it');
  const data = join(folder, 'data');
  const settings = { KEYSTEAD_DATA_DIR: data };
  const server = await Server.start(settings);
  const figures = { issued: [], refused: 0, uncertain: 0 };
  try {
    await server.owner();
    await server.signIn();
    for (const [call, error] of short ? FAULTS.slice(0, 5) : [...FAULTS, ...FAULTS, ...FAULTS]) {
      const files = ['', '-wal'].flatMap((suffix) => ['-P', join(data, `keystead.db${suffix}`)]);
      const inject = ['-e', `trace=${call}`, '-e', `inject=${call}:error=${error}:when=3+4`];
      const strace = spawn('strace', ['-f', '-qq', '-o', '/dev/null', ...files, ...inject, '-p', String(server.child.pid)], { stdio: 'inherit' });
      await pause(300);
      const end = performance.now() + 3000;
      while (performance.now() < end) {
        try {
          const key = await server.issue('n');
          if (key.confirmed) figures.issued.push(key); else figures.uncertain += 1;
        } catch {
          figures.refused += 1;
        }
      }
      const gone = once(strace, 'exit');
      strace.kill('SIGTERM');
      await gone;
      await server.until(true, 60);
      const key = await server.issue('after');
      expect(key.confirmed, `after ${call} ${error}, a key cannot be issued`);
      figures.issued.push(key);
    }
    for (const key of figures.issued) {
      const code = await server.code(key.token);
      expect(code === 'VALID', `${key.id} was confirmed and is ${code}`);
    }
    await server.stop();
    const sound = await command(settings, ['check']);
    expect(figures.refused > 0, 'no fault was noticed');
    return `${count(figures.issued.length)} keys issued, ${count(figures.refused)} refused, ${count(figures.uncertain)} unknown; ` +
      `all issued ones work. ${sound.trim()}`;
  } finally {
    await server.stop('SIGKILL');
  }
}
