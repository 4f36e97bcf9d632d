//! Where the reader was when a dialog opened: how far the page was scrolled, and what had the focus. The page that comes
//! back behind the dialog puts them back, also if it was loaded again.

use leptos::prelude::*;
use leptos::web_sys::{Element, HtmlElement, Storage};
use wasm_bindgen::JsCast;

/// The place: scroll position, selector of what had the focus, address. One for each tab.
const PLACE: &str = "keystead-place";

/// There if the last page was a dialog.
const DIALOG: &str = "keystead-dialog";

/// A link was pressed, perhaps one that opens a dialog.
pub fn leave(link: &Element) {
    if dialog().is_some() {
        return;
    }
    let menu = link.closest(".menu[id]").ok().flatten();
    let focus = match &menu {
        Some(menu) => format!("[popovertarget='{}']", menu.id()),
        None => format!("a[href='{}']", link.get_attribute("href").unwrap_or_default()),
    };
    if let (Some(storage), Some(here)) = (storage(), here()) {
        // Whole pixels: to read a fraction would take more code than all the rest here.
        #[allow(clippy::cast_possible_truncation, reason = "no page is that long")]
        let y = window().scroll_y().unwrap_or_default() as i32;
        let _ = storage.set_item(PLACE, &format!("{y}\n{focus}\n{here}"));
    }
    // Or it would be open when the page comes back.
    if let Some(menu) = menu.and_then(|menu| menu.dyn_into::<HtmlElement>().ok()) {
        let _ = menu.hide_popover();
    }
}

/// A page has come: a dialog, the page behind one that was closed, or any other.
pub fn arrive() {
    let Some(storage) = storage() else { return };
    if dialog().is_some() {
        let _ = storage.set_item(DIALOG, "");
        return;
    }
    let take = |name: &str| {
        let kept = storage.get_item(name).ok().flatten();
        let _ = storage.remove_item(name);
        kept
    };
    let (place, dialog) = (take(PLACE), take(DIALOG));
    let Some((_, place)) = dialog.zip(place) else { return };
    let mut parts = place.splitn(3, '\n');
    let (Some(y), Some(focus), Some(from)) = (parts.next(), parts.next(), parts.next()) else { return };
    if here().is_none_or(|here| here != from) {
        return;
    }
    let opener = document().query_selector(focus).ok().flatten();
    if let Some(opener) = opener.and_then(|opener| opener.dyn_into::<HtmlElement>().ok()) {
        let _ = opener.focus();
    }
    window().scroll_to_with_x_and_y(0.0, y.parse::<i32>().unwrap_or_default().into());
}

fn dialog() -> Option<Element> {
    document().query_selector("dialog[data-back]").ok().flatten()
}

fn storage() -> Option<Storage> {
    window().session_storage().ok().flatten()
}

fn here() -> Option<String> {
    let location = window().location();
    Some(location.pathname().ok()? + &location.search().ok()?)
}
