// A proxy before Postgres leads to a standby that lags, to another installation, and to the promoted standby. Only the
// right database is used.
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { begin } from './lib/cluster.mjs';
import { seconds } from './lib/figures.mjs';
import { Haproxy } from './lib/haproxy.mjs';
import { freePort } from './lib/ports.mjs';
import { Postgres } from './lib/postgres.mjs';
import { command, expect } from './lib/server.mjs';

/** What HAProxy may lead to, in TCP mode and one at a time. */
async function leading(folder, backends) {
  const port = await freePort();
  const servers = Object.entries(backends).map(([name, to]) => `  server ${name} 127.0.0.1:${to} disabled`);
  const proxy = await Haproxy.start(folder, [
    'global', '  stats socket /run/haproxy.sock level admin',
    'defaults', '  mode tcp', '  timeout connect 2s', '  timeout client 1h', '  timeout server 1h',
    'listen databases', `  bind 127.0.0.1:${port}`, ...servers, '',
  ].join('\n'));
  return { proxy, port, lead: (to) => proxy.lead('databases', Object.keys(backends), to) };
}

export async function drill({ folder, short, nodes }) {
  const [primary, foreign] = [await Postgres.start(), await Postgres.start()];
  let [server, proxy, standby] = [];
  try {
    // Another installation has the same schema.
    const theirs = { KEYSTEAD_DATA_DIR: join(folder, 'theirs'), KEYSTEAD_DATABASE_URL: foreign.url() };
    await command(theirs, ['key', 'issue', '--kind', 'service', '--name', 'theirs']);
    const settings = { KEYSTEAD_DATA_DIR: join(folder, 'data'), KEYSTEAD_DATABASE_URL: primary.url() };
    await command(settings, ['key', 'issue', '--kind', 'service', '--name', 'first']);
    standby = await Postgres.start({ copyOf: primary });
    proxy = await leading(folder, { primary: primary.port, standby: standby.port, foreign: foreign.port });
    await proxy.lead('primary');
    server = await begin({ ...settings, KEYSTEAD_DATABASE_URL: primary.url(proxy.port) }, { folder, nodes });
    await server.owner();
    await server.signIn();
    const [kept, revoked] = [await server.issue('kept'), await server.issue('revoked')];
    expect((await server.code(revoked.token)) === 'VALID', 'the key does not pass');
    await pause(1000);
    standby.psql('SELECT pg_wal_replay_pause()');
    expect(await server.revoke(revoked.id), 'the revoke was refused');
    const figures = [];
    const refuses = async (to, what) => {
      await proxy.lead(to);
      const noticed = await server.until(false, 60, what);
      await pause(1500);
      for (let calls = 0; calls < (short ? 20 : 200); calls += 1) {
        const codes = [await server.code(revoked.token), await server.code(kept.token)];
        expect(codes.every((code) => code === 'HTTP 503'), `led to the ${to}, calls answer ${codes}`);
      }
      figures.push(`led to the ${to}: refused after ${seconds(noticed)}`);
    };
    await refuses('standby', /standby/);
    await refuses('foreign', /another installation/);
    await proxy.lead('primary');
    figures.push(`back at the primary: ready after ${seconds(await server.until(true, 60))}`);
    expect((await server.code(kept.token)) === 'VALID', 'the key does not pass any more');
    standby.psql('SELECT pg_wal_replay_resume()');
    await pause(1000);
    await primary.stop('SIGINT');
    await standby.promote();
    await proxy.lead('standby');
    figures.push(`the standby was promoted: ready after ${seconds(await server.until(true, 60))}`);
    expect((await server.code(kept.token)) === 'VALID', 'the key does not pass at the new primary');
    expect((await server.code(revoked.token)) !== 'VALID', 'the revoke is lost');
    expect((await server.issue('new')).confirmed, 'no key can be issued at the new primary');
    return figures;
  } finally {
    await server?.stop('SIGKILL');
    proxy?.proxy.stop();
    for (const postgres of [primary, foreign, standby]) await postgres?.remove();
  }
}
