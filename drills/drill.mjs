// Runs the drills: what breaks around Keystead, and what has to hold then. Each prints its figures.
//   node drills/drill.mjs [--short] [NAME…]
// A drill of one server that is named with a 3 behind a slash runs with three servers behind HAProxy.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { BINARY, within } from './lib/server.mjs';

const DRILLS = [
  'disk', 'faults', 'kills-sqlite', 'kills-postgres', 'rotations', 'away', 'standby', 'clocks', 'backup', 'upgrade', 'hand-overs', 'api',
  'nodes', 'behind', 'cluster', 'node-kills', 'limits', 'failover', 'kills-postgres/3',
];

/** Those that `make test` leaves out: they take longer, or need the release before or packages that nothing else does. */
const LONG = ['rolling', 'patroni', 'rotations/3', 'away/3', 'standby/3', 'hand-overs/3'];

/** No drill takes longer than this, and all of them together no longer than that, in seconds. */
const LONGEST = { short: 90, long: 400 };
const ALL = 45 * 60;

const arguments_ = process.argv.slice(2);
const short = arguments_.includes('--short');
const asked = arguments_.filter((argument) => !argument.startsWith('--'));
const all = [...DRILLS, ...LONG];
const unknown = asked.find((name) => !all.includes(name));
if (unknown) throw new Error(`there is no drill ${unknown}; there are ${all.join(', ')}`);
if (!existsSync(BINARY)) throw new Error(`${BINARY} is missing; run make build`);
// Nothing is skipped: a missing privilege fails here.
const mount = spawnSync('unshare', ['--user', '--map-root-user', '--mount', 'true']);
if (mount.status !== 0) throw new Error('this account may not make mounts of its own (unshare), which the drills need');

/** How many run at once. They mostly wait; alone, their figures are truer. */
const AT_ONCE = short ? 4 : 1;

let [passed, failed] = [0, 0];
const left = asked.length ? asked : short ? [...DRILLS] : all;
async function work() {
  for (let name = left.shift(); name; name = left.shift()) await run(name);
}

async function run(name) {
  const folder = mkdtempSync(join(tmpdir(), `keystead-${name.replace('/', '-')}-`));
  const begun = performance.now();
  const took = () => `${((performance.now() - begun) / 1000).toFixed(0)} s`;
  try {
    const [file, nodes] = name.split('/');
    const { drill } = await import(`./${file}.mjs`);
    const limit = Math.min(short ? LONGEST.short : LONGEST.long, ALL - performance.now() / 1000);
    const figures = await within(limit, 'the end', drill({ folder, short, nodes: Number(nodes ?? 0) }));
    console.log(`ok    ${name} (${took()})\n      ${[figures].flat().join('\n      ')}`);
    passed += 1;
  } catch (error) {
    console.log(`FAILED ${name} (${took()})\n      ${error.stack}`);
    failed += 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await Promise.all(Array.from({ length: AT_ONCE }, work));
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
