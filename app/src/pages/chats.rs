//! The list of chats between contacts, and the dialog that creates one.

use domain::field::Field;
use domain::room::{ARCHIVED, Room, RoomKind, RoomQuery};
use domain::text::SEARCH_MAX;
use domain::timestamp::Timestamp;
use leptos::prelude::*;
use leptos_router::components::Outlet;

use super::keys_filters::{SEARCH_TAKES, secretless};
use super::rooms::{asked, first_address, turns};
use crate::components::app_switch::{AppField, InApp};
use crate::components::contact_fields::ContactFields;
use crate::components::empty::{Empty, PastTheEnd};
use crate::components::failed::{Failed, FormProblem, failed_dialog};
use crate::components::field::TextField;
use crate::components::grant_fields::EnterPresses;
use crate::components::ignored::Ignored;
use crate::components::modal::Modal;
use crate::components::pager::Pager;
use crate::components::sheet::Sheet;
use crate::components::time::Ago;
use crate::components::title::Title;
use crate::desk::chats::{CHATS, read_addressees, read_choices_of_new};
use crate::desk::later::later;
use crate::desk::rooms::{RoomList, may_create, read_rooms};
use crate::forms::contacts::ChatForm;
use crate::forms::outcome::PostedForm;

#[component]
pub fn ChatsPage() -> impl IntoView {
    let query = asked(&CHATS);
    let asked = query.clone();
    let creates = may_create().is_ok();
    let list = later(async move {
        match read_rooms(&asked).await {
            Ok(list) => {
                // The list is worth more than the names in it.
                let names = read_addressees(&list.page.rows).await.unwrap_or_default();
                view! { <Found list names query=asked/> }.into_any()
            }
            Err(error) => view! { <Failed error/> }.into_any(),
        }
    });
    view! {
        <Title text="Chats"/>
        <div class="head">
            <div>
                <h1>"Chats"</h1>
                <p>"What contacts write to each other, and what the Butler writes to each of them."</p>
            </div>
            <div class="actions">
                <a class="button" href="/integrations/examples">"Integration examples"</a>
                {creates.then(|| view! { <a class="button primary" href="/chats/new">"Create a chat"</a> })}
            </div>
        </div>
        <Ignored query/>
        {list}
        <Outlet/>
    }
}

#[component]
fn Found(list: RoomList, names: Vec<Option<String>>, query: RoomQuery) -> impl IntoView {
    let is_past = list.page.is_past(query.after.is_some() || query.before.is_some());
    let first = first_address("/chats", &query);
    let (previous, next) = turns("/chats", &query, &list);
    let RoomList { page, apps, now, manages } = list;
    let filtered = query.is_filtered();
    let table = if is_past {
        view! { <PastTheEnd first/> }.into_any()
    } else if page.rows.is_empty() {
        let (heading, words) = match (query.archived, filtered) {
            (true, _) => ("No chats here", "No chat is archived."),
            (false, true) => ("No chats here", "Search looks at the beginning of titles. Try fewer letters."),
            (false, false) => (
                "No chats yet",
                "A chat has a title and contacts. Programs write in it on their behalf, with a Master User key.",
            ),
        };
        let create = manages.then_some(("/chats/new", "Create a chat"));
        let next = if filtered { Some(("/chats", "Show all chats")) } else { create };
        view! { <Empty heading words next/> }.into_any()
    } else {
        let apps = apps.into_iter().map(Some).chain(std::iter::repeat(None));
        let names = names.into_iter().chain(std::iter::repeat(None));
        let rows: Vec<_> = page
            .rows
            .into_iter()
            .zip(apps)
            .zip(names)
            .map(|((chat, app), to)| line(chat, app, to, now, manages))
            .collect();
        let columns = vec!["Title", "Kind", "Participants", "Last message"];
        view! { <Sheet name="Chats" columns with_acts=manages>{rows}</Sheet> }.into_any()
    };
    view! {
        <Filters query/>
        {table}
        <Pager total=page.total one="chat" previous next/>
    }
}

fn line(chat: Room, app: Option<String>, to: Option<String>, now: Timestamp, manages: bool) -> impl IntoView {
    let address = format!("/chats/{}", chat.id);
    let (path, label) =
        if chat.archived_at.is_some() { ("restore", "Bring back…") } else { ("archive", "Archive…") };
    let (act, name) = (format!("{address}/{path}"), chat.name.clone());
    view! {
        <tr role="row">
            <td role="cell" class="name">
                <a href=address dir="auto" title=chat.name.clone()>{chat.name.clone()}</a>
                {to.map(|to| view! { " to " <bdi>{to}</bdi> })}
                {app.map(|app| view! { " " <small class="soft" dir="auto">{app}</small> })}
            </td>
            <td role="cell">{chat.kind.label()}</td>
            <td role="cell">
                {chat.joined.to_string()} <span class="keys-word">{if chat.joined == 1 { " participant" } else { " participants" }}</span>
            </td>
            <td role="cell" class="soft">
                {match chat.last_message_at {
                    Some(at) => view! { <span class="keys-word">"Last message "</span> <Ago at now/> }.into_any(),
                    None => "No messages".into_any(),
                }}
            </td>
            {manages.then(|| view! {
                <td role="cell" class="end">
                    {(chat.kind == RoomKind::Chat).then(|| view! {
                        <span class="inline">
                            <a class="button quiet" href=act>{label} <span class="visually-hidden">" the chat " {name}</span></a>
                        </span>
                    })}
                </td>
            })}
        </tr>
    }
}

#[component]
fn Filters(query: RoomQuery) -> impl IntoView {
    let filtered = query.is_filtered();
    let contact = query.contact.map(|contact| contact.to_string());
    view! {
        <form class="filters" method="get" action="/chats" role="search" data-submit>
            <input type="search" name="q" data-search value=query.search maxlength=SEARCH_MAX aria-label="Search by title"
                placeholder="Title" aria-keyshortcuts="/" pattern=secretless() title=SEARCH_TAKES autocomplete="off" spellcheck="false"/>
            <select name="status" aria-label="Status">
                <option value="">"In use"</option>
                <option value=ARCHIVED selected=query.archived>"Archived"</option>
            </select>
            {contact.map(|contact| view! { <input type="hidden" name="contact" value=contact/> })}
            <button class="button">"Apply"</button>
            {filtered.then(|| view! { <a class="button quiet" href="/chats">"Clear"</a> })}
        </form>
    }
}

#[component]
pub fn CreateChatModal() -> impl IntoView {
    let posted = PostedForm::<ChatForm>::take();
    later(async move {
        let problem = PostedForm::problem(posted.as_ref());
        let errors = RwSignal::new(problem.fields);
        let form = posted.map(|posted| posted.form).unwrap_or_default();
        let within = InApp::read(&form.app).await;
        let read = match may_create() {
            Ok(()) => read_choices_of_new(&form).await,
            Err(error) => Err(error),
        };
        let contacts = match read {
            Ok(Some(choices)) => {
                view! { <ContactFields choices find=form.choice.find autofocus=form.choice.searches/> }.into_any()
            }
            Ok(None) => {
                view! { <p class="soft">"Choose the app, and create the chat. Then add its contacts."</p> }.into_any()
            }
            Err(error) => {
                return failed_dialog("Create a chat", error, "/chats");
            }
        };
        view! {
            <Modal title="Create a chat" back="/chats">
                <form method="post" action="/chats/new" novalidate>
                    <EnterPresses/>
                    <div class="body">
                        <FormProblem problem=problem.whole/>
                        {within.shown.then(|| view! {
                            <AppField errors within hint="Only contacts of this app can be in the chat. You cannot change it later."/>
                        })}
                        <TextField errors field=Field::Name label="Title" value=form.name required=true autofocus=!form.choice.searches
                            hint="What its participants see, for example: Support."/>
                        {contacts}
                    </div>
                    <footer>
                        <a class="button" href="/chats">"Cancel"</a>
                        <button class="button primary">"Create"</button>
                    </footer>
                </form>
            </Modal>
        }
        .into_any()
    })
}
