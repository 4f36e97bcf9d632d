// A Postgres that moves: the primary of three servers dies, or is cut off and goes on, and its synchronous replica is
// promoted. Nothing that was answered is lost, and nobody writes into the old one.
import { setTimeout as pause } from 'node:timers/promises';

import { Cluster, settingsOf } from './lib/cluster.mjs';
import { count, seconds } from './lib/figures.mjs';
import { Load } from './lib/load.mjs';
import { PgBouncer } from './lib/pgbouncer.mjs';
import { Postgres } from './lib/postgres.mjs';
import { expect } from './lib/server.mjs';

/** How long it may take until calls pass again, in seconds. */
const BACK_WITHIN = 10;

/** A replica that the primary waits for with each commit. */
async function replica(primary) {
  const standby = await Postgres.start({ copyOf: primary });
  await primary.waitForStandby(true);
  for (let tries = 0; primary.psql("SELECT count(*) FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')") !== '1'; tries += 1) {
    expect(tries < 600, 'the replica does not follow');
    await pause(100);
  }
  return standby;
}

/** Makes the replica the primary. It has none of its own, so it must not wait for one. */
async function promote(standby) {
  await standby.promote();
  await standby.waitForStandby(false);
}

/** Waits until the log of a server says so. */
async function said(cluster, what) {
  for (const begun = performance.now(); !cluster.logs().includes(what); await pause(50)) {
    expect(performance.now() - begun < 60_000, `the log does not say: ${what}`);
  }
}

/** The primary is killed. Whoever watches it promotes the replica and moves the address. */
async function killed({ cluster, load, bouncers, primary, standby, figures }) {
  load.longest();
  await primary.stop('SIGKILL');
  await pause(500);
  await promote(standby);
  for (const bouncer of bouncers) await bouncer.lead(standby);
  await cluster.proxy.until('servers', 3);
  await pause(500);
  const gap = load.longest();
  expect(gap < BACK_WITHIN, `no call passed for ${seconds(gap)}`);
  for (const what of ['the version poll fails', 'the version poll works again', 'not ready']) await said(cluster, what);
  figures.push(`the primary was killed: no call passed for ${seconds(gap)}`);
}

/**
 * The primary goes on, but only one server still reaches it, and its replica does not. What it commits then waits for the
 * replica: the server answers no write, and is not ready. Its calls are answered by what it reads there, until somebody
 * makes the old primary read-only, or stops it.
 */
async function cutOff({ cluster, load, bouncers: [ours, theirs], primary, standby, figures }) {
  const lone = cluster.nodes.one;
  const revoked = await cluster.issue('revoked at the new primary');
  expect((await lone.code(revoked.token)) === 'VALID', 'the key does not pass');
  load.longest();
  await promote(standby);
  await ours.lead(standby);
  const noticed = await lone.until(false, 30);
  await cluster.proxy.until('servers', 2);
  await pause(500);
  const gap = load.longest();
  expect(gap < BACK_WITHIN, `no call passed for ${seconds(gap)}`);
  figures.push(`cut off and promoted: no call passed for ${seconds(gap)}; the server at the old primary was not ready after ${seconds(noticed)}`);
  const tried = lone.issue('at the old primary').then(() => 'it was issued', (error) => error.message);
  expect(await cluster.revoke(revoked.id), 'a revoke at the new primary was refused');
  // Somebody fences the old primary, as Patroni does by itself.
  primary.psql("ALTER SYSTEM SET default_transaction_read_only = on");
  primary.psql('SELECT pg_reload_conf()');
  const fenced = await lone.until(false, 30, /read-only/);
  // A cached key may pass for a second.
  await pause(1500);
  const codes = [];
  for (let calls = 0; calls < 20; calls += 1) codes.push(await lone.code(revoked.token));
  expect(codes.every((code) => code === 'HTTP 503'), `with the old primary read-only, calls there answer ${[...new Set(codes)]}`);
  expect(/read-only/.test(lone.log), `the log says nothing of it: ${lone.log.slice(-2000)}`);
  figures.push(`the old primary was made read-only: the server there said so and refused calls after ${seconds(fenced)}`);
  const answer = await tried;
  expect(/answered 503|timeout/.test(answer), `a key at the old primary: ${answer}`);
  await theirs.lead(standby);
  await cluster.proxy.until('servers', 3);
  const code = await lone.code(revoked.token);
  expect(code === 'REVOKED' || code === 'NOT_FOUND', `a key that was revoked at the new primary is ${code}`);
}

async function round(act, folder, figures) {
  const primary = await Postgres.start();
  let [standby, cluster, load] = [];
  const bouncers = [];
  try {
    standby = await replica(primary);
    // The second one is that of a server which still sees the old primary.
    bouncers.push(await PgBouncer.start(primary), await PgBouncer.start(primary));
    const settings = { ...settingsOf(primary, folder), KEYSTEAD_DATABASE_URL: bouncers[0].url() };
    cluster = await Cluster.start(settings, { folder, own: { one: { KEYSTEAD_DATABASE_URL: bouncers[1].url() } } });
    await cluster.owner();
    await cluster.signIn();
    load = await Load.begin(cluster);
    await pause(1500);
    await act({ cluster, load, bouncers, primary, standby, figures });
    await pause(1000);
    await load.end();
    const wrong = await load.check(Object.values(cluster.nodes));
    expect(wrong.length === 0, wrong.slice(0, 3).join('; '));
    return load;
  } finally {
    if (load) load.running = false;
    await cluster?.stop('SIGKILL');
    for (const bouncer of bouncers) bouncer.stop();
    await standby?.remove();
    await primary.remove();
  }
}

export async function drill({ folder, short }) {
  const figures = [];
  const sums = { calls: 0, writes: 0 };
  for (let rounds = short ? 1 : 2; rounds > 0; rounds -= 1) {
    for (const act of [killed, cutOff]) {
      const load = await round(act, folder, figures);
      sums.calls += load.calls;
      sums.writes += load.made.length + load.revoked.length;
    }
  }
  figures.push(`${count(sums.calls)} calls and ${count(sums.writes)} writes: none of them answered wrongly, none lost`);
  return figures;
}
