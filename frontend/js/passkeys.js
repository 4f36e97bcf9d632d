// Passkeys. A button with `data-passkey` asks the server what to sign and the browser for a passkey, and sends the answer in
// the form around it. Without scripts, or in a browser without passkeys, those buttons are not shown.

import { busy, trouble } from './signs.js';

const FAILED = 'No passkey was used. Try again, or use another way.';
const SILENT = 'Keystead did not answer. Try again.';

async function ask(use) {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch('/api/passkey', { method: 'POST', headers, body: JSON.stringify({ used_for: use }) });
  if (answer.ok) return JSON.parse(await answer.json());
  // The page that answers the form says why, and asks for a proof if that is what is missing.
  return answer.status === 401 ? null : undefined;
}

async function sign(use, options) {
  const { credentials } = navigator;
  return use === 'add'
    ? credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
    : credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
}

async function press(button) {
  const use = button.dataset.passkey;
  const ready = busy(button);
  button.disabled = true;
  try {
    const options = await ask(use).catch(() => undefined);
    if (options === undefined) return trouble(SILENT, button);
    const answer = options && (await sign(use, options).catch(() => null));
    if (options && !answer) return trouble(FAILED, button);
    button.form.querySelector('[data-passkey-answer]').value = answer ? JSON.stringify(answer) : '';
    button.form.requestSubmit();
  } finally {
    ready();
    button.disabled = false;
  }
}

if (window.PublicKeyCredential?.parseRequestOptionsFromJSON) {
  document.documentElement.dataset.passkeys = '';
  document.addEventListener('click', ({ target }) => {
    const button = target.closest('[data-passkey]');
    if (button) press(button);
  });
}
