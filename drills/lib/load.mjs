// Programs that call and write all the time, and repeat a call once, as client libraries do. Whatever was answered is
// remembered, and looked for at the end.
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

import { issued } from './cluster.mjs';
import { Lateness } from './lateness.mjs';

/** How many call, and how many write. */
const [CALLERS, WRITERS] = [16, 2];

/** How long the server that took a write may seem to be at it after it was killed, in seconds. */
const UNDER_WAY = 10;

/** What is a gap between calls that pass, in milliseconds. */
const GAP = 20;

/**
 * After a pause of the machine of so many seconds HAProxy may take every server for dead, until it has looked again. What was
 * not answered then is nobody's fault.
 */
const PAUSED = { least: 1, after: 5 };

export class Load {
  calls = 0;
  repeated = 0;
  /** Writes of which nobody knows whether they were made. */
  unknown = 0;
  /** The longest time that somebody waited for an answer, in seconds. */
  slowest = 0;
  /** When no call passed since that was last asked. */
  gaps = [];
  made = [];
  revoked = [];
  /** What was answered wrongly, and what was not answered, and when. */
  wrong = [];
  failed = [];
  running = true;

  /** Begins, with keys of its own. */
  static async begin(cluster) {
    const load = new Load();
    load.cluster = cluster;
    load.key = await issued(cluster.settings);
    load.manager = await issued(cluster.settings, '--permission', 'keystead.keys.write');
    load.machine = Lateness.begin();
    load.passed = performance.now();
    const many = (number, act) => Array.from({ length: number }, async () => { while (load.running) await act(); });
    load.all = Promise.all([...many(CALLERS, () => load.call()), ...many(WRITERS, () => load.write())]);
    return load;
  }

  /**
   * A call that may be made twice: again at once if no server answered it, or one that is stopping. If the first of them is
   * under way, the second asks again later, as its answer says.
   */
  async ask(path, request) {
    const begun = performance.now();
    for (let failures = 0; ;) {
      const answer = await this.cluster.ask(path, { ...request, seconds: 20 }).catch((error) => error);
      const isAnswered = answer instanceof Response && answer.status < 500;
      const isUnderWay = answer.status === 409 && performance.now() - begun < UNDER_WAY * 1000;
      if (isUnderWay) {
        await pause(Number(answer.headers.get('retry-after')) * 1000);
      } else if (isAnswered) {
        this.slowest = Math.max(this.slowest, (performance.now() - begun) / 1000);
        return { status: answer.status, body: await answer.json().catch(() => ({})) };
      } else if (failures === 1) {
        this.failed.push({ at: performance.now(), what: `${path} answered ${answer.status ?? answer.cause?.code ?? answer.message}` });
        await pause(20);
        return { status: 503, body: {} };
      } else {
        failures += 1;
      }
      this.repeated += 1;
    }
  }

  async call() {
    const { status, body } = await this.ask('/v1/keys/self', { headers: { authorization: `Bearer ${this.key}` } });
    if (status >= 500) return;
    this.calls += 1;
    const now = performance.now();
    if (now - this.passed > GAP) this.gaps.push([this.passed, now]);
    if (body.code === 'VALID') this.passed = now; else this.wrong.push(`a call was answered ${status} ${body.code}`);
  }

  /** Issues a key and revokes every second one. */
  async write() {
    const made = await this.post('/v1/keys', { kind: 'service', name: 'written', permissions: ['a.b'] });
    await pause(20);
    if (!made?.secret) return;
    if (Math.random() < 0.5) {
      this.made.push(made.secret);
    } else if (await this.post(`/v1/keys/${made.key.id}/revoke`, { reason: 'superseded' })) {
      this.revoked.push(made.secret);
    }
  }

  /** Writes with a key of the call, so that it may be made twice. Gives the answer, if it was made for sure. */
  async post(path, body) {
    const headers = {
      authorization: `Bearer ${this.manager}`, 'content-type': 'application/json', 'idempotency-key': randomBytes(16).toString('hex'),
    };
    const { status, body: answer } = await this.ask(path, { method: 'POST', headers, body: JSON.stringify(body) });
    if (status < 300) return answer;
    if (status === 409) this.unknown += 1;
    else if (status < 500) this.wrong.push(`a write was answered ${status}: ${JSON.stringify(answer)}`);
    return undefined;
  }

  /** The longest time without a call that passed since it was last asked, in seconds. What the machine lost is not in it. */
  longest() {
    const gaps = [...this.gaps, [this.passed, performance.now()]];
    this.gaps = [];
    return Math.max(...gaps.map(([from, to]) => (to - from) / 1000 - this.machine.between(from, to)));
  }

  /** What was not answered although the machine did not pause. */
  refused() {
    return this.failed.filter(({ at }) => !this.machine.isNear(at, PAUSED)).map(({ what }) => what);
  }

  async end() {
    this.running = false;
    await this.all;
    await this.machine.end();
  }

  /** What is not as it was answered, asked of these servers in turns. */
  async check(servers) {
    const wrong = [...this.wrong];
    const turn = async (tokens, isRight) => {
      for (const [at, token] of tokens.entries()) {
        const code = await servers[at % servers.length].code(token);
        if (!isRight(code)) wrong.push(`a key is ${code}`);
      }
    };
    await turn(this.made, (code) => code === 'VALID');
    await turn(this.revoked, (code) => ['REVOKED', 'NOT_FOUND'].includes(code));
    return wrong;
  }
}
