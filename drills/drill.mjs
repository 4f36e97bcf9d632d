// Runs the drills: what breaks around Keystead, and what has to hold then. Each prints its figures.
//   node drills/drill.mjs [--short] [NAME…]
// A drill of one server that is named with a 3 behind a slash runs with three servers behind HAProxy.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { owned } from './lib/children.mjs';
import { BINARY } from './lib/server.mjs';

const ALONE = join(import.meta.dirname, 'alone.mjs');

const DRILLS = [
  'disk', 'faults', 'kills-sqlite', 'kills-postgres', 'rotations', 'away', 'standby', 'clocks', 'backup', 'upgrade', 'hand-overs-sqlite',
  'hand-overs-postgres', 'api', 'nodes', 'behind', 'cluster', 'node-kills', 'limits', 'failover', 'kills-postgres/3',
];

/** Those that nothing runs beside: they count what passes while the load moves, which a busy machine delays. */
const UNDISTURBED = ['limits'];

/** Those that `make test` leaves out: they take longer, or need the release before or packages that nothing else does. */
const LONG = ['rolling', 'patroni', 'rotations/3', 'away/3', 'standby/3', 'hand-overs-postgres/3'];

/** A drill that hangs ends after this, and all of them together after that, in seconds. */
const LONGEST = { short: 300, long: 400 };
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
const chosen = asked.length ? asked : short ? DRILLS : all;
async function work(left) {
  for (let name = left.shift(); name; name = left.shift()) {
    if (await run(name)) passed += 1;
    else failed += 1;
  }
}

/** Runs a drill in a process of its own: what one waits for without a pause must not delay what another measures. */
async function run(name) {
  const limit = Math.min(short ? LONGEST.short : LONGEST.long, ALL - performance.now() / 1000);
  const form = short ? ['--short'] : [];
  const child = owned(spawn(process.execPath, [ALONE, name, String(limit), ...form], { stdio: 'inherit' }), 'SIGTERM');
  const [status, signal] = await once(child, 'exit');
  if (signal) console.log(`FAILED ${name}\n      ended by ${signal}`);
  return status === 0;
}

const together = chosen.filter((name) => !UNDISTURBED.includes(name));
await Promise.all(Array.from({ length: AT_ONCE }, () => work(together)));
await work(chosen.filter((name) => UNDISTURBED.includes(name)));
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
