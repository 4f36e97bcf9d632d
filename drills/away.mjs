// Postgres stops, or freezes. Calls are answered at once, and everything works again by itself.
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { begin } from './lib/cluster.mjs';
import { seconds, spread } from './lib/figures.mjs';
import { Postgres } from './lib/postgres.mjs';
import { command, expect } from './lib/server.mjs';

/** How long one of 24 clients at once waits for an answer at most, in seconds. A call is answered 503. */
async function burst(server, token, path) {
  const one = async () => {
    const begun = performance.now();
    const headers = path.startsWith('/v1') ? { authorization: `Bearer ${token}` } : {};
    const answer = await server.ask(path, { headers, seconds: 25 });
    await answer.arrayBuffer();
    return { took: (performance.now() - begun) / 1000, status: answer.status };
  };
  const answers = await Promise.all(Array.from({ length: 24 }, one));
  const codes = answers.map(({ status }) => status);
  expect(path === '/login' || codes.every((status) => status === 503), `${path} answered ${codes}`);
  return spread(answers.map(({ took }) => took)).most;
}

/** The least of three bursts that is needed to stay within a second: a machine that pauses delays one, and not each. */
async function waits(server, token, path) {
  let least = Infinity;
  for (let bursts = 0; bursts < 3 && least >= 1; bursts += 1) least = Math.min(least, await burst(server, token, path));
  return least;
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
          await server.until(false, 60);
          // A cached key may pass for a second; then it is known.
          await pause(2500);
          const most = Math.max(await waits(server, token, '/v1/keys/self'), await waits(server, token, '/login'));
          expect(most < 1, `${name}: an answer took ${seconds(most)}`);
          figures.push(`${name}: answers within ${seconds(most)} while it is away`);
        } finally {
          await fault.end();
        }
        const back = await server.until(true, 60);
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
