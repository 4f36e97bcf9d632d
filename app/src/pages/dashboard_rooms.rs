//! The section CHAT ROOM of the dashboard: the rooms in which something was said last, each with its ROOM ID.

use domain::refusal::Refusal;
use domain::role::Act;
use domain::room::{RoomKind, RoomQuery};
use leptos::prelude::*;

use super::rooms::Table;
use crate::components::failed::FormProblem;
use crate::components::public_id::ROOM_ID_HELP;
use crate::desk::keys::may;
use crate::desk::later::later;
use crate::desk::rooms::{RoomList, read_rooms};
use crate::error::ConsoleError;

/// How many rooms are shown.
const SHOWN: u32 = 5;

#[component]
pub fn ChatRooms() -> impl IntoView {
    if !may(Act::SeeRooms) {
        return ().into_any();
    }
    let list = later(async move {
        let query = RoomQuery { rows: SHOWN, ..RoomQuery::of_kinds(&[RoomKind::Room]) };
        match read_rooms(&query).await {
            Ok(list) => view! { <Shown list/> }.into_any(),
            // The figures say so.
            Err(ConsoleError::Refused(Refusal::ChooseApp { .. })) => ().into_any(),
            Err(error) => view! { <FormProblem problem=Some(error)/> }.into_any(),
        }
    });
    view! { {list} }.into_any()
}

#[component]
fn Shown(list: RoomList) -> impl IntoView {
    let RoomList { page, apps, now, manages } = list;
    let empty = page.rows.is_empty();
    view! {
        <section class="card" aria-labelledby="chat-room">
            <header><h2 id="chat-room">"CHAT ROOM"</h2> <a href="/rooms">"Chatroom list"</a></header>
            <div class="body">
                <p class="soft">{if empty { "There is no room yet." } else { ROOM_ID_HELP }}</p>
                {(empty && manages).then(|| view! {
                    <div class="actions"><a class="button" href="/rooms/new">"Create a room"</a></div>
                })}
            </div>
            {(!empty).then(|| view! { <Table rooms=page.rows apps now bare=true/> })}
        </section>
    }
}
