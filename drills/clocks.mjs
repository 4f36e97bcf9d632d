// Clocks that are wrong, or jump. They cost nobody a call, and give nobody one.
import { spawnSync } from 'node:child_process';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { Cluster, NAMES, issued, settingsOf } from './lib/cluster.mjs';
import { sameDay } from './lib/day.mjs';
import { Postgres } from './lib/postgres.mjs';
import { Server, command, expect } from './lib/server.mjs';

/** The library that shows a process another time, as Debian installs it. */
function library() {
  const found = spawnSync('sh', ['-c', 'ls /usr/lib/*/faketime/libfaketimeMT.so.1'], { encoding: 'utf8' }).stdout.trim();
  if (!found) throw new Error('libfaketime is missing; make drills installs it');
  return found;
}

/** A wall clock that the drill sets; the clock that measures how much time has passed stays right. */
class Clock {
  constructor(folder, name) {
    this.file = join(folder, name);
    this.set('+0');
    this.settings = {
      LD_PRELOAD: library(), FAKETIME_TIMESTAMP_FILE: this.file, FAKETIME_NO_CACHE: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1',
    };
  }

  set(offset) {
    writeFileSync(`${this.file}.new`, offset);
    renameSync(`${this.file}.new`, this.file);
  }
}

/** Expects a server to say that its clock is so many seconds ahead, or nearly: it measures that now and then. */
function expectAhead(text, wanted) {
  const ahead = Number(/clock is (\d+) s ahead/.exec(text)?.[1]);
  expect(Math.abs(ahead - wanted) <= 10, `the server that is ahead says: ${text}`);
}

/** How many seconds of a day the calls of a daily quota may take here. */
const CALLS = 120;

async function passes(server, token, calls) {
  let passed = 0;
  for (let n = 0; n < calls; n += 1) passed += (await server.code(token)) === 'VALID' ? 1 : 0;
  return passed;
}

/** One server on SQLite, whose clock jumps. */
async function jumps(folder) {
  const clock = new Clock(folder, 'jumps');
  const settings = { KEYSTEAD_DATA_DIR: join(folder, 'jumps-data'), ...clock.settings };
  const server = await Server.start(settings);
  try {
    const issue = async (...more) => (await command(settings, ['key', 'issue', '--kind', 'service', '--name', 'n', ...more])).trim();
    const limited = await issue('--limit', '20/1h');
    const quota = await issue('--quota', '40', '--quota-refill', 'daily');
    await sameDay(CALLS);
    expect((await passes(server, limited, 10)) === 10, 'half of a limit does not pass');
    expect((await passes(server, quota, 10)) === 10, 'a quarter of a quota does not pass');
    for (const offset of ['-1h', '+30m', '+0']) {
      clock.set(offset);
      await pause(300);
      await server.until(true, 60);
    }
    const rest = await passes(server, limited, 15);
    expect(rest === 10, `a clock that jumped left ${rest} of 10 calls of a limit`);
    const left = await passes(server, quota, 35);
    expect(left === 30, `a clock that jumped left ${left} of 30 calls of a quota`);
    return 'a clock that jumped back an hour, forward and right again: no call lost, none given';
  } finally {
    await server.stop();
  }
}

/** Two servers on Postgres, one of which is ahead. */
async function apart(folder) {
  const postgres = await Postgres.start();
  const settings = { KEYSTEAD_DATA_DIR: join(folder, 'apart'), KEYSTEAD_DATABASE_URL: postgres.url() };
  const clock = new Clock(folder, 'ahead');
  clock.set('+25h');
  let [right, ahead] = [];
  try {
    right = await Server.start(settings);
    ahead = await Server.start({ ...settings, ...clock.settings });
    expectAhead((await ahead.ready()).text, 90_000);
    await right.owner();
    await right.signIn();
    const quota = (await command(settings, ['key', 'issue', '--kind', 'service', '--name', 'n', '--quota', '100', '--quota-refill', 'daily'])).trim();
    const form = { kind: 'service', step: 'generate', name: 'pending', permissions: 'a.b', form_id: 'ab'.repeat(16) };
    const token = (await (await right.post('/keys/new', form)).text()).match(/ks_[A-Za-z0-9]+_[A-Za-z0-9]+/)[0];
    await sameDay(CALLS);
    const given = (await Promise.all([passes(right, quota, 80), passes(ahead, quota, 80)])).reduce((a, b) => a + b);
    expect(given === 100, `a daily quota of 100 gave ${given} calls`);
    await pause(11_000);
    const confirmed = await right.post(`/keys/${token.split('_')[1]}/acknowledge`, { acknowledged: 'yes' });
    expect(confirmed.status === 303, `confirming answers ${confirmed.status}: the server that is ahead has dropped the key`);
    expect((await ahead.code(token)) === 'VALID', 'the confirmed key does not pass where the clock is ahead');
    return 'a server 25 hours ahead of another: it says so, drops no pending key, and a quota gives no more than its total';
  } finally {
    await right?.stop('SIGKILL');
    await ahead?.stop('SIGKILL');
    await postgres.remove();
  }
}

/** Three servers behind HAProxy, of which one is ten minutes ahead. It says so, and judges keys as the others do. */
async function among(folder) {
  const postgres = await Postgres.start();
  const clock = new Clock(folder, 'among');
  clock.set('+10m');
  const settings = settingsOf(postgres, folder);
  let cluster;
  try {
    cluster = await Cluster.start(settings, { folder, own: { three: clock.settings } });
    const said = await Promise.all(NAMES.map((name) => cluster.nodes[name].ready()));
    expect(said.every(({ ok }) => ok), 'a server is not ready');
    expectAhead(said[2].text, 600);
    expect(said.slice(0, 2).every(({ text }) => text === 'ready\n'), `the others say: ${said.map(({ text }) => text)}`);
    expect(/clock/.test(cluster.nodes.three.log), `its log does not name the difference: ${cluster.nodes.three.log}`);
    const at = (seconds) => new Date(Date.now() + seconds * 1000).toISOString().replace(/\.\d+/, '');
    const beginning = await issued(settings, '--not-before', at(300));
    const end = at(30);
    const ending = await issued(settings, '--expires-at', end);
    const codes = (token) => Promise.all(NAMES.map((name) => cluster.nodes[name].code(token)));
    const same = (got, wanted) => expect(got.every((code) => code === wanted), `a key that should be ${wanted} is ${got}`);
    same(await codes(ending), 'VALID');
    same(await codes(beginning), 'NOT_YET_VALID');
    await pause(Date.parse(end) + 1000 - Date.now());
    same(await codes(ending), 'EXPIRED');
    return 'of three servers behind HAProxy one was ten minutes ahead: it said so, and all judged keys alike';
  } finally {
    await cluster?.stop('SIGKILL');
    await postgres.remove();
  }
}

export async function drill({ folder }) {
  return [await jumps(folder), ...await Promise.all([apart(folder), among(folder)])];
}
