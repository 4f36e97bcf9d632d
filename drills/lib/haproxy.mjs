// HAProxy with a configuration of docs/, at addresses of this machine.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { owned } from './children.mjs';

const PROGRAM = '/usr/sbin/haproxy';
const SOCKET = '/run/haproxy.sock';
const DOCS = resolve(import.meta.dirname, '../../docs');

export class Haproxy {
  /** Starts it with a file of docs/ in which each address is replaced by one here: `:8080` and so on. */
  static async documented(folder, file, addresses) {
    let text = readFileSync(join(DOCS, file), 'utf8');
    for (const [theirs, ours] of Object.entries(addresses)) {
      if (!text.includes(theirs)) throw new Error(`docs/${file} has no ${theirs}`);
      text = text.replaceAll(theirs, ours);
    }
    return Haproxy.start(folder, text);
  }

  /** Starts it with a configuration that has the documented socket. */
  static async start(folder, text) {
    const proxy = new Haproxy();
    const own = mkdtempSync(join(folder, 'haproxy-'));
    proxy.socket = join(own, 'haproxy.sock');
    const file = join(own, 'haproxy.cfg');
    writeFileSync(file, text.replaceAll(SOCKET, proxy.socket));
    const checked = spawnSync(PROGRAM, ['-c', '-q', '-f', file], { encoding: 'utf8' });
    if (checked.status !== 0) throw new Error(`haproxy: ${checked.error ?? checked.stderr}`);
    proxy.child = owned(spawn(PROGRAM, ['-db', '-f', file], { stdio: 'ignore' }));
    for (let tries = 0; !(await proxy.tell('show info')); tries += 1) {
      if (tries > 600) throw new Error('haproxy does not start');
      await pause(50);
    }
    return proxy;
  }

  /** What its socket answers to a line; nothing while it is not there. */
  async tell(line) {
    const admin = connect(this.socket);
    let said = '';
    admin.on('data', (chunk) => (said += chunk)).on('error', () => {});
    admin.end(`${line}\n`);
    await new Promise((closed) => admin.once('close', closed));
    return said;
  }

  /** The servers of a backend that it takes for alive. */
  async alive(backend) {
    const rows = (await this.tell('show stat')).split('\n').map((line) => line.split(','));
    const [names, ...others] = rows;
    const [of, at] = [names.indexOf('svname'), names.indexOf('status')];
    const up = others.filter((row) => row[0] === backend && !['FRONTEND', 'BACKEND'].includes(row[of]) && row[at]?.startsWith('UP'));
    return up.map((row) => row[of]);
  }

  /** Waits until it takes so many servers of a backend for alive. */
  async until(backend, count, seconds = 60) {
    const begun = performance.now();
    for (;;) {
      const alive = await this.alive(backend);
      if (alive.length === count) return (performance.now() - begun) / 1000;
      if (performance.now() - begun > seconds * 1000) throw new Error(`haproxy sees ${alive.join(', ') || 'no server'} and not ${count}`);
      await pause(20);
    }
  }

  /** The servers of a backend of which this one gets every connection from now on, and the others lose theirs. */
  async lead(backend, names, to) {
    for (const name of names) {
      await this.tell(`set server ${backend}/${name} state ${name === to ? 'ready' : 'maint'}`);
      if (name !== to) await this.tell(`shutdown sessions server ${backend}/${name}`);
    }
  }

  stop() {
    this.child.kill('SIGKILL');
  }
}
