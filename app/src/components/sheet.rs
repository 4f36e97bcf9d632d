//! The table of a list, which scrolls by itself where it is wider than the page.

use leptos::prelude::*;

#[component]
pub fn Sheet(
    /// What its rows are, for screen readers.
    name: &'static str,
    columns: Vec<&'static str>,
    /// Whether a last column has what can be done with a row.
    #[prop(optional)]
    with_acts: bool,
    /// Inside a card.
    #[prop(optional)]
    bare: bool,
    /// The rows.
    children: Children,
) -> impl IntoView {
    let columns: Vec<_> = columns.into_iter().map(|column| view! { <th role="columnheader">{column}</th> }).collect();
    view! {
        // The roles keep it a table for screen readers when the style no longer lays it out as one.
        <div class="sheet" class:card=!bare role="region" aria-label=name tabindex="0">
            <table class="blocks apps" role="table">
                <caption class="visually-hidden">{name}</caption>
                <thead role="rowgroup">
                    <tr role="row">
                        {columns}
                        {with_acts.then(|| view! { <th role="columnheader"><span class="visually-hidden">"Actions"</span></th> })}
                    </tr>
                </thead>
                <tbody role="rowgroup">{children()}</tbody>
            </table>
        </div>
    }
}
