// The server, its connections or the whole of Postgres are killed in turns.
import { join } from 'node:path';

import { killed, rounds } from './kills.mjs';
import { begin } from './lib/cluster.mjs';
import { Postgres } from './lib/postgres.mjs';

export async function drill({ folder, short, nodes }) {
  const postgres = await Postgres.start();
  const settings = { KEYSTEAD_DATA_DIR: join(folder, 'data'), KEYSTEAD_DATABASE_URL: postgres.url() };
  let turn = 0;
  const break_ = async (server) => {
    turn += 1;
    if (turn % 3 === 1) return killed(server);
    if (turn % 3 === 2) {
      postgres.cut();
      return server;
    }
    await postgres.stop('SIGKILL');
    await postgres.launch();
    return server;
  };
  try {
    return await rounds(settings, { start: (settings) => begin(settings, { folder, nodes }), name: 'Postgres', seconds: short ? 10 : nodes ? 60 : 200, break_ });
  } finally {
    await postgres.remove();
  }
}
