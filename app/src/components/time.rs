//! Points in time: UTC in the document; the browser turns them to the reader's own clock.

use domain::timestamp::Timestamp;
use leptos::prelude::*;

/// An exact time.
#[component]
pub fn Time(
    /// The time to show.
    at: Timestamp,
    /// Say how long ago instead, in the browser; the exact time stays on hover.
    #[prop(optional)]
    relative: bool,
) -> impl IntoView {
    view! { <time datetime=at.to_rfc3339() data-relative=relative>{at.to_text()}</time> }
}

/// When a key was last used, or that it never was.
#[component]
pub fn LastUsed(at: Option<Timestamp>) -> impl IntoView {
    match at {
        Some(at) => view! { <Time at relative=true/> }.into_any(),
        None => "Never used".into_any(),
    }
}
