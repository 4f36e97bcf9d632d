// A Postgres of its own, as an account that is not root, with its data on the disk.
import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

import { owned } from './children.mjs';
import { freePort } from './ports.mjs';

const versions = () => readdirSync('/usr/lib/postgresql').map(Number).sort((a, b) => b - a);
export const bin = () => `/usr/lib/postgresql/${versions()[0]}/bin`;

/** Postgres refuses to run as root. */
export function asAccount() {
  if (process.getuid() !== 0) return { prefix: [], uid: process.getuid(), gid: process.getgid() };
  const fields = readFileSync('/etc/passwd', 'utf8').split('\n').find((line) => line.startsWith('postgres:')).split(':');
  const [uid, gid] = [Number(fields[2]), Number(fields[3])];
  return { prefix: ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'], uid, gid };
}

/** A new folder of that account. */
export function accountFolder(prefix) {
  const account = asAccount();
  const folder = mkdtempSync(join(tmpdir(), prefix));
  chmodSync(folder, 0o700);
  chownSync(folder, account.uid, account.gid);
  return folder;
}

export function run(args, options = {}) {
  const [program, ...rest] = [...asAccount().prefix, ...args];
  const done = spawnSync(program, rest, { cwd: '/', encoding: 'utf8', maxBuffer: 2 ** 30, ...options });
  if (done.status !== 0) throw new Error(`${args[0]}: ${done.stderr || done.error}`);
  return done.stdout;
}

/** The same while all else goes on, for whoever measures meanwhile. */
async function runBeside(args) {
  const [program, ...rest] = [...asAccount().prefix, ...args];
  await promisify(execFile)(program, rest, { cwd: '/' });
}

export class Postgres {
  /** A new cluster, running; `encoding` is that of its databases, `copyOf` another cluster that it follows. */
  static async start({ copyOf } = {}) {
    const postgres = new Postgres();
    postgres.folder = accountFolder('keystead-pg-');
    postgres.data = join(postgres.folder, 'data');
    postgres.port = await freePort();
    if (copyOf) {
      run([`${bin()}/pg_basebackup`, '-h', '127.0.0.1', '-p', String(copyOf.port), '-U', 'keystead', '-D', postgres.data, '-R', '-X', 'stream', '-c', 'fast']);
    } else {
      run([`${bin()}/initdb`, '-D', postgres.data, '-U', 'keystead', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync', '--no-instructions']);
    }
    await postgres.launch();
    if (!copyOf) postgres.psql('CREATE DATABASE keystead', 'postgres');
    return postgres;
  }

  url(port = this.port) {
    return `postgres://keystead@127.0.0.1:${port}/keystead`;
  }

  async launch() {
    const account = asAccount();
    const [program, ...rest] = [
      ...account.prefix, `${bin()}/postgres`, '-D', this.data, '-k', this.folder, '-p', String(this.port),
      '-c', 'listen_addresses=127.0.0.1', '-c', 'max_connections=200', '-c', 'wal_level=replica', '-c', 'hot_standby=on',
    ];
    const begin = () => {
      this.child = owned(spawn(program, rest, { cwd: '/', stdio: 'ignore' }));
      this.ended = once(this.child, 'exit');
    };
    begin();
    for (let tries = 0; ; tries += 1) {
      // Killed processes may take a moment to be gone.
      if (this.child.exitCode !== null) begin();
      const ready = spawnSync(`${bin()}/pg_isready`, ['-q', '-h', '127.0.0.1', '-p', String(this.port)]);
      if (ready.status === 0) return;
      if (tries > 600) throw new Error('Postgres does not start');
      await pause(50);
    }
  }

  /** The command line of a client of this database. */
  client(database = 'keystead') {
    return [`${bin()}/psql`, '-qAt', '-v', 'ON_ERROR_STOP=1', '-h', '127.0.0.1', '-p', String(this.port), '-U', 'keystead', '-d', database];
  }

  psql(statement, database) {
    return run([...this.client(database), '-c', statement]).trim();
  }

  /** A session that stays open in the middle of a transaction, as pg_dump's does, once it has done all of these statements. */
  async session(...statements) {
    const [program, ...rest] = [...asAccount().prefix, ...this.client()];
    const child = owned(spawn(program, rest, { cwd: '/', stdio: ['pipe', 'ignore', 'ignore'] }));
    child.stdin.write(statements.map((statement) => `${statement};\n`).join(''));
    const waits = `state = 'idle in transaction' AND query LIKE '${statements.at(-1)}%'`;
    for (let tries = 0; this.psql(`SELECT count(*) FROM pg_stat_activity WHERE ${waits}`) !== '1'; tries += 1) {
      if (tries > 600) throw new Error(`nobody is done with ${statements.at(-1)}`);
      await pause(50);
    }
    return { end: async () => { child.stdin.end(); await once(child, 'exit'); } };
  }

  /** Every process of the cluster. */
  pids() {
    const all = spawnSync('ps', ['-o', 'pid=', '--ppid', String(this.child.pid)], { encoding: 'utf8' }).stdout;
    return [this.child.pid, ...all.trim().split(/\s+/).filter(Boolean).map(Number)];
  }

  /** Ends every connection of Keystead. */
  cut() {
    this.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'keystead'");
  }

  freeze(frozen) {
    for (const pid of this.pids()) {
      try { process.kill(pid, frozen ? 'SIGSTOP' : 'SIGCONT'); } catch { /* It has ended by itself. */ }
    }
  }

  /** Stops it: SIGINT cuts every connection, SIGKILL is a crash of the machine's power. */
  async stop(name = 'SIGINT') {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    if (name === 'SIGKILL') {
      // It must not start another process while we count them: one that is left keeps it from starting again.
      this.child.kill('SIGSTOP');
      for (const pid of this.pids()) { try { process.kill(pid, name); } catch { /* Gone. */ } }
    } else {
      this.child.kill(name);
    }
    await this.ended;
  }

  /** Commits wait from now on until another Postgres has them too, or no longer. */
  async waitForStandby(waits) {
    const names = waits ? "ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (*)'" : 'ALTER SYSTEM RESET synchronous_standby_names';
    await runBeside([...this.client(), '-c', names, '-c', 'SELECT pg_reload_conf()']);
  }

  async promote() {
    await runBeside([`${bin()}/pg_ctl`, 'promote', '-D', this.data, '-w']);
  }

  async remove() {
    await this.stop('SIGQUIT');
    rmSync(this.folder, { recursive: true, force: true });
  }
}
