//! "Prepare to use the API": the four values that a program needs, one after the other, with this app's own.

use domain::field::Field;
use domain::participant::Who;
use domain::room::{Room, RoomKind, RoomQuery, RoomStatus};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::chat_samples::{token_call, users_call};
use crate::components::copy::Sample;
use crate::components::failed::Failed;
use crate::components::public_id::{CLIENT_KEY_HELP, PublicId, ROOM_ID_HELP};
use crate::components::room_status::state;
use crate::components::title::Title;
use crate::desk::integration::public_url;
use crate::desk::later::later;
use crate::desk::member_key::{MemberKeyDoor, read_member_key};
use crate::desk::rooms::{ParticipantList, RoomList, read_participants, read_room, read_rooms};
use crate::error::ConsoleError;

/// The word in the address for the room that the calls are filled in with.
const ROOM: &str = "room";

/// How many rooms there are to choose from.
const ROOMS: usize = 5;

/// How many participants are shown.
const USERS: usize = 5;

/// What the page shows.
struct Prepared {
    key: MemberKeyDoor,
    list: RoomList,
    /// The room that the calls are filled in with, and who is in it.
    chosen: Option<(Room, ParticipantList)>,
    url: String,
}

async fn read(asked: Option<String>) -> Result<Prepared, ConsoleError> {
    // A program is prepared in a room that it can join.
    let open = RoomQuery { status: Some(RoomStatus::Open), ..RoomQuery::of_kinds(&[RoomKind::Room]) };
    let list = read_rooms(&open).await?;
    let room = match asked {
        Some(id) => Some(read_room(&id, &[RoomKind::Room]).await?.room),
        None => list.page.rows.first().cloned(),
    };
    let chosen = match room {
        Some(room) => {
            let users = read_participants(&room.id, Who::Joined, "").await?;
            Some((room, users))
        }
        None => None,
    };
    Ok(Prepared { key: read_member_key("").await?, list, chosen, url: public_url()? })
}

#[component]
pub fn PreparePage() -> impl IntoView {
    let asked = use_query_map().get_untracked().get(ROOM).filter(|id| !id.is_empty());
    let steps = later(async move {
        match read(asked).await {
            Ok(prepared) => view! { <Steps prepared/> }.into_any(),
            Err(error) => view! { <Failed error/> }.into_any(),
        }
    });
    view! {
        <Title text="Prepare to use the API"/>
        <div class="head">
            <div>
                <h1>"Prepare to use the API"</h1>
                <p>"Four values, one after the other: API KEY, X-AUTH-TOKEN, ROOM ID and CLIENT KEY."</p>
            </div>
            <div class="actions"><a class="button" href="/docs/openapi" rel="external">"REST API (Swagger UI)"</a></div>
        </div>
        {steps}
    }
}

/// The API KEY, and where it is.
fn own_key(key: MemberKeyDoor) -> AnyView {
    match key {
        MemberKeyDoor::Open(view) => view! {
            <p class="mono">{view.key.masked()}</p>
            <p>
                {if view.reveals {
                    "Press Reveal on the dashboard, copy it, and put it into the environment of your program as API_KEY."
                } else {
                    "Ask an owner for it, and put it into the environment of your program as API_KEY."
                }}
            </p>
        }
        .into_any(),
        MemberKeyDoor::Choose => view! { <p>"Each app has one of its own. Choose an app in the menu."</p> }.into_any(),
        MemberKeyDoor::Hidden => view! { <p>"Ask an owner for it."</p> }.into_any(),
    }
}

#[component]
fn Steps(prepared: Prepared) -> impl IntoView {
    let Prepared { key, list, chosen, url } = prepared;
    let key = own_key(key);
    let manages = list.manages;
    let current = chosen.as_ref().map(|(room, _)| room.id);
    let now = list.now;
    let apps = list.apps.into_iter().map(Some).chain(std::iter::repeat(None));
    let rooms: Vec<_> = list
        .page
        .rows
        .into_iter()
        .zip(apps)
        .take(ROOMS)
        .map(|(room, app)| {
            let link = format!("/integrations/prepare?{ROOM}={}", room.id);
            let is_current = (current == Some(room.id)).then_some("true");
            view! {
                <li>
                    <span>
                        <a href=link aria-current=is_current dir="auto">{room.name.clone()}</a>
                        {app.map(|app| view! { " " <small class="soft" dir="auto">{app}</small> })} " " {state(&room, now)}
                    </span>
                    <PublicId id=format!("room-{}", room.id) value=room.id.to_string() what=format!("the ROOM ID of {}", room.name)/>
                </li>
            }
        })
        .collect();
    let none = rooms.is_empty();
    let (room, users) = match chosen {
        Some((room, users)) => (Some(room), users.rows),
        None => (None, Vec::new()),
    };
    let room_id = room.as_ref().map_or_else(|| "$ROOM_ID".to_owned(), |room| room.id.to_string());
    // Whoever came with the id of a room may have one that is over.
    let opened = room.as_ref().filter(|room| room.is_open(now).is_ok());
    let join = opened.map(|room| (format!("/rooms/{}/join", room.id), room.name.clone()));
    let users: Vec<_> = users
        .into_iter()
        .take(USERS)
        .map(|user| {
            let key = user.client_key.as_str().to_owned();
            view! {
                <li>
                    <span dir="auto">{user.nick_name.clone()}</span>
                    <PublicId id=format!("user-{key}") value=key.clone() what=format!("the CLIENT KEY of {}", user.nick_name)/>
                </li>
            }
        })
        .collect();
    let nobody = users.is_empty();
    view! {
        <section class="card">
            <header><h2>"1. API KEY"</h2> <a href="/">"Dashboard"</a></header>
            <div class="body">
                <p class="soft">"Made with the app, one for each. It buys access tokens, and goes with every call."</p>
                {key}
            </div>
        </section>
        <section class="card">
            <header><h2>"2. X-AUTH-TOKEN"</h2></header>
            <div class="body">
                <p class="soft">
                    "An access token, bought with the API KEY. It works for 5 hours, with that API KEY alone. Buy another one in the same way. \
                     A token bought with ?scope=read can only read."
                </p>
                <Sample id="token-call" name="Buy one" code=token_call(&url)/>
                <p>"Put the value of X-AUTH-TOKEN in the answer into the environment as X_AUTH_TOKEN. Every other call sends both."</p>
            </div>
        </section>
        <section class="card">
            <header><h2>"3. ROOM ID (Channel Key)"</h2> <a href="/rooms">"Chatroom list"</a></header>
            <div class="body"><p class="soft">{ROOM_ID_HELP} " It is made with the room."</p></div>
            {(!none).then(|| view! { <ul class="feed ids">{rooms}</ul> })}
            {none.then(|| view! {
                <div class="body">
                    <p>"No room is open."</p>
                    {manages.then(|| view! { <div class="actions"><a class="button primary" href="/rooms/new">"Create a room"</a></div> })}
                </div>
            })}
        </section>
        <section class="card">
            <header><h2>"4. " {Field::ClientKey.label()}</h2></header>
            <div class="body">
                <p class="soft">{CLIENT_KEY_HELP} " To see them, call listUser in the group 3. ChatUser:"</p>
                <Sample id="users-call" name="List the participants of the room" code=users_call(&url, &room_id)/>
                {(nobody && room.is_some()).then(|| view! { <p>"Nobody is in this room yet."</p> })}
            </div>
            {(!nobody).then(|| view! { <ul class="feed ids">{users}</ul> })}
            {join.filter(|_| manages).map(|(link, name)| view! {
                <footer><a class="button" href=link><span>"Let somebody into “" <bdi>{name}</bdi> "”"</span></a></footer>
            })}
        </section>
    }
}
