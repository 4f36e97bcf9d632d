// Brings the islands of new content to life, and ends those of content that goes.

const all = (root) => root.querySelectorAll('leptos-island');

/** Islands that come before the scripts have loaded wake up with all others. */
export function wake(root) {
  if (!document.documentElement.hasAttribute('data-hydrated')) return;
  for (const island of all(root)) window.__hydrateIsland(island, island.dataset.component);
  window.dispatchEvent(new Event('keystead:shown'));
}

/** Leptos hangs the end of an island on its element. */
export function end(root) {
  for (const island of all(root)) island.$$dispose?.();
}
