//! The restrictions of a key: in sentences, and each that is set as a list.

use domain::contradiction::contradiction;
use domain::key::{KeyDetail, Status};
use domain::page::grouped;
use domain::permission::Permission;
use domain::quota::Quota;
use domain::restrictions::Restrictions;
use domain::timestamp::Timestamp;
use leptos::prelude::*;

use crate::components::time::Time;
use crate::components::warning::Warning;

/// The card; nothing for a kind that has no restrictions.
pub fn restrictions(key: &KeyDetail, status: Status, now: Timestamp) -> Option<AnyView> {
    let rules = &key.rules;
    let words = Restrictions::from(key).words();
    if words.is_empty() {
        return None;
    }
    let domains: Vec<_> = rules.domains.iter().map(domain::origin::DomainRule::display).collect();
    let permissions: Vec<_> = rules.permissions.iter().map(Permission::as_str).collect();
    let mut set = vec![
        list("Networks", &rules.cidrs),
        list("Blocked networks", &rules.denied_cidrs),
        list("Domains", &domains),
        list("Permissions", &permissions),
        list("Rate limits", &rules.limits),
    ];
    set.push(rules.quota.map(|quota| left(quota, key.quota_left, now)));
    let set: Vec<_> = set.into_iter().flatten().collect();
    let warning = contradiction(rules).filter(|_| status != Status::Revoked);
    Some(
        view! {
            <section class="card">
                <header><h2>"Restrictions"</h2></header>
                <div class="body">
                    {warning.map(|words| view! { <Warning words/> })}
                    {refused(status).map(|words| view! { <p>{words}</p> })}
                    // They would read as if the key still worked.
                    {(status != Status::Revoked).then(|| view! { <p>{words}</p> })}
                    {(!set.is_empty()).then(|| view! { <dl class="facts">{set}</dl> })}
                </div>
            </section>
        }
        .into_any(),
    )
}

/// Why every call is refused, whatever the restrictions.
const fn refused(status: Status) -> Option<&'static str> {
    Some(match status {
        Status::Pending { .. } => "Every call is refused until somebody confirms the key. After that:",
        Status::NotYetValid { .. } => "Every call is refused until the key's start. After that:",
        Status::Disabled => "Every call is refused while the key is disabled. Otherwise:",
        Status::Expired { .. } => "Every call is refused, because the key has expired. Before that:",
        Status::Revoked => "Every call is refused, because the key is revoked.",
        Status::Active | Status::Expiring { .. } => return None,
    })
}

fn list(label: &'static str, items: &[impl ToString]) -> Option<AnyView> {
    let lines: Vec<_> = items.iter().map(|item| view! { <li><code>{item.to_string()}</code></li> }).collect();
    (!items.is_empty()).then(|| view! { <div><dt>{label}</dt><dd><ul>{lines}</ul></dd></div> }.into_any())
}

/// How much of the call quota is left.
fn left(quota: Quota, left: Option<u64>, now: Timestamp) -> AnyView {
    let meter = left.map(|left| {
        let words = format!("{} of {} calls left", grouped(left), grouped(quota.total));
        view! {
            <meter min="0" max=quota.total low=quota.total / 10 value=left aria-label="Calls left">{words.clone()}</meter>
            <small title="Not counting calls that other servers have reserved">{words}</small>
        }
    });
    view! {
        <div>
            <dt>"Call quota"</dt>
            <dd>
                {quota.words()}
                {meter}
                {quota.refill.next(now).map(|at| view! { <small>"Refills on " <Time at/></small> })}
            </dd>
        </div>
    }
    .into_any()
}
