// Hand-overs by the thousand: the secret is in its recipient's answer, and in nothing that the maker sees, no log and no row.
import { readFileSync, readdirSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';

import { begin } from './lib/cluster.mjs';
import { count, seconds } from './lib/figures.mjs';
import { expect } from './lib/server.mjs';

/** How much of a secret names it in a search. */
const PART = 16;

/** How many flows are under way at a time. */
const AT_ONCE = 12;

/** What must be nowhere. */
class Secrets {
  parts = new Set();

  add(...secrets) {
    for (const secret of secrets) this.parts.add(secret.slice(0, PART));
  }

  /** Expects none of them, nor a part of one, in a text. */
  absent(text, where) {
    for (const [run] of text.matchAll(/[A-Za-z0-9]{16,}/g)) {
      for (let at = 0; at + PART <= run.length; at += 1) {
        if (this.parts.has(run.slice(at, at + PART))) throw new Error(`${where} has a secret: ${run}`);
      }
    }
  }
}

/** A form that somebody without a session sends. */
async function outside(server, path, form) {
  const headers = { 'sec-fetch-site': 'same-origin', 'content-type': 'application/x-www-form-urlencoded' };
  const answer = await server.ask(path, { method: 'POST', headers, body: new URLSearchParams(form).toString() });
  return { status: answer.status, page: await answer.text() };
}

/** From the maker's form to a key that works. Gives all that the maker saw. */
async function flow(server, secrets, number) {
  const form = { kind: 'service', name: `n${number}`, form_id: randomBytes(16).toString('hex'), recipient: 'Grace', link_life: '1d' };
  const made = await (await server.post('/keys/handovers/new', form)).text();
  const link = made.match(/\/collect\/([0-9a-f]{64})/)?.[1];
  expect(link, `no link was made: ${made}`);
  const { page } = await outside(server, `/collect/${link}`, {});
  const token = page.match(/ks_[A-Za-z0-9]+_([A-Za-z0-9]+)/);
  const confirm = page.match(/\/collect\/([0-9a-f]{64})\/stored/)?.[1];
  expect(token && confirm, `nothing was collected: ${page}`);
  secrets.add(token[1], confirm, link);
  const stored = await outside(server, `/collect/${confirm}/stored`, { acknowledged: 'yes' });
  expect(stored.status === 200, `the key was not confirmed: ${stored.page}`);
  return { seen: made.replaceAll(link, ''), token: token[0] };
}

/** So many of them by one server, or by those that `where` names; then `rows` gives whatever is kept, with its name. */
export async function handOvers(settings, flows, rows, where = {}) {
  const server = await begin({ ...settings, KEYSTEAD_LOG: 'info' }, where);
  let log = '';
  for (const { child } of Object.values(server.nodes ?? { one: server })) {
    for (const stream of [child.stderr, child.stdout]) stream.on('data', (chunk) => (log += chunk));
  }
  const secrets = new Secrets();
  const begun = performance.now();
  const kept = [];
  try {
    await server.owner();
    await server.signIn();
    let number = 0;
    const work = async () => {
      while (number < flows) {
        number += 1;
        const { seen, token } = await flow(server, secrets, number);
        // The whole of every page would be too much to keep.
        if (number % 100 === 1) kept.push(seen, token.split('_')[1]);
        if (number % 500 === 1) expect((await server.code(token)) === 'VALID', 'a confirmed key does not pass');
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    const took = (performance.now() - begun) / 1000;
    const cookie = { cookie: server.cookie };
    const pages = ['/', '/keys', '/keys/handovers', '/audit', '/audit.jsonl', '/keys.jsonl'];
    pages.push(...kept.filter((_, at) => at % 2 === 1).map((id) => `/keys/${id}`));
    for (const path of pages) {
      const answer = await server.ask(path, { headers: cookie });
      expect(answer.status === 200, `${path} answered ${answer.status}`);
      secrets.absent(await answer.text(), path);
    }
    for (const seen of kept.filter((_, at) => at % 2 === 0)) secrets.absent(seen, 'the answer with the link');
    await server.stop();
    secrets.absent(log, 'the log');
    expect(secrets.parts.size === 3 * flows, 'two flows have the same secret');
    for (const [name, text] of rows()) secrets.absent(text, name);
    return `no secret, link or part of one anywhere after ${count(flows)} hand-overs in ${seconds(took)}`;
  } finally {
    await server.stop('SIGKILL');
  }
}

/** Every file of a data folder. */
export function* files(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) yield [entry.name, readFileSync(join(entry.parentPath, entry.name), 'latin1')];
  }
}
