// Changes the open page instead of loading the next one: fetches what a link or a form leads to, and shows its content
// in place. The server's HTML stays the only renderer. Without scripts, or in a browser without the Navigation
// API, links and forms work as they are.
import { dialogOf, isChanged, mayGo, onClose, open } from './dialogs.js';
import './fresh.js';
import { mayLeave } from './guard.js';
import { end, wake } from './islands.js';
import { noteLate } from './late.js';
import { askEarly, forget, load, taken, words } from './load.js';
import { watch } from './live.js';
import { focusOn, focused, giveBack, giveTicks, keep, keepTicks } from './place.js';
import './palette.js';
import './passkeys.js';
import './rows.js';
import { announce, busy, trouble } from './signs.js';
import { localTimes } from './times.js';

const SILENT = 'Keystead did not answer. Try again.';
const KEPT = 'Keystead did not answer. What you typed is still here. Try again.';
const DONE = 'What you sent from another page is done.';
const REFUSED = 'What you sent from another page was refused.';

const { navigation } = window;
const main = () => document.getElementById('main');

/** What is around the content, and which build it is of: another one has other scripts and another style. */
const around = (page) => `${page.querySelector('.frame') !== null} ${page.querySelector('link[rel=stylesheet]')?.href}`;

/** The page, below a dialog if one is open. Its title is unknown if the document came with the dialog. */
const shown = { address: location.href, title: document.title, opener: null };
if (dialogOf(document)) {
  const opener = `[popovertarget="menu-${location.pathname.split('/')[2]}"]`;
  Object.assign(shown, { address: dialogOf(document).dataset.back, title: null, opener });
}

/** The fetch of the page that the reader waits for. */
let fetching = new AbortController();

/** Whether the browser itself goes to the next page. */
let leaving = false;

/** What leads on to another site, which only the browser can follow. */
const OUTWARD = `${location.origin}/login/oidc/`;

/** Whether two addresses lead to the same page, whatever a form of filters has left blank. */
function same(one, other) {
  const [a, b] = [one, other].map((address) => {
    const url = new URL(address, location.href);
    for (const [name, value] of [...url.searchParams]) if (value === '') url.searchParams.delete(name, '');
    url.searchParams.sort();
    return url.pathname + url.search;
  });
  return a === b;
}

/** The entry of the history that is one step back, if it is of this page. */
function behind(address) {
  const before = navigation.entries()[navigation.currentEntry.index - 1];
  return before && same(before.url, address) ? before : undefined;
}

/** Whether a page fits around here. If not, the browser loads it. */
function fits({ page, address }, go = 'assign') {
  if (around(page) === around(document)) return true;
  leaving = true;
  location[go](address);
  return false;
}

function remove(dialog) {
  end(dialog);
  dialog.remove();
}

/** Shows a page. If it is the page that is shown already, the reader stays where they are. */
function show({ page, address }, stay = same(address, shown.address)) {
  const [dialog, old] = [dialogOf(page), dialogOf(document)];
  if (old) remove(old);
  else shown.opener = focused();
  document.title = page.title;
  if (dialog && same(dialog.dataset.back, shown.address)) {
    open(dialog);
    localTimes(dialog);
    wake(dialog);
    return;
  }
  keepTicks(shown.address, main());
  end(main());
  document.querySelector('.rail')?.replaceChildren(...(page.querySelector('.rail')?.childNodes ?? []));
  main().className = page.getElementById('main').className;
  main().replaceChildren(...page.getElementById('main').childNodes);
  Object.assign(shown, dialog ? { address: dialog.dataset.back, title: null } : { address, title: page.title });
  settleAddress();
  if (!stay) scrollTo(0, 0);
  // A part of the page that its address names.
  const part = document.getElementById(new URL(address, location.href).hash.slice(1));
  part?.scrollIntoView();
  if (dialog) open(dialogOf(document));
  else focusOn('[aria-invalid=true]', '[role=alert][tabindex]', stay && shown.opener, part && `#${CSS.escape(part.id)}`, '[autofocus]', '#main');
  localTimes(main());
  wake(main());
  watch();
  announce(page.title);
}

/** A page that cannot come a second time says which address comes back to its key. */
function settleAddress() {
  const settled = main()?.querySelector('[data-address]')?.dataset.address;
  if (settled) history.replaceState(null, '', settled);
}

/** Goes to a page that has come. */
function arrive(answer, history) {
  if (fits(answer)) navigation.navigate(answer.address, { history, info: { answer } });
}

/** Follows a link, or a form that only asks. */
async function follow(address, history) {
  fetching.abort();
  fetching = new AbortController();
  const { signal } = fetching;
  const ready = busy();
  const answer = (await taken(address)) ?? (await load(address, { signal }).catch((error) => error));
  ready();
  if (signal.aborted) return;
  if (answer.page) arrive(answer, history);
  else trouble(words(answer, SILENT), main().firstChild);
}

/** Sends a form. A second press while the first is under way does nothing. */
async function send(form, button) {
  if (form.dataset.sent !== undefined) return;
  form.dataset.sent = '';
  forget();
  const ready = busy(button);
  const withLate = noteLate(form);
  const fields = new FormData(form, button);
  const body = form.enctype === 'multipart/form-data' ? fields : new URLSearchParams(fields);
  const address = new URL(button?.getAttribute('formaction') ?? form.getAttribute('action') ?? '', location.href).href;
  const { key } = navigation.currentEntry;
  const answer = await load(address, { method: 'POST', body }).catch((error) => error);
  ready();
  forget();
  delete form.dataset.sent;
  if (navigation.currentEntry.key !== key && !isOnce(answer)) return tell(answer);
  if (answer.page) return sent(answer, withLate);
  trouble(words(answer, KEPT), button ?? form.lastChild);
  // It is here still, and so is what must not be left without a question.
  if (form.dataset.question) form.dataset.guard = form.dataset.question;
}

/** Whether an answer shows what no other will. */
const isOnce = ({ page, ok, redirected }) => ok && !redirected && page.querySelector('.secret, .codes');

/** Says what came of a form whose reader has gone on, and may be typing by now. */
function tell(answer) {
  const outcome = answer.redirected || answer.ok ? DONE : REFUSED;
  const place = dialogOf(document)?.querySelector('.body') ?? main();
  trouble(answer.page ? outcome : words(answer, SILENT), place.firstChild);
}

/** Shows what a form has led to. A refused form, or a secret, comes in the place of the form. */
function sent(answer, withLate) {
  if (!answer.redirected) return withLate(() => show(answer, false));
  const dialog = dialogOf(document);
  // To another document only the browser goes, and would load the page without what this answer says.
  if (dialog && behind(answer.address)?.sameDocument) navigation.back({ info: { answer } });
  else arrive(answer, dialog ? 'replace' : 'auto');
}

/** Back or forward. Below a dialog, the page is still there. */
async function comeBack(event) {
  fetching.abort();
  const { destination: { url: address }, signal } = event;
  const dialog = dialogOf(document);
  if (dialog && shown.title !== null && same(address, shown.address)) {
    remove(dialog);
    document.title = shown.title;
    focusOn(shown.opener, '#main');
    return;
  }
  const answer = await load(address, { signal }).catch((error) => error);
  if (signal.aborted) return;
  if (!answer.page) trouble(words(answer, SILENT), main().firstChild);
  else if (fits(answer, 'replace')) {
    show(answer);
    giveTicks(address, main());
    // Below a dialog, the page stays where it is.
    if (!dialogOf(document)) event.scroll();
  }
}

/** Decides who goes to the next page: the browser, or this. */
function navigate(event) {
  const { destination, info, navigationType: type } = event;
  const address = destination.url;
  const staged = (handler) => event.intercept({ handler, focusReset: 'manual', scroll: 'manual' });
  if (leaving || address.startsWith(OUTWARD) || !event.canIntercept || event.hashChange || event.downloadRequest !== null) return;
  if (info?.answer) return staged(() => show(info.answer));
  if (event.formData || type === 'reload') return;
  if (type !== 'traverse' && destination.sameDocument) return;
  if (event.cancelable && !mayLeave()) return event.preventDefault();
  if (type === 'traverse') {
    return staged(() => comeBack(event));
  }
  const dialog = dialogOf(document);
  const closes = dialog && same(address, dialog.dataset.back);
  if (closes && !dialog.open) return staged(() => comeBack(event));
  event.preventDefault();
  if (closes) dialog.close();
  else follow(address, type);
}

function submit(event) {
  const { target: form, submitter } = event;
  if (event.defaultPrevented || form.method !== 'post' || form.target) return;
  event.preventDefault();
  if (!mayLeave(form)) return;
  // What was ticked in a list stays. What was typed into another form goes with this page.
  const others = [...document.querySelectorAll('main form[method=post]:not(#bulk)')].filter((other) => other !== form);
  if (others.some(isChanged) && !mayGo()) return;
  send(form, submitter);
}

/** A dialog was closed. Its place in the history goes to the page behind it, or to nothing. */
function closed(dialog) {
  const { href } = new URL(dialog.dataset.back, location.href);
  if (!navigation) location.replace(href);
  else if (behind(href)) navigation.back();
  else navigation.navigate(href, { history: 'replace' });
}

/** A press leaves the field before it, whose error would move the button away from under the pointer. The form says it, too. */
function keepFocus(event) {
  if (event.target.closest?.('form[method=post] button:not([type=button])')) event.preventDefault();
}

settleAddress();
localTimes(document);
watch();
onClose(closed);
document.addEventListener('mousedown', keepFocus);
if (navigation) {
  navigation.addEventListener('navigate', navigate);
  document.addEventListener('submit', submit);
  askEarly();
} else if (!dialogOf(document)) {
  document.addEventListener('click', ({ target }) => target.closest('a[href]') && keep());
  addEventListener('pageshow', giveBack);
}
