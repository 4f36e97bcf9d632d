// Fails if a page loads more than the design allows. Counts the brotli files, as the server sends them.
import { readdirSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';

const SITE = 'target/site/pkg';
/** Swagger UI, which only /docs loads. */
const DOCS = { folder: 'docs', limit: 450_000 };
const LIMITS = { '.wasm': 200_000, '.js': 16_000, '.css': 9_000 };

// Every page loads all of them, since there are no lazy chunks.
const sizes = Object.fromEntries(Object.keys(LIMITS).map((kind) => [kind, 0]));
let docs = 0;
for (const name of readdirSync(SITE, { recursive: true })) {
  if (!name.endsWith('.br') || name.endsWith('.d.ts.br')) continue;
  if (name.startsWith(`${DOCS.folder}/`)) {
    docs += statSync(join(SITE, name)).size;
    continue;
  }
  const kind = extname(name.slice(0, -3));
  if (!(kind in LIMITS)) throw new Error(`${name}: no limit is known for this kind of file`);
  sizes[kind] += statSync(join(SITE, name)).size;
}

let failed = false;
for (const [kind, limit] of [...Object.entries(LIMITS), [DOCS.folder, DOCS.limit]]) {
  const size = kind === DOCS.folder ? docs : sizes[kind];
  const wrong = size === 0 ? 'missing' : size > limit ? 'too large' : '';
  failed ||= wrong !== '';
  console.log(`${kind.padEnd(6)}${String(size).padStart(8)} of ${String(limit).padStart(7)} bytes, brotli  ${wrong}`);
}
process.exitCode = failed ? 1 : 0;
