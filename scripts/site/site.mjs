// Makes a site of what wasm-bindgen and wasm-opt made: node site.mjs GLUE SITE TOOLS. Files that come out as they
// were are left alone, so that the server is not linked again for nothing.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

const [glue, site, tools] = process.argv.slice(2);
const require = createRequire(join(tools, 'package.json'));
const browserslist = require('browserslist');
const { browserslistToTargets, bundle, bundleAsync } = require('lightningcss');
const { minify } = require('terser');

// The browsers are named once, where cargo-leptos reads them too.
const query = /^browserquery = "(.+)"$/m.exec(readFileSync('Cargo.toml', 'utf8'))[1];

/** All files below a folder, by their paths in it. */
function files(folder) {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder, { recursive: true });
  return names.filter((name) => statSync(join(folder, name)).isFile());
}

async function script(folder, name) {
  const { code } = await minify(readFileSync(join(folder, name), 'utf8'), { module: true });
  return Buffer.from(code);
}

const made = new Map();
for (const name of files('assets')) made.set(name, readFileSync(join('assets', name)));
for (const name of files(glue)) {
  made.set(join('pkg', name), name.endsWith('.js') ? await script(glue, name) : readFileSync(join(glue, name)));
}
for (const name of files('frontend/js')) made.set(join('pkg', name), await script('frontend/js', name));
const targets = browserslistToTargets(browserslist(query));
// Swagger UI for /docs, what starts it, and its style and ours in one.
const swagger = join(tools, 'node_modules/swagger-ui-dist');
made.set('pkg/docs/swagger-ui-bundle.js', readFileSync(join(swagger, 'swagger-ui-bundle.js')));
made.set('pkg/docs/docs.js', await script('frontend/docs', 'docs.js'));
const resolver = { resolve: (name, from) => join(name === 'swagger-ui.css' ? swagger : dirname(from), name) };
const docs = await bundleAsync({ filename: 'frontend/docs/docs.css', minify: true, targets, resolver });
made.set('pkg/docs/docs.css', Buffer.from(docs.code));
made.set('pkg/keystead.css', Buffer.from(bundle({ filename: 'style/main.css', minify: true, targets }).code));

async function compressed([name, bytes]) {
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  const [br, gz] = await Promise.all([promisify(brotliCompress)(bytes, { params }), promisify(gzip)(bytes, { level: 9 })]);
  return [[`${name}.br`, br], [`${name}.gz`, gz]];
}
for (const pair of await Promise.all([...made].map(compressed))) for (const [name, bytes] of pair) made.set(name, bytes);

for (const name of files(site)) if (!made.has(name)) rmSync(join(site, name));
for (const [name, bytes] of made) {
  const path = join(site, name);
  if (existsSync(path) && readFileSync(path).equals(bytes)) continue;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
}
