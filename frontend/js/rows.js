// Keeps what changes by itself in the rows of the key list up to date, while somebody may look at it.

import { trouble } from './signs.js';

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
  if (answer?.status === 401) return signedOut();
  if (!answer?.ok) return;
  const rows = await answer.json();
  for (const { id, html } of rows) show(document.getElementById(`menu-${id}`)?.closest('tr'), html);
  const there = new Set(rows.map(({ id }) => `menu-${id}`));
  for (const menu of menus) if (menu.isConnected && !there.has(menu.id) && !inUse(menu)) gone(menu);
  window.dispatchEvent(new Event('keystead:shown'));
}

/** A key that was deleted meanwhile, or is out of sight. */
function gone(menu) {
  const row = menu.closest('tr');
  const state = document.createElement('span');
  state.className = 'status revoked';
  state.textContent = 'Gone';
  row.querySelector('.state').replaceChildren(state);
  row.querySelector('[popovertarget]').remove();
  menu.remove();
}

/** Says once that nothing is kept up to date any more. */
function signedOut() {
  if (!document.querySelector('.trouble')) trouble('Your session has ended. Reload the page to go on.', document.querySelector('.keys'));
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
