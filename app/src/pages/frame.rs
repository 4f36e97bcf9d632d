//! The frame of every signed-in page: the menu, the person, and a message about the last act.

use domain::bulk::BulkAct;
use domain::field::Field;
use domain::ids::KeyId;
use domain::kind::KeyKind;
use domain::query_string::ListQuery;
use domain::role::{Act, Rights};
use domain::timestamp::Timestamp;
use leptos::prelude::*;
use leptos_router::components::Outlet;
use leptos_router::hooks::{use_location, use_query_map};

use crate::addresses::{behind, list_query};
use crate::components::app_switch::AppSwitch;
use crate::components::icon::{Drawn, Icon};
use crate::components::palette::Palette;
use crate::components::shortcuts::Shortcuts;
use crate::components::time::Time;
use crate::components::title::Title;
use crate::desk::keys::{KeyView, new_form, read_key, read_taken_names};
use crate::desk::later::later;
use crate::desk::person::{read_me, take_done};
use crate::desk::requests::read_waiting;
use crate::forms::bulk::{ACT, LIST, TAKEN_BY};
use crate::forms::done::{Done, Told, decided_words, many_words};
use crate::forms::key::{BACK, REVISION};
use crate::forms::outcome::UnsentForm;
use crate::forms::proof::{WaitingForm, leaves_out};
use crate::pages::prove::Prove;

/// The frame; the page goes into its outlet.
#[component]
pub fn Frame() -> impl IntoView {
    view! { <Around><Outlet/></Around> }
}

/// The frame around a page.
#[component]
pub fn Around(children: Children) -> impl IntoView {
    let me = read_me().ok();
    let rights = me.as_ref().map(|me| me.rights);
    let factor_due = me.as_ref().and_then(|me| me.factor_due);
    let plain_http = me.as_ref().is_some_and(|me| me.plain_http);
    view! {
        <div class="frame">
            <aside class="rail">
                <Mark/>
                {rights.map(|_| view! { <AppSwitch/> })}
                {rights.map(|rights| view! {
                    <a class="find" href="/find" aria-keyshortcuts="Control+K">
                        "Find" <kbd class="alive-only">"Ctrl K"</kbd>
                    </a>
                    <nav aria-label="Main"><Menu rights/></nav>
                })}
                {me.map(|me| view! {
                    <div class="who">
                        <a href="/account">{me.email}</a>
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
                {factor_due.map(|due| view! { <FactorDue due/> })}
                {match (use_context::<UnsentForm>(), use_context::<WaitingForm>()) {
                    (Some(ended), _) => view! { <SendAgain ended/> }.into_any(),
                    (None, Some(waiting)) => view! { <Prove waiting/> }.into_any(),
                    (None, None) => children(),
                }}
            </main>
            {rights.map(|_| view! { <Palette/> <Shortcuts/> })}
        </div>
    }
}

/// Shown if the session ended while a form was being filled in. Nothing is lost.
#[component]
fn SendAgain(ended: UnsentForm) -> impl IntoView {
    let kept = if leaves_out(&ended.sent) {
        "Nothing was changed. What you typed is kept on this page, but for passwords, codes and secrets of keys: you are asked \
         for those again."
    } else {
        "Nothing was changed. What you typed is kept on this page."
    };
    let fields: Vec<_> =
        ended.sent.0.into_iter().map(|(name, value)| view! { <input type="hidden" name=name value=value/> }).collect();
    view! {
        <Title text="Sign in again"/>
        <div class="head narrow">
            <div>
                <h1>"Your session has ended"</h1>
                <p>{kept}</p>
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

/// A second factor must be set up by a time, which may be over.
#[component]
fn FactorDue(due: Timestamp) -> impl IntoView {
    let here = use_location().pathname.get_untracked();
    // Its own page says it.
    (here != FACTOR).then(|| {
        view! {
            <div class="note">
                <Drawn icon=Icon::Caution/>
                <div>
                    <b>"You need a second factor by " <Time at=due/> "."</b> " "
                    <a href=FACTOR>"Set it up"</a>
                </div>
            </div>
        }
    })
}

/// Where a second factor is set up.
const FACTOR: &str = "/account/second-factor";

/// The warning of an installation that accepts passwords over plain HTTP.
#[component]
pub fn PlainHttp() -> impl IntoView {
    view! {
        <div class="note bad">
            <Drawn icon=Icon::Alert/>
            <div>
                <b>"This connection is not encrypted."</b>
                " Anyone on the network can read passwords and keys. Put Keystead behind HTTPS, then unset \
                 KEYSTEAD_ALLOW_HTTP."
            </div>
        </div>
    }
}

/// The pages of the menu: their addresses and names.
pub fn destinations(rights: Rights) -> Vec<(String, &'static str)> {
    let mut pages = Vec::new();
    if rights.may(Act::SeeKeys) {
        pages.extend([("/".to_owned(), "Dashboard"), ("/keys".to_owned(), "API Keys")]);
        let kinds = KeyKind::ALL.iter().filter_map(|kind| Some((list_of(*kind), kind.rules().list?)));
        pages.extend(kinds);
        let integrations = if rights.may(Act::SeeIntegrations) { "/integrations" } else { "/integrations/setup" };
        pages.push((integrations.to_owned(), "Integrations"));
    }
    pages.extend(chatrooms(rights));
    if rights.may(Act::ChangeKeys) {
        pages.push((REQUESTS.to_owned(), "Requests"));
    }
    if rights.may(Act::SeePeople) {
        pages.push(("/people".to_owned(), "People"));
    }
    if rights.may(Act::ManageApps) {
        pages.push(("/apps".to_owned(), "Apps"));
    }
    if rights.may(Act::SeeOwnActs) {
        pages.push(("/audit".to_owned(), "Audit"));
    }
    if rights.may(Act::SeeSettings) {
        pages.push(("/settings".to_owned(), "Settings"));
    }
    if rights.may(Act::SeeStatus) {
        pages.push(("/status".to_owned(), "Status"));
    }
    pages.extend([("/account".to_owned(), "Your account"), ("/help".to_owned(), "Help")]);
    pages
}

/// The pages of the group Chatroom Management.
fn chatrooms(rights: Rights) -> Vec<(String, &'static str)> {
    let rooms = rights.may(Act::SeeRooms).then_some([("/rooms", "Chatroom list"), ("/chats", "Chats")]);
    let contacts = rights.may(Act::SeeContacts).then_some(("/contacts", "Contacts"));
    rooms.into_iter().flatten().chain(contacts).map(|(address, label)| (address.to_owned(), label)).collect()
}

/// Keys that a second person must approve.
const REQUESTS: &str = "/requests";

/// How many requests wait for the visitor, if any do.
fn waiting() -> impl IntoView {
    later(async move {
        let waiting = read_waiting().await;
        (waiting.n > 0).then(|| {
            view! { " " <span class="count">{waiting.to_string()}<span class="visually-hidden">" waiting"</span></span> }
        })
    })
}

/// The address of the list of one kind.
fn list_of(kind: KeyKind) -> String {
    format!("/keys?kind={}", kind.as_str())
}

#[component]
fn Menu(rights: Rights) -> impl IntoView {
    let path = use_location().pathname.get_untracked();
    let section = path.split('/').nth(1).unwrap_or_default();
    let kind = use_query_map().get_untracked().get(Field::Kind.as_str());
    let listed = kind.as_deref().and_then(KeyKind::parse).filter(|kind| path == "/keys" && kind.rules().list.is_some());
    let listed = listed.map(list_of);
    let item = |(address, label): (String, &'static str)| {
        let current = match &listed {
            Some(listed) => address == *listed,
            None => !address.contains('?') && address.split('/').nth(1) == Some(section),
        };
        let count = (address == REQUESTS).then(waiting);
        view! { <li><a href=address aria-current=current.then_some("page")>{label} {count}</a></li> }.into_any()
    };
    let (of_group, mut pages) = (chatrooms(rights), destinations(rights));
    let place = pages.iter().position(|page| of_group.contains(page));
    pages.retain(|page| !of_group.contains(page));
    let mut items: Vec<_> = pages.into_iter().map(item).collect();
    if let Some(place) = place {
        let group: Vec<_> = of_group.into_iter().map(item).collect();
        let group = view! {
            <li>
                <small class="group" id="chatrooms">"Chatroom Management"</small>
                <ul aria-labelledby="chatrooms">{group}</ul>
            </li>
        };
        items.insert(place, group.into_any());
    }
    view! { <ul>{items}</ul> }
}

/// Shows what was just done, once.
#[component]
fn Flash() -> impl IntoView {
    let said = later(async move {
        Some(match take_done()? {
            Told::Key(done, id) => {
                let view = read_key(id.as_str()).await.ok();
                Said { done, id, view }.into_view().into_any()
            }
            Told::Keys { act, taken, skipped, form_id } => {
                let names = read_taken_names(&form_id).await.unwrap_or_default();
                said_of_many(act, taken, skipped, form_id, names).into_any()
            }
            Told::Requests { decision, taken, skipped } => {
                let words = decided_words(decision, taken, skipped);
                view! { <div class="toast" class:good=(taken > 0)><p>{words}</p></div> }.into_any()
            }
            Told::Person(done) => toast(done.words()),
            Told::Chat(done) => toast(done.words()),
            Told::Integration(done) => toast(done.words()),
            Told::Account(done) => toast(done.words()),
            Told::Repeated => toast("This was already done."),
        })
    });
    view! { <div class="flash" role="status">{said}</div> }
}

fn toast(words: &'static str) -> AnyView {
    view! { <div class="toast good"><p>{words}</p></div> }.into_any()
}

/// What was done to many keys. Its form can be named in a form that undoes it.
fn said_of_many(act: BulkAct, taken: u32, skipped: u32, form_id: String, names: Vec<String>) -> impl IntoView + use<> {
    let words = many_words(act, taken, skipped, names.len());
    let undo = act.undone_by().filter(|_| !names.is_empty()).zip(new_form().ok()).map(|(act, fresh)| {
        view! {
            <form method="post" action="/keys/bulk">
                <input type="hidden" name=ACT value=act.as_str()/>
                <input type="hidden" name=TAKEN_BY value=form_id/>
                <input type="hidden" name=LIST value=list_query().to_query_string()/>
                <input type="hidden" name=Field::FormId.as_str() value=fresh/>
                <button class="button quiet">"Undo"</button>
            </form>
        }
    });
    view! {
        <div class="toast" class:good=(taken > 0)>
            <p>{quoted(names)} {words}</p>
            <div class="inline">{undo}</div>
        </div>
    }
}

/// Names in quotes, with commas between them.
fn quoted(names: Vec<String>) -> Vec<impl IntoView> {
    let comma = |n: usize| (n > 0).then_some(", ");
    names.into_iter().enumerate().map(|(n, name)| view! { {comma(n)} "“" <bdi>{name}</bdi> "”" }).collect()
}

/// What was done to a key, which may be gone by now.
struct Said {
    done: Done,
    id: KeyId,
    view: Option<KeyView>,
}

impl Said {
    fn into_view(self) -> impl IntoView {
        let Self { done, id, view: of_key } = self;
        let here = use_location().pathname.get_untracked();
        let address = format!("/keys/{}", id.as_str());
        let back = if here == address { here.clone() } else { behind() };
        let view = (of_key.is_some() && here != address).then(|| view! { <a href=address.clone()>"View key"</a> });
        let undoes = done.undo().zip(of_key.as_ref()).filter(|((_, needs), of_key)| of_key.rights.may(*needs));
        let undo = undoes.map(|((act, _), of_key)| {
            view! {
                <form method="post" action=format!("{address}/{act}")>
                    <input type="hidden" name=BACK value=back/>
                    <input type="hidden" name=REVISION value=of_key.key.revision/>
                    <button class="button quiet">"Undo"</button>
                </form>
            }
        });
        let subject = match of_key {
            Some(of_key) => view! { "“" <bdi>{of_key.key.row.name}</bdi> "” " }.into_any(),
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
