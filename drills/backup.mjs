// A backup while keys are issued, and its restore.
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { count, seconds } from './lib/figures.mjs';
import { Server, command, expect } from './lib/server.mjs';

export async function drill({ folder, short }) {
  const settings = { KEYSTEAD_DATA_DIR: join(folder, 'data') };
  let server = await Server.start(settings);
  const took = [];
  try {
    await server.owner();
    await server.signIn();
    const issued = [];
    let stopped = false;
    const issuing = (async () => {
      while (!stopped) {
        issued.push(await server.issue('n'));
        await pause(20);
      }
    })();
    let before = [];
    for (let round = 0; round < (short ? 2 : 20); round += 1) {
      await pause(500);
      before = [...issued];
      const begun = performance.now();
      await command(settings, ['backup', join(folder, `backup-${round}`)]);
      took.push((performance.now() - begun) / 1000);
    }
    stopped = true;
    await issuing;
    await server.stop();
    const last = join(folder, `backup-${took.length - 1}`);
    const said = await command(settings, ['restore', last]);
    server = await Server.start(settings);
    for (const key of before) expect((await server.code(key.token)) === 'VALID', `${key.id} is not in the backup`);
    return `${took.length} backups of up to ${count(issued.length)} keys under load, ${seconds(Math.max(...took))} at most. ${said.trim()}`;
  } finally {
    await server.stop('SIGKILL');
  }
}
