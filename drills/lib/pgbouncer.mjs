// PgBouncer with the configuration of docs/, before a Postgres of this machine.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { owned } from './children.mjs';
import { freePort } from './ports.mjs';
import { accountFolder, asAccount } from './postgres.mjs';

const PROGRAM = '/usr/sbin/pgbouncer';
const DOCUMENTED = resolve(import.meta.dirname, '../../docs/postgres/pgbouncer.ini');
const PASSWORD = 'amber-orchard';

export class PgBouncer {
  /** Starts it. It leads to this Postgres. */
  static async start(postgres) {
    if (!existsSync(PROGRAM)) throw new Error('pgbouncer is missing; make drills installs it');
    const bouncer = new PgBouncer();
    bouncer.folder = accountFolder('keystead-pgbouncer-');
    bouncer.port = await freePort();
    bouncer.file = join(bouncer.folder, 'pgbouncer.ini');
    writeFileSync(join(bouncer.folder, 'userlist.txt'), `"keystead" "${PASSWORD}"\n`);
    bouncer.write(postgres);
    const { prefix } = asAccount();
    const [program, ...rest] = [...prefix, PROGRAM, bouncer.file];
    bouncer.child = owned(spawn(program, rest, { cwd: '/', stdio: 'ignore' }));
    for (let tries = 0; bouncer.tell('SHOW VERSION').status !== 0; tries += 1) {
      if (tries > 100) throw new Error(`pgbouncer does not start: ${bouncer.tell('SHOW VERSION').stderr}`);
      await pause(50);
    }
    return bouncer;
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

  /** A command at its console. */
  tell(line) {
    const env = { PATH: process.env.PATH, PGPASSWORD: PASSWORD };
    return spawnSync('psql', ['-qAt', '-h', '127.0.0.1', '-p', String(this.port), '-U', 'keystead', '-d', 'pgbouncer', '-c', line], { encoding: 'utf8', env });
  }

  /** Leads to another Postgres from now on, and cuts what leads elsewhere. */
  lead(postgres) {
    this.write(postgres);
    for (const line of ['RELOAD', 'KILL keystead', 'RESUME keystead']) {
      const { status, stderr } = this.tell(line);
      if (status !== 0) throw new Error(`pgbouncer: ${line}: ${stderr}`);
    }
  }

  stop() {
    this.child?.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}
