// Times that people type: in the browser's own zone, where they chose no other. The form sends UTC.

/** What an input of a date and a time shows at this moment. */
const shown = (at) => new Date(at - new Date(at).getTimezoneOffset() * 60_000).toISOString().slice(0, 19);

/** Changes the inputs of new content from UTC to the browser's zone, and says so. */
export function localTimes(root) {
  for (const input of root.querySelectorAll('[data-local-times] input:not([data-local])')) {
    const at = Date.parse(`${input.value}Z`);
    input.dataset.local = '';
    if (!Number.isNaN(at)) {
      input.value = shown(at);
      input.defaultValue = input.value;
    }
    const hint = document.getElementById(`${input.id}-hint`);
    if (hint) hint.textContent = `Time zone: ${Intl.DateTimeFormat().resolvedOptions().timeZone}.`;
  }
}

document.addEventListener('formdata', ({ target, formData }) => {
  for (const input of target.querySelectorAll('[data-local]')) {
    const at = new Date(input.value);
    if (!Number.isNaN(at.getTime())) formData.set(input.name, `${at.toISOString().slice(0, 19)}Z`);
  }
});
