//! `…/rooms`: the rooms of the app.

use std::sync::Arc;

use axum::extract::State;
use domain::ids::{AppId, RoomId};
use domain::list::{cursor, search_whole};
use domain::room::{ROWS_MAX, Room, RoomKind, RoomQuery, RoomRules, RoomStatus};
use domain::timestamp::Timestamp;
use secrecy::SecretString;
use serde::Serialize;
use service::Paged;
use service::chat::rooms::{NewRoom, RoomPassword};

use super::answer::{Data, Done, Fail, List};
use super::caller::{Manager, Member};
use super::form::Form;
use super::place::{InRoom, found};
use crate::api::call::Api;

/// A room, in the family's words.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RoomItem {
    user_id: AppId,
    room_id: RoomId,
    room_name: String,
    /// 0 for any number.
    max_user: u32,
    start_dt: Option<String>,
    end_dt: Option<String>,
    message_count: u64,
    join_count: u32,
    room_status: &'static str,
    /// Keystead tells users of a room apart by their client keys, never by their devices.
    is_possible_dup: &'static str,
    /// A room of text. There are none of video.
    room_type: &'static str,
    webrtc_stat: &'static str,
    has_password: &'static str,
}

impl RoomItem {
    fn of(room: Room, now: Timestamp) -> Self {
        Self {
            room_status: match room.status(now) {
                RoomStatus::Open => "active",
                RoomStatus::Pending => "pending",
                RoomStatus::Ended => "ended",
            },
            user_id: room.app_id,
            room_id: room.id,
            room_name: room.name,
            max_user: room.max_users.unwrap_or(0),
            start_dt: room.opens_at.map(Timestamp::to_rfc3339),
            end_dt: room.ends_at.map(Timestamp::to_rfc3339),
            message_count: room.last_seq,
            join_count: room.joined,
            is_possible_dup: "N",
            room_type: "01",
            webrtc_stat: "N",
            has_password: if room.has_password { "Y" } else { "N" },
        }
    }
}

/// What a call asks for a room to be in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Open,
    Closed,
}

/// `roomStatus` of a call: `A` is the published word for an active room. `None` if there is none.
fn asked_status(form: &Form) -> Result<Option<Asked>, Fail> {
    let Some(word) = form.text("roomStatus") else { return Ok(None) };
    match word.to_ascii_lowercase().as_str() {
        "a" | "active" => Ok(Some(Asked::Open)),
        "c" | "closed" | "ended" => Ok(Some(Asked::Closed)),
        _ => Err(Fail::incorrect("roomStatus: Send A for active or C for closed.")),
    }
}

pub(super) async fn list(State(api): State<Arc<Api>>, member: Member, form: Form) -> Result<List<RoomItem>, Fail> {
    let status = match form.text("roomStatus").map(str::to_ascii_lowercase).as_deref() {
        None => None,
        Some("a" | "active") => Some(RoomStatus::Open),
        Some("p" | "pending") => Some(RoomStatus::Pending),
        Some("c" | "closed" | "ended") => Some(RoomStatus::Ended),
        Some(_) => return Err(Fail::incorrect("roomStatus: Send active, pending or ended.")),
    };
    let rows = form.number("rows")?.unwrap_or(ROWS_MAX);
    if !(1..=ROWS_MAX).contains(&rows) {
        return Err(Fail::incorrect("rows: Send a number from 1 to 1000."));
    }
    let wrong = "roomName: Send at most 200 characters that people can see, and no secret of a key.";
    let readable = |text: &str| search_whole(text).ok_or_else(|| Fail::incorrect(wrong));
    let search = form.text("roomName").map(readable).transpose()?;
    let mut query = RoomQuery { status, search, rows, ..RoomQuery::of_kinds(&[RoomKind::Room]) };
    if let Some(text) = form.text("after") {
        let wrong = || Fail::incorrect("after: This is no cursor of this list. Send next as the answer before has it.");
        query.after = Some(cursor(text).filter(|after| query.is_cursor(after, false)).ok_or_else(wrong)?);
    }
    let page = api.service.rooms(&member.caller, &query).await?;
    let now = api.service.now();
    Ok(List { list: page.rows.into_iter().map(|room| RoomItem::of(room, now)).collect(), next: page.next })
}

pub(super) async fn create(
    State(api): State<Arc<Api>>,
    Manager(member): Manager,
    form: Form,
) -> Result<Data<RoomItem>, Fail> {
    let rules = RoomRules::checked(
        form.needed("roomName")?,
        form.time("startDt", None)?,
        form.time("endDt", None)?,
        form.number("maxUser")?.filter(|most| *most > 0),
    )?;
    let password = form.sent("password").filter(|typed| !typed.is_empty()).map(SecretString::from);
    let new = NewRoom { kind: RoomKind::Room, rules, password, creator: None, contacts: Vec::new() };
    let room = api.service.create_room(&member.caller, &member.app, new).await?;
    Ok(Data(RoomItem::of(room, api.service.now())))
}

pub(super) async fn one(
    State(api): State<Arc<Api>>,
    member: Member,
    InRoom(id): InRoom,
) -> Result<Data<RoomItem>, Fail> {
    let room = found(&api, &member, &id).await?;
    Ok(Data(RoomItem::of(room, api.service.now())))
}

/// Changes what was sent and leaves the rest. An empty time or password takes it away.
pub(super) async fn modify(
    State(api): State<Arc<Api>>,
    Manager(member): Manager,
    InRoom(id): InRoom,
    form: Form,
) -> Result<Data<RoomItem>, Fail> {
    let status = asked_status(&form)?;
    let mut room = found(&api, &member, &id).await?;
    let time = |name| form.sent(name).map(|_| form.time(name, None)).transpose();
    let (name, opens_at, ends_at) = (form.text("roomName"), time("startDt")?, time("endDt")?);
    let max_users = form.number("maxUser")?.map(|most| Some(most).filter(|most| *most > 0));
    let change = |before: &RoomRules| {
        RoomRules::checked(
            name.unwrap_or(&before.name),
            opens_at.unwrap_or(before.opens_at),
            ends_at.unwrap_or(before.ends_at),
            max_users.unwrap_or(before.max_users),
        )
    };
    let password = match form.sent("password") {
        None => RoomPassword::Keep,
        Some("") => RoomPassword::Remove,
        Some(typed) => RoomPassword::Set(typed.into()),
    };
    room = api.service.change_room(&member.caller, &room.id, change, password).await?;
    room = match status {
        // Callers send it with every change, so it leaves the start of a room that opens later.
        Some(Asked::Open) if room.status(api.service.now()) == RoomStatus::Ended => {
            api.service.reopen_room(&member.caller, &id).await?
        }
        Some(Asked::Closed) if room.status(api.service.now()) != RoomStatus::Ended => {
            api.service.close_room(&member.caller, &id).await?
        }
        _ => room,
    };
    Ok(Data(RoomItem::of(room, api.service.now())))
}

pub(super) async fn open(
    State(api): State<Arc<Api>>,
    Manager(member): Manager,
    InRoom(id): InRoom,
) -> Result<Data<RoomItem>, Fail> {
    found(&api, &member, &id).await?;
    let room = api.service.open_room(&member.caller, &id).await?;
    Ok(Data(RoomItem::of(room, api.service.now())))
}

pub(super) async fn close(
    State(api): State<Arc<Api>>,
    Manager(member): Manager,
    InRoom(id): InRoom,
) -> Result<Data<RoomItem>, Fail> {
    found(&api, &member, &id).await?;
    let room = api.service.close_room(&member.caller, &id).await?;
    Ok(Data(RoomItem::of(room, api.service.now())))
}

/// Closes a room, as the family does. With `delete=Y`, deletes it with all that was said in it.
pub(super) async fn close_or_delete(
    State(api): State<Arc<Api>>,
    Manager(member): Manager,
    InRoom(id): InRoom,
    form: Form,
) -> Result<Done, Fail> {
    let delete = match form.text("delete") {
        None | Some("N" | "n") => false,
        Some("Y" | "y") => true,
        Some(_) => return Err(Fail::incorrect("delete: Send Y or N.")),
    };
    found(&api, &member, &id).await?;
    if delete {
        api.service.delete_room(&member.caller, &id).await?;
    } else {
        api.service.close_room(&member.caller, &id).await?;
    }
    Ok(Done)
}
