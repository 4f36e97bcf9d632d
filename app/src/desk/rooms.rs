//! Rooms and who is in them: what their pages read, and what their forms do.

use domain::app::App;
use domain::field::{Field, FieldErrors};
use domain::ids::{AppId, RoomId};
use domain::list::search;
use domain::message::{Author, MessageKind};
use domain::page::Page;
use domain::participant::{ClientKey, Grade, Participant, Who, nick_name};
use domain::refusal::Refusal;
use domain::role::Act;
use domain::room::{Room, RoomKind, RoomQuery, RoomRules};
use domain::text;
use domain::timestamp::Timestamp;
use domain::zone::Zone;
use secrecy::ExposeSecret;
use service::Caller;
use service::chat::messages::NewMessage;
use service::chat::people::Join;
use service::chat::rooms::{NewRoom, RoomPassword};

use super::apps::{app_id, in_use};
use super::context::Desk;
use super::live_room::room_id;
use super::session_cookie::Cookie;
use crate::addresses::with_query;
use crate::components::messages::MessageList;
use crate::error::ConsoleError;
use crate::forms::chat_done::ChatDone;
use crate::forms::done::Told;
use crate::forms::outcome::Next;
use crate::forms::person::Nothing;
use crate::forms::rooms::{DeleteRoomForm, JoinForm, NoticeForm, ParticipantAct, ParticipantForm, RoomForm, SHOW};

/// How many participants of a room a page shows.
const SHOWN: usize = 100;

/// How many messages a page shows.
const MESSAGES_SHOWN: u32 = 50;

/// A page of rooms or chats.
#[derive(Debug)]
pub struct RoomList {
    pub page: Page<Room>,
    /// The name of the app of each; none if they are all of one.
    pub apps: Vec<String>,
    /// When it was read.
    pub now: Timestamp,
    /// Whether the visitor may change them.
    pub manages: bool,
}

/// A room or chat.
#[derive(Debug)]
pub struct RoomView {
    pub room: Room,
    /// Its app, where there are several.
    pub app: Option<App>,
    pub now: Timestamp,
    /// Whether the visitor may change it.
    pub manages: bool,
}

impl RoomView {
    /// The same, if the visitor may change it.
    pub fn managed(self) -> Result<Self, ConsoleError> {
        if self.manages { Ok(self) } else { Err(ConsoleError::Refused(Refusal::Forbidden)) }
    }
}

/// Some participants of a room.
#[derive(Debug)]
pub struct ParticipantList {
    pub rows: Vec<Participant>,
    /// How many there are in all.
    pub total: usize,
    /// How many of them the search found.
    pub found: usize,
}

/// Whether the visitor may do this at all.
pub(super) fn allowed(desk: &Desk, act: Act) -> Result<Caller, ConsoleError> {
    let caller = desk.caller()?;
    if caller.rights().may(act) { Ok(caller) } else { Err(ConsoleError::Refused(Refusal::Forbidden)) }
}

/// Whether the visitor may create rooms and chats.
pub fn may_create() -> Result<(), ConsoleError> {
    allowed(&Desk::from_context()?, Act::ManageRooms).map(|_| ())
}

/// The app in which a form makes something: the one that it names, or the only one.
pub(super) async fn app_for(desk: &Desk, named: &str) -> Result<AppId, ConsoleError> {
    let app = if named.is_empty() {
        let words = "Choose the app that this will belong to.";
        desk.apps().await?.one.ok_or_else(|| invalid(FieldErrors::one(Field::App, words)))?
    } else {
        desk.service().app(&desk.caller()?, &app_id(named)?).await?
    };
    in_use(app)
}

/// A page of the rooms or chats of the apps that the pages are about.
pub async fn read_rooms(query: &RoomQuery) -> Result<RoomList, ConsoleError> {
    let desk = Desk::from_context()?;
    let caller = allowed(&desk, Act::SeeRooms)?;
    let view = desk.apps().await?;
    view.scope()?;
    let manages = caller.rights().may(Act::ManageRooms);
    let page = desk.service().rooms(&view.narrowed(caller), query).await?;
    let name = |room: &Room| view.choices.iter().find(|app| app.id == room.app_id).map(|app| app.name.clone());
    let apps = match &view.one {
        Some(_) => Vec::new(),
        None => page.rows.iter().map(|room| name(room).unwrap_or_default()).collect(),
    };
    Ok(RoomList { page, apps, now: desk.service().now(), manages })
}

/// A room of one of these kinds. Of another one there is no page here.
pub async fn read_room(id: &str, kinds: &[RoomKind]) -> Result<RoomView, ConsoleError> {
    let desk = Desk::from_context()?;
    let caller = allowed(&desk, Act::SeeRooms)?;
    let room = desk.service().room(&caller, &room_id(id)?).await?;
    if !kinds.contains(&room.kind) {
        return Err(ConsoleError::Refused(Refusal::RoomNotFound));
    }
    let app = desk.service().app(&caller, &room.app_id).await?;
    let shown = app.archived_at.is_some() || desk.apps().await?.is_shown();
    let app = Some(app).filter(|_| shown);
    let manages = caller.rights().may(Act::ManageRooms);
    Ok(RoomView { room, app, now: desk.service().now(), manages })
}

/// Those who have joined a room, or are muted or banned, as many as a page shows.
pub async fn read_participants(id: &RoomId, who: Who, find: &str) -> Result<ParticipantList, ConsoleError> {
    let desk = Desk::from_context()?;
    let mut rows = desk.service().participants(&desk.caller()?, id, who).await?;
    let total = rows.len();
    if let Some(search) = search(find) {
        let key = text::name_key(&search);
        rows.retain(|one| {
            text::name_key(&one.nick_name).starts_with(&key) || one.client_key.as_str().starts_with(&search)
        });
    }
    let found = rows.len();
    rows.truncate(SHOWN);
    Ok(ParticipantList { rows, total, found })
}

/// The latest messages of a room, or those before one.
pub async fn read_messages(room: &Room, before: Option<u64>) -> Result<MessageList, ConsoleError> {
    let desk = Desk::from_context()?;
    let (service, caller) = (desk.service(), desk.caller()?);
    let before = before.filter(|before| (2..=room.last_seq).contains(before));
    let rows = match before {
        None => service.latest(&caller, &room.id, MESSAGES_SHOWN).await?,
        Some(before) => {
            let from = before.saturating_sub(MESSAGES_SHOWN.into()).max(1);
            service.messages(&caller, &room.id, from, Some(before.saturating_sub(1)), MESSAGES_SHOWN).await?
        }
    };
    Ok(MessageList { room: room.id, rows, latest: before.is_none() })
}

/// The rules of a room as they were typed, with the times in this zone.
fn rules(form: &RoomForm, zone: Option<&Zone>) -> Result<RoomRules, FieldErrors> {
    let mut errors = FieldErrors::default();
    let read = |typed: &str| zone.map_or_else(|| Timestamp::parse_input(typed), |zone| zone.parse_input(typed));
    let mut time = |field, typed: &str| match typed.trim() {
        "" => None,
        typed => errors.keep(field, read(typed).ok_or_else(|| "Enter a date and a time.".to_owned())),
    };
    let (opens, ends) = (time(Field::OpensAt, &form.opens_at), time(Field::EndsAt, &form.ends_at));
    let most = match form.max_users.trim() {
        "" => None,
        typed => errors.keep(Field::MaxUsers, typed.parse::<u32>().map_err(|_| "Enter a whole number.".to_owned())),
    };
    let rules = errors.keep_all(RoomRules::checked(&form.name, opens, ends, most));
    rules.filter(|_| errors.is_empty()).ok_or(errors)
}

pub(super) fn invalid(errors: FieldErrors) -> ConsoleError {
    ConsoleError::Refused(Refusal::Invalid(errors))
}

pub async fn create(desk: Desk, form: RoomForm) -> Result<Next<()>, ConsoleError> {
    let caller = allowed(&desk, Act::ManageRooms)?;
    let app = app_for(&desk, &form.app).await?;
    let password = (!form.password.expose_secret().is_empty()).then(|| form.password.clone());
    let new = NewRoom {
        kind: RoomKind::Room,
        rules: rules(&form, desk.zone().as_ref()).map_err(invalid)?,
        password,
        creator: None,
        contacts: Vec::new(),
    };
    let room = desk.service().create_room(&caller, &app, new).await?;
    Ok(told(&desk, address(&room.id), ChatDone::RoomCreated))
}

pub async fn change(desk: Desk, id: RoomId, form: RoomForm) -> Result<Next<()>, ConsoleError> {
    let caller = allowed(&desk, Act::ManageRooms)?;
    let password = if form.no_password {
        RoomPassword::Remove
    } else if form.password.expose_secret().is_empty() {
        RoomPassword::Keep
    } else {
        RoomPassword::Set(form.password.clone())
    };
    let rules = rules(&form, desk.zone().as_ref()).map_err(invalid)?;
    desk.service().change_room(&caller, &id, |_| Ok(rules.clone()), password).await?;
    Ok(told(&desk, address(&id), ChatDone::RoomChanged))
}

pub async fn open(desk: Desk, id: RoomId, _form: Nothing) -> Result<Next<()>, ConsoleError> {
    desk.service().open_room(&desk.caller()?, &id).await?;
    Ok(told(&desk, address(&id), ChatDone::RoomOpened))
}

pub async fn close(desk: Desk, id: RoomId, _form: Nothing) -> Result<Next<()>, ConsoleError> {
    desk.service().close_room(&desk.caller()?, &id).await?;
    Ok(told(&desk, address(&id), ChatDone::RoomClosed))
}

pub async fn delete(desk: Desk, id: RoomId, form: DeleteRoomForm) -> Result<Next<()>, ConsoleError> {
    let caller = allowed(&desk, Act::ManageRooms)?;
    let room = desk.service().room(&caller, &id).await?;
    if !text::is_same_name(&form.confirm_name, &room.name) {
        let errors = FieldErrors::one(Field::ConfirmName, "Type the name of the room exactly as it is.");
        return Err(invalid(errors));
    }
    desk.service().delete_room(&caller, &id).await?;
    Ok(told(&desk, "/rooms".to_owned(), ChatDone::RoomDeleted))
}

/// Lets somebody join. The answer has their client key.
pub async fn join(desk: Desk, id: RoomId, form: JoinForm) -> Result<Next<Participant>, ConsoleError> {
    let caller = allowed(&desk, Act::ManageRooms)?;
    let client_key = match form.client_key.trim() {
        "" => None,
        typed => {
            let words = "Use 1 to 64 letters, digits and the characters _, - and a full stop.";
            Some(ClientKey::parse(typed).ok_or_else(|| invalid(FieldErrors::one(Field::ClientKey, words)))?)
        }
    };
    let password = (!form.password.expose_secret().is_empty()).then(|| form.password.clone());
    let grade = Grade::parse(&form.grade).unwrap_or_default();
    let join = Join { client_key, nick_name: form.nick_name, grade, password };
    match desk.service().join(&caller, &id, join).await.map_err(ConsoleError::from) {
        Err(ConsoleError::Refused(wrong @ Refusal::WrongRoomPassword)) => {
            Err(invalid(FieldErrors::one(Field::RoomPassword, wrong.message())))
        }
        Err(ConsoleError::Refused(taken @ Refusal::ClientKeyTaken)) => {
            Err(invalid(FieldErrors::one(Field::ClientKey, taken.message())))
        }
        joined => Ok(Next::Show(joined?)),
    }
}

/// Limits and releases a participant.
pub async fn act_on_participant(desk: Desk, id: RoomId, form: ParticipantForm) -> Result<Next<()>, ConsoleError> {
    let (service, caller) = (desk.service(), allowed(&desk, Act::ManageRooms)?);
    let act = form.act.ok_or(ConsoleError::Malformed)?;
    let key = ClientKey::parse(&form.client_key).ok_or(ConsoleError::Refused(Refusal::NotJoined))?;
    let done = match act {
        ParticipantAct::Mute => service.mute(&caller, &id, &key).await.map(|()| ChatDone::Muted),
        ParticipantAct::Unmute => service.unmute(&caller, &id, &key).await.map(|()| ChatDone::Unmuted),
        ParticipantAct::Ban => service.exile(&caller, &id, &key).await.map(|()| ChatDone::Banned),
        ParticipantAct::Admit => service.cancel_exile(&caller, &id, &key).await.map(|()| ChatDone::Unbanned),
    }?;
    let show = who(&form.show).filter(|who| *who != Who::Joined).map(|who| format!("{SHOW}={}", who_word(who)));
    Ok(told(&desk, with_query(&address(&id), &show.unwrap_or_default()), done))
}

pub async fn send_notice(desk: Desk, id: RoomId, form: NoticeForm) -> Result<Next<()>, ConsoleError> {
    let caller = allowed(&desk, Act::ManageRooms)?;
    if desk.service().room(&caller, &id).await?.kind != RoomKind::Room {
        return Err(ConsoleError::Refused(Refusal::RoomNotFound));
    }
    let name = nick_name(&form.nick_name).map_err(invalid)?;
    let new = NewMessage {
        kind: MessageKind::Notice,
        author: Author::manager(&name),
        text: form.notice,
        reply_to: None,
        to: None,
        attachment: None,
    };
    desk.service().send(&caller, &id, new).await?;
    Ok(told(&desk, address(&id), ChatDone::NoticeSent))
}

/// The word in an address for those whom a page shows.
pub const fn who_word(who: Who) -> &'static str {
    match who {
        Who::Joined => "joined",
        Who::Muted => "muted",
        Who::Banned => "banned",
    }
}

/// Whom a word in an address means.
pub fn who(word: &str) -> Option<Who> {
    [Who::Joined, Who::Muted, Who::Banned].into_iter().find(|who| who_word(*who) == word)
}

fn address(id: &RoomId) -> String {
    format!("/rooms/{id}")
}

/// Goes on, and lets the next page say what was done.
pub(super) fn told<T>(desk: &Desk, to: String, done: ChatDone) -> Next<T> {
    let cookie = Cookie::Done.set(desk.visit.transport, desk.console.port, &Told::Chat(done).cookie());
    Next::GoWithCookies(to, vec![cookie])
}
