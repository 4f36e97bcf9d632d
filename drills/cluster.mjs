// Three servers that start at once on an empty database, behind HAProxy: whichever of them answers, set-up, sessions, forms,
// hand-overs, live pages, downloads and files work as with one.
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { Cluster, NAMES } from './lib/cluster.mjs';
import { seconds } from './lib/figures.mjs';
import { Postgres } from './lib/postgres.mjs';
import { Server, expect, within } from './lib/server.mjs';

const OWNER = { person_name: 'Ada Byron', email: 'owner@example.com', password: 'copper lantern drifting north' };

/** Which servers have answered, as HAProxy says it. */
class Answered {
  servers = new Set();

  constructor(cluster) {
    const ask = cluster.ask.bind(cluster);
    cluster.ask = async (...request) => {
      const answer = await ask(...request);
      const server = answer.headers.get('x-server');
      if (server) this.servers.add(server);
      return answer;
    };
  }
}

/** The link that holds is the newest of those that the servers printed; each says when it was made. */
async function setUp(cluster) {
  const made = NAMES.map((name) => {
    const { printed } = cluster.nodes[name];
    return { link: printed.match(/\/setup\?token=(\S+)/)?.[1], at: printed.match(/made at (\S+)/)?.[1] };
  });
  expect(made.every(({ link, at }) => link && at), 'a server printed no set-up link');
  const doors = [];
  for (const { link } of made) doors.push((await cluster.ask(`/setup?token=${link}`)).status);
  expect(doors.filter((status) => status === 200).length === 1, `the set-up links answer ${doors.join(', ')}`);
  const right = made[doors.indexOf(200)];
  expect(made.every(({ at }) => at <= right.at), 'the link that works is not the newest');
  const done = await cluster.post('/setup', { token: right.link, ...OWNER });
  expect(done.status === 303, `the set-up answered ${done.status}: ${await done.text()}`);
  cluster.cookie = done.headers.getSetCookie().map((line) => line.split(';')[0]).join('; ');
  for (const { link } of made) {
    const gone = (await cluster.ask(`/setup?token=${link}`)).status;
    expect(gone === 404, `after the set-up, its page answers ${gone}`);
  }
}

/** A session that one server began holds at all of them, and once it ends at one, at none. */
async function sessions(cluster) {
  const kept = cluster.cookie;
  cluster.cookie = undefined;
  await cluster.signIn();
  const headers = { cookie: cluster.cookie };
  const at = async (name) => (await cluster.nodes[name].ask('/account', { headers })).status;
  for (const name of NAMES) expect((await at(name)) === 200, `the session does not hold at ${name}`);
  await cluster.post('/logout', {});
  for (const name of NAMES) expect((await at(name)) === 303, `after signing out, the session holds at ${name}`);
  cluster.cookie = kept;
}

/** The wizard's draft goes from server to server; two of its last form at once make one key. */
async function forms(cluster) {
  const form = { kind: 'service', name: 'wizard', permissions: 'a.b', form_id: randomBytes(16).toString('hex') };
  const drafted = await cluster.post('/keys/new', { ...form, step: 'summary' });
  const summary = drafted.headers.get('location');
  expect(summary, `the draft answered ${drafted.status}: ${await drafted.text()}`);
  for (const name of NAMES) {
    const page = await (await cluster.node(name).ask(summary, { headers: { cookie: cluster.cookie } })).text();
    expect(page.includes('a.b'), `${name} does not show the draft`);
  }
  const sent = NAMES.map((name) => cluster.node(name).post('/keys/new', { ...form, step: 'generate' }));
  const pages = await Promise.all((await Promise.all(sent)).map((answer) => answer.text()));
  const tokens = pages.flatMap((page) => page.match(/ks_[A-Za-z0-9]+_[A-Za-z0-9]+/) ?? []);
  expect(tokens.length === 1, `a form that was sent three times at once showed ${tokens.length} secrets`);
  const id = tokens[0].split('_')[1];
  const confirmed = await cluster.post(`/keys/${id}/acknowledge`, { acknowledged: 'yes' });
  expect(confirmed.status === 303, `confirming answered ${confirmed.status}`);
  return { id, token: tokens[0] };
}

async function handOver(cluster) {
  const form = { kind: 'service', name: 'handed over', form_id: randomBytes(16).toString('hex'), recipient: 'Grace', link_life: '1d' };
  const link = (await (await cluster.post('/keys/handovers/new', form)).text()).match(/\/collect\/[0-9a-f]{64}/)?.[0];
  expect(link, 'no link was made');
  const cookie = cluster.cookie;
  cluster.cookie = undefined;
  const presses = await Promise.all(NAMES.map((name) => {
    const node = cluster.node(name);
    return node.post(link, {});
  }));
  const pages = await Promise.all(presses.map((answer) => answer.text()));
  const token = pages.flatMap((page) => page.match(/ks_[A-Za-z0-9]+_[A-Za-z0-9]+/) ?? []);
  expect(token.length === 1, `a link that was pressed at three servers at once gave ${token.length} keys`);
  const stored = pages.flatMap((page) => page.match(/\/collect\/[0-9a-f]{64}\/stored/) ?? [])[0];
  expect((await cluster.post(stored, { acknowledged: 'yes' })).status === 200, 'the key was not confirmed');
  cluster.cookie = cookie;
  for (const name of NAMES) expect((await cluster.nodes[name].code(token[0])) === 'VALID', `${name} refuses the key that was handed over`);
}

/** Opens a live page at one server, acts, and gives the seconds until it shows something that matches. An act may ask for that. */
async function live(cluster, name, path, what, act) {
  const end = new AbortController();
  const node = cluster.node(name);
  const answer = await fetch(node.url + path, { headers: { cookie: cluster.cookie, accept: 'text/event-stream' }, signal: end.signal });
  expect(answer.status === 200, `${path} answered ${answer.status}`);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let said = '';
  const come = async (wanted) => {
    while (!wanted.test(said)) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`the stream of ${path} ended after ${said}`);
      said += value;
    }
  };
  try {
    await within(30, `the opening of ${path}`, come(/listening/));
    const begun = performance.now();
    let shown = 0;
    const showing = within(30, `${what} in the stream of ${path}`, come(what)).finally(() => (shown = performance.now()));
    await Promise.all([showing, act(() => shown)]);
    return (shown - begun) / 1000;
  } finally {
    end.abort();
  }
}

/** A room, a chat with a file, and the pages that show them as they come. */
async function rooms(cluster, took) {
  const made = async (path, form) => {
    const answer = await cluster.post(`${path}/new`, form);
    const id = answer.headers.get('location')?.match(/[0-9a-f]{24}/)?.[0];
    expect(answer.status === 303 && id, `${path}/new answered ${answer.status}`);
    return id;
  };
  const room = await made('/rooms', { name: 'Lobby' });
  for (const name of NAMES) {
    const notice = `said ${randomBytes(6).toString('hex')}`;
    const write = () => cluster.node(NAMES.at(NAMES.indexOf(name) - 1)).post(`/rooms/${room}/notice`, { nick_name: 'Manager', message: notice });
    took.push(await live(cluster, name, `/events/rooms?room=${room}&after=0`, new RegExp(notice), write));
  }
  const contact = await made('/contacts', { contact_kind: 'client', identifier: 'grace', first_name: 'Grace', last_name: 'Hopper' });
  const chat = await made('/chats', { name: 'Desk', contacts: contact });
  const file = randomBytes(500_000);
  const form = new FormData();
  form.set('message', 'with a file');
  form.set('attachment', new Blob([file], { type: 'application/pdf' }), 'ledger.pdf');
  const sent = await fetch(`${cluster.url}/chats/${chat}/write`, {
    method: 'POST', redirect: 'manual', headers: { cookie: cluster.cookie, 'sec-fetch-site': 'same-origin' }, body: form,
  });
  expect(sent.status === 303, `a file was answered with ${sent.status}: ${await sent.text()}`);
  for (const name of NAMES) {
    const headers = { cookie: cluster.cookie };
    const page = await (await cluster.nodes[name].ask(`/chats/${chat}`, { headers })).text();
    const address = page.match(/\/files\?room=[^"]+/)?.[0].replaceAll('&amp;', '&');
    expect(address, `${name} shows no file`);
    const got = Buffer.from(await (await cluster.nodes[name].ask(address, { headers })).arrayBuffer());
    expect(got.equals(file), `${name} gives another file than was sent`);
  }
}

/** An export that begins at one server has every key, whoever made them. */
async function downloads(cluster, ids) {
  for (const name of [...NAMES, undefined]) {
    const from = name ? cluster.nodes[name] : cluster;
    const text = await (await from.ask('/keys.csv', { headers: { cookie: cluster.cookie } })).text();
    for (const id of ids) expect(text.includes(id), `the export of ${name ?? 'HAProxy'} has no ${id}`);
  }
}

/**
 * A fourth server with another root key does not start. Once a newer release has taken the database over, no server gives a
 * verdict and none of this release starts, until that is taken back.
 */
async function strangers(cluster, postgres, folder, token) {
  const fourth = (more) => Server.start({ ...cluster.settings, ...more }).then(
    (server) => server.stop('SIGKILL').then(() => 'it started'),
    ({ message }) => message,
  );
  const file = join(folder, 'other.key');
  writeFileSync(file, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
  const other = await fourth({ KEYSTEAD_ROOT_KEY_FILE: file });
  expect(/belongs to the root key/.test(other), `a server with another root key: ${other}`);

  postgres.psql("INSERT INTO setting (name, value) VALUES ('least_generation', '4000000000')");
  for (const name of NAMES) await cluster.nodes[name].until(false, 30, /has taken over/);
  // A key in the cache is believed for a second.
  await pause(1500);
  for (const name of NAMES) {
    const code = await cluster.nodes[name].code(token);
    expect(code !== 'VALID', `${name} goes on beside a newer release that must not have it beside it`);
  }
  const old = await fourth({});
  expect(/has taken over/.test(old), `a server of an older release: ${old}`);
  postgres.psql("DELETE FROM setting WHERE name = 'least_generation'");
  for (const name of NAMES) {
    await cluster.nodes[name].until(true, 30);
    expect((await cluster.nodes[name].code(token)) === 'VALID', `${name} refuses a key after the newer release has gone`);
  }
}

export async function drill({ folder }) {
  const postgres = await Postgres.start();
  // They share the data folder: one of them makes the root key, and the others find it.
  const settings = { KEYSTEAD_DATA_DIR: join(folder, 'data'), KEYSTEAD_DATABASE_URL: postgres.url() };
  let cluster;
  try {
    const begun = performance.now();
    cluster = await Cluster.start(settings, { folder });
    const started = (performance.now() - begun) / 1000;
    const answered = new Answered(cluster);
    await setUp(cluster);
    await sessions(cluster);
    const key = await forms(cluster);
    await handOver(cluster);
    const took = [];
    await rooms(cluster, took);
    const ids = [key.id];
    for (let n = 0; n < 6; n += 1) ids.push((await cluster.issue(`n${n}`)).id);
    await downloads(cluster, ids);
    const calls = [];
    for (const [at, name] of NAMES.entries()) {
      const call = async (shown) => {
        // A server tells the others what is watched there, and until they know, a call is not shown.
        while (!shown()) {
          await pause(500);
          await cluster.nodes[NAMES.at(at - 1)].code(key.token);
        }
      };
      calls.push(-0.5 + await live(cluster, name, `/integrations/setup/events?key=${key.id}`, /event: call/, call));
    }
    await strangers(cluster, postgres, folder, key.token);
    expect(answered.servers.size === NAMES.length, `HAProxy asked only ${[...answered.servers].join(', ')}`);
    return [
      'a fourth with another root key, and one of a release that is too old, did not start and said why',
      `three at once on an empty database were up in ${seconds(started)}; set-up, sessions, forms, hand-overs, files and exports work at each`,
      `a page of another server showed a message after ${seconds(Math.max(...took))} at most, a call after ${seconds(Math.max(...calls))}`,
    ];
  } finally {
    await cluster?.stop('SIGKILL');
    await postgres.remove();
  }
}
