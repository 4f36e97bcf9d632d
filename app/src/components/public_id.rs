//! An id that people give to programs, with a button that copies it.

use leptos::prelude::*;

use super::copy::CopyButton;

/// What a ROOM ID is for.
pub const ROOM_ID_HELP: &str = "Programs name a room by its ROOM ID, also known as the Channel Key. Press Copy, or select it, and paste it into your program.";

/// What a CLIENT KEY is for.
pub const CLIENT_KEY_HELP: &str =
    "Programs name a participant of a room by the CLIENT KEY, also known as the User Key. Whoever joins gets one.";

#[component]
pub fn PublicId(
    /// Unique in the page.
    #[prop(into)]
    id: String,
    #[prop(into)] value: String,
    /// What is copied, for screen readers.
    #[prop(into)]
    what: String,
) -> impl IntoView {
    view! {
        <span class="inline public-id">
            <code id=id.clone()>{value}</code>
            <CopyButton of=id what quiet=true/>
        </span>
    }
}
