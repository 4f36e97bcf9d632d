//! Rows of the record: what was done, by whom, when, to which key, and what changed.

use domain::audit::{AuditRow, Change, SubjectKind};
use domain::field::Field;
use leptos::prelude::*;

use super::time::Time;

/// The table of the audit page and of the audit modals.
#[component]
pub fn AuditTable(
    rows: Vec<AuditRow>,
    /// Name the key in each row: not where all rows are of one key.
    #[prop(optional)]
    with_subject: bool,
) -> impl IntoView {
    if rows.is_empty() {
        return view! { <p class="soft">"Nothing is on record here yet."</p> }.into_any();
    }
    let rows: Vec<_> = rows.into_iter().map(|row| line(row, with_subject)).collect();
    view! {
        // The roles say what it is where the style no longer lays it out as a table.
        <div class="card sheet" role="region" aria-label="Audit" tabindex="0">
            <table class="blocks" role="table">
                <caption class="visually-hidden">"What was done, newest first"</caption>
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader">"Action"</th>
                        {with_subject.then(|| view! { <th role="columnheader">"On"</th> })}
                        <th role="columnheader">"User"</th>
                        <th role="columnheader">"Date and time"</th>
                        <th role="columnheader">"Change"</th>
                    </tr>
                </thead>
                <tbody role="rowgroup">{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn line(row: AuditRow, with_subject: bool) -> AnyView {
    let changes: Vec<_> = row.changes.iter().map(|change| view! { <li>{words(change)}</li> }).collect();
    let subject = with_subject.then(|| {
        let (label, whole) = (row.subject.label.clone(), row.subject.label.clone());
        if row.subject.kind == SubjectKind::Key {
            let address = format!("/audit?key={}", row.subject.id);
            view! { <td role="cell" class="clip" title=whole><a href=address>{label}</a></td> }.into_any()
        } else {
            view! { <td role="cell" class="clip" title=whole>{label}</td> }.into_any()
        }
    });
    view! {
        <tr role="row">
            <td role="cell">{row.action.label()}</td>
            {subject}
            <td role="cell">{row.actor_label}</td>
            <td role="cell" class="soft"><Time at=row.at/></td>
            <td role="cell" class="soft wrap">
                {(!changes.is_empty()).then(|| view! { <ul class="changes">{changes}</ul> })}
                {row.note}
            </td>
        </tr>
    }
    .into_any()
}

/// One change in words: `Name: “Billing” → “Billing export”`.
fn words(change: &Change) -> String {
    let mut text = Field::parse(&change.field).map_or(change.field.as_str(), |field| field.label()).to_owned();
    let quoted = |value: &str| if value.is_empty() { "nothing".to_owned() } else { format!("“{value}”") };
    match (&change.from, &change.to) {
        (Some(from), Some(to)) => {
            text.push_str(": ");
            text.push_str(&quoted(from));
            text.push_str(" → ");
            text.push_str(&quoted(to));
        }
        (None, Some(value)) => {
            text.push_str(": ");
            text.push_str(&quoted(value));
        }
        (Some(value), None) => {
            text.push_str(": ");
            text.push_str(&quoted(value));
            text.push_str(" removed");
        }
        (None, None) => {}
    }
    text
}
