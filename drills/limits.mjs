// A rate limit over three servers: the load is 90, 9 and 1 per cent, is then turned round, and then the busiest server is
// killed. All of them together let pass what the limit says, and what one server would.
import { setTimeout as pause } from 'node:timers/promises';

import { Cluster, NAMES, issued, settingsOf } from './lib/cluster.mjs';
import { count, seconds } from './lib/figures.mjs';
import { Postgres } from './lib/postgres.mjs';
import { expect } from './lib/server.mjs';

/** Calls a second, of which the limit lets two thirds pass. */
const RATE = 180;
const PASSING = 120;

/** In seconds. What a busy machine delays is little beside it. */
const WINDOW = 5;

/** How much more than the limit may pass in any window, and how much of it has to pass over all. */
const [MOST, LEAST] = [1.01, 0.98];

/** How late the load or an answer is, in milliseconds, if the machine and not the limit cost a call. Then it is tried again. */
const [LATE, TRIES] = [250, 3];

/** After how many seconds a server that was killed is lost, and its share is free a window later. */
const LOST_WITHIN = 18;

/** What was called: when, and what came of it. */
class Calls {
  all = [];
  /** The latest turn of the load and the slowest answer of what is measured, in milliseconds. */
  late = 0;
  /** What nobody has answered yet. */
  open = new Set();

  /** One call at a server. */
  async make(server, token) {
    const sent = performance.now();
    const code = await server.code(token, 5).catch(() => 'gone');
    const answered = performance.now();
    this.late = Math.max(this.late, answered - sent);
    this.all.push({ sent, answered, code });
  }

  /** So many calls a second, shared out among the servers, for so long. It does not wait for answers. */
  async phase(servers, shares, token, lasts) {
    const begun = performance.now();
    const made = NAMES.map(() => 0);
    for (let passed = 0, turn = begun; passed < lasts; passed = (turn - begun) / 1000) {
      for (const [at, name] of NAMES.entries()) {
        for (; made[at] < passed * RATE * shares[at]; made[at] += 1) {
          const call = this.make(servers[name], token).then(() => this.open.delete(call));
          this.open.add(call);
        }
      }
      await pause(5);
      this.late = Math.max(this.late, performance.now() - turn);
      turn = performance.now();
    }
  }

  /** Makes a load of which enough must pass. If too little of it passed and the machine was late, it is made again. */
  async enough(when, load) {
    for (let tries = 1; ; tries += 1) {
      this.late = 0;
      const { from, to, due } = await load();
      await Promise.all(this.open);
      const passed = this.passed(from, to);
      if (passed >= due() * LEAST) return { passed, due: due() };
      const late = `nothing was later than ${seconds(this.late / 1000)}`;
      expect(this.late > LATE && tries < TRIES, `${when} ${count(passed)} calls passed of ${count(due())}; ${late}`);
    }
  }

  passed(from, to) {
    return this.all.filter(({ code, sent }) => code === 'VALID' && sent >= from && sent < to).length;
  }

  /** How many one server would let pass that gets all these calls when they were sent. */
  due(from, to, limit, length) {
    const passed = [];
    for (const { sent } of this.all.filter((call) => call.sent >= from && call.sent < to).sort((a, b) => a.sent - b.sent)) {
      const oldest = passed.at(-limit);
      if (oldest === undefined || sent - oldest >= length) passed.push(sent);
    }
    return passed.length;
  }

  /** The most that passed for sure within some stretch of this length, in milliseconds. */
  most(length) {
    const valid = this.all.filter(({ code }) => code === 'VALID').sort((a, b) => a.sent - b.sent);
    return Math.max(...valid.map(({ sent }) => valid.filter((call) => call.sent >= sent && call.answered < sent + length).length));
  }
}

export async function drill({ folder, short }) {
  const limit = PASSING * WINDOW;
  const postgres = await Postgres.start();
  let cluster;
  try {
    const settings = settingsOf(postgres, folder);
    cluster = await Cluster.start(settings, { folder });
    const token = await issued(settings, '--limit', `${limit} per ${WINDOW}s`);
    for (const name of NAMES) expect((await cluster.nodes[name].code(token)) === 'VALID', 'the key does not pass');
    const calls = new Calls();
    const { passed, due } = await calls.enough('before the kill', async () => {
      // What was used before is forgotten.
      await pause((WINDOW + 1) * 1000);
      const from = performance.now();
      await calls.phase(cluster.nodes, [0.9, 0.09, 0.01], token, 2 * WINDOW);
      await calls.phase(cluster.nodes, [0.01, 0.09, 0.9], token, 2 * WINDOW);
      const to = performance.now();
      return { from, to, due: () => calls.due(from, to, limit, WINDOW * 1000) };
    });
    await cluster.end('three');
    // Until its share is free, nobody else may have it.
    await calls.phase(cluster.nodes, [0.1, 0.9, 0], token, short ? WINDOW : LOST_WITHIN + WINDOW);
    const after = await calls.enough('long after the kill', async () => {
      const from = performance.now();
      await calls.phase(cluster.nodes, [0.1, 0.9, 0], token, WINDOW);
      return { from, to: performance.now(), due: () => (short ? 0 : limit) };
    });
    // Sixteenths of a window are forgotten together.
    const most = calls.most(WINDOW * 1000 * 15 / 16);
    expect(most <= limit * MOST, `in a window, ${count(most)} calls passed of ${count(limit)}`);
    return `a limit of ${count(limit)} in ${seconds(WINDOW)} over three servers, 90/9/1 and turned round: ${count(passed)} of ${count(due)} passed, ` +
      `${count(most)} in a window at most, also after one was killed; ${count(after.passed)} in ${short ? 'the second' : 'the last'} window after that`;
  } finally {
    await cluster?.stop('SIGKILL');
    await postgres.remove();
  }
}
