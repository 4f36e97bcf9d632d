// Kills the server at random moments while forms, the command line and calls write. Nothing that was acknowledged may be
// lost, no revoked key may pass, no quota may give too much, and the record stays whole.
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

import { NAMES } from './lib/cluster.mjs';
import { count } from './lib/figures.mjs';
import { Server, command, expect } from './lib/server.mjs';

const QUOTA = 5_000;

/** What was acknowledged so far. */
class Ledger {
  issued = [];
  revoked = [];
  changes = 0;
  spent = 0;
  /** Names of keys of which the answer said that nothing was changed. */
  denied = [];
  wrong = [];

  /** Checks it against a server, newest first, up to so many keys. */
  async check(server, most) {
    for (const key of this.issued.slice(-most)) {
      const code = await server.code(key.token);
      if (code !== 'VALID') this.wrong.push(`${key.id} was confirmed and is ${code}`);
    }
    for (const key of this.revoked.slice(-most)) {
      const code = await server.code(key.token);
      // A call may only be refused, and in every way that keeps it out.
      if (code === 'VALID') this.wrong.push(`${key.id} was revoked and passes`);
    }
  }
}

/** Writes in every way until the server is gone. */
async function work(server, ledger, limited, stopped) {
  const until = async (act) => {
    while (!stopped()) {
      try { await act(); } catch { if (!stopped()) await pause(5); }
    }
  };
  const forms = () => until(async () => {
    const name = randomBytes(6).toString('hex');
    const key = await server.issue(name).catch((error) => {
      if (error.message.includes('Nothing was changed')) ledger.denied.push(name);
      throw error;
    });
    if (!key.confirmed) return;
    ledger.changes += 2;
    if (Math.random() < 0.5) {
      // Until the answer comes, it may be either.
      if (await server.revoke(key.id)) { ledger.revoked.push(key); ledger.changes += 1; }
    } else {
      ledger.issued.push(key);
    }
  });
  const calls = () => until(async () => {
    if ((await server.code(limited)) === 'VALID') ledger.spent += 1;
  });
  const commands = () => until(async () => {
    const token = (await command(server.settings, ['key', 'issue', '--kind', 'service', '--name', 'command'])).trim();
    ledger.issued.push({ id: token.split('_')[1], token });
    ledger.changes += 1;
  });
  await Promise.all([forms(), forms(), calls(), calls(), commands()]);
}

/** `break_` is what breaks in each round; it ends the server or its database, and gives a server that runs again. */
export async function rounds(settings, { seconds, break_, name, start = Server.start }) {
  const ledger = new Ledger();
  let server = await start(settings);
  try {
    await server.owner();
    const limited = (await command(settings, ['key', 'issue', '--kind', 'service', '--name', 'limited', '--quota', String(QUOTA)])).trim();
    const end = performance.now() + seconds * 1000;
    let kills = 0;
    while (performance.now() < end) {
      await server.signIn();
      let stopped = false;
      const working = work(server, ledger, limited, () => stopped);
      await pause(50 + Math.random() * 700);
      stopped = true;
      server = await break_(server);
      await working;
      kills += 1;
      await server.until(true, 30);
      // Another server may let a revoked key pass for a second.
      if (server.nodes) await pause(1000);
      await ledger.check(server, 20);
      expect(ledger.wrong.length === 0, ledger.wrong.join('; '));
    }
    await ledger.check(server, Infinity);
    await server.signIn();
    for (const name of ledger.denied) {
      if (await server.lists(name)) ledger.wrong.push(`${name} was issued, although the answer said that nothing was changed`);
    }
    expect(ledger.wrong.length === 0, ledger.wrong.join('; '));
    expect(ledger.spent <= QUOTA, `the quota of ${QUOTA} gave ${ledger.spent} calls`);
    await server.stop();
    const sound = await command(settings, ['check']);
    return `${name}: ${count(kills)} kills, ${count(ledger.changes)} acknowledged changes, ${count(ledger.revoked.length)} of them ` +
      `revokes, ${count(ledger.spent)} calls of a quota; none lost, none too many; ${count(ledger.denied.length)} refused changes, none made. ${sound.trim()}`;
  } finally {
    await server.stop('SIGKILL');
  }
}

/** Kills the server, or one of several, and starts it again. */
export async function killed(server) {
  if (server.nodes) {
    await server.again(NAMES[Math.floor(Math.random() * NAMES.length)]);
    return server;
  }
  await server.stop('SIGKILL');
  return Server.start(server.settings);
}
