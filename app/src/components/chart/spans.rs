//! Which span a chart shows.

use domain::calls::Span;
use domain::timestamp::Timestamp;
use leptos::prelude::*;

use crate::components::ignored::AddressFilter;

/// What the address of a page with a chart may ask of it, and whether that is understood: its span, and a moment in a bar.
pub const OF_CHART: &[AddressFilter] =
    &[("range", |span| Span::parse(span).is_some()), ("at", |at| Timestamp::parse_input(at).is_some())];

/// One link for each span.
#[component]
pub fn Spans(spans: [Span; 3], current: Span, link: impl Fn(Span) -> String) -> impl IntoView {
    let links: Vec<_> = spans
        .into_iter()
        .map(|span| {
            let is_current = (span == current).then_some("true");
            view! { <a href=link(span) aria-current=is_current>{span.label()}</a> }
        })
        .collect();
    view! { <nav class="seg" aria-label="Time shown">{links}</nav> }
}
