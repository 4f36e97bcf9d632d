// Dialogs with an address of their own, over the page that they were opened from.

/** The dialog of a page. */
export const dialogOf = (page) => page.querySelector('dialog[data-back]');

/** Puts a dialog over the page. Its attribute makes it readable without scripts; only this makes it modal. */
export function open(dialog) {
  dialog.removeAttribute('open');
  if (dialog.ownerDocument !== document) document.getElementById('main').append(dialog);
  dialog.showModal();
  dialog.querySelector('[aria-invalid=true], [role=alert][tabindex]')?.focus();
}

/** A dialog that came with its document may be open while the focus is still on the page behind it. */
function takeFocus(dialog) {
  if (dialog.contains(document.activeElement)) return;
  const places = ['[aria-invalid=true], [role=alert][tabindex]', '[autofocus]', 'a[href], button, input:not([type=hidden]), select, textarea'];
  places.map((place) => dialog.querySelector(place)).find(Boolean)?.focus();
}

/** Whether somebody has changed what the form of a dialog, or another form, began with. */
export function isChanged(place) {
  return [...place.querySelectorAll('input, textarea, select')].some((field) => {
    if (field.options) return field.selectedIndex !== Math.max(0, [...field.options].findIndex((one) => one.defaultSelected));
    const isBox = ['checkbox', 'radio'].includes(field.type);
    return isBox ? field.checked !== field.defaultChecked : field.value !== field.defaultValue;
  });
}

/** Asks whether what was typed may go. */
export const mayGo = () => confirm('Throw away what you changed?');

/** Asks before what was typed goes with its dialog. In the others, nothing is lost. */
function keepTyped(event) {
  const { target } = event;
  if (!target.matches('dialog[data-back]') || !isChanged(target)) return;
  if (!mayGo()) event.preventDefault();
}

/** Calls `closed` when a dialog was closed by a key, a button or a press beside it. */
export function onClose(closed) {
  const early = dialogOf(document);
  if (early?.open) takeFocus(early);
  else if (early) closed(early);
  document.addEventListener('cancel', keepTyped, true);
  document.addEventListener('close', ({ target }) => target.matches('dialog[data-back]') && closed(target), true);
}
