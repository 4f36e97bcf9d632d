// Three servers on one Postgres: what one revokes, none lets pass.
import { join } from 'node:path';

import { count, seconds, spread } from './lib/figures.mjs';
import { freePort } from './lib/ports.mjs';
import { Postgres } from './lib/postgres.mjs';
import { Server, expect } from './lib/server.mjs';

export async function drill({ folder, short }) {
  const postgres = await Postgres.start();
  // They share an address, as behind a load balancer, and so their sessions.
  const settings = {
    KEYSTEAD_DATA_DIR: join(folder, 'data'), KEYSTEAD_DATABASE_URL: postgres.url(), KEYSTEAD_PUBLIC_URL: 'http://localhost',
  };
  const start = async () => Server.start(settings, { listen: `127.0.0.1:${await freePort()}` });
  const nodes = [];
  try {
    // The first makes the root key, the others come at once.
    nodes.push(await start());
    nodes.push(...await Promise.all([start(), start()]));
    const [first] = nodes;
    await first.owner();
    const cookie = await first.signIn();
    for (const node of nodes) node.cookie = cookie;
    const took = [];
    let passed = 0;
    for (let round = 0; round < (short ? 10 : 150); round += 1) {
      const key = await nodes[round % 3].issue('n');
      for (const node of nodes) expect((await node.code(key.token)) === 'VALID', 'a new key does not pass everywhere');
      expect(await nodes[(round + 1) % 3].revoke(key.id), 'a revoke was refused');
      const begun = performance.now();
      await Promise.all(nodes.map(async (node) => {
        // When the last call that passes is sent counts: the machine may pause before its answer, or before the next one.
        let last = begun;
        for (;;) {
          const sent = performance.now();
          if ((await node.code(key.token)) !== 'VALID') break;
          last = sent;
          passed += 1;
        }
        took.push((last - begun) / 1000);
      }));
    }
    const { median, most } = spread(took);
    expect(most < 1, `a call passed that was sent ${seconds(most)} after a revoke`);
    return `after ${count(took.length / 3)} revokes, three servers let calls pass for ${seconds(median)} (median), ${seconds(most)} at most; ${count(passed)} passed`;
  } finally {
    for (const node of nodes) await node.stop('SIGKILL');
    await postgres.remove();
  }
}
