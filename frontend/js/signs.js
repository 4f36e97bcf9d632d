// What tells the reader that something is under way, has come or has failed.

const PATIENCE = 300;

/** Shows after a while that an answer is awaited. Returns what ends that. */
export function busy(button) {
  const root = document.documentElement;
  const label = button?.textContent;
  const timer = setTimeout(() => {
    root.dataset.busy = '';
    if (button) button.textContent = button.dataset.busy ?? 'Saving…';
  }, PATIENCE);
  return () => {
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
