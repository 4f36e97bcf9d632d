//! The icons, as paths in a square of 16 units.

use leptos::prelude::*;

/// What an icon stands for. The words beside it, or the label of its button, say the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(feature = "ssr"), expect(dead_code, reason = "some are drawn by the server alone"))]
pub enum Icon {
    /// Something is wrong.
    Alert,
    /// Something to know before going on.
    Caution,
    Info,
    /// A secret is shown.
    Eye,
    /// The acts of a row.
    More,
    Remove,
}

impl Icon {
    const fn path(self) -> &'static str {
        match self {
            Self::Alert => "M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13M8 4.5v4M8 11h.01",
            Self::Caution => "M8 2 1.5 13.5h13zM8 6.5v3M8 11.5h.01",
            Self::Info => "M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13M8 7.5v4M8 5h.01",
            Self::Eye => "M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8M8 6a2 2 0 1 0 0 4 2 2 0 0 0 0-4",
            Self::More => "M3.5 8h.01M8 8h.01M12.5 8h.01",
            Self::Remove => "m4.5 4.5 7 7m0-7-7 7",
        }
    }
}

/// Draws an icon in the colour of the text around it.
#[component]
pub fn Drawn(icon: Icon) -> impl IntoView {
    view! { <svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path d=icon.path()></path></svg> }
}
