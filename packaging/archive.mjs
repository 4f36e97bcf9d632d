// Packs the binary for one architecture with what belongs to it on a server:
//   node packaging/archive.mjs VERSION MACHINE DIST MANUAL
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { gzip, tar } from './tar.mjs';

const [version, machine, dist, manual] = process.argv.slice(2);
const name = `keystead-${version}-linux-${machine}`;

const files = {
  'keystead': join(dist, name),
  'keystead.service': 'packaging/keystead.service',
  'LICENSE': 'LICENSE',
  'README': 'packaging/README',
};
for (const file of readdirSync(manual)) files[`${file.endsWith('.1') ? 'man' : 'completions'}/${file}`] = join(manual, file);
const entries = Object.entries(files).map(([path, from]) => ({
  path: `${name}/${path}`, bytes: readFileSync(from), mode: path === 'keystead' ? 0o755 : 0o644,
}));
const folders = [name, `${name}/man`, `${name}/completions`].map((path) => ({ path }));
writeFileSync(join(dist, `${name}.tar.gz`), gzip(tar([...folders, ...entries])));
