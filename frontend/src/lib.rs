//! Brings the islands of the console to life in the browser. Nothing else.

use app as _;
use wasm_bindgen::prelude::wasm_bindgen;

/// Prepares the runtime. The page's own script then starts each island.
#[wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_islands();
}
