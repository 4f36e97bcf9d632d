// New messages of the room or chat that is open, as they come. The server has rendered each.

const WAITING = 'New messages appear here as they come.';
const BROKEN = 'The connection to Keystead was lost. Trying again…';
const LOST =
  'The connection to Keystead was lost. Reload the page to listen again. At most 5 pages can listen at once.';

/** How many messages stay on the page. */
const KEPT = 200;

/** The server ends a stream from time to time. Within this many seconds the browser has a new one. */
const REOPENS_WITHIN = 2;

/** The list that is open, what it listens to, and for how many seconds that has been trying. */
let list = null;
let source;
let tries = 0;

function add({ data }) {
  const fresh = document.createElement('template');
  fresh.innerHTML = JSON.parse(data);
  const line = fresh.content.firstElementChild;
  if (document.getElementById(line.id)) return;
  list.prepend(line);
  list.hidden = false;
  while (list.children.length > KEPT) list.lastElementChild.remove();
  document.querySelector('[data-no-messages]')?.remove();
  window.dispatchEvent(new Event('keystead:shown'));
}

/** There is no event while the browser tries again, so look at the state. */
function tell() {
  const line = document.querySelector('[data-live-state]');
  if (!line || !source) return;
  tries = source.readyState === EventSource.CONNECTING ? tries + 1 : 0;
  const lost = source.readyState === EventSource.CLOSED;
  const words = lost ? LOST : tries > REOPENS_WITHIN ? BROKEN : WAITING;
  if (line.textContent !== words) line.textContent = words;
  line.className = `status ${words === WAITING ? 'waiting' : 'bad'}`;
}

/** Listens for the list that is open now, and no longer for the one that was. */
export function watch() {
  const open = document.querySelector('[data-live]');
  if (open === list) return;
  source?.close();
  list = open;
  source = open && new EventSource(open.dataset.live);
  if (source) source.onmessage = add;
}

setInterval(tell, 1_000);
