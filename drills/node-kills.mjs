// Three servers behind HAProxy, of which one at a time is killed or stopped under load. No call of a key that works is
// refused, and no write that was answered is lost.
import { setTimeout as pause } from 'node:timers/promises';

import { Cluster, NAMES, settingsOf } from './lib/cluster.mjs';
import { count, seconds } from './lib/figures.mjs';
import { Load } from './lib/load.mjs';
import { Postgres } from './lib/postgres.mjs';
import { expect } from './lib/server.mjs';

export async function drill({ folder, short }) {
  const postgres = await Postgres.start();
  let [cluster, load] = [];
  try {
    cluster = await Cluster.start(settingsOf(postgres, folder), { folder });
    load = await Load.begin(cluster);
    const end = performance.now() + (short ? 12_000 : 90_000);
    let ends = 0;
    const served = () => {
      const refused = load.refused();
      expect(refused.length === 0, `${refused.length} of ${load.calls}: ${refused.slice(0, 3).join('; ')}`);
    };
    while (performance.now() < end) {
      await pause(300 + Math.random() * 700);
      await cluster.again(NAMES[ends % NAMES.length], ends % 2 === 0 ? 'SIGKILL' : 'SIGTERM');
      ends += 1;
      served();
    }
    await load.end();
    served();
    const wrong = await load.check(Object.values(cluster.nodes));
    expect(wrong.length === 0, wrong.slice(0, 3).join('; '));
    return `${count(ends)} servers of three killed and stopped in turns: ${count(load.calls)} calls and ${count(load.made.length + load.revoked.length)} ` +
      `writes, ${count(load.repeated)} repeated, ${count(load.unknown)} unknown, ${count(load.failed.length)} refused after this machine paused, ` +
      `no other refused, none lost; the slowest took ${seconds(load.slowest)}`;
  } finally {
    if (load) load.running = false;
    await cluster?.stop('SIGKILL');
    await postgres.remove();
  }
}
