// Tars and gzips that are the same bytes on each machine: sorted, with one time, and with owners by number.
import { spawnSync } from 'node:child_process';

const BLOCK = 512;
const KINDS = { file: '0', folder: '5' };

/** The time of everything in them, in seconds. scripts/env.sh sets it. */
export const EPOCH = Number(process.env.SOURCE_DATE_EPOCH);
if (!Number.isInteger(EPOCH)) throw new Error('SOURCE_DATE_EPOCH is not set; run scripts/dist.sh');

/** A tar of entries `{ path, bytes, mode, owner }`. One without bytes is a folder. */
export function tar(entries) {
  const sorted = [...entries].sort((one, other) => (one.path < other.path ? -1 : 1));
  const blocks = sorted.flatMap(({ path, bytes, mode, owner = 0 }) => {
    const kind = bytes ? KINDS.file : KINDS.folder;
    const data = bytes ?? Buffer.alloc(0);
    return [head(path, kind, data.length, mode ?? (bytes ? 0o644 : 0o755), owner), data, Buffer.alloc(padding(data.length))];
  });
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]);
}

function padding(length) {
  return (BLOCK - (length % BLOCK)) % BLOCK;
}

function head(path, kind, size, mode, owner) {
  const head = Buffer.alloc(BLOCK);
  const name = kind === KINDS.folder ? `${path}/` : path;
  if (Buffer.byteLength(name) > 100) throw new Error(`${path} is too long for a tar`);
  const number = (value, at, width) => head.write(`${value.toString(8).padStart(width - 1, '0')}\0`, at, 'latin1');
  head.write(name, 0, 'utf8');
  number(mode, 100, 8);
  number(owner, 108, 8);
  number(owner, 116, 8);
  number(size, 124, 12);
  number(EPOCH, 136, 12);
  head.fill(' ', 148, 156);
  head.write(kind, 156, 'latin1');
  head.write('ustar\x0000', 257, 'latin1');
  const sum = head.reduce((sum, byte) => sum + byte, 0);
  head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return head;
}

/** Compressed by gzip itself: the zlib of Node.js gives other bytes on another processor. */
export function gzip(bytes) {
  const done = spawnSync('gzip', ['--best', '--no-name'], { input: bytes, maxBuffer: 1 << 30 });
  if (done.status !== 0) throw new Error(`gzip failed: ${done.error ?? done.stderr}`);
  return done.stdout;
}
