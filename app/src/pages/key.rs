//! The page of a key: its fields, its restrictions, its calls, and what people can do with it.

use std::iter;

use domain::field::Field;
use domain::ids::KeyId;
use domain::key::{KeyDetail, Status};
use domain::kind::KeyKind;
use domain::list::KeyQuery;
use domain::role::{Act, Rights};
use domain::rules::KeyRules;
use domain::timestamp::Timestamp;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use super::key_proxies::proxies;
use super::key_restrictions::restrictions;
use crate::addresses::{FROM_KEY, list_address, with_query};
use crate::components::calls_chart::CallsChart;
use crate::components::copy::CopyButton;
use crate::components::failed::{Failed, FormProblem};
use crate::components::key_status::KeyStatus;
use crate::components::refusals::Refusals;
use crate::components::time::{LastUsed, Time};
use crate::desk::keys::{Calls, KeyView, read_key_page};

/// An act that a menu offers.
#[derive(Debug, Clone, Copy)]
pub struct Offer {
    /// The last part of its address.
    pub path: &'static str,
    /// What the menu says.
    pub label: &'static str,
    /// Whether it is hard to undo.
    pub grave: bool,
    /// The act that the visitor must be allowed. A change also needs the one that the key's kind asks for.
    needs: Act,
}

impl Offer {
    /// Whether it changes the key.
    const fn changes(self) -> bool {
        !matches!(self.needs, Act::SeeKeys | Act::SeeAudit)
    }
}

const EDIT: Offer = Offer { path: "edit", label: "Edit", grave: false, needs: Act::ChangeKeys };
const AUDIT: Offer = Offer { path: "audit", label: "Audit", grave: false, needs: Act::SeeAudit };
const ACKNOWLEDGE: Offer = Offer { path: "acknowledge", label: "Confirm…", grave: false, needs: Act::ChangeKeys };
const DISABLE: Offer = Offer { path: "disable", label: "Disable…", grave: false, needs: Act::ChangeKeys };
const ENABLE: Offer = Offer { path: "enable", label: "Enable…", grave: false, needs: Act::ChangeKeys };
const REVOKE: Offer = Offer { path: "revoke", label: "Revoke…", grave: true, needs: Act::ChangeKeys };
const RESTORE: Offer = Offer { path: "restore", label: "Restore…", grave: false, needs: Act::RestoreKey };
/// Leads to a page, not to a dialog over the list.
pub const WHY: Offer = Offer { path: "why", label: "Why refused?", grave: false, needs: Act::SeeKeys };
const DELETE: Offer = Offer { path: "delete", label: "Delete…", grave: true, needs: Act::ChangeKeys };

/// What a visitor with these rights can do with a key of this kind in this status.
pub fn acts(kind: KeyKind, status: Status, rights: Rights) -> impl Iterator<Item = &'static Offer> {
    let possible: &[Offer] = match status {
        Status::Pending { .. } => &[ACKNOWLEDGE, AUDIT, DELETE],
        Status::Disabled => &[EDIT, AUDIT, WHY, ENABLE, REVOKE, DELETE],
        Status::Revoked => &[AUDIT, RESTORE, DELETE],
        Status::Active | Status::Expiring { .. } | Status::NotYetValid { .. } | Status::Expired { .. } => {
            &[EDIT, AUDIT, WHY, DISABLE, REVOKE, DELETE]
        }
    };
    let changes = rights.may(kind.rules().changed_with);
    possible.iter().filter(move |offer| rights.may(offer.needs) && (changes || !offer.changes()))
}

#[component]
pub fn KeyPage() -> impl IntoView {
    let id = use_params_map().get_untracked().get("id").unwrap_or_default();
    of_key(id, |name| view! { <Title text=name/> })
}

/// The page of a key, behind a dialog that has a title of its own.
#[component]
pub fn KeyBehind(id: KeyId) -> impl IntoView {
    of_key(id.as_str().to_owned(), |_| ())
}

fn of_key<V: IntoView + 'static>(id: String, title: impl FnOnce(String) -> V + Send + 'static) -> impl IntoView {
    Suspend::new(async move {
        match read_key_page(&id).await {
            Ok((view, calls)) => view! { {title(view.key.row.name.clone())} <Shown view calls/> }.into_any(),
            Err(error) => view! {
                {title("API key".to_owned())}
                <div class="head"><div><h1>"API key"</h1></div></div>
                <Failed error/>
                <div class="actions"><a class="button" href="/keys">"All keys"</a></div>
            }
            .into_any(),
        }
    })
}

#[component]
fn Shown(view: KeyView, calls: Calls) -> impl IntoView {
    let KeyView { key, now, rights } = view;
    let row = key.row.clone();
    let never_used = row.last_used_at.is_none();
    let id = row.id.as_str().to_owned();
    let status = row.status(now);
    let restorable = key.revoked.as_ref().and_then(|revoked| revoked.restorable_until).is_some_and(|until| now < until);
    let link = |act: &Offer| {
        let class = if act.grave {
            "button danger"
        } else if act.path == ACKNOWLEDGE.path {
            "button primary"
        } else {
            "button"
        };
        let address = format!("/keys/{id}/{}", act.path);
        let address = if act.path == ACKNOWLEDGE.path { address } else { with_query(&address, FROM_KEY) };
        view! { <a class=class href=address>{act.label}</a> }
    };
    // The refusals below already link to this page.
    let offered = |act: &&'static Offer| act.path != WHY.path && (act.path != RESTORE.path || restorable);
    let (grave, actions): (Vec<_>, Vec<_>) = acts(row.kind, status, rights).filter(offered).partition(|act| act.grave);
    let grave: Vec<_> = grave.into_iter().map(link).collect();
    let actions: Vec<_> = actions.into_iter().map(link).collect();
    view! {
        <div class="head">
            <div>
                <h1 dir="auto">{row.name.clone()}</h1>
                <p>{key.description.clone()}</p>
            </div>
            <div class="actions">
                {actions}
                <a class="button" href=format!("/integrations/setup?key={id}")>"Setup Integration"</a>
                {grave}
            </div>
        </div>
        <section class="card">
            <header><h2>"Key"</h2><KeyStatus status now/></header>
            <div class="body">
                <dl class="facts">
                    <div><dt>"Kind"</dt><dd>{row.kind.label()} ": " {row.kind.rules().definition}</dd></div>
                    <div><dt>"Key"</dt><dd class="mono">{row.masked()}</dd></div>
                    <div>
                        <dt>"Id"</dt>
                        <dd class="inline">
                            <code id="key-id">{id.clone()}</code>
                            <CopyButton of="key-id" what="id" quiet=true/>
                        </dd>
                    </div>
                    <div><dt>"Created"</dt><dd><Time at=row.created_at/> " by " {row.created_by.clone()}</dd></div>
                    <div>
                        <dt>"Last used"</dt>
                        <dd>
                            <LastUsed at=row.last_used_at now/>
                            {key.last_used_address.map(|address| format!(" from {address}"))}
                        </dd>
                    </div>
                    {validity(&key)}
                    {labels(&key)}
                    {revoked(&key, now)}
                </dl>
            </div>
        </section>
        {restrictions(&key, now)}
        <CallCards id calls never_used/>
        {proxies(&key)}
    }
}

/// The key's calls, or why they cannot be shown.
#[component]
fn CallCards(id: String, calls: Calls, never_used: bool) -> impl IntoView {
    let (chart, refusals) = match calls {
        Ok(calls) => (
            view! { <CallsChart hours=calls.hours never_used/> }.into_any(),
            view! { <Refusals id=id.clone() calls=calls.refusals/> }.into_any(),
        ),
        Err(error) => {
            let problem = Some(error);
            (
                view! { <FormProblem problem=problem.clone()/> }.into_any(),
                view! { <div class="body"><FormProblem problem/></div> }.into_any(),
            )
        }
    };
    view! {
        <section class="card">
            <header><h2>"Calls, last 48 hours"</h2></header>
            <div class="body">{chart}</div>
            <footer><small>"Counts may be a second behind."</small></footer>
        </section>
        <section class="card">
            <header><h2>"Recent refusals"</h2><a href=format!("/keys/{id}/why")>"Why was this refused?"</a></header>
            {refusals}
        </section>
    }
}

fn validity(key: &KeyDetail) -> impl IntoView + use<> {
    let asks = key.row.kind.rules().asks(Field::Expiry);
    let (from, until) = (key.row.not_before, key.row.expires_at);
    asks.then(|| {
        view! {
            {from.map(|from| view! { <div><dt>"Valid from"</dt><dd><Time at=from/></dd></div> })}
            <div>
                <dt>"Expires"</dt>
                <dd>
                    {match until {
                        Some(until) => view! { <Time at=until/> }.into_any(),
                        None => "Never".into_any(),
                    }}
                </dd>
            </div>
        }
    })
}

/// The environment, unless it is the usual one, and the labels that the key has.
fn labels(key: &KeyDetail) -> Vec<AnyView> {
    let told = key.rules.told();
    let shown = iter::once(Field::Environment).chain(Field::LABELS);
    shown
        .filter_map(|field| {
            let (_, words) = told.iter().find(|(told, words)| *told == field && !words.is_empty())?;
            let value = label(field, words, &key.rules);
            Some(view! { <div><dt>{field.label()}</dt><dd>{value}</dd></div> }.into_any())
        })
        .collect()
}

/// The value of a label. A tag and an owner link to the keys that share it.
fn label(field: Field, words: &str, rules: &KeyRules) -> AnyView {
    let list = |items: Vec<AnyView>| {
        let items: Vec<_> = items.into_iter().map(|item| view! { <li>{item}</li> }).collect();
        view! { <ul>{items}</ul> }.into_any()
    };
    let link = |query: KeyQuery, words: &str| view! { <a href=list_address(&query)>{words.to_owned()}</a> }.into_any();
    match field {
        Field::Environment => rules.environment.label().into_any(),
        Field::Owner => link(KeyQuery { owner: Some(words.to_owned()), ..KeyQuery::default() }, words),
        Field::Tags => {
            let of = |tag: &String| link(KeyQuery { tag: Some(tag.clone()), ..KeyQuery::default() }, tag);
            list(rules.tags.iter().map(of).collect())
        }
        Field::Metadata => {
            list(rules.metadata.to_items().into_iter().map(|pair| view! { <code>{pair}</code> }.into_any()).collect())
        }
        _ => view! { <code>{words.to_owned()}</code> }.into_any(),
    }
}

fn revoked(key: &KeyDetail, now: Timestamp) -> impl IntoView + use<> {
    key.revoked.clone().map(move |revoked| {
        view! {
            <div>
                <dt>"Revoked"</dt>
                <dd>
                    <Time at=revoked.at/> ": " {revoked.reason.label()} ". "
                    {match revoked.restorable_until.filter(|until| now < *until) {
                        Some(until) => view! { "An owner can restore it until " <Time at=until/> "." }.into_any(),
                        None => "It cannot be restored.".into_any(),
                    }}
                </dd>
            </div>
        }
    })
}

#[cfg(test)]
mod tests {
    use domain::role::Role;

    use super::*;

    #[test]
    fn only_what_one_may_do_is_offered() {
        let at = Timestamp::from_millis(0);
        let offered = |role, kind, status| -> Vec<_> {
            acts(kind, status, Rights::of_role(role)).map(|offer| offer.path).collect()
        };
        let service = |role, status| offered(role, KeyKind::Service, status);
        assert_eq!(service(Role::Admin, Status::Active), ["edit", "audit", "why", "disable", "revoke", "delete"]);
        assert_eq!(service(Role::Auditor, Status::Active), ["audit", "why"]);
        assert_eq!(service(Role::Auditor, Status::Pending { until: at }), ["audit"]);
        assert_eq!(service(Role::Guest, Status::Active), [""; 0]);
        // Only an owner restores keys, and changes keys that make other keys.
        assert_eq!(service(Role::Owner, Status::Revoked), ["audit", "restore", "delete"]);
        assert_eq!(service(Role::Admin, Status::Revoked), ["audit", "delete"]);
        assert_eq!(offered(Role::Admin, KeyKind::Account, Status::Disabled), ["audit", "why"]);
        assert_eq!(
            offered(Role::Owner, KeyKind::Account, Status::Pending { until: at }),
            ["acknowledge", "audit", "delete"]
        );
    }
}
