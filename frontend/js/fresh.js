// Fetches the figures of the page Status anew while somebody looks at them. The server's HTML stays the only renderer.
import { load } from './load.js';

const EVERY = 10_000;
const PARTS = '[data-fresh]';

/** Whoever has left the page open for so long must sign in again in the end: each fetch prolongs the session. */
const LEFT = 600_000;
const TOUCHES = ['keydown', 'pointerdown', 'pointermove', 'wheel'];

let touched = 0;

async function refresh() {
  const parts = [...document.querySelectorAll(PARTS)];
  if (document.hidden || parts.length === 0 || performance.now() - touched > LEFT) return;
  const answer = await load(location.href).catch(() => null);
  const fresh = [...(answer?.page.querySelectorAll(PARTS) ?? [])];
  if (fresh.length !== parts.length) return;
  for (const [n, part] of parts.entries()) {
    if (!part.contains(document.activeElement)) part.replaceChildren(...fresh[n].childNodes);
  }
  window.dispatchEvent(new Event('keystead:shown'));
}

for (const touch of TOUCHES) document.addEventListener(touch, () => (touched = performance.now()), { passive: true });
setInterval(refresh, EVERY);
