//! Brings the islands of the console to life in the browser. Nothing else.

use app as _;
use wasm_bindgen::prelude::wasm_bindgen;

/// Prepares the runtime; the page's own script then starts island by island.
#[wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_islands();
}
