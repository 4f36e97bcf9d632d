// Postgres stops, or freezes. Calls are answered at once, and everything works again by itself.
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { begin } from './lib/cluster.mjs';
import { seconds, spread } from './lib/figures.mjs';
import { Postgres } from './lib/postgres.mjs';
import { command, expect } from './lib/server.mjs';

/** How long 24 clients at once wait for an answer, in seconds. */
async function waits(server, token, path) {
  const one = async () => {
    const begun = performance.now();
    const headers = path.startsWith('/v1') ? { authorization: `Bearer ${token}` } : {};
    const answer = await server.ask(path, { headers, seconds: 25 });
    await answer.arrayBuffer();
    return { took: (performance.now() - begun) / 1000, status: answer.status };
  };
  return Promise.all(Array.from({ length: 24 }, one));
}

export async function drill({ folder, short, nodes }) {
  const postgres = await Postgres.start();
  const settings = { KEYSTEAD_DATA_DIR: join(folder, 'data'), KEYSTEAD_DATABASE_URL: postgres.url() };
  let server;
  try {
    server = await begin(settings, { folder, nodes });
    const token = (await command(settings, ['key', 'issue', '--kind', 'service', '--name', 'n'])).trim();
    const figures = [];
    const faults = {
      stopped: { begin: () => postgres.stop('SIGINT'), end: () => postgres.launch() },
      frozen: { begin: () => postgres.freeze(true), end: () => postgres.freeze(false) },
    };
    for (let round = 0; round < (short ? 1 : 5); round += 1) {
      for (const [name, fault] of Object.entries(faults)) {
        expect((await server.code(token)) === 'VALID', 'the key does not pass before');
        await fault.begin();
        try {
          await server.until(false, 10);
          // A cached key may pass for a second; then it is known.
          await pause(2500);
          const answers = [...await waits(server, token, '/v1/keys/self'), ...await waits(server, token, '/login')];
          const { most } = spread(answers.map(({ took }) => took));
          expect(most < 1, `${name}: an answer took ${seconds(most)}`);
          const calls = answers.slice(0, 24);
          expect(calls.every(({ status }) => status === 503), `${name}: calls answered ${calls.map(({ status }) => status)}`);
          figures.push(`${name}: answers within ${seconds(most)} while it is away`);
        } finally {
          await fault.end();
        }
        const back = await server.until(true, 15);
        expect((await server.code(token)) === 'VALID', `${name}: the key does not pass afterwards`);
        figures.push(`${name}: ready ${seconds(back)} after it is back`);
      }
    }
    return figures;
  } finally {
    await server?.stop('SIGKILL');
    postgres.freeze(false);
    await postgres.remove();
  }
}
