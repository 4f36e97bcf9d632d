// Kills and restarts the server while a key is rotated and clients call with both of its secrets. No call that should pass
// is refused, none passes after the end, and no secret is left over.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { NAMES, begin } from './lib/cluster.mjs';
import { count } from './lib/figures.mjs';
import { Postgres } from './lib/postgres.mjs';
import { Server, command, expect } from './lib/server.mjs';

/** The life of a secret. While it changes, a call may get either answer. */
const [WAITING, LIVE, CHANGING, ENDED] = ['waiting', 'live', 'changing', 'ended'];

class Rotations {
  wrong = [];
  calls = 0;
  done = 0;
  running = true;

  constructor(server, key) {
    // Other servers know of a change within a second.
    this.known = server.nodes ? 1000 : 0;
    this.server = server;
    this.key = key;
    this.current = { token: key.token, life: LIVE };
  }

  /** Changes the lives of secrets by a form; a form without an answer may have been done or not. */
  async act(path, form, lives) {
    for (const [secret] of lives) secret.life = CHANGING;
    const answer = await this.server.post(`/keys/${this.key.id}/${path}`, form).catch(() => undefined);
    if (answer?.status === 303) await pause(this.known);
    if (answer?.status === 303) for (const [secret, life] of lives) secret.life = life;
    return answer;
  }

  /** The server went away: which of these secrets works is found out later. */
  leave(...secrets) {
    this.unsettled = secrets;
  }

  /** Which secrets work after a restart is found by asking. */
  async settle(server) {
    this.server = server;
    await server.until(true, 30);
    await server.signIn();
    const secrets = this.unsettled;
    if (!secrets) return;
    this.unsettled = undefined;
    for (const secret of secrets) secret.life = CHANGING;
    await this.act('rotation/drop', {}, []);
    await this.act('rotation/finish', {}, []);
    await pause(this.known);
    const codes = [];
    for (const secret of secrets) codes.push(await this.server.code(secret.token));
    expect(codes.filter((code) => code === 'VALID').length === 1, `after a restart the secrets are ${codes.join(' and ')}`);
    secrets.forEach((secret, n) => (secret.life = codes[n] === 'VALID' ? LIVE : ENDED));
    this.current = secrets.find((secret) => secret.life === LIVE);
  }

  async rotate() {
    const old = this.current;
    const made = await this.server.post(`/keys/${this.key.id}/rotate`, { overlap: '24h', form_id: randomBytes(16).toString('hex') }).catch(() => undefined);
    const token = (await made?.text().catch(() => ''))?.match(/id="secret">(ks_[A-Za-z0-9]+_[A-Za-z0-9]+)</)?.[1];
    if (!token) return this.leave(old);
    const fresh = { token, life: WAITING };
    const way = this.done % 3;
    if (way === 0) {
      const dropped = await this.act('rotation/drop', {}, [[fresh, ENDED]]);
      if (dropped?.status !== 303) return this.leave(old, fresh);
    } else {
      const confirmed = await this.act('rotation/acknowledge', { acknowledged: 'yes' }, [[fresh, LIVE]]);
      if (confirmed?.status !== 303) return this.leave(old, fresh);
      this.current = fresh;
      await pause(5);
      const ends = way === 1 ? old : fresh;
      if (way === 2) this.current = old;
      const over = await this.act(way === 1 ? 'rotation/finish' : 'rotation/undo', {}, [[ends, ENDED]]);
      if (over?.status !== 303) return this.leave(old, fresh);
    }
    this.done += 1;
  }

  /** Half of the clients switch at once, the others when theirs no longer works. */
  async client(eager) {
    let held = this.current;
    while (this.running) {
      if (eager || held.life === ENDED) held = this.current;
      const before = held.life;
      const code = await this.server.code(held.token).catch(() => 'gone');
      const after = held.life;
      if (!['VALID', 'NOT_FOUND'].includes(code)) { await pause(5); continue; }
      this.calls += 1;
      if (before === LIVE && after === LIVE && code !== 'VALID') this.wrong.push(`a secret that works is ${code}`);
      if (before === ENDED && code === 'VALID') this.wrong.push('a secret passes after its end');
    }
  }
}

/** Kills or stops the server, or one of several, and starts it again. */
async function again(server, signal) {
  if (server.nodes) {
    await server.again(NAMES[Math.floor(Math.random() * NAMES.length)], signal);
    return server;
  }
  await server.stop(signal);
  return Server.start(server.settings);
}

export async function drill({ folder, short, nodes }) {
  const postgres = nodes ? await Postgres.start() : undefined;
  const settings = { KEYSTEAD_DATA_DIR: join(folder, 'data'), ...postgres && { KEYSTEAD_DATABASE_URL: postgres.url() } };
  let server = await begin(settings, { folder, nodes });
  try {
    await server.owner();
    await server.signIn();
    const rotations = new Rotations(server, await server.issue('rotated'));
    const clients = [true, false, true, false].map((eager) => rotations.client(eager));
    const end = performance.now() + (short ? 12_000 : nodes ? 60_000 : 120_000);
    let stops = 0;
    while (performance.now() < end) {
      const pausing = performance.now() + 300 + Math.random() * 1_500;
      while (performance.now() < pausing) await rotations.rotate();
      // In the middle of a rotation, by kill -9 and by a restart in turns.
      const rotating = rotations.rotate();
      await pause(Math.random() * 15);
      server = await again(server, stops % 2 === 0 ? 'SIGKILL' : 'SIGTERM');
      await rotating;
      await rotations.settle(server);
      stops += 1;
      expect(rotations.wrong.length === 0, rotations.wrong.join('; '));
    }
    rotations.running = false;
    await Promise.all(clients);
    expect(rotations.wrong.length === 0, rotations.wrong.join('; '));
    await server.stop();
    const sound = await command(settings, ['check']);
    return `${count(rotations.done)} rotations of one key and ${count(rotations.calls)} calls beside ${count(stops)} kills and restarts: ` +
      `none that should pass refused, none passed after the end. ${sound.trim()}`;
  } finally {
    await server.stop('SIGKILL');
    await postgres?.remove();
  }
}
