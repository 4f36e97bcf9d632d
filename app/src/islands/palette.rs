//! The palette: goes to a page, a key or an act on a key by a few letters. Its page without scripts is /find.

use domain::token;
use leptos::ev;
use leptos::html;
use leptos::prelude::*;
use leptos::server_fn::codec::Json;
use leptos::task::spawn_local;
use leptos::web_sys::{Element, KeyboardEvent, MouseEvent};
use serde::{Deserialize, Serialize};
use wasm_bindgen::JsCast;

use crate::browser;
use crate::error::ConsoleError;

/// A place to go to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    /// What it is called.
    pub words: String,
    /// What kind of thing it is.
    pub note: String,
    /// Where it is.
    pub address: String,
}

/// The pages, keys and acts that fit what was typed.
#[server(endpoint = "find", input = Json)]
pub async fn find(typed: String) -> Result<Vec<Hit>, ConsoleError> {
    crate::pages::find::hits(&typed).await
}

/// Opens with Ctrl-K, ⌘-K or a link with `data-palette`.
#[island]
pub fn Palette() -> impl IntoView {
    let (hits, set_hits) = signal(Ok::<Vec<Hit>, ()>(Vec::new()));
    let (at, set_at) = signal(0_usize);
    let asked = StoredValue::new(0_u32);
    let dialog = NodeRef::<html::Dialog>::new();
    let input = NodeRef::<html::Input>::new();
    let ask = move || {
        let Some(input) = input.get_untracked() else { return };
        // A whole key must not leave the browser.
        if let Some(id) = token::cut_to_id(&input.value()) {
            input.set_value(id.as_str());
        }
        let typed = input.value();
        if token::without_secrets(&typed) != typed {
            set_hits.set(Ok(Vec::new()));
            return;
        }
        let mine = asked.with_value(|asked| asked + 1);
        asked.set_value(mine);
        spawn_local(async move {
            let found = find(typed).await;
            if asked.try_get_value() == Some(mine) {
                set_hits.set(found.map_err(drop));
                set_at.set(0);
            }
        });
    };
    let open = move || {
        if let (Some(dialog), Some(input)) = (dialog.get_untracked(), input.get_untracked())
            && !dialog.open()
        {
            let _ = dialog.show_modal();
            input.select();
            ask();
        }
    };
    let go = move |index: usize| {
        let address = hits.with_untracked(|hits| hits.as_ref().ok()?.get(index).map(|hit| hit.address.clone()));
        if let (Some(address), Some(dialog)) = (address, dialog.get_untracked()) {
            dialog.close();
            let _ = window().location().set_href(&address);
        }
    };
    let pressed = move |event: KeyboardEvent| {
        let last = hits.with_untracked(|hits| hits.as_ref().map_or(0, Vec::len)).saturating_sub(1);
        match event.key().as_str() {
            "ArrowDown" => set_at.update(|at| *at = if *at >= last { 0 } else { *at + 1 }),
            "ArrowUp" => set_at.update(|at| *at = at.checked_sub(1).unwrap_or(last)),
            "Enter" => go(at.get_untracked()),
            _ => return,
        }
        event.prevent_default();
    };
    Effect::new(move || {
        browser::listen_to_window(ev::keydown, move |event| {
            if (event.ctrl_key() || event.meta_key()) && event.key() == "k" {
                event.prevent_default();
                open();
            }
        });
        browser::listen_to_window(ev::click, move |event| {
            if asks_for_palette(&event) {
                event.prevent_default();
                open();
            }
        });
    });
    let options = move || match hits.get() {
        Err(()) => view! { <li role="option" aria-selected="false">"Keystead did not answer. Try again."</li> }.into_any(),
        Ok(hits) if hits.is_empty() => view! { <li role="option" aria-selected="false">"Nothing found"</li> }.into_any(),
        Ok(hits) => hits
            .into_iter()
            .enumerate()
            .map(|(index, hit)| {
                view! {
                    <li role="option" id=option_id(index) aria-selected=move || (at.get() == index).to_string()
                        on:click=move |_| go(index)>
                        <span dir="auto">{hit.words}</span> <small>{hit.note}</small>
                    </li>
                }
            })
            .collect_view()
            .into_any(),
    };
    view! {
        <dialog class="palette" node_ref=dialog closedby="any" aria-label="Find">
            <input type="search" node_ref=input role="combobox" aria-expanded="true" aria-controls="hits"
                aria-activedescendant=move || option_id(at.get()) aria-label="Find a page, a key or an act"
                placeholder="A page, a key or an act" autocomplete="off" spellcheck="false"
                on:input=move |_| ask() on:keydown=pressed/>
            <ul id="hits" role="listbox" aria-label="Found">{options}</ul>
            <p><kbd>"↑"</kbd> <kbd>"↓"</kbd> " choose, " <kbd>"Enter"</kbd> " goes there, " <kbd>"?"</kbd> " shows all shortcuts"</p>
        </dialog>
    }
}

fn option_id(index: usize) -> String {
    format!("hit-{index}")
}

/// A new tab gets the page instead.
fn asks_for_palette(event: &MouseEvent) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let link = target.and_then(|target| target.closest("[data-palette]").ok().flatten());
    link.is_some() && !event.ctrl_key() && !event.meta_key() && !event.shift_key()
}
