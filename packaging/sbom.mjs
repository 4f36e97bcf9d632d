// Prints what is in Keystead, as a CycloneDX document: each package of crates.io that is linked into the binary or runs in
// the browser, what is copied from npm, and the certificates of the image.
//   node packaging/sbom.mjs VERSION CERTIFI
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const [version, certifi] = process.argv.slice(2);
/** The programs, and what they are compiled for. */
const PROGRAMS = [
  ['server', 'x86_64-unknown-linux-musl'],
  ['server', 'aarch64-unknown-linux-musl'],
  ['frontend', 'wasm32-unknown-unknown'],
];
/** What scripts/site/site.mjs copies from npm. */
const FROM_NPM = 'swagger-ui-dist';

function cargo(...args) {
  const done = spawnSync('cargo', args, { encoding: 'utf8', maxBuffer: 1 << 30 });
  if (done.status !== 0) throw new Error(`cargo ${args[0]} failed: ${done.stderr}`);
  return done.stdout;
}

/** What is compiled into a program, without what only runs while it is compiled: `name v1.2.3`. */
function linked([program, target]) {
  const edges = ['--edges', 'normal,no-proc-macro', '--prefix', 'none', '--format', '{p}'];
  const lines = cargo('tree', '--locked', '--package', program, '--target', target, ...edges).split('\n');
  return lines.map((line) => /^(\S+) v(\S+)/.exec(line)).filter(Boolean).map(([, name, version]) => `${name} ${version}`);
}

const programs = new Set(PROGRAMS.flatMap(linked));
const { packages, resolve } = JSON.parse(cargo('metadata', '--locked', '--format-version', '1'));
const known = new Map(packages.map((found) => [found.id, found]));
const included = ({ name, version }) => programs.has(`${name} ${version}`);
const lock = readFileSync('Cargo.lock', 'utf8');

function sha256(name, version) {
  return new RegExp(`name = "${name}"\nversion = "${version.replaceAll('+', '\\+')}"\nsource = .*\nchecksum = "([0-9a-f]+)"`).exec(lock)?.[1];
}

const reference = ({ name, version, source }) =>
  source ? `pkg:cargo/${name}@${encodeURIComponent(version)}` : `keystead:${name}@${version}`;

function crate(found) {
  const { name, version, source, license, description, repository } = found;
  const sum = source && sha256(name, version);
  if (source && !sum) throw new Error(`Cargo.lock has no checksum of ${name} ${version}`);
  return {
    type: 'library',
    'bom-ref': reference(found),
    name,
    version,
    ...(description && { description: description.trim() }),
    scope: 'required',
    ...(sum && { hashes: [{ alg: 'SHA-256', content: sum }] }),
    // Old packages write a stroke where SPDX has OR.
    licenses: [license ? { expression: license.replaceAll('/', ' OR ') } : { license: { name: 'in its sources' } }],
    ...(source && { purl: reference(found) }),
    ...(repository && { externalReferences: [{ type: 'vcs', url: repository }] }),
  };
}

function fromNpm() {
  const { version, integrity, license } = JSON.parse(readFileSync('scripts/site/package-lock.json', 'utf8')).packages[`node_modules/${FROM_NPM}`];
  const [, sum] = /^sha512-(.+)$/.exec(integrity);
  const purl = `pkg:npm/${FROM_NPM}@${version}`;
  return {
    type: 'library', 'bom-ref': purl, name: FROM_NPM, version, scope: 'required',
    hashes: [{ alg: 'SHA-512', content: Buffer.from(sum, 'base64').toString('hex') }],
    licenses: [{ expression: license }], purl,
  };
}

function certificates() {
  const purl = `pkg:pypi/certifi@${certifi}`;
  return {
    type: 'data', 'bom-ref': purl, name: 'certifi', version: certifi, scope: 'optional',
    description: 'The certificates of Mozilla, in the container image only',
    licenses: [{ license: { id: 'MPL-2.0' } }], purl,
  };
}

const shipped = packages.filter(included);
const missing = [...programs].filter((name) => !shipped.some((found) => `${found.name} ${found.version}` === name));
if (missing.length) throw new Error(`cargo metadata does not know ${missing.join(', ')}`);
const components = [...shipped.map(crate), fromNpm(), certificates()];
components.sort((one, other) => (one['bom-ref'] < other['bom-ref'] ? -1 : 1));

const main = { type: 'application', 'bom-ref': 'keystead', name: 'keystead', version, licenses: [{ expression: 'Apache-2.0' }] };
const within = resolve.nodes.filter(({ id }) => included(known.get(id)));
const graph = within.map(({ id, deps }) => {
  const used = deps.filter(({ dep_kinds }) => dep_kinds.some(({ kind }) => kind === null)).map(({ pkg }) => known.get(pkg));
  return { ref: reference(known.get(id)), dependsOn: [...new Set(used.filter(included).map(reference))].sort() };
});
graph.sort((one, other) => (one.ref < other.ref ? -1 : 1));
const ours = shipped.filter(({ name }) => ['server', 'frontend'].includes(name)).map(reference);
graph.unshift({ ref: 'keystead', dependsOn: [...ours, ...components.filter(({ purl }) => purl && !purl.startsWith('pkg:cargo/')).map(({ purl }) => purl)] });

// Named by what is in it, so that the same sources give the same document.
const sum = createHash('sha256').update(JSON.stringify([main, components, graph])).digest('hex');
const serial = [sum.slice(0, 8), sum.slice(8, 12), `8${sum.slice(13, 16)}`, `8${sum.slice(17, 20)}`, sum.slice(20, 32)];
const bom = {
  bomFormat: 'CycloneDX',
  specVersion: '1.5',
  serialNumber: `urn:uuid:${serial.join('-')}`,
  version: 1,
  metadata: { component: main },
  components,
  dependencies: graph,
};
console.log(JSON.stringify(bom, null, 2));
