// The release binary on a data folder, and what programs and people do with it.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { owned } from './children.mjs';

export const BINARY = resolve(import.meta.dirname, '../../target/release/keystead');
const OWNER = { email: 'owner@example.com', password: 'copper lantern drifting north' };

/** Runs a command beside the server; gives what it printed, or throws with what it said. */
export async function command(settings, args, { input = '', through = [], binary = BINARY } = {}) {
  const [program, ...rest] = [...through, binary, ...args];
  const child = spawn(program, rest, { env: { PATH: process.env.PATH, ...settings }, stdio: 'pipe' });
  const text = { out: '', err: '' };
  child.stdout.on('data', (chunk) => (text.out += chunk));
  child.stderr.on('data', (chunk) => (text.err += chunk));
  child.stdin.on('error', () => {}).end(input);
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`keystead ${args[0]} ended with ${code}: ${text.err.trim()}`);
  return text.out;
}

export class Server {
  log = '';
  printed = '';

  /**
   * Starts it. `through` is a command that runs it, as strace does; `ready` waits until it answers; `binary` is that of
   * another release.
   */
  static async start(settings, { through = [], listen = '127.0.0.1:0', ready = true, binary = BINARY } = {}) {
    const server = new Server();
    server.settings = settings;
    const [program, ...rest] = [...through, binary];
    const env = { PATH: process.env.PATH, KEYSTEAD_LISTEN: listen, ...settings };
    server.child = owned(spawn(program, rest, { env, stdio: ['ignore', 'pipe', 'pipe'] }));
    server.child.stderr.on('data', (chunk) => (server.log = (server.log + chunk).slice(-100_000)));
    server.child.stdout.on('data', (chunk) => (server.printed += chunk));
    server.ended = once(server.child, 'exit');
    // All that it said has come by then.
    server.closed = once(server.child, 'close');
    const address = async () => {
      for (;;) {
        const port = listen.endsWith(':0') ? server.printed.match(/running at http:\/\/localhost:(\d+)\n/)?.[1] : listen.split(':').at(-1);
        if (port && server.printed.includes('running at')) return `http://localhost:${port}`;
        if (server.child.exitCode !== null) {
          await within(5, 'the end of its log', server.closed);
          throw new Error(`it ended with ${server.child.exitCode}: ${server.log}`);
        }
        await pause(2);
      }
    };
    if (ready) server.url = await within(60, 'its address', address());
    return server;
  }

  async owner() {
    const args = ['owner', 'create', '--email', OWNER.email, '--password-stdin'];
    await command(this.settings, args, { input: OWNER.password });
  }

  async ask(path, { method = 'GET', headers = {}, body, seconds = 30 } = {}) {
    return fetch(this.url + path, {
      method, headers, body, redirect: 'manual', signal: AbortSignal.timeout(seconds * 1000),
    });
  }

  /** The cookie of a new session. */
  async signIn() {
    const answer = await this.post('/login', OWNER);
    if (answer.status !== 303) throw new Error(`the sign-in answered ${answer.status}`);
    this.cookie = answer.headers.getSetCookie().map((line) => line.split(';')[0]).join('; ');
    return this.cookie;
  }

  async post(path, form) {
    const headers = { 'sec-fetch-site': 'same-origin', 'content-type': 'application/x-www-form-urlencoded' };
    if (this.cookie) headers.cookie = this.cookie;
    return this.ask(path, { method: 'POST', headers, body: new URLSearchParams(form).toString() });
  }

  /** Issues and confirms a key with the wizard's forms, as a browser without JavaScript would. */
  async issue(name, fields = {}) {
    const form = { kind: 'service', step: 'generate', name, permissions: 'a.b', form_id: randomBytes(16).toString('hex'), ...fields };
    const made = await this.post('/keys/new', form);
    const page = await made.text();
    const token = page.match(/ks_[A-Za-z0-9]+_[A-Za-z0-9]+/)?.[0];
    if (made.status !== 200 || !token) throw new Error(`issuing answered ${made.status}: ${page}`);
    const key = { id: token.split('_')[1], token, confirmed: false };
    const confirmed = await this.post(`/keys/${key.id}/acknowledge`, { acknowledged: 'yes' });
    key.confirmed = confirmed.status === 303;
    return key;
  }

  /** Whether a key of this name is in the list. */
  async lists(name) {
    const answer = await this.ask(`/keys?q=${encodeURIComponent(name)}`, { headers: { cookie: this.cookie } });
    const page = await answer.text();
    if (answer.status !== 200) throw new Error(`the list answered ${answer.status}`);
    return !page.includes('No keys match');
  }

  /** Whether a revoke was acknowledged. */
  async revoke(id) {
    const answer = await this.post(`/keys/${id}/revoke`, { reason: 'superseded', back: '/keys' });
    return answer.status === 303;
  }

  /** The verdict about a key that asks about itself; `HTTP 503` and the like if there is none. */
  async code(token, seconds = 30) {
    const answer = await this.ask('/v1/keys/self', { headers: { authorization: `Bearer ${token}` }, seconds });
    const body = await answer.json().catch(() => ({}));
    return body.code ?? `HTTP ${answer.status}`;
  }

  async ready() {
    const answer = await this.ask('/readyz', { seconds: 5 }).catch(() => undefined);
    return { ok: answer?.status === 200, text: (await answer?.text().catch(() => '')) ?? 'no answer' };
  }

  /** Waits until it says that it is ready (or not); gives the seconds that took. */
  async until(wanted, seconds, what = /(?:)/) {
    const begun = performance.now();
    for (;;) {
      const { ok, text } = await this.ready();
      if (ok === wanted && what.test(text)) return (performance.now() - begun) / 1000;
      if (performance.now() - begun > seconds * 1000) {
        throw new Error(`after ${seconds} s it is ${ok ? 'ready' : 'not ready'}: ${text.trim()}`);
      }
      await pause(50);
    }
  }

  signal(name) {
    this.child.kill(name);
  }

  async stop(name = 'SIGTERM') {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      this.child.kill(name);
      await within(30, 'its end', this.ended);
    }
  }
}

/** The outcome of a promise, or an error after so many seconds. */
export async function within(seconds, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not come within ${seconds} s`)), seconds * 1000);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

export function expect(holds, what) {
  if (!holds) throw new Error(what);
}
