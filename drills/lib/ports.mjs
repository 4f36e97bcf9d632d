// Ports for programs that are told where to listen.
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

const GIVEN = new Set();
// `fetch` does not call 10080.
const LEAST = 10_081;

/**
 * A port of this machine that nobody uses. It lies below those that the system gives to connections, or a connection could
 * take it before the program listens.
 */
export async function freePort() {
  const [system] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(/\s/).map(Number);
  const most = system > 2 * LEAST ? system : 32_768;
  for (;;) {
    const port = randomInt(LEAST, most);
    if (GIVEN.has(port)) continue;
    GIVEN.add(port);
    const server = createServer().listen(port, '127.0.0.1');
    const isFree = await once(server, 'listening').then(() => true, () => false);
    server.close();
    if (isFree) return port;
  }
}

/** An address of this machine that nobody uses. */
export async function freeAddress() {
  return `127.0.0.1:${await freePort()}`;
}
