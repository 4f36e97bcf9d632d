//! What keeps a person out, by word and colour.

use domain::person::PersonStatus;
use leptos::prelude::*;

use super::time::Time;

#[component]
pub fn PersonState(status: PersonStatus) -> impl IntoView {
    let class = match status {
        PersonStatus::Active => "status active",
        PersonStatus::Locked { .. } => "status expiring",
        PersonStatus::Disabled | PersonStatus::Ended => "status disabled",
    };
    view! { <span class=class>{status.filter().label()}</span> }
}

/// How a locked person gets in again.
#[component]
pub fn LockedUntil(status: PersonStatus) -> impl IntoView {
    match status {
        PersonStatus::Locked { until: Some(at) } => {
            view! { "Too many sign-ins failed. The wait ends " <Time at/> "." }.into_any()
        }
        PersonStatus::Locked { until: None } => {
            "Too many sign-ins failed. Only browsers that were used before can sign in, until somebody unlocks the person."
                .into_any()
        }
        _ => ().into_any(),
    }
}
