//! A list of numbers, each with a bar as long as its share of the greatest.

use domain::page::grouped;
use leptos::prelude::*;

use super::scale::per_cent;

/// One line.
#[derive(Debug, Clone)]
pub struct Line {
    pub label: String,
    /// A few words below the label.
    pub note: Option<&'static str>,
    pub number: u64,
}

#[component]
pub fn BarList(lines: Vec<Line>) -> impl IntoView {
    let most = lines.iter().map(|line| line.number).max().unwrap_or_default();
    let lines: Vec<_> = lines.into_iter().map(|line| of(line, most)).collect();
    view! { <ul class="bars">{lines}</ul> }
}

fn of(line: Line, most: u64) -> impl IntoView {
    view! {
        <li>
            <span>{line.label} {line.note.map(|note| view! { <small>{note}</small> })}</span>
            <svg class="bar" aria-hidden="true"><rect width=per_cent(line.number, most) height="100%"></rect></svg>
            <b>{grouped(line.number)}</b>
        </li>
    }
}
