// The palette: a dialog that finds pages, keys and acts. Opens with Ctrl-K, ⌘-K or a link to /find.

const palette = document.getElementById('palette');
const input = palette?.querySelector('input');
const list = palette?.querySelector('ul');
const template = document.getElementById('hit');

/** Counts what was asked, so that a late answer does not replace a newer one. */
let asked = 0;

const chosen = () => list.querySelector('[aria-selected=true]');

function choose(option) {
  chosen()?.removeAttribute('aria-selected');
  option?.setAttribute('aria-selected', 'true');
  option?.scrollIntoView({ block: 'nearest' });
  input.setAttribute('aria-activedescendant', option?.id ?? '');
}

function line({ words, note, address }, index) {
  const option = template.content.firstElementChild.cloneNode(true);
  option.id = `hit-${index}`;
  if (address) option.dataset.address = address;
  option.querySelector('span').textContent = words;
  option.querySelector('small').textContent = note;
  return option;
}

async function ask() {
  // A secret stays here.
  if (!input.validity.valid) return show([]);
  const mine = ++asked;
  const body = JSON.stringify({ typed: input.value });
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch('/api/find', { method: 'POST', headers, body }).catch(() => null);
  const hits = answer?.ok ? await answer.json() : null;
  if (mine === asked) show(hits ?? [], hits ? 'Nothing found' : 'Keystead did not answer. Try again.');
}

function show(hits, instead = 'Nothing found') {
  list.replaceChildren(...(hits.length ? hits : [{ words: instead, note: '' }]).map(line));
  choose(hits.length ? list.firstElementChild : null);
}

function go(option) {
  if (!option?.dataset.address) return;
  palette.close();
  location.assign(option.dataset.address);
}

function open() {
  palette.showModal();
  input.select();
  ask();
}

const STEPS = { ArrowDown: ['nextElementSibling', 'firstElementChild'], ArrowUp: ['previousElementSibling', 'lastElementChild'] };

function pressed(event) {
  // Until a word is written out, the keys are for the input method.
  if (event.isComposing) return;
  const [step, round] = STEPS[event.key] ?? [];
  if (step) choose(chosen()?.[step] ?? list[round]);
  else if (event.key === 'Enter') go(chosen());
  else if (event.key === 'Escape') palette.close();
  else return;
  event.preventDefault();
}

// Only when the page is alive: what is pasted is cut by the same code as everywhere.
const alive = () => document.documentElement.hasAttribute('data-hydrated') && !palette.open;

if (palette) {
  input.addEventListener('keydown', pressed);
  // After the page has cut a pasted key to its id.
  input.addEventListener('input', () => setTimeout(ask));
  list.addEventListener('click', ({ target }) => go(target.closest('li')));
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'k' || !(event.ctrlKey || event.metaKey) || !alive()) return;
    event.preventDefault();
    open();
  });
  document.addEventListener('click', (event) => {
    const elsewhere = event.ctrlKey || event.metaKey || event.shiftKey;
    if (elsewhere || !event.target.closest('a[href="/find"]') || !alive()) return;
    event.preventDefault();
    open();
  });
}
