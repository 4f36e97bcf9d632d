// Where the reader was when a dialog opened, so that closing it gives the scroll position and the focus back.

/** A selector of what has the focus, or had it when a menu was open, that finds it also when its page comes again. */
export function focused() {
  const element = document.activeElement;
  const menu = element?.closest('.menu[id]')?.id ?? element?.getAttribute('popovertarget');
  if (menu) return `[popovertarget="${menu}"]`;
  if (element?.id) return `#${CSS.escape(element.id)}`;
  const link = element?.closest('a[href]');
  return link && `a[href="${CSS.escape(link.getAttribute('href'))}"]`;
}

/** Moves the focus to the first of these that there is. */
export function focusOn(...selectors) {
  const found = selectors.map((selector) => selector && document.querySelector(selector)).find(Boolean);
  // The page itself is larger than the window.
  found?.focus({ preventScroll: found.id === 'main' });
}

/** The boxes that were ticked on a page, by its address. */
const ticked = new Map();

export function keepTicks(address, root) {
  const boxes = [...root.querySelectorAll('[form=bulk]:checked, #bulk :checked')];
  ticked.set(address, boxes.map(({ name, value }) => `[name="${name}"][value="${CSS.escape(value)}"]`));
}

export function giveTicks(address, root) {
  for (const box of ticked.get(address) ?? []) root.querySelector(box)?.click();
}

/** For a browser that loads every page: keeps the place until the page behind the dialog is back. */
export function keep() {
  sessionStorage.setItem('keystead-place', JSON.stringify({ y: scrollY, opener: focused(), at: location.href }));
}

/** The page is back: gives the place back, if it was left for a dialog. */
export function giveBack() {
  const place = JSON.parse(sessionStorage.getItem('keystead-place') ?? 'null');
  sessionStorage.removeItem('keystead-place');
  if (place?.at !== location.href) return;
  focusOn(place.opener);
  scrollTo(0, place.y);
}
