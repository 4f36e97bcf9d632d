// What tells the reader that something is under way, has come or has failed.

const PATIENCE = 300;
const WORDS = 'Saving…';

/** Says on the button how far the act of its form is, for as long as it is under way. */
async function follow(button, underway) {
  const form_id = button.form?.dataset.progress;
  const asked = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ form_id }) };
  while (form_id && underway()) {
    const answer = await fetch('/api/progress', asked).catch(() => null);
    const far = answer?.ok ? await answer.json() : null;
    if (far && underway()) button.textContent = `${WORDS} ${far}`;
    await new Promise((resolve) => setTimeout(resolve, PATIENCE));
  }
}

/** Shows after a while that an answer is awaited. Returns what ends that. */
export function busy(button) {
  const root = document.documentElement;
  const label = button?.textContent;
  const timer = setTimeout(() => {
    root.dataset.busy = '';
    if (button) button.textContent = button.dataset.busy ?? WORDS;
    if (button) follow(button, () => waiting);
  }, PATIENCE);
  let waiting = true;
  return () => {
    waiting = false;
    clearTimeout(timer);
    delete root.dataset.busy;
    if (button?.isConnected && button.textContent !== label) button.textContent = label;
  };
}

/** Tells a screen reader what has come. */
export function announce(words) {
  document.getElementById('announced').textContent = words;
}

/** Says at this place why nothing came, instead of what was said there before. */
export function trouble(words, place) {
  document.querySelector('.trouble')?.remove();
  const note = document.createElement('p');
  note.className = 'trouble error';
  note.role = 'alert';
  note.textContent = words;
  place.before(note);
}
