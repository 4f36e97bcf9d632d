// Keystead behind each proxy with TLS, by the files of docs/behind: people sign in, live pages and files pass, and a client
// claims neither an address nor the id of a request.
import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { owned } from './lib/children.mjs';
import { freeAddress } from './lib/ports.mjs';
import { Server, command, expect } from './lib/server.mjs';

const DOCS = resolve(import.meta.dirname, '../docs/behind');
/** Where scripts/test-tools.sh puts the programs that Debian does not have. */
const FETCHED = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'keystead/proxies/bin');
const NAME = 'keys.example.com';
const OWNER = { email: 'owner@example.com', password: 'copper lantern drifting north' };
/** Where the client calls from: not from the address of the proxies, whose word Keystead takes. */
const CLIENT = '127.0.0.2';
const CLAIMED = '203.0.113.77';

/** Each proxy: its files, what is put into them for these ports, its program and its arguments. */
const proxies = ({ folder, plain, port }) => ({
  nginx: {
    files: { 'nginx.conf': [['listen 80;', `listen ${plain};`], ['listen 443 ssl http2;', `listen ${port} ssl http2;`]] },
    main: ['main.conf', `daemon off; master_process off; pid ${folder}/pid; error_log stderr; events {}
      http { access_log off; client_body_temp_path ${folder}/a; proxy_temp_path ${folder}/b; fastcgi_temp_path ${folder}/c;
      uwsgi_temp_path ${folder}/d; scgi_temp_path ${folder}/e; include ${folder}/nginx.conf; }`],
    run: ['/usr/sbin/nginx', '-e', 'stderr', '-p', '.', '-c', 'main.conf'],
  },
  Caddy: {
    // It would ask for a certificate, and listen on port 80.
    files: { Caddyfile: [[`${NAME} {`, `{\n\tadmin off\n\tauto_https disable_redirects\n}\nhttps://${NAME}:${port} {\n\ttls ${folder}/fullchain.pem ${folder}/key.pem`]] },
    run: ['/usr/bin/caddy', 'run', '--config', 'Caddyfile', '--adapter', 'caddyfile'],
  },
  HAProxy: {
    files: { 'haproxy.cfg': [['bind :80\n', `bind :${plain}\n`], ['bind :443 ', `bind :${port} `]] },
    run: ['/usr/sbin/haproxy', '-db', '-f', 'haproxy.cfg'],
  },
  Traefik: {
    files: { 'traefik-static.yml': [['":80"', `":${plain}"`], ['":443"', `":${port}"`]], 'traefik.yml': [] },
    run: [join(FETCHED, 'traefik'), '--configfile=traefik-static.yml'],
  },
  Envoy: {
    files: { 'envoy.yaml': [['port_value: 443', `port_value: ${port}`]] },
    run: [join(FETCHED, 'envoy'), '-c', 'envoy.yaml', '--use-dynamic-base-id', '--concurrency', '1', '--log-level', 'warn'],
  },
});

/** Writes the files of a proxy, and starts it. */
function started({ files, main, run: [program, ...args] }, { folder, address }) {
  for (const [name, edits] of Object.entries(files)) {
    let text = readFileSync(join(DOCS, name), 'utf8');
    for (const [theirs, ours] of edits) {
      if (!text.includes(theirs)) throw new Error(`docs/behind/${name} has no ${theirs}`);
      text = text.replaceAll(theirs, ours);
    }
    text = text.replaceAll(`/etc/ssl/${NAME}`, folder).replaceAll('/etc/traefik/keystead.yml', `${folder}/traefik.yml`);
    text = text.replaceAll('127.0.0.1:3000', address).replaceAll('port_value: 3000', `port_value: ${address.split(':')[1]}`);
    writeFileSync(join(folder, name), text);
  }
  if (main) writeFileSync(join(folder, main[0]), main[1]);
  const env = { PATH: process.env.PATH, HOME: folder, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder };
  const child = owned(spawn(program, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] }));
  child.log = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (child.log = (child.log + chunk).slice(-10_000)));
  child.on('error', (error) => (child.log += error));
  return child;
}

/** A client of one address: status, headers and body of an answer, status 0 if there was none. */
class Client {
  constructor(port, folder) {
    this.origin = `https://${NAME}:${port}`;
    this.args = ['--silent', '--insecure', '--interface', CLIENT, '--resolve', `${NAME}:${port}:127.0.0.1`, '--include', '--no-buffer',
      '--header', 'Expect:', '--cookie', join(folder, 'jar'), '--cookie-jar', join(folder, 'jar')];
  }

  /** Asks, and hangs up once the answer has these words, if any are given. */
  ask(path, { seconds = 10, args = [], enough } = {}) {
    const all = [...this.args, '--max-time', String(seconds), ...args, this.origin + path];
    return new Promise((answered) => {
      const curl = execFile('curl', all, { encoding: 'utf8', maxBuffer: 1 << 26 }, (_, said) => {
        const [head, ...body] = said.split('\r\n\r\n');
        const id = /^x-request-id: (.*)$/im.exec(head)?.[1].trim();
        answered({ status: Number(/^HTTP\/\S+ (\d+)/.exec(head)?.[1] ?? 0), id, body: body.join('\r\n\r\n') });
      });
      let heard = '';
      if (enough) curl.stdout.on('data', (chunk) => (heard += chunk).includes(enough) && curl.kill());
    });
  }
}

/** What people and programs do, through the proxy. */
async function used(client, id, folder) {
  const form = Object.entries({ ...OWNER, next: '' }).flatMap(([name, value]) => ['--data-urlencode', `${name}=${value}`]);
  const from = ['--header', `Origin: ${client.origin}`];
  const signedIn = await client.ask('/login', { args: [...from, ...form] });
  expect(signedIn.status === 303, `the sign-in answers ${signedIn.status}`);
  const settings = await client.ask('/settings', { args: ['--header', `X-Forwarded-For: ${CLAIMED}`] });
  expect(settings.status === 200 && settings.body.includes(CLIENT), `/settings answers ${settings.status} and does not show ${CLIENT}`);
  const named = await client.ask('/login', { args: ['--header', 'X-Request-Id: claimed'] });
  expect(named.id !== 'claimed', 'a client names its own request');
  // A proxy that holds back what is small would give it with what comes after 15 seconds.
  const stream = { seconds: 12, args: ['--header', 'Accept: text/event-stream'], enough: 'listening' };
  const live = await client.ask(`/integrations/setup/events?key=${id}`, stream);
  expect(live.status === 200 && live.body.includes('listening'), `a live page says nothing for 12 seconds: ${live.status}`);
  // Nobody has this chat, so nothing of it is kept. A proxy that minds the size would answer 413.
  const sent = await client.ask(`/chats/${'0'.repeat(24)}/write`, { seconds: 60, args: [...from, '--form', `attachment=@${join(folder, 'file')}`] });
  expect(sent.status === 404, `a file of 9 MB is answered with ${sent.status}`);
}

export async function drill({ folder }) {
  const own = join(folder, 'proxies');
  mkdirSync(own);
  const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', `/CN=${NAME}`, '-addext', `subjectAltName=DNS:${NAME}`];
  const made = spawnSync('openssl', [...request, '-keyout', join(own, 'key.pem'), '-out', join(own, 'fullchain.pem')], { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`openssl: ${made.error ?? made.stderr}`);
  writeFileSync(join(own, 'all.pem'), readFileSync(join(own, 'fullchain.pem'), 'utf8') + readFileSync(join(own, 'key.pem'), 'utf8'));
  writeFileSync(join(own, 'file'), Buffer.alloc(9_000_000));
  const [address, ...others] = [await freeAddress(), await freeAddress(), await freeAddress()];
  const [plain, port] = others.map((other) => other.split(':')[1]);
  const settings = {
    KEYSTEAD_DATA_DIR: join(folder, 'data'), KEYSTEAD_PUBLIC_URL: `https://${NAME}:${port}`, KEYSTEAD_TRUSTED_PROXIES: '127.0.0.1',
  };
  await command(settings, ['owner', 'create', '--email', OWNER.email, '--password-stdin'], { input: OWNER.password });
  const token = (await command(settings, ['key', 'issue', '--kind', 'service', '--name', 'n'])).trim();
  const server = await Server.start(settings, { listen: address });
  const client = new Client(port, own);
  const done = [];
  try {
    for (const [name, proxy] of Object.entries(proxies({ folder: own, plain, port }))) {
      const child = started(proxy, { folder: own, address });
      const ended = once(child, 'exit');
      try {
        // Some listen before they have read all of their configuration.
        for (let tries = 0; (await client.ask('/healthz', { seconds: 2 })).status !== 200; tries += 1) {
          if (child.exitCode !== null || tries > 200) throw new Error(`it does not serve: ${child.log}`);
          await pause(50);
        }
        await used(client, token.split('_')[1], own);
        done.push(name);
      } catch (error) {
        throw new Error(`behind ${name}: ${error.message}`);
      } finally {
        child.kill('SIGKILL');
        await ended;
      }
    }
  } finally {
    await server.stop('SIGKILL');
  }
  return `behind ${done.join(', ')}: sign-in, the client's address, live pages and files are as without one`;
}
