// What somebody ticks or types while a form is under way is not lost: it is given to the form that comes in its place.

const BOXES = ['checkbox', 'radio'];
const OTHERS = ['hidden', 'file', 'submit', 'button', 'fieldset', 'output'];

const stateOf = (field) => (BOXES.includes(field.type) ? field.checked : field.value);
const fieldsOf = (form) => [...form.elements].filter(({ name, type }) => name && !OTHERS.includes(type));

/** The same field in the form that has come: a box by its value, any other by its place. */
function twinOf(field, before, after) {
  const named = (form) => fieldsOf(form).filter(({ name }) => name === field.name);
  if (BOXES.includes(field.type)) return named(after).find(({ value }) => value === field.value);
  return named(after)[named(before).indexOf(field)];
}

/** A box that a search has not found again comes with its row, below the search. */
function bring(box, after) {
  const search = box.closest('fieldset')?.querySelector('[type=search]');
  const place = search && after.querySelector(`[name="${search.name}"]`)?.closest('.inline');
  const row = box.closest('li, label');
  if (!place || !row) return;
  const list = row.parentElement.cloneNode();
  list.append(row);
  place.after(list);
}

function give(field, twin) {
  if (BOXES.includes(field.type)) twin.checked = field.checked;
  else twin.value = field.value;
  // Islands hear of it, too.
  for (const type of ['input', 'change']) twin.dispatchEvent(new Event(type, { bubbles: true }));
}

/** Notes a form as it is sent. Returns what shows the same form as it has come, with what was changed since. */
export function noteLate(form) {
  const noted = new Map(fieldsOf(form).map((field) => [field, stateOf(field)]));
  return (show) => {
    const late = [...noted.keys()].filter((field) => stateOf(field) !== noted.get(field));
    const writing = late.find((field) => field === document.activeElement);
    show();
    const address = form.getAttribute('action');
    const after = [...document.forms].find((one) => one.getAttribute('action') === address);
    if (!after || after === form) return;
    for (const field of late) {
      const twin = twinOf(field, form, after);
      if (twin) give(field, twin);
      else if (field.checked) bring(field, after);
      if (twin && field === writing) twin.focus();
    }
  };
}
