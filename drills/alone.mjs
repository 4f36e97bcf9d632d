// Runs one drill, prints its figures, and exits with 1 if something did not hold.
//   node drills/alone.mjs NAME SECONDS [--short]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { within } from './lib/server.mjs';

const [name, limit, form] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), `keystead-${name.replace('/', '-')}-`));
const took = () => `${(performance.now() / 1000).toFixed(0)} s`;
let held = false;
try {
  const [file, nodes] = name.split('/');
  const { drill } = await import(`./${file}.mjs`);
  const figures = await within(Number(limit), 'the end', drill({ folder, short: form === '--short', nodes: Number(nodes ?? 0) }));
  console.log(`ok    ${name} (${took()})\n      ${[figures].flat().join('\n      ')}`);
  held = true;
} catch (error) {
  // A request that failed says why in its cause.
  const cause = error.cause ? `\n      because of ${error.cause.stack ?? error.cause}` : '';
  console.log(`FAILED ${name} (${took()})\n      ${error.stack}${cause}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(held ? 0 : 1);
