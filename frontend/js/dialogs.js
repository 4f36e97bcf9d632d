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

/** Whether somebody has changed what the form of a dialog began with. */
function isChanged(dialog) {
  return [...dialog.querySelectorAll('input, textarea, select')].some((field) => {
    if (field.options) return field.selectedIndex !== Math.max(0, [...field.options].findIndex((one) => one.defaultSelected));
    const isBox = ['checkbox', 'radio'].includes(field.type);
    return isBox ? field.checked !== field.defaultChecked : field.value !== field.defaultValue;
  });
}

/** Calls `closed` when a dialog was closed by a key, a button or a press beside it. */
export function onClose(closed) {
  const early = dialogOf(document);
  if (early && !early.open) closed(early);
  document.addEventListener(
    'cancel',
    (event) => isChanged(event.target) && !confirm('Throw away what you changed?') && event.preventDefault(),
    true,
  );
  document.addEventListener('close', ({ target }) => target.matches('dialog[data-back]') && closed(target), true);
}
