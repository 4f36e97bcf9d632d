// The documented way: two Postgres that Patroni looks after, one etcd, and HAProxy that asks Patroni for the primary. The
// machine of the primary loses its power, or hangs, or somebody switches over.
import { setTimeout as pause } from 'node:timers/promises';

import { Cluster, settingsOf } from './lib/cluster.mjs';
import { count, seconds } from './lib/figures.mjs';
import { Load } from './lib/load.mjs';
import { Patroni } from './lib/patroni.mjs';
import { expect } from './lib/server.mjs';

/** Patroni waits for its lease of 20 s to end before it makes another primary, then HAProxy has to notice. */
const BACK_WITHIN = 45;

const FAULTS = {
  'lost its power': async (patroni, from) => patroni.signal(from, 'SIGKILL'),
  'hung': async (patroni, from) => patroni.signal(from, 'SIGSTOP'),
  'handed over': async (patroni, from, to) => {
    const asked = (headers) => fetch(`http://${patroni.members[from].rest}/switchover`, {
      method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify({ leader: from, candidate: to }),
    });
    const stranger = await asked({});
    expect(stranger.status === 401, `a stranger who switches over is answered ${stranger.status}`);
    const answer = await asked({ authorization: `Basic ${btoa(patroni.credentials)}` });
    expect(answer.status === 200, `the switch-over was answered ${answer.status}: ${await answer.text()}`);
  },
};

export async function drill({ folder }) {
  const patroni = await Patroni.start(folder);
  let [cluster, load] = [];
  const figures = [];
  try {
    cluster = await Cluster.start(settingsOf({ url: () => patroni.url() }, folder), { folder });
    load = await Load.begin(cluster);
    let [from, to] = ['alpha', 'beta'];
    // Writes wait until Patroni no longer asks for the replica.
    await pause(2000);
    load.longest();
    patroni.signal(to, 'SIGKILL');
    await pause(8000);
    const alone = load.longest();
    expect(alone < 2, `without the replica, no call passed for ${seconds(alone)}`);
    figures.push(`the replica lost its power: no call passed for ${seconds(alone)}, the slowest answer took ${seconds(load.slowest)}`);
    await patroni.begin(to);
    await patroni.until(to, 'sync', 150);
    for (const [what, fault] of Object.entries(FAULTS)) {
      await pause(2000);
      load.longest();
      await fault(patroni, from, to);
      await patroni.until(to, 'primary', BACK_WITHIN);
      await cluster.proxy.until('servers', 3, 30);
      await pause(500);
      const gap = load.longest();
      expect(gap < BACK_WITHIN, `no call passed for ${seconds(gap)}`);
      figures.push(`the primary ${what}: no call passed for ${seconds(gap)}`);
      if (what === 'hung') patroni.signal(from, 'SIGCONT');
      if (what === 'lost its power') await patroni.begin(from);
      // It comes back as the replica, and commits wait for it again.
      await patroni.until(from, 'sync', 150);
      [from, to] = [to, from];
    }
    await load.end();
    const wrong = await load.check(Object.values(cluster.nodes));
    expect(wrong.length === 0, wrong.slice(0, 3).join('; '));
    return [...figures, `${count(load.calls)} calls and ${count(load.made.length + load.revoked.length)} writes: none answered wrongly, none lost`];
  } finally {
    if (load) load.running = false;
    await cluster?.stop('SIGKILL');
    await patroni.remove();
  }
}
