//! The frame of every signed-in page: the menu, the person, and a message about the last act.

use domain::field::Field;
use domain::ids::KeyId;
use domain::kind::KeyKind;
use domain::role::Act;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::Outlet;
use leptos_router::hooks::{use_location, use_query_map};

use crate::addresses::behind;
use crate::desk::keys::read_key;
use crate::desk::person::{read_me, take_done};
use crate::forms::done::Done;
use crate::forms::outcome::UnsentForm;

/// The frame; the page goes into its outlet.
#[component]
pub fn Frame() -> impl IntoView {
    let me = read_me().ok();
    let settings = me.as_ref().is_some_and(|me| me.rights.may(Act::SeeSettings));
    let plain_http = me.as_ref().is_some_and(|me| me.plain_http);
    view! {
        <div class="frame">
            <aside class="rail">
                <Mark/>
                <nav aria-label="Main"><Menu settings/></nav>
                {me.map(|me| view! {
                    <div class="who">
                        <span>{me.email}</span>
                        <small>{me.role.label()}</small>
                        <form method="post" action="/logout">
                            <button class="button quiet">"Sign out"</button>
                        </form>
                    </div>
                })}
            </aside>
            <main id="main" tabindex="-1">
                <Flash/>
                {plain_http.then(|| view! { <PlainHttp/> })}
                {match use_context::<UnsentForm>() {
                    Some(ended) => view! { <SendAgain ended/> }.into_any(),
                    None => view! { <Outlet/> }.into_any(),
                }}
            </main>
        </div>
    }
}

/// Shown if the session ended while a form was being filled in. Nothing is lost.
#[component]
fn SendAgain(ended: UnsentForm) -> impl IntoView {
    let fields: Vec<_> =
        ended.sent.0.into_iter().map(|(name, value)| view! { <input type="hidden" name=name value=value/> }).collect();
    view! {
        <Title text="Sign in again"/>
        <div class="head narrow">
            <div>
                <h1>"Your session has ended"</h1>
                <p>"Nothing was changed. What you typed is kept on this page."</p>
            </div>
        </div>
        <form class="narrow stack" method="post" action=ended.address>
            {fields}
            <ol>
                <li><a href="/login" target="_blank">"Sign in again in another tab"</a></li>
                <li>"Then come back here and send the form again."</li>
            </ol>
            <div class="actions"><button class="button primary">"Send again"</button></div>
        </form>
    }
}

/// The product's name, which links to the dashboard.
#[component]
pub fn Mark() -> impl IntoView {
    view! {
        <a class="mark" href="/">
            <svg width="20" height="20" viewBox="0 0 20 20" fill="none" stroke="currentColor"
                stroke-width="1.8" aria-hidden="true">
                <circle cx="6.5" cy="10" r="3.6"></circle>
                <path d="M10 10h8M15 10v3.4M18 10v2.4"></path>
            </svg>
            "Keystead"
        </a>
    }
}

/// The warning of an installation that accepts passwords over plain HTTP.
#[component]
pub fn PlainHttp() -> impl IntoView {
    view! {
        <div class="note bad">
            <span aria-hidden="true">"!"</span>
            <div>
                <b>"This connection is not encrypted."</b>
                " Anyone on the network can read passwords and keys. Put Keystead behind HTTPS, then unset \
                 KEYSTEAD_ALLOW_HTTP."
            </div>
        </div>
    }
}

#[component]
fn Menu(
    /// Whether the person may see the settings.
    settings: bool,
) -> impl IntoView {
    let path = use_location().pathname.get_untracked();
    let section = path.split('/').nth(1).unwrap_or_default();
    let kind = use_query_map().get_untracked().get(Field::Kind.as_str());
    let listed = kind.as_deref().and_then(KeyKind::parse).filter(|kind| path == "/keys" && kind.rules().list.is_some());
    let mut entries = vec![
        ("/".to_owned(), "Dashboard", section.is_empty()),
        ("/keys".to_owned(), "API Keys", section == "keys" && listed.is_none()),
    ];
    entries.extend(KeyKind::ALL.iter().filter_map(|kind| {
        let label = kind.rules().list?;
        Some((format!("/keys?kind={}", kind.as_str()), label, listed == Some(*kind)))
    }));
    entries.push(("/integrations/setup".to_owned(), "Integrations", section == "integrations"));
    entries.push(("/audit".to_owned(), "Audit", section == "audit"));
    if settings {
        entries.push(("/settings".to_owned(), "Settings", section == "settings"));
    }
    let items: Vec<_> = entries
        .into_iter()
        .map(|(address, label, current)| {
            view! { <li><a href=address aria-current=current.then_some("page")>{label}</a></li> }
        })
        .collect();
    view! { <ul>{items}</ul> }
}

/// Shows what was just done, once.
#[component]
fn Flash() -> impl IntoView {
    let said = Suspend::new(async move {
        let (done, id) = take_done()?;
        Some(Said { done, name: read_key(id.as_str()).await.ok().map(|view| view.key.row.name), id }.into_view())
    });
    view! { <div class="flash" role="status">{said}</div> }
}

/// What was done to a key, which may be gone by now.
struct Said {
    done: Done,
    id: KeyId,
    name: Option<String>,
}

impl Said {
    fn into_view(self) -> impl IntoView {
        let Self { done, id, name } = self;
        let here = use_location().pathname.get_untracked();
        let address = format!("/keys/{}", id.as_str());
        let back = if here == address { here.clone() } else { behind() };
        let view = (name.is_some() && here != address).then(|| view! { <a href=address.clone()>"View key"</a> });
        let undo = done.undo().filter(|_| name.is_some()).map(|act| {
            view! {
                <form method="post" action=format!("{address}/{act}")>
                    <input type="hidden" name="back" value=back/>
                    <button class="button quiet">"Undo"</button>
                </form>
            }
        });
        let subject = match name {
            Some(name) => view! { "“" <bdi>{name}</bdi> "” " }.into_any(),
            None => "The key ".into_any(),
        };
        view! {
            <div class="toast good">
                <p>{subject} {done.words()}</p>
                <div class="inline">{view}{undo}</div>
            </div>
        }
    }
}
