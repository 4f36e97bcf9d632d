//! Which span a chart shows.

use domain::calls::Span;
use leptos::prelude::*;

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
