// Several servers on one Postgres behind HAProxy, used as if they were one: each request goes to another of them.
import { writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';

import { Haproxy } from './haproxy.mjs';
import { freeAddress } from './ports.mjs';
import { Server, command } from './server.mjs';

/** The names of the servers, as HAProxy has them. */
export const NAMES = ['one', 'two', 'three'];
const DOCUMENTED = { one: '10.0.0.11:3000', two: '10.0.0.12:3000', three: '10.0.0.13:3000' };

export class Cluster extends Server {
  nodes = {};
  addresses = {};

  /** Starts all of them at once. `own` has further settings for single ones, by name. */
  static async start(settings, { folder, own = {} }) {
    const cluster = new Cluster();
    const address = await freeAddress();
    cluster.url = `http://localhost:${address.split(':').at(-1)}`;
    cluster.settings = { KEYSTEAD_PUBLIC_URL: cluster.url, KEYSTEAD_TRUSTED_PROXIES: '127.0.0.1', ...settings };
    cluster.own = own;
    const replaced = { ':8080': address };
    for (const name of NAMES) replaced[DOCUMENTED[name]] = cluster.addresses[name] = await freeAddress();
    cluster.proxy = await Haproxy.documented(folder, 'cluster/haproxy.cfg', replaced);
    try {
      await Promise.all(NAMES.map((name) => cluster.begin(name)));
      await cluster.proxy.until('servers', NAMES.length);
    } catch (error) {
      await cluster.stop('SIGKILL');
      throw error;
    }
    return cluster;
  }

  /** Starts one of them, again or for the first time. */
  async begin(name) {
    const node = await Server.start({ ...this.settings, ...this.own[name] }, { listen: this.addresses[name] });
    if (this.nodes[name]) node.log = this.nodes[name].log;
    this.nodes[name] = node;
  }

  /** Ends one of them. */
  async end(name, signal = 'SIGKILL') {
    await this.nodes[name].stop(signal);
  }

  /** Kills one of them and starts it again, while the others serve. */
  async again(name, signal = 'SIGKILL') {
    await this.end(name, signal);
    await this.begin(name);
    await this.proxy.until('servers', NAMES.length);
  }

  /** The same session at one of them, past HAProxy. */
  node(name) {
    const node = this.nodes[name];
    node.cookie = this.cookie;
    return node;
  }

  /** Whether HAProxy finds a server that is ready, and what each of them says. */
  async ready() {
    const [{ ok }, ...said] = await Promise.all([super.ready(), ...Object.values(this.nodes).map((node) => node.ready())]);
    return { ok, text: said.map(({ text }) => text).join('') };
  }

  /** What all of them have said. */
  logs() {
    return Object.values(this.nodes).map((node) => node.log).join('');
  }

  async stop(signal = 'SIGTERM') {
    await Promise.all(Object.values(this.nodes).map((node) => node.stop(signal)));
    this.proxy.stop();
  }
}

/** One server, or three that are used as one. */
export async function begin(settings, { folder, nodes }) {
  return nodes ? Cluster.start(settings, { folder }) : Server.start(settings);
}

/** The settings of an installation on several machines, which have only the root key in common. */
export function settingsOf(postgres, folder) {
  const file = join(folder, 'root.key');
  writeFileSync(file, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
  return { KEYSTEAD_DATABASE_URL: postgres.url(), KEYSTEAD_ROOT_KEY_FILE: file };
}

/** A key that the command line made; gives its token. */
export async function issued(settings, ...fields) {
  return (await command(settings, ['key', 'issue', '--kind', 'service', '--name', 'n', ...fields])).trim();
}
