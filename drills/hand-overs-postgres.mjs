// Hand-overs by the thousand, on Postgres, by one server or several.
import { join } from 'node:path';

import { files, handOvers } from './hand-overs.mjs';
import { Postgres } from './lib/postgres.mjs';

export async function drill({ folder, short, nodes }) {
  const postgres = await Postgres.start();
  try {
    const data = join(folder, 'data');
    const settings = { KEYSTEAD_DATA_DIR: data, KEYSTEAD_DATABASE_URL: postgres.url() };
    const tables = () => postgres.psql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").trim().split('\n');
    const rows = function* () {
      yield* files(data);
      for (const table of tables()) yield [table, postgres.psql(`SELECT "${table.trim()}"::text FROM "${table.trim()}"`)];
    };
    return await handOvers(settings, short ? 100 : nodes ? 1_000 : 10_000, rows, { folder, nodes });
  } finally {
    await postgres.remove();
  }
}
