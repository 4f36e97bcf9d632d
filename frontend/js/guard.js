// What is shown once is not left by a slip. While `data-guard` is on the form that confirms a key, or on the link that ends
// another such page, leaving asks the question in it.

const guard = () => document.querySelector('[data-guard]');
const last = () => document.querySelector('a[data-guard]');

/** Whether the reader may leave, by this form if it is the one to leave by. One that drops what is shown asks its own question. */
export function mayLeave(form) {
  const asks = guard();
  return !asks || asks === form || confirm(form?.dataset.drops ?? asks.dataset.guard);
}

/** What was copied, or said to be stored, can be left. */
const settle = () => last()?.removeAttribute('data-guard');

function copied() {
  const shown = document.querySelector('.secret code, .codes');
  if (shown && getSelection().containsNode(shown, true)) settle();
}

function pressed(event) {
  // Another dialog may be open, or was closed by this very press.
  if (event.key !== 'Escape' || event.defaultPrevented || document.querySelector('dialog:modal')) return;
  if (last() && mayLeave()) last().click();
}

/** A page that Back restores must not show it again. */
function hide() {
  if (!document.querySelector('[data-done]')) return;
  for (const shown of document.querySelectorAll('.secret code, .codes')) shown.textContent = '';
}

addEventListener('beforeunload', (event) => guard() && event.preventDefault());
addEventListener('pagehide', hide);
document.addEventListener('copy', copied);
document.addEventListener('keydown', pressed);
document.addEventListener('click', ({ target }) => target.closest('a[data-guard]') && settle(), true);
