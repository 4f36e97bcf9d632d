// Fetches pages, and asks for the one behind a link as soon as the pointer rests on it, so that it is there sooner after the
// click.

/** Whoever only passes over a link asks for nothing. */
const REST = 65;
const FRESH = 5_000;

/** What was asked for before a click. */
let early = null;
let resting;

/** What an answer says that is no page. */
class Told extends Error {}

/** The words for an error of `load`: those of the server, if it had any. */
export const words = (error, silent) => (error instanceof Told ? error.message : silent);

export async function load(address, options) {
  const answer = await fetch(address, { ...options, headers: { accept: 'text/html' } });
  const type = answer.headers.get('content-type') ?? '';
  if (type.startsWith('text/plain') && !answer.ok) throw new Told((await answer.text()).trim());
  if (!type.startsWith('text/html')) throw new Error(`status ${answer.status}`);
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  const { ok, redirected } = answer;
  return { page, address: redirected ? answer.url : address, ok, redirected };
}

/** The answer for this address, if it was asked for just now; `null` if not, or if none came. */
export function taken(address) {
  const found = early;
  early = null;
  return found?.address === address && performance.now() - found.at < FRESH ? found.answer : null;
}

/** After a change, what was asked for before it is old. */
export function forget() {
  clearTimeout(resting);
  early = null;
}

/** Not one that leads to another site: no page of it may be fetched. */
const linkOf = ({ target }) => target.closest?.('a[href^="/"]:not([download], [target], [rel=external])');

function ask(link) {
  // Links in a picture have no plain `href`.
  const address = new URL(link.getAttribute('href'), location.href).href;
  if (early?.address !== address || performance.now() - early.at >= FRESH) {
    early = { address, at: performance.now(), answer: load(address).catch(() => null) };
  }
}

/** Watches the pointer. */
export function askEarly() {
  document.addEventListener('pointerover', (event) => {
    clearTimeout(resting);
    const link = linkOf(event);
    if (link && event.pointerType === 'mouse') resting = setTimeout(ask, REST, link);
  });
  document.addEventListener('pointerdown', (event) => {
    clearTimeout(resting);
    const link = linkOf(event);
    if (link && event.button === 0) ask(link);
  });
}
