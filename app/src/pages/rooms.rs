//! The chatroom list, and the dialog that creates a room.

use domain::query_string::ListQuery;
use domain::room::{Room, RoomKind, RoomQuery, RoomStatus};
use domain::text::SEARCH_MAX;
use domain::timestamp::Timestamp;
use leptos::prelude::*;
use leptos_router::components::Outlet;

use super::keys_filters::{SEARCH_TAKES, secretless};
use super::room_acts::RoomFields;
use crate::addresses::{read_address, with_query};
use crate::components::app_switch::{AppField, InApp};
use crate::components::empty::{Empty, PastTheEnd};
use crate::components::failed::{Failed, FormProblem, failed_dialog};
use crate::components::ignored::Ignored;
use crate::components::modal::Modal;
use crate::components::pager::Pager;
use crate::components::public_id::{PublicId, ROOM_ID_HELP};
use crate::components::room_status::{joined, state};
use crate::components::sheet::Sheet;
use crate::components::time::Ago;
use crate::components::title::Title;
use crate::desk::later::later;
use crate::desk::rooms::{RoomList, may_create, read_rooms};
use crate::forms::outcome::PostedForm;
use crate::forms::rooms::RoomForm;

/// What the address of a list of rooms or chats asks for.
pub(super) fn asked(kinds: &[RoomKind]) -> RoomQuery {
    RoomQuery { kinds: kinds.to_vec(), ..read_address() }
}

/// The addresses of the pages before and after this one.
pub(super) fn turns(path: &str, query: &RoomQuery, list: &RoomList) -> (Option<String>, Option<String>) {
    let turn = |after: Option<String>, before: Option<String>| {
        (after.is_some() || before.is_some())
            .then(|| with_query(path, &RoomQuery { after, before, ..query.clone() }.to_query_string()))
    };
    (turn(None, list.page.previous.clone()), turn(list.page.next.clone(), None))
}

/// The address of the first page of a list of rooms.
pub(super) fn first_address(path: &str, query: &RoomQuery) -> String {
    with_query(path, &query.first_page().to_query_string())
}

#[component]
pub fn RoomsPage() -> impl IntoView {
    let query = asked(&[RoomKind::Room]);
    let asked = query.clone();
    let creates = may_create().is_ok();
    let list = later(async move {
        match read_rooms(&asked).await {
            Ok(list) => view! { <Found list query=asked/> }.into_any(),
            Err(error) => view! { <Failed error/> }.into_any(),
        }
    });
    view! {
        <Title text="Chatroom list"/>
        <div class="head">
            <div>
                <h1>"Chatroom list"</h1>
                <p>{ROOM_ID_HELP}</p>
            </div>
            <div class="actions">
                <a class="button" href="/integrations/prepare">"Prepare to use the API"</a>
                {creates.then(|| view! { <a class="button primary" href="/rooms/new">"Create a room"</a> })}
            </div>
        </div>
        <Ignored query/>
        {list}
        <Outlet/>
    }
}

#[component]
fn Found(list: RoomList, query: RoomQuery) -> impl IntoView {
    let is_past = list.page.is_past(query.after.is_some() || query.before.is_some());
    let first = first_address("/rooms", &query);
    let (previous, next) = turns("/rooms", &query, &list);
    let RoomList { page, apps, now, manages } = list;
    let table = if is_past {
        view! { <PastTheEnd first/> }.into_any()
    } else if page.rows.is_empty() {
        let filtered = query.is_filtered();
        let (heading, words) = if filtered {
            (
                "No rooms here",
                "Search looks at the beginning of names, and at whole ids. Try fewer letters, or another filter.",
            )
        } else {
            ("No rooms yet", "Participants join a room, by a program or here, and write to each other in it.")
        };
        let create = manages.then_some(("/rooms/new", "Create a room"));
        let next = if filtered { Some(("/rooms", "Show all rooms")) } else { create };
        view! { <Empty heading words next/> }.into_any()
    } else {
        view! { <Table rooms=page.rows apps now/> }.into_any()
    };
    view! {
        <Filters query/>
        {table}
        <Pager total=page.total one="room" previous next/>
    }
}

/// Rooms, each with its ROOM ID to copy.
#[component]
pub fn Table(
    rooms: Vec<Room>,
    /// The name of the app of each, where they are of several.
    apps: Vec<String>,
    now: Timestamp,
    /// Inside a card.
    #[prop(optional)]
    bare: bool,
) -> impl IntoView {
    let apps = apps.into_iter().map(Some).chain(std::iter::repeat(None));
    let rows: Vec<_> = rooms.into_iter().zip(apps).map(|(room, app)| line(room, app, now)).collect();
    let columns = vec!["Name", "ROOM ID (Channel Key)", "Status", "Participants", "Last message"];
    view! { <Sheet name="Rooms" columns bare>{rows}</Sheet> }
}

fn line(room: Room, app: Option<String>, now: Timestamp) -> impl IntoView {
    let what = format!("the ROOM ID of {}", room.name);
    view! {
        <tr role="row">
            <td role="cell" class="name">
                <a href=format!("/rooms/{}", room.id) dir="auto" title=room.name.clone()>{room.name.clone()}</a>
                {app.map(|app| view! { " " <small class="soft" dir="auto">{app}</small> })}
            </td>
            <td role="cell">
                <small class="keys-word">"ROOM ID (Channel Key)"</small>
                <PublicId id=format!("room-{}", room.id) value=room.id.to_string() what/>
            </td>
            <td role="cell">{state(&room, now)}</td>
            <td role="cell">{joined(&room)} <span class="keys-word">" in the room"</span></td>
            <td role="cell" class="soft">
                {match room.last_message_at {
                    Some(at) => view! { <span class="keys-word">"Last message "</span> <Ago at now/> }.into_any(),
                    None => "No messages".into_any(),
                }}
            </td>
        </tr>
    }
}

#[component]
fn Filters(query: RoomQuery) -> impl IntoView {
    let filtered = query.is_filtered();
    let statuses = [RoomStatus::Open, RoomStatus::Pending, RoomStatus::Ended];
    let options: Vec<_> = statuses
        .into_iter()
        .map(|status| {
            let words = if status == RoomStatus::Ended { "Closed or ended" } else { status.label() };
            view! { <option value=status.as_str() selected=query.status == Some(status)>{words}</option> }
        })
        .collect();
    view! {
        <form class="filters" method="get" action="/rooms" role="search" data-submit>
            <input type="search" name="q" data-search value=query.search maxlength=SEARCH_MAX aria-label="Search by name or ROOM ID"
                placeholder="Name or ROOM ID" aria-keyshortcuts="/" pattern=secretless() title=SEARCH_TAKES autocomplete="off" spellcheck="false"/>
            <select name="status" aria-label="Status">
                <option value="">"Any status"</option>
                {options}
            </select>
            <button class="button">"Apply"</button>
            {filtered.then(|| view! { <a class="button quiet" href="/rooms">"Clear"</a> })}
        </form>
    }
}

#[component]
pub fn CreateRoomModal() -> impl IntoView {
    let posted = PostedForm::<RoomForm>::take();
    later(async move {
        if let Err(error) = may_create() {
            return failed_dialog("Create a room", error, "/rooms");
        }
        let problem = PostedForm::problem(posted.as_ref());
        let errors = RwSignal::new(problem.fields);
        let form = posted.map(|posted| posted.form).unwrap_or_default();
        let within = InApp::read(&form.app).await;
        view! {
            <Modal title="Create a room" back="/rooms">
                <form method="post" action="/rooms/new" novalidate>
                    <div class="body">
                        <FormProblem problem=problem.whole/>
                        {within.shown.then(|| view! {
                            <AppField errors within hint="Only programs of this app reach the room. You cannot change it later."/>
                        })}
                        <RoomFields errors form has_password=false/>
                    </div>
                    <footer>
                        <a class="button" href="/rooms">"Cancel"</a>
                        <button class="button primary">"Create"</button>
                    </footer>
                </form>
            </Modal>
        }
        .into_any()
    })
}
