// PgBouncer with the configuration of docs/, before a Postgres of this machine.
import { execFile, spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

import { owned } from './children.mjs';
import { freePort } from './ports.mjs';
import { accountFolder, asAccount } from './postgres.mjs';

const PROGRAM = '/usr/sbin/pgbouncer';
const DOCUMENTED = resolve(import.meta.dirname, '../../docs/postgres/pgbouncer.ini');
const PASSWORD = 'amber-orchard';

export class PgBouncer {
  log = '';

  /** Starts it. It leads to this Postgres. */
  static async start(postgres) {
    if (!existsSync(PROGRAM)) throw new Error('pgbouncer is missing; make drills installs it');
    const bouncer = new PgBouncer();
    bouncer.folder = accountFolder('keystead-pgbouncer-');
    bouncer.port = await freePort();
    bouncer.file = join(bouncer.folder, 'pgbouncer.ini');
    writeFileSync(join(bouncer.folder, 'userlist.txt'), `"keystead" "${PASSWORD}"\n`);
    bouncer.write(postgres);
    await bouncer.launch();
    return bouncer;
  }

  async launch() {
    const { prefix } = asAccount();
    const [program, ...rest] = [...prefix, PROGRAM, this.file];
    this.child = owned(spawn(program, rest, { cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] }));
    this.child.stderr.setEncoding('utf8').on('data', (text) => (this.log = (this.log + text).slice(-4000)));
    for (let tries = 0; ; tries += 1) {
      const refused = await this.tell('SHOW VERSION');
      if (!refused) return;
      if (tries > 600) throw new Error(`pgbouncer does not start: ${refused}${this.log}`);
      await pause(50);
    }
  }

  write(postgres) {
    let text = readFileSync(DOCUMENTED, 'utf8');
    const ours = {
      'host=10.0.0.21 port=5432': `host=127.0.0.1 port=${postgres.port}`,
      'listen_port = 6432': `listen_port = ${this.port}`,
      '/etc/pgbouncer/userlist.txt': join(this.folder, 'userlist.txt'),
    };
    for (const [theirs, here] of Object.entries(ours)) {
      if (!text.includes(theirs)) throw new Error(`${DOCUMENTED} has no ${theirs}`);
      text = text.replace(theirs, here);
    }
    writeFileSync(this.file, text);
  }

  url() {
    return `postgres://keystead:${PASSWORD}@127.0.0.1:${this.port}/keystead`;
  }

  /** A command at its console; gives why that was refused, if it was. */
  async tell(line) {
    const env = { PATH: process.env.PATH, PGPASSWORD: PASSWORD };
    const args = ['-qAt', '-h', '127.0.0.1', '-p', String(this.port), '-U', 'keystead', '-d', 'pgbouncer', '-c', line];
    return promisify(execFile)('psql', args, { env }).then(() => undefined, (error) => error.message);
  }

  /** Leads to another Postgres from now on, and cuts what leads elsewhere. */
  async lead(postgres) {
    this.write(postgres);
    for (const line of ['RELOAD', 'KILL keystead', 'RESUME keystead']) {
      const refused = await this.tell(line);
      if (!refused) continue;
      await pause(100);
      if (this.child.exitCode === null && this.child.signalCode === null) throw new Error(`pgbouncer: ${refused}${this.log}`);
      // It crashes now and then, and whatever supervises it starts it again, with what was just written.
      console.log(`      pgbouncer ended by itself at ${line}: ${this.log.trim().split('\n').slice(-3).join('\n      ')}`);
      await this.launch();
      return;
    }
  }

  stop() {
    this.child?.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}
