//! The page of a person: who they are, what they see, and what others can do about them.

use domain::app::App;
use domain::audit_query::AuditQuery;
use domain::field::Field;
use domain::grant::KeyAct;
use domain::key::KeyRow;
use domain::person::{PersonListed, PersonStatus, SecondFactor};
use domain::query_string::ListQuery;
use domain::refusal::Refusal;
use domain::role::{Act, Rights, Role};
use domain::text::joined;
use domain::timestamp::Timestamp;
use leptos::prelude::*;
use leptos_router::components::Outlet;
use leptos_router::hooks::use_params_map;
use service::identities::WaysIn;

use crate::addresses::with_query;
use crate::components::failed::{Failed, set_status};
use crate::components::icon::{Drawn, Icon};
use crate::components::key_status::KeyStatus;
use crate::components::person_status::{LockedUntil, PersonState};
use crate::components::time::{Ago, Time};
use crate::components::title::Title;
use crate::desk::later::later;
use crate::desk::people::{PersonView, read_person};
use crate::error::ConsoleError;

/// What a visitor with these rights can do about a person: the last part of the address, the words, and whether it is
/// hard to undo.
pub fn acts(person: &PersonListed, rights: Rights) -> Vec<(&'static str, &'static str, bool)> {
    let mut acts = Vec::new();
    if rights.may(Act::ManageOwners) {
        acts.push(("role", "Change role…", false));
        if matches!(person.status, PersonStatus::Active | PersonStatus::Locked { .. }) {
            acts.push(("reset", "Reset password…", false));
        }
    }
    if rights.may(person.role.managed_with()) {
        if person.role == Role::Guest {
            acts.push(("keys", "Change keys…", false));
        }
        if matches!(person.status, PersonStatus::Locked { .. }) {
            acts.push(("unlock", "Unlock…", false));
        }
        if matches!(person.status, PersonStatus::Active | PersonStatus::Locked { .. }) {
            acts.push(("sign-out", "Sign out everywhere…", false));
        }
        let disabled = person.status == PersonStatus::Disabled;
        acts.push(if disabled { ("enable", "Enable…", false) } else { ("disable", "Disable…", false) });
        acts.push(("remove", "Remove…", true));
    }
    acts
}

/// The page, with the dialog that its address opens over it.
#[component]
pub fn PersonPage() -> impl IntoView {
    let id = use_params_map().get_untracked().get("id").unwrap_or_default();
    let page = later(async move {
        match read_person(&id).await {
            Ok(view) => view! { <Shown view/> }.into_any(),
            Err(error @ ConsoleError::Refused(Refusal::PersonNotFound)) => {
                set_status(&error);
                view! {
                    <Title text="Person not found"/>
                    <div class="card">
                        <div class="empty">
                            <h1>"Person not found"</h1>
                            <p>"Somebody may have removed them. What they did stays in the audit."</p>
                            <a class="button primary" href="/people">"All people"</a>
                        </div>
                    </div>
                }
                .into_any()
            }
            Err(error) => view! {
                <Title text="Person"/>
                <div class="head"><div><h1>"Person"</h1></div></div>
                <Failed error/>
            }
            .into_any(),
        }
    });
    view! { {page} <Outlet/> }
}

#[component]
fn Shown(view: PersonView) -> impl IntoView {
    let PersonView { detail, now, rights, apps, has_apps, covers, confirms } = view;
    let person = detail.person;
    let has_factor = person.second_factor != SecondFactor::None;
    let removes = (has_factor && rights.may(Act::ManageOwners)).then(|| format!("/people/{}/factor", person.id));
    let limit = (has_apps && person.role != Role::Owner).then_some(("apps", "Change apps…", false));
    let limit = limit.filter(|_| rights.may(person.role.managed_with()));
    let buttons: Vec<_> = limit
        .into_iter()
        .chain(acts(&person, rights))
        .filter(|_| covers)
        .map(|(path, label, grave)| {
            let class = if grave { "button danger" } else { "button" };
            view! { <a class=class href=format!("/people/{}/{path}", person.id)>{label}</a> }
        })
        .collect();
    let audit = AuditQuery { person_id: Some(person.id), ..AuditQuery::default() };
    let audit = with_query("/audit", &audit.to_query_string());
    let locked = matches!(person.status, PersonStatus::Locked { .. });
    let chooses = covers && rights.may(person.role.managed_with());
    let choose = chooses.then(|| format!("/people/{}/keys", person.id));
    view! {
        <Title text=person.name.clone()/>
        <div class="head">
            <div>
                <div class="inline">
                    <h1 dir="auto">{person.name.clone()}</h1>
                    <PersonState status=person.status/>
                </div>
                <p><bdi>{person.email.clone()}</bdi></p>
            </div>
            <div class="actions">
                {rights.may(Act::SeeAudit).then(|| view! { <a class="button" href=audit>"Audit"</a> })}
                {buttons}
            </div>
        </div>
        {locked.then(|| view! { <div class="note"><Drawn icon=Icon::Caution/><div><LockedUntil status=person.status/></div></div> })}
        <section class="card">
            <header><h2>"Account"</h2></header>
            <div class="body">
                <dl class="facts">
                    <div><dt>"Role"</dt><dd>{person.role.label()} <small class="soft">{person.role.summary()}</small></dd></div>
                    {has_apps.then(|| view! { <div><dt>{Field::Apps.label()}</dt><dd>{seen(apps)}</dd></div> })}
                    <div>
                        <dt>"Last sign-in"</dt>
                        <dd>{match person.last_sign_in_at {
                            Some(at) => view! { <Ago at now/> }.into_any(),
                            None => "Never signed in".into_any(),
                        }}</dd>
                    </div>
                    {(confirms || person.email_confirmed_at.is_some()).then(|| view! {
                        <div>
                            <dt>"E-mail confirmed"</dt>
                            <dd>{match person.email_confirmed_at {
                                Some(at) => view! { <Time at/> }.into_any(),
                                None => "No".into_any(),
                            }}</dd>
                        </div>
                    })}
                    <div>
                        <dt>"Second factor"</dt>
                        <dd>
                            {if has_factor { person.second_factor.label() } else { "None" }}
                            {removes.map(|address| view! { " " <a href=address>"Remove second factor…"</a> })}
                        </dd>
                    </div>
                    <div><dt>"Signs in with"</dt><dd><bdi>{signs_in_with(&detail.ways_in)}</bdi></dd></div>
                    <div><dt>"Added"</dt><dd><Time at=person.created_at/></dd></div>
                    {(person.role == Role::Guest).then(|| view! {
                        <div>
                            <dt>"End of access"</dt>
                            <dd>{match person.access_ends_at {
                                Some(at) => view! { <Time at/> }.into_any(),
                                None => "None".into_any(),
                            }}</dd>
                        </div>
                    })}
                </dl>
            </div>
        </section>
        {(person.role == Role::Guest).then(|| view! { <Keys keys=detail.keys choose now/> })}
    }
}

/// The apps that a person sees, as far as the visitor sees them.
fn seen(apps: Option<Vec<App>>) -> AnyView {
    let Some(apps) = apps else { return "All".into_any() };
    let apps: Vec<_> = apps
        .into_iter()
        .map(|app| view! { <li><bdi>{app.name}</bdi>{app.archived_at.is_some().then_some(" (archived)")}</li> })
        .collect();
    view! { <ul>{apps}</ul> }.into_any()
}

/// The ways in which somebody signs in, in words.
fn signs_in_with(ways: &WaysIn) -> String {
    let password = ways.has_password.then_some("password");
    let words = joined(password.into_iter().chain(ways.connected.iter().map(|connected| connected.provider.as_str())));
    if words.is_empty() { "Nothing: they need a reset link".to_owned() } else { words }
}

/// The keys of a guest.
#[component]
fn Keys(
    keys: Vec<(KeyRow, Vec<KeyAct>)>,
    /// Where the visitor chooses them, if they may.
    choose: Option<String>,
    now: Timestamp,
) -> impl IntoView {
    if keys.is_empty() {
        return view! {
            <section class="card">
                <header><h2>"Keys"</h2></header>
                <div class="body">
                    <p class="soft">
                        "This guest sees no key." {choose.map(|address| view! { " " <a href=address>"Choose some"</a> })}
                    </p>
                </div>
            </section>
        }
        .into_any();
    }
    let rows: Vec<_> = keys
        .into_iter()
        .map(|(key, acts)| {
            view! {
                <li>
                    <span>
                        <a dir="auto" href=format!("/keys/{}", key.id)>{key.name.clone()}</a> " "
                        <small class="soft">{key.kind.label()} " " <span class="mono">{key.masked()}</span></small>
                    </span>
                    <span class="inline"><KeyStatus status=key.status(now) now/> {joined(acts.iter().map(|act| act.label()))}</span>
                </li>
            }
        })
        .collect();
    view! {
        <section class="card">
            <header><h2>"Keys"</h2></header>
            <ul class="feed guest-keys">{rows}</ul>
        </section>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use domain::ids::PersonId;
    use domain::sight::Scope;

    use super::*;

    #[test]
    fn only_what_one_may_do_is_offered() {
        let offered = |by, role, status| {
            let person = PersonListed {
                id: PersonId::from_random([1; 12]),
                name: String::new(),
                email: String::new(),
                role,
                status,
                created_at: Timestamp::from_millis(0),
                apps: Scope::All,
                last_sign_in_at: None,
                access_ends_at: None,
                email_confirmed_at: None,
                second_factor: SecondFactor::None,
            };
            let words = acts(&person, Rights::of_role(by)).into_iter().map(|(path, ..)| path);
            words.collect::<Vec<_>>()
        };
        assert_eq!(
            offered(Role::Owner, Role::Owner, PersonStatus::Active),
            ["role", "reset", "sign-out", "disable", "remove"]
        );
        assert_eq!(offered(Role::Owner, Role::Guest, PersonStatus::Disabled), ["role", "keys", "enable", "remove"]);
        assert_eq!(offered(Role::Admin, Role::Admin, PersonStatus::Active), [""; 0]);
        let locked = PersonStatus::Locked { until: None };
        assert_eq!(offered(Role::Admin, Role::Auditor, locked), ["unlock", "sign-out", "disable", "remove"]);
        assert_eq!(offered(Role::Auditor, Role::Guest, locked), [""; 0]);
    }
}
