// Hand-overs by the thousand, on SQLite.
import { join } from 'node:path';

import { files, handOvers } from './hand-overs.mjs';

export async function drill({ folder, short }) {
  const data = join(folder, 'data');
  return handOvers({ KEYSTEAD_DATA_DIR: data }, short ? 100 : 10_000, () => files(data));
}
