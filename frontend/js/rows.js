// Keeps what changes by itself in the rows of the key list up to date, while somebody may look at it.

const EVERY = 30_000;
const PARTS = ['.state', '.day', '.used', '.menu'];

/** Whether the reader is in the middle of something there. */
const inUse = (part) => part.matches(':popover-open') || part.contains(document.activeElement);

async function refresh() {
  const menus = [...document.querySelectorAll('.keys .menu[id]')];
  if (document.hidden || menus.length === 0) return;
  const ids = menus.map(({ id }) => id.replace('menu-', ''));
  const body = JSON.stringify({ ids, list: location.search.slice(1) });
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch('/api/rows', { method: 'POST', headers, body }).catch(() => null);
  if (!answer?.ok) return;
  for (const { id, html } of await answer.json()) show(document.getElementById(`menu-${id}`)?.closest('tr'), html);
  window.dispatchEvent(new Event('keystead:shown'));
}

function show(row, html) {
  const fresh = document.createElement('template');
  fresh.innerHTML = html;
  for (const part of PARTS) {
    const [old, now] = [row, fresh.content].map((root) => root?.querySelector(part));
    if (old && now && !inUse(old)) old.replaceChildren(...now.childNodes);
  }
}

setInterval(refresh, EVERY);
document.addEventListener('visibilitychange', refresh);
