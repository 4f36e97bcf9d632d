// The release before and this one, side by side on one database under load, behind a proxy: one server after the other is
// replaced, there and back as far as the release before allows it.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { owned } from './lib/children.mjs';
import { count, seconds, spread } from './lib/figures.mjs';
import { freePort } from './lib/ports.mjs';
import { Postgres } from './lib/postgres.mjs';
import { BINARY, Server, command, expect } from './lib/server.mjs';

const PREVIOUS = process.env.KEYSTEAD_PREVIOUS;

/** How long a mixture of releases is under load, in milliseconds. */
const MIXED = 5_000;

/** How late another server may learn of a change, in milliseconds. */
const LEARNED = 1_000;

/** A proxy in front of servers. What one does not take, another gets. */
async function door(folder, ports) {
  const port = await freePort();
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(file, [
    'defaults', '  mode http', '  timeout connect 1s', '  timeout client 30s', '  timeout server 30s', '  timeout check 3s',
    '  option redispatch 1', '  retries 5', '  retry-on conn-failure empty-response 503',
    'listen keystead', `  bind 127.0.0.1:${port}`, '  balance roundrobin', '  option httpchk GET /readyz',
    ...ports.map((to, n) => `  server n${n} 127.0.0.1:${to} check inter 200ms fall 3 rise 1`), '',
  ].join('\n'));
  owned(spawn('/usr/sbin/haproxy', ['-db', '-f', file], { stdio: 'ignore' }));
  await pause(500);
  const proxy = new Server();
  proxy.url = `http://localhost:${port}`;
  return proxy;
}

/** What everybody was told, and what of it was wrong. */
class Ledger {
  answers = 0;
  wrong = [];
  valid = [];
  dead = [];
  slowest = [];

  note(holds, what) {
    this.answers += 1;
    if (!holds && this.wrong.length < 20) this.wrong.push(what);
  }
}

/** Calls, batches, new keys, rotations and pages until `stopped`. */
async function work(proxy, ledger, manager, stopped) {
  const api = async (method, path, body, token = manager) => {
    const headers = { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) };
    const begun = performance.now();
    const answer = await proxy.ask(path, { method, headers, body: body && JSON.stringify(body) });
    const text = await answer.text();
    ledger.slowest.push((performance.now() - begun) / 1000);
    ledger.note(answer.status < 500, `${method} ${path} answered ${answer.status}: ${text.slice(0, 200)}`);
    return { status: answer.status, body: answer.status < 500 ? JSON.parse(text) : {} };
  };
  const until = async (act) => {
    while (!stopped()) {
      await act().catch((error) => ledger.note(false, `no answer: ${error.message} ${error.cause?.code ?? ''}`));
    }
  };
  const any = (keys) => keys[Math.floor(Math.random() * keys.length)];
  const calls = () => until(async () => {
    const { status, body } = await api('POST', '/v1/keys/verify', { key: any(ledger.valid).token });
    ledger.note(status === 200 && body.code === 'VALID', `a good key is ${body.code ?? status}`);
  });
  const batches = () => until(async () => {
    // Those that died a moment ago may still pass at another server.
    const dead = ledger.dead.filter(({ at }) => performance.now() - at > LEARNED).slice(-20);
    const keys = [...ledger.valid.slice(-20), ...dead];
    const { status, body } = await api('POST', '/v1/keys/verify-batch', { calls: keys.map(({ token }) => ({ key: token })) });
    const codes = (body.results ?? []).map(({ code }) => code);
    const good = status === 200 && codes.length === keys.length && codes.every((code, n) => (code === 'VALID') === !keys[n].at);
    ledger.note(good, `a batch answered ${status}: ${codes.join(' ')}`);
    await pause(5);
  });
  const keys = () => until(async () => {
    const key = await proxy.issue(randomBytes(6).toString('hex'));
    if (!key.confirmed) return ledger.note(false, `${key.id} was not confirmed`);
    const code = await proxy.code(key.token);
    ledger.note(code === 'VALID', `a new key is ${code}`);
    if (Math.random() < 0.5) {
      ledger.note(await proxy.revoke(key.id), `${key.id} was not revoked`);
      ledger.dead.push({ ...key, at: performance.now() });
    } else {
      ledger.valid.push(key);
    }
  });
  const rotations = () => until(async () => {
    const made = await api('POST', '/v1/keys', { kind: 'service', name: `rotated ${randomBytes(6).toString('hex')}` });
    if (made.status !== 201) return ledger.note(false, `a key was not issued: ${made.status}`);
    const { key: { id }, secret } = made.body;
    const rotated = await api('POST', `/v1/keys/${id}/rotate`, { overlap: 'none' });
    if (rotated.status !== 201) return ledger.note(false, `a key was not rotated: ${rotated.status}`);
    ledger.dead.push({ id, token: secret, at: performance.now() });
    ledger.valid.push({ id, token: rotated.body.secret });
    await pause(20);
  });
  const pages = () => until(async () => {
    for (const path of ['/', '/keys', '/audit']) {
      const answer = await proxy.ask(path, { headers: { cookie: proxy.cookie } });
      ledger.note(answer.status === 200, `${path} answered ${answer.status}`);
      await answer.text();
    }
    await pause(20);
  });
  await Promise.all([calls(), calls(), calls(), batches(), keys(), rotations(), pages()]);
}

/** What holds at each server in the end. */
async function check(ledger, nodes) {
  await pause(LEARNED);
  for (const node of nodes) {
    for (const { id, token } of ledger.valid) {
      const code = await node.code(token);
      expect(code === 'VALID', `${id} was confirmed and is ${code}`);
    }
    for (const { id, token } of ledger.dead) expect((await node.code(token)) !== 'VALID', `${id} died and passes`);
  }
}

async function side_by_side(folder) {
  const postgres = await Postgres.start();
  const nodes = [];
  try {
    const ports = [await freePort(), await freePort(), await freePort()];
    const proxy = await door(folder, ports);
    const settings = {
      KEYSTEAD_DATA_DIR: join(folder, 'data'), KEYSTEAD_DATABASE_URL: postgres.url(), KEYSTEAD_PUBLIC_URL: proxy.url,
      KEYSTEAD_TRUSTED_PROXIES: '127.0.0.1',
    };
    const start = (n, binary) => Server.start(settings, { listen: `127.0.0.1:${ports[n]}`, binary });
    for (let n = 0; n < ports.length; n += 1) nodes.push(await start(n, PREVIOUS));
    const manager = (await command(settings, [
      'key', 'issue', '--kind', 'service', '--name', 'manager', '--permission', 'keystead.verify',
      '--permission', 'keystead.keys.read', '--permission', 'keystead.keys.write',
    ], { binary: PREVIOUS })).trim();
    await command(settings, ['owner', 'create', '--email', 'owner@example.com', '--password-stdin'], {
      input: 'copper lantern drifting north', binary: PREVIOUS,
    });
    for (const node of nodes) await node.until(true, 30);
    await proxy.until(true, 30);
    await proxy.signIn();
    const ledger = new Ledger();
    ledger.valid.push(await proxy.issue('first'));
    let stopped = false;
    const working = work(proxy, ledger, manager, () => stopped);
    const mixed = async (n, binary) => {
      await nodes[n].stop();
      nodes[n] = await start(n, binary);
      await nodes[n].until(true, 30);
      await pause(MIXED);
    };
    try {
      await pause(MIXED);
      for (let n = 0; n < nodes.length; n += 1) await mixed(n, BINARY);
      // And back. A release that does not know the new schema says so at its start, and the server goes on with this one.
      let back = 0;
      for (let n = 0; n < nodes.length; n += 1) {
        try {
          await mixed(n, PREVIOUS);
          back += 1;
        } catch (error) {
          if (!/newer Keystead/.test(error.message)) throw error;
          await mixed(n, BINARY);
        }
      }
      stopped = true;
      await working;
      expect(ledger.wrong.length === 0, ledger.wrong.join('; '));
      await check(ledger, nodes);
      const { most } = spread(ledger.slowest);
      const way = back === nodes.length ? 'there and back' : 'there; the release before does not start on the new schema, and says so';
      return `${way}: ${count(ledger.answers)} answers on mixed releases, none wrong, the slowest in ${seconds(most)}; ` +
        `${count(ledger.valid.length)} keys and ${count(ledger.dead.length)} dead ones are what they were said to be`;
    } finally {
      stopped = true;
      await working;
    }
  } finally {
    for (const node of nodes) await node.stop('SIGKILL');
    await postgres.remove();
  }
}

/** One file, one server: the old one stops, and the new one finds everything. */
async function one_after_the_other(folder) {
  const settings = { KEYSTEAD_DATA_DIR: join(folder, 'sqlite') };
  // The same address, and so the same session.
  const listen = `127.0.0.1:${await freePort()}`;
  let server = await Server.start(settings, { listen, binary: PREVIOUS });
  try {
    await server.owner();
    await server.signIn();
    const [kept, gone] = [await server.issue('kept'), await server.issue('gone')];
    expect(await server.revoke(gone.id), 'a revoke was refused');
    const { cookie } = server;
    await server.stop();
    server = await Server.start(settings, { listen });
    server.cookie = cookie;
    expect((await server.code(kept.token)) === 'VALID', 'a key of the release before does not pass');
    expect((await server.code(gone.token)) !== 'VALID', 'a key that the release before revoked passes');
    expect(await server.lists('kept'), 'the session or the list did not come along');
    expect((await server.issue('new')).confirmed, 'nothing can be issued');
    await server.stop();
    return `SQLite: ${(await command(settings, ['check'])).trim()}`;
  } finally {
    await server.stop('SIGKILL');
  }
}

export async function drill({ folder }) {
  expect(PREVIOUS && existsSync(PREVIOUS), 'KEYSTEAD_PREVIOUS names no binary of the release before; scripts/previous.sh builds it');
  mkdirSync(join(folder, 'data'));
  return [await side_by_side(folder), await one_after_the_other(folder)];
}
