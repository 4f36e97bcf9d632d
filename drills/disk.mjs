// The disk fills up, and gets room again. Writes are refused while it is full, and work by themselves afterwards.
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

import { seconds } from './lib/figures.mjs';
import { Server, expect } from './lib/server.mjs';

function fill(file) {
  const disk = openSync(file, 'w');
  for (const size of [65536, 1]) {
    try { for (;;) writeSync(disk, Buffer.alloc(size)); } catch { /* Full. */ }
  }
  closeSync(disk);
}

export async function drill({ folder, short }) {
  const mount = 'mount -t tmpfs -o size=8m tmpfs "$0" && exec "$@"';
  const through = ['unshare', '--user', '--map-root-user', '--mount', '/bin/sh', '-c', mount, folder];
  const server = await Server.start({ KEYSTEAD_DATA_DIR: `${folder}/data` }, { through });
  const disk = `/proc/${server.child.pid}/root${folder}`;
  const figures = [];
  try {
    for (let round = 0; round < (short ? 2 : 10); round += 1) {
      fill(`${disk}/ballast`);
      const wrong = async (n) => (await server.post('/login', { email: `nobody${n}@example.com`, password: 'wrong password' })).status;
      const full = performance.now();
      let refused = false;
      for (let n = 0; !refused && performance.now() - full < 60_000; n += 1) refused = (await wrong(n)) === 503;
      expect(refused, 'no write was refused on a full disk');
      await server.until(false, 60, /cannot be written/);
      await pause(500);
      rmSync(`${disk}/ballast`);
      const again = await server.until(true, 60);
      const answered = await wrong(-1 - round);
      expect([401, 429].includes(answered), `a sign-in answered ${answered} although there is room`);
      figures.push(again);
    }
    return `filled and freed ${figures.length} times: ready again after ${seconds(Math.max(...figures))} at most`;
  } finally {
    await server.stop('SIGTERM');
  }
}
