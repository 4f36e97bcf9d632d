// New messages of the room or chat that is open, or events of a key, as they come. The server has rendered each.

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

/** The line of a message, and the same line on the page, if it is there. */
function read(data) {
  const fresh = document.createElement('template');
  fresh.innerHTML = JSON.parse(data);
  const line = fresh.content.firstElementChild;
  return [line, document.getElementById(line.id)];
}

/** A message that was deleted loses what it said. */
function remove({ data }) {
  const [line, known] = read(data);
  known?.replaceWith(line);
  window.dispatchEvent(new Event('keystead:shown'));
}

function add({ data }) {
  const [line, known] = read(data);
  if (known) return;
  list.prepend(line);
  list.hidden = false;
  while (list.children.length > KEPT) list.lastElementChild.remove();
  document.querySelector('[data-no-messages]')?.remove();
  window.dispatchEvent(new Event('keystead:shown'));
}

/** Of very many, only the last come. */
function more({ data }) {
  const line = document.createElement('li');
  line.className = 'soft';
  line.textContent = `${Number(data).toLocaleString('en')} more came in this moment, and are not shown here.`;
  list.prepend(line);
  list.hidden = false;
  document.querySelector('[data-no-messages]')?.remove();
}

/** There is no event while the browser tries again, so look at the state. */
function tell() {
  const line = document.querySelector('[data-live-state]');
  if (!line || !source) return;
  tries = source.readyState === EventSource.CONNECTING ? tries + 1 : 0;
  const lost = source.readyState === EventSource.CLOSED;
  const waiting = line.dataset.liveState || WAITING;
  const words = lost ? LOST : tries > REOPENS_WITHIN ? BROKEN : waiting;
  if (line.textContent !== words) line.textContent = words;
  line.className = `status ${words === waiting ? 'waiting' : 'bad'}`;
}

/** Listens for the list that is open now, and no longer for the one that was. */
export function watch() {
  const open = document.querySelector('[data-live]');
  if (open === list) return;
  source?.close();
  list = open;
  source = open && new EventSource(open.dataset.live);
  if (!source) return;
  source.onmessage = add;
  source.addEventListener('deleted', remove);
  source.addEventListener('more', more);
}

setInterval(tell, 1_000);
