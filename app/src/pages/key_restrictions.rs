//! The restrictions of a key, in sentences and as lists.

use domain::contradiction::contradiction;
use domain::field::Field;
use domain::key::KeyDetail;
use domain::limit::RateLimit;
use domain::page::grouped;
use domain::permission::Permission;
use domain::quota::Quota;
use domain::restrictions::Restrictions;
use domain::timestamp::Timestamp;
use leptos::prelude::*;

use crate::components::time::Time;
use crate::components::warning::Warning;

/// The card; nothing for a kind that has no restrictions.
pub fn restrictions(key: &KeyDetail, now: Timestamp) -> impl IntoView + use<> {
    let asks = |field| key.row.kind.rules().asks(field);
    let networks = asks(Field::Cidrs).then(|| list("Networks", &key.rules.cidrs, "Any address"));
    let denied = asks(Field::DeniedCidrs).then(|| list("Blocked networks", &key.rules.denied_cidrs, "None"));
    let domains = asks(Field::Domains).then(|| {
        let domains: Vec<_> = key.rules.domains.iter().map(domain::origin::DomainRule::display).collect();
        list("Domains", &domains, "Any origin")
    });
    let permissions = asks(Field::Permissions).then(|| {
        let held: Vec<_> = key.rules.permissions.iter().map(Permission::as_str).collect();
        list("Permissions", &held, "None")
    });
    let limits = asks(Field::Limits).then(|| limits(&key.rules.limits));
    let quota = asks(Field::Quota).then(|| quota(key, now));
    let words = Restrictions::from(key).words();
    let warning = contradiction(&key.rules);
    (!words.is_empty()).then(|| {
        view! {
            <section class="card">
                <header><h2>"Restrictions"</h2></header>
                <div class="body">
                    {warning.map(|words| view! { <Warning words/> })}
                    <p>{words}</p>
                    <dl class="facts">{networks}{denied}{domains}{permissions}{limits}{quota}</dl>
                </div>
            </section>
        }
    })
}

fn list(label: &'static str, items: &[impl ToString], none: &'static str) -> AnyView {
    view! { <div><dt>{label}</dt><dd>{items_or(items, none)}</dd></div> }.into_any()
}

fn items_or(items: &[impl ToString], none: &'static str) -> AnyView {
    let items: Vec<_> = items.iter().map(|item| view! { <li><code>{item.to_string()}</code></li> }).collect();
    if items.is_empty() { none.into_any() } else { view! { <ul>{items}</ul> }.into_any() }
}

fn limits(limits: &[RateLimit]) -> AnyView {
    let note = (!limits.is_empty()).then(|| view! { <small>"Each server counts on its own."</small> });
    view! { <div><dt>"Rate limits"</dt><dd>{items_or(limits, "None")}{note}</dd></div> }.into_any()
}

fn quota(key: &KeyDetail, now: Timestamp) -> AnyView {
    let words = match key.rules.quota {
        None => "None".into_any(),
        Some(quota) => left(quota, key.quota_left, now).into_any(),
    };
    view! { <div><dt>"Call quota"</dt><dd>{words}</dd></div> }.into_any()
}

fn left(quota: Quota, left: Option<u64>, now: Timestamp) -> impl IntoView {
    view! {
        {quota.words()} ". "
        {left.map(|left| format!("{} left, not counting calls reserved by other servers. ", grouped(left)))}
        {quota.refill.next(now).map(|at| view! { "Refills on " <Time at/> "." })}
    }
}
