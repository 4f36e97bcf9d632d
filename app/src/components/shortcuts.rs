//! The keyboard shortcuts of the console, in a dialog that "?" opens.

use leptos::prelude::*;

const SHORTCUTS: [(&str, &str); 4] = [
    ("Ctrl K", "Find a page, a key or an act"),
    ("/", "Search the list"),
    ("Esc", "Close a dialog"),
    ("?", "Show these shortcuts"),
];

/// Closed until scripts open it.
#[component]
pub fn Shortcuts() -> impl IntoView {
    let rows = SHORTCUTS.map(|(keys, words)| view! { <dt><kbd>{keys}</kbd></dt> <dd>{words}</dd> });
    view! {
        <dialog id="shortcuts" closedby="any" aria-labelledby="shortcuts-title">
            <header><h2 id="shortcuts-title">"Keyboard shortcuts"</h2></header>
            <div class="body"><dl class="shortcuts">{rows.into_iter().collect_view()}</dl></div>
            <footer><form method="dialog"><button class="button">"Close"</button></form></footer>
        </dialog>
    }
}
