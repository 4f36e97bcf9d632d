//! A QR code, drawn by the server.

use std::fmt::Write as _;

use fast_qr::{ECL, QRBuilder};
use leptos::prelude::*;

/// The white border around it, in squares, as readers expect it.
const QUIET: usize = 4;

/// The text as a QR code; nothing if it is too long for one.
#[component]
pub fn Qr(text: String, label: &'static str) -> impl IntoView {
    let code = QRBuilder::new(text).ecl(ECL::L).build().ok()?;
    let size = code.size;
    let mut path = String::new();
    for (y, row) in code.data.chunks(size).take(size).enumerate() {
        let mut x = 0;
        while x < size {
            let run = row.iter().skip(x).take_while(|module| module.value()).count();
            if run > 0 {
                let _ = write!(path, "M{} {}h{run}v1h-{run}z", x + QUIET, y + QUIET);
            }
            x += run.max(1);
        }
    }
    let whole = size + 2 * QUIET;
    Some(view! {
        <svg class="qr" viewBox=format!("0 0 {whole} {whole}") role="img" aria-label=label>
            <path d=path></path>
        </svg>
    })
}
