// The server is killed again and again, on SQLite.
import { join } from 'node:path';

import { killed, rounds } from './kills.mjs';

export async function drill({ folder, short }) {
  return rounds({ KEYSTEAD_DATA_DIR: join(folder, 'data') }, { name: 'SQLite', seconds: short ? 8 : 200, break_: killed });
}
