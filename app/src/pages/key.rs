//! The page of a key: its calls, what it is, its restrictions, and what people can do with it.

use domain::app::App;
use domain::bulk::{BulkAct, skips};
use domain::calls::Span;
use domain::draft::KeyDraft;
use domain::field::Field;
use domain::hand_over::{Collection, HandOver};
use domain::integration::Integration;
use domain::key::{KeyDetail, Status};
use domain::refusal::Refusal;
use domain::role::{Act, Rights};
use domain::rotation::KeyRotation;
use domain::text::NAME_MAX;
use domain::timestamp::Timestamp;
use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

use super::key_calls::CallCards;
use super::key_facts::facts;
use super::key_restrictions::restrictions;
use super::key_rotation::{handed_over, rotation};
use super::scope_samples::{FirstCall, FirstCalls};
use crate::addresses::{FROM_KEY, with_query};
use crate::components::app_switch::ArchivedNote;
use crate::components::chart::spans::OF_CHART;
use crate::components::failed::{Failed, set_status};
use crate::components::hidden_draft::HiddenDraft;
use crate::components::icon::{Drawn, Icon};
use crate::components::ignored::NotUnderstood;
use crate::components::key_status::{KeyStatus, RotationOverdue};
use crate::components::title::Title;
use crate::desk::apps::read_app_of;
use crate::desk::hand_overs::{read_collection, read_rotation_hand_over};
use crate::desk::integration::public_url;
use crate::desk::integrations::read_integration_of;
use crate::desk::keys::{Calls, KeyView, read_key_page};
use crate::desk::later::later;
use crate::desk::rotation::read_rotation;
use crate::error::ConsoleError;
use crate::forms::key::{STEP, WizardStep};

/// An act that a menu offers.
#[derive(Debug, Clone, Copy)]
pub struct Offer {
    /// The last part of its address.
    pub path: &'static str,
    /// What the menu says.
    pub label: &'static str,
    /// Whether it is hard to undo.
    pub grave: bool,
    /// Whether a list does it without a dialog.
    pub at_once: bool,
    /// The act that the visitor must be allowed with the key.
    needs: Act,
}

const EDIT: Offer = Offer { path: "edit", label: "Edit", grave: false, at_once: false, needs: Act::ChangeKeys };
const AUDIT: Offer = Offer { path: "audit", label: "Audit", grave: false, at_once: false, needs: Act::SeeOwnActs };
const ACKNOWLEDGE: Offer =
    Offer { path: "acknowledge", label: "Confirm…", grave: false, at_once: false, needs: Act::ChangeKeys };
const ROTATE: Offer =
    Offer { path: "rotate", label: "Rotate…", grave: false, at_once: false, needs: Act::RotateKeys };
const DISABLE: Offer =
    Offer { path: "disable", label: "Disable…", grave: false, at_once: true, needs: Act::StopKeys };
const ENABLE: Offer = Offer { path: "enable", label: "Enable…", grave: false, at_once: true, needs: Act::ChangeKeys };
const REVOKE: Offer = Offer { path: "revoke", label: "Revoke…", grave: true, at_once: false, needs: Act::RevokeKeys };
const RESTORE: Offer =
    Offer { path: "restore", label: "Restore…", grave: false, at_once: false, needs: Act::RestoreKey };
/// Leads to a page, not to a dialog over the list.
pub const WHY: Offer = Offer { path: "why", label: "Why refused?", grave: false, at_once: false, needs: Act::TestKeys };
const DELETE: Offer = Offer { path: "delete", label: "Delete…", grave: true, at_once: false, needs: Act::StopKeys };

/// What a visitor with these rights on a key in this status can do with it.
pub fn acts(status: Status, rights: Rights) -> impl Iterator<Item = &'static Offer> {
    let possible: &[Offer] = match status {
        Status::Pending { .. } => &[ACKNOWLEDGE, AUDIT, DELETE],
        Status::Disabled => &[EDIT, AUDIT, WHY, ROTATE, ENABLE, REVOKE, DELETE],
        Status::Revoked => &[AUDIT, RESTORE, DELETE],
        Status::Active | Status::Expiring { .. } | Status::NotYetValid { .. } => {
            &[EDIT, AUDIT, WHY, ROTATE, DISABLE, REVOKE, DELETE]
        }
        Status::Expired { .. } => &[EDIT, AUDIT, WHY, DISABLE, REVOKE, DELETE],
    };
    possible.iter().filter(move |offer| rights.may(offer.needs))
}

#[component]
pub fn KeyPage() -> impl IntoView {
    let id = use_params_map().get_untracked().get("id").unwrap_or_default();
    view! { <OneKey id/> }
}

/// The page of this key, also behind a dialog.
#[component]
pub fn OneKey(id: String) -> impl IntoView {
    let query = use_query_map().get_untracked();
    let span = query.get("range").as_deref().and_then(Span::parse).unwrap_or(Span::TwoDays);
    let chosen = query.get("at").as_deref().and_then(Timestamp::parse_input);
    later(async move {
        match read_key_page(&id, span).await {
            Ok((view, calls)) => {
                // The page works without it.
                let collected = read_collection(&view.key.row.id).await.ok().flatten();
                let app = read_app_of(&view.key).await.ok().flatten();
                let integration = read_integration_of(&view.key).await.ok().flatten();
                let secrets = read_rotation(&view.key.row.id).await.unwrap_or_default();
                let handed = read_rotation_hand_over(&view.key.row.id).await.ok().flatten();
                view! { <Title text=view.key.row.name.clone()/> <Shown view calls chosen collected app integration secrets handed/> }
                    .into_any()
            }
            Err(error @ ConsoleError::Refused(Refusal::NotFound)) => {
                set_status(&error);
                view! {
                    <Title text="Key not found"/>
                    <div class="card">
                        <div class="empty">
                            <h1>"Key not found"</h1>
                            <p>"It was deleted, or the address is mistyped. The history of a deleted key stays in the audit."</p>
                            <a class="button primary" href="/keys">"All keys"</a>
                        </div>
                    </div>
                }
                .into_any()
            }
            Err(error) => view! {
                <Title text="API key"/>
                <div class="head"><div><h1>"API key"</h1></div></div>
                <Failed error/>
                <div class="actions"><a class="button" href="/keys">"All keys"</a></div>
            }
            .into_any(),
        }
    })
}

#[component]
fn Shown(
    view: KeyView,
    calls: Calls,
    /// A moment in the bar of the chart that was chosen.
    chosen: Option<Timestamp>,
    /// Who collected it, if it was handed over.
    collected: Option<Collection>,
    /// Its app, where there are several.
    app: Option<App>,
    /// The integration that it is for, if the visitor may see it.
    integration: Option<Integration>,
    /// Its secrets, which are two while it is rotated.
    secrets: KeyRotation,
    /// A new secret that somebody is to collect.
    handed: Option<HandOver>,
) -> impl IntoView {
    let KeyView { key, now, rights } = view;
    let archived = app.as_ref().is_some_and(|app| app.archived_at.is_some());
    let (id, status) = (key.row.id.as_str().to_owned(), key.row.status(now));
    let restorable = key.revoked.as_ref().and_then(|revoked| revoked.restorable_until).is_some_and(|until| now < until);
    let link = |act: &Offer| {
        let class = if act.path == ACKNOWLEDGE.path { "button primary" } else { "button" };
        let address = format!("/keys/{id}/{}", act.path);
        let address = if act.path == ACKNOWLEDGE.path { address } else { with_query(&address, FROM_KEY) };
        view! { <a class=class href=address>{act.label}</a> }
    };
    // The refusals below already link to this page.
    let offered = |act: &&'static Offer| act.path != WHY.path && (act.path != RESTORE.path || restorable);
    // What stops the key or changes its secret is a step further away.
    let (stops, actions): (Vec<_>, Vec<_>) =
        acts(status, rights).filter(offered).partition(|act| act.grave || act.at_once || act.path == ROTATE.path);
    let actions: Vec<_> = actions.into_iter().map(link).collect();
    let beside_rotate = stops.iter().filter(|act| act.path == ROTATE.path).count();
    let mut menu: Vec<_> = stops
        .into_iter()
        .map(|act| {
            let address = with_query(&format!("/keys/{id}/{}", act.path), FROM_KEY);
            view! { <li><a class:danger=act.grave href=address>{act.label}</a></li> }.into_any()
        })
        .collect();
    if rights.may(Act::ChangeKeys) && key.row.kind.rules().issuable_now {
        menu.insert(beside_rotate, duplicate(&key));
    }
    if rights.may(Act::ChangeKeys) && skips(BulkAct::Transfer, &key).is_none() {
        let address = format!("/keys/bulk?act={}&key={id}", BulkAct::Transfer.as_str());
        menu.insert(beside_rotate, view! { <li><a href=address>"Transfer…"</a></li> }.into_any());
    }
    let first_call = FirstCall::without_secret(&public_url().unwrap_or_default(), &key.row, &key.app_id);
    view! {
        <div class="head">
            <div>
                <div class="inline">
                    <h1 dir="auto">{key.row.name.clone()}</h1>
                    <KeyStatus status now/>
                    {key.row.is_rotation_overdue(now).then(|| view! { <RotationOverdue/> })}
                </div>
                <p>{key.description.clone()}</p>
            </div>
            <div class="actions">
                {actions}
                <a class="button" href=format!("/integrations/setup?key={id}")>"Setup Integration"</a>
                {(!menu.is_empty()).then(|| view! {
                    <button type="button" class="more" popovertarget="acts" aria-label="More acts">
                        <Drawn icon=Icon::More/>
                    </button>
                    <ul class="menu" popover id="acts">{menu}</ul>
                })}
            </div>
        </div>
        <NotUnderstood filters=OF_CHART/>
        {archived.then(|| view! { <ArchivedNote/> })}
        {handed.map(handed_over)}
        {rotation(&key.row, secrets, rights.may(Act::RotateKeys), now)}
        <div class="two wide-left">
            <div class="stack"><CallCards key=key.clone() calls tests=rights.may(Act::TestKeys) chosen/></div>
            <div class="stack">{facts(&key, collected, app, integration.as_ref(), now)} {restrictions(&key, status, now)}</div>
        </div>
        {first_call.map(|call| view! { <Calling call/> })}
    }
}

/// What the page that showed the secret had, without it.
#[component]
fn Calling(call: FirstCall) -> impl IntoView {
    view! {
        <section class="card">
            <header><h2>"Call Keystead with this key"</h2></header>
            <div class="body"><FirstCalls call/></div>
        </section>
    }
}

/// A new key with the same fields, in the wizard.
fn duplicate(key: &KeyDetail) -> AnyView {
    const COPY: &str = " (copy)";
    let kept: String = key.row.name.chars().take(NAME_MAX - COPY.len()).collect();
    let draft = KeyDraft { name: Some(format!("{}{COPY}", kept.trim_end())), ..KeyDraft::again(key) };
    view! {
        <li>
            <form method="post" action="/keys/new">
                <HiddenDraft draft/>
                <input type="hidden" name=Field::App.as_str() value=key.app_id.to_string()/>
                <button name=STEP value=WizardStep::Summary.as_str()>"New key with the same permissions"</button>
            </form>
        </li>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use domain::grant::KeyAct;
    use domain::kind::KeyKind;
    use domain::role::Role;

    use super::*;

    #[test]
    fn only_what_one_may_do_is_offered() {
        let at = Timestamp::from_millis(0);
        let offered = |role, kind, status| -> Vec<_> {
            acts(status, Rights::of_role(role).on_key(kind, false, &[])).map(|offer| offer.path).collect()
        };
        let service = |role, status| offered(role, KeyKind::Service, status);
        assert_eq!(
            service(Role::Admin, Status::Active),
            ["edit", "audit", "why", "rotate", "disable", "revoke", "delete"]
        );
        let expired = Status::Expired { at };
        assert_eq!(service(Role::Admin, expired), ["edit", "audit", "why", "disable", "revoke", "delete"]);
        assert_eq!(service(Role::Auditor, Status::Active), ["audit", "why"]);
        assert_eq!(service(Role::Auditor, Status::Pending { until: at }), ["audit"]);
        assert_eq!(service(Role::Guest, Status::Active), ["audit"]);
        let granted = Rights::of_role(Role::Guest).on_key(KeyKind::Account, false, KeyAct::ALL);
        assert_eq!(
            acts(Status::Active, granted).map(|offer| offer.path).collect::<Vec<_>>(),
            ["audit", "why", "rotate", "revoke"]
        );
        // What a key may do that its visitor may not is nothing for them to rotate or edit.
        let beyond = Rights::of_role(Role::Admin).on_key(KeyKind::Service, true, &[]);
        assert_eq!(
            acts(Status::Active, beyond).map(|offer| offer.path).collect::<Vec<_>>(),
            ["audit", "why", "disable", "revoke", "delete"]
        );
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
