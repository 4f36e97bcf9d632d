// Writes the container image for both architectures, as an OCI layout and as a tar of it:
//   node packaging/image.mjs VERSION DIST CERTIFICATES
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { EPOCH, gzip, tar } from './tar.mjs';

const [version, dist, certificates] = process.argv.slice(2);
const CREATED = new Date(EPOCH * 1000).toISOString().replace('.000', '');
const SECOND = 1_000_000_000;
/** The number that images without a root commonly use for their one account. */
const ACCOUNT = 65532;
const MACHINES = { x86_64: 'amd64', aarch64: 'arm64' };
const LABELS = {
  'org.opencontainers.image.title': 'Keystead',
  'org.opencontainers.image.description': 'An API key console that you run yourself',
  'org.opencontainers.image.version': version,
  'org.opencontainers.image.licenses': 'Apache-2.0',
  'org.opencontainers.image.created': CREATED,
};

const blobs = new Map();

/** Keeps a blob, and gives what refers to it. */
function kept(mediaType, bytes) {
  const digest = createHash('sha256').update(bytes).digest('hex');
  blobs.set(digest, bytes);
  return { mediaType, digest: `sha256:${digest}`, size: bytes.length };
}

const document = (mediaType, value) => kept(mediaType, Buffer.from(JSON.stringify(value)));

function layer(entries) {
  const whole = tar(entries);
  const id = `sha256:${createHash('sha256').update(whole).digest('hex')}`;
  return { id, blob: kept('application/vnd.oci.image.layer.v1.tar+gzip', gzip(whole)) };
}

// No shell and no library: the account, the certificates for TLS to others, and the folder of the data.
const surroundings = layer([
  { path: 'data', mode: 0o700, owner: ACCOUNT },
  { path: 'etc' },
  { path: 'etc/group', bytes: Buffer.from(`root:x:0:\nkeystead:x:${ACCOUNT}:\n`) },
  {
    path: 'etc/passwd',
    bytes: Buffer.from(`root:x:0:0::/:/sbin/nologin\nkeystead:x:${ACCOUNT}:${ACCOUNT}::/data:/sbin/nologin\n`),
  },
  { path: 'etc/ssl' },
  { path: 'etc/ssl/certs' },
  { path: 'etc/ssl/certs/ca-certificates.crt', bytes: readFileSync(certificates) },
]);

function manifest([machine, architecture]) {
  const binary = readFileSync(join(dist, `keystead-${version}-linux-${machine}`));
  const layers = [surroundings, layer([{ path: 'keystead', bytes: binary, mode: 0o755 }])];
  const config = document('application/vnd.oci.image.config.v1+json', {
    created: CREATED,
    architecture,
    os: 'linux',
    config: {
      User: `${ACCOUNT}:${ACCOUNT}`,
      ExposedPorts: { '3000/tcp': {} },
      Env: ['KEYSTEAD_LISTEN=0.0.0.0:3000', 'KEYSTEAD_DATA_DIR=/data'],
      Entrypoint: ['/keystead'],
      Volumes: { '/data': {} },
      // The root is read-only, so what SQLite sorts on disk goes here too.
      WorkingDir: '/data',
      Labels: LABELS,
      StopSignal: 'SIGTERM',
      Healthcheck: {
        Test: ['CMD', '/keystead', 'health'],
        Interval: 10 * SECOND,
        Timeout: 6 * SECOND,
        StartPeriod: 60 * SECOND,
        Retries: 3,
      },
    },
    rootfs: { type: 'layers', diff_ids: layers.map(({ id }) => id) },
    history: ['what surrounds it', `keystead ${version}`].map((created_by) => ({ created: CREATED, created_by })),
  });
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const blob = document(mediaType, {
    schemaVersion: 2, mediaType, config, layers: layers.map(({ blob }) => blob), annotations: LABELS,
  });
  const compressed = layers.reduce((sum, { blob: { size } }) => sum + size, 0);
  console.log(`image ${architecture}: ${(compressed / 1e6).toFixed(1)} MB compressed`);
  if (compressed > 40e6) throw new Error('an image must have at most 40 MB');
  return { ...blob, platform: { architecture, os: 'linux' } };
}

const INDEX = 'application/vnd.oci.image.index.v1+json';
const both = document(INDEX, {
  schemaVersion: 2, mediaType: INDEX, manifests: Object.entries(MACHINES).map(manifest), annotations: LABELS,
});
const index = {
  schemaVersion: 2,
  mediaType: INDEX,
  manifests: [{ ...both, annotations: { 'org.opencontainers.image.ref.name': version } }],
};
const files = new Map([
  ['oci-layout', Buffer.from(JSON.stringify({ imageLayoutVersion: '1.0.0' }))],
  ['index.json', Buffer.from(JSON.stringify(index))],
  ...[...blobs].map(([digest, bytes]) => [`blobs/sha256/${digest}`, bytes]),
]);
mkdirSync(join(dist, 'oci/blobs/sha256'), { recursive: true });
for (const [path, bytes] of files) writeFileSync(join(dist, 'oci', path), bytes);
const folders = ['blobs', 'blobs/sha256'].map((path) => ({ path }));
const entries = [...files].map(([path, bytes]) => ({ path, bytes }));
writeFileSync(join(dist, `keystead-${version}-oci.tar`), tar([...folders, ...entries]));
