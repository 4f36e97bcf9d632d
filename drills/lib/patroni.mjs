// Two Postgres that Patroni looks after, one etcd, and HAProxy before them, with the files of docs/postgres.
import { spawn } from 'node:child_process';
import { chownSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { owned } from './children.mjs';
import { Haproxy } from './haproxy.mjs';
import { freeAddress } from './ports.mjs';
import { accountFolder, asAccount, bin, run } from './postgres.mjs';

const DOCUMENTED = resolve(import.meta.dirname, '../../docs/postgres/patroni.yml');
const PROGRAMS = { etcd: '/usr/bin/etcd', patroni: '/usr/bin/patroni' };
const PASSWORD = 'a-password-of-its-own';

export class Patroni {
  members = {};
  /** Of Patroni's own API. */
  credentials = 'patroni:a-fourth-password';

  static async start(folder) {
    for (const [name, program] of Object.entries(PROGRAMS)) {
      if (!existsSync(program)) throw new Error(`${program} is missing: install ${name === 'etcd' ? 'etcd-server' : 'patroni'} with apt`);
    }
    const patroni = new Patroni();
    patroni.folder = accountFolder('keystead-patroni-');
    const [client, peer, proxy] = [await freeAddress(), await freeAddress(), await freeAddress()];
    patroni.etcd = patroni.spawn([
      PROGRAMS.etcd, '--data-dir', join(patroni.folder, 'etcd'), '--listen-client-urls', `http://${client}`, '--advertise-client-urls', `http://${client}`,
      '--listen-peer-urls', `http://${peer}`, '--initial-advertise-peer-urls', `http://${peer}`, '--initial-cluster', `default=http://${peer}`,
    ]);
    const addresses = { '127.0.0.1:5000': proxy };
    const documented = { alpha: '10.0.0.21', beta: '10.0.0.22' };
    for (const [name, theirs] of Object.entries(documented)) {
      const [postgres, rest] = [await freeAddress(), await freeAddress()];
      patroni.members[name] = { name, postgres, rest };
      addresses[`${theirs}:5432 check port 8008`] = `${postgres} check port ${rest.split(':')[1]}`;
      patroni.write(patroni.members[name], client);
    }
    patroni.port = Number(proxy.split(':')[1]);
    await patroni.begin('alpha');
    await patroni.until('alpha', 'primary');
    await patroni.begin('beta');
    await patroni.until('beta', 'sync');
    patroni.psql('alpha', "CREATE ROLE keystead LOGIN PASSWORD 'amber-orchard'");
    patroni.psql('alpha', 'CREATE DATABASE keystead OWNER keystead');
    patroni.proxy = await Haproxy.documented(folder, 'postgres/haproxy.cfg', addresses);
    await patroni.proxy.until('postgres', 1);
    return patroni;
  }

  /** The documented file, for one member here. */
  write({ name, postgres, rest }, etcd) {
    const folder = join(this.folder, name);
    const ours = {
      'name: alpha': `name: ${name}`, '10.0.0.21:8008': rest, '10.0.0.21:5432': postgres, '10.0.0.31:2379': etcd, '10.0.0.0/24': '127.0.0.0/24',
      '/var/lib/postgresql/keystead': folder, '/usr/lib/postgresql/15/bin': bin(),
      '        max_connections: 200': `        max_connections: 200\n        unix_socket_directories: ${this.folder}`,
    };
    let text = readFileSync(DOCUMENTED, 'utf8');
    for (const [theirs, here] of Object.entries(ours)) {
      if (!text.includes(theirs)) throw new Error(`${DOCUMENTED} has no ${theirs}`);
      text = text.replaceAll(theirs, here);
    }
    const file = join(this.folder, `${name}.yml`);
    writeFileSync(file, text, { mode: 0o600 });
    const { uid, gid } = asAccount();
    chownSync(file, uid, gid);
  }

  spawn(args) {
    const [program, ...rest] = [...asAccount().prefix, ...args];
    const child = owned(spawn(program, rest, { cwd: this.folder, env: { PATH: process.env.PATH, HOME: this.folder }, stdio: ['ignore', 'ignore', 'pipe'] }));
    child.said = '';
    child.stderr.on('data', (chunk) => (child.said = (child.said + chunk).slice(-200_000)));
    return child;
  }

  async begin(name) {
    this.members[name].child = this.spawn([PROGRAMS.patroni, join(this.folder, `${name}.yml`)]);
  }

  /** Waits until a member is the primary, or the replica that commits wait for (`sync`). */
  async until(name, role, seconds = 60) {
    const begun = performance.now();
    const { rest, child } = this.members[name];
    for (;;) {
      const answer = await fetch(`http://${rest}/${role === 'sync' ? 'synchronous' : role}`).catch(() => undefined);
      if (answer?.status === 200) return (performance.now() - begun) / 1000;
      if (performance.now() - begun > seconds * 1000) throw new Error(`${name} is not ${role}: ${said(child)}`);
      await pause(100);
    }
  }

  psql(name, statement, database = 'postgres') {
    const port = this.members[name].postgres.split(':')[1];
    const env = { PATH: process.env.PATH, PGPASSWORD: PASSWORD };
    return run([`${bin()}/psql`, '-qAt', '-v', 'ON_ERROR_STOP=1', '-h', '127.0.0.1', '-p', port, '-U', 'postgres', '-d', database, '-c', statement], { env }).trim();
  }

  url() {
    return `postgres://keystead:amber-orchard@127.0.0.1:${this.port}/keystead`;
  }

  /** The processes of a member: Patroni, and Postgres with its children. */
  pids(name) {
    const { child } = this.members[name];
    const found = [child.pid];
    const file = join(this.folder, name, 'postmaster.pid');
    if (existsSync(file)) {
      const first = Number(readFileSync(file, 'utf8').split('\n')[0]);
      found.push(first, ...children(first));
    }
    return found;
  }

  /** Sends a signal to all of them: SIGKILL is a machine that loses its power, SIGSTOP one that hangs. */
  signal(name, signal) {
    for (const pid of this.pids(name)) { try { process.kill(pid, signal); } catch { /* It has ended. */ } }
  }

  async remove() {
    this.proxy?.stop();
    for (const name of Object.keys(this.members)) if (this.members[name].child) this.signal(name, 'SIGKILL');
    this.etcd.kill('SIGKILL');
    await pause(300);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The children of a process. */
function children(pid) {
  const file = `/proc/${pid}/task/${pid}/children`;
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  return text.trim().split(/\s+/).filter(Boolean).map(Number);
}

/** What Patroni has said lately, without its traces of checks that went away. */
function said(child) {
  const lines = child.said.split('\n').filter((line) => /^\d{4}-\d\d-\d\d .*(INFO|ERROR|CRITICAL|LOG|FATAL|PANIC)/.test(line));
  return lines.slice(-40).join('\n');
}
