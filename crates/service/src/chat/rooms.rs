//! Rooms: how they are created, changed, opened, closed, archived and deleted.

use std::collections::BTreeSet;

use domain::{
    app::APPS_TOGETHER,
    audit::{Action, AuditEvent, Change},
    field::{Field, FieldErrors},
    ids::{AppId, ContactId, RoomId},
    message::{self, Author},
    page::Page,
    participant::{NamedContact, Participant},
    refusal::Refusal,
    role::Act,
    room::{self, Room, RoomKind, RoomQuery, RoomRules},
    sight::Scope,
    text,
    timestamp::Timestamp,
};
use secrecy::{ExposeSecret, SecretString};
use store::Tx;

use super::{
    CHAT, ROOM,
    conversations::note_default,
    managed,
    profiles::{self, Object},
    say, takes_part,
};
use crate::{Caller, Error, Result, Service, apps::in_use, chat::people, entropy, people::change};

/// A room to create.
#[derive(Debug)]
pub struct NewRoom {
    /// The type of the room.
    pub kind: RoomKind,
    /// Its name, times and size.
    pub rules: RoomRules,
    /// What joining takes; `None` for nothing.
    pub password: Option<SecretString>,
    /// The contact on whose behalf it is created. That alone does not put them into it.
    pub creator: Option<ContactId>,
    /// The contacts who are in it from the start. They are the caller's to look up, and of the same app.
    pub contacts: Vec<NamedContact>,
}

/// What becomes of the password of a room.
#[derive(Debug)]
pub enum RoomPassword {
    /// It stays, or the room stays without one.
    Keep,
    /// Joining takes none from now on.
    Remove,
    /// Joining takes this one from now on.
    Set(SecretString),
}

/// How many apps a list shows together.
const TOGETHER: usize = APPS_TOGETHER as usize;

/// How the record names a password.
const SET: &str = "set";
const NEW: &str = "a new one";

impl Service {
    /// Creates a room in an app. `AppNotFound` for an app out of sight, `RoomFull` for more contacts than it may have.
    pub async fn create_room(&self, caller: &Caller, app: &AppId, new: NewRoom) -> Result<Room> {
        self.create_room_with(caller, app, new, &Object::new()).await
    }

    /// The same with what a program keeps about it.
    pub async fn create_room_with(&self, caller: &Caller, app: &AppId, new: NewRoom, profile: &Object) -> Result<Room> {
        caller.may(Act::ManageRooms)?;
        let rules = checked(&new.rules)?;
        let id = RoomId::from_random(entropy::bytes(self.entropy())?);
        let password = new.password.map(|password| self.room_password(&id, &password)).transpose()?.unwrap_or_default();
        let now = self.now();
        let participants = contacts_in(&id, &new.contacts, now);
        let joined = u32::try_from(participants.len()).unwrap_or(u32::MAX);
        if rules.max_users.is_some_and(|most| joined > most) {
            return Err(Refusal::RoomFull.into());
        }
        let mut room = Room {
            id,
            app_id: *app,
            kind: new.kind,
            name: rules.name,
            opens_at: rules.opens_at,
            ends_at: rules.ends_at,
            closed_at: None,
            archived_at: None,
            max_users: rules.max_users,
            has_password: !password.is_empty(),
            created_at: now,
            created_by: new.creator,
            last_seq: 0,
            joined,
            last_message_at: None,
            profile: profiles::written(profile)?,
        };
        let work = async |tx: &mut Tx| {
            in_use(tx, caller, app).await?;
            if profiles::is_personal(&room)
                && let Some(contact) = new.contacts.first()
            {
                note_default(tx, &mut room, &contact.id).await?;
            }
            tx.insert_room(&room, &password).await?;
            tx.put_participants(&participants).await?;
            crate::deliveries::tell_of_room(tx, &room).await?;
            let mut changes = changes(None, &room.rules());
            changes.extend(room.has_password.then(|| change(Field::RoomPassword, None, Some(SET))));
            let event = self.room_event(caller, Action::RoomCreated, &room);
            self.record(tx, AuditEvent { changes, ..event }).await?;
            Ok::<_, Error>(room)
        };
        self.write(work).await
    }

    /// A room; `RoomNotFound` for one out of sight.
    pub async fn room(&self, caller: &Caller, id: &RoomId) -> Result<Room> {
        self.room_for(caller, Act::SeeRooms, id).await
    }

    /// A page of the rooms in sight. `ChooseApp` if those are of more apps than lists show together.
    pub async fn rooms(&self, caller: &Caller, query: &RoomQuery) -> Result<Page<Room>> {
        caller.may(Act::SeeRooms)?;
        let apps = match &caller.sight().apps {
            Scope::Only(few) if few.len() <= TOGETHER => Scope::Only(few.clone()),
            many => {
                let apps = self.store().apps_in_use(many, APPS_TOGETHER + 1).await?;
                if apps.len() > TOGETHER {
                    return Err(Refusal::ChooseApp { most: APPS_TOGETHER }.into());
                }
                Scope::Only(apps.into_iter().map(|app| app.id).collect())
            }
        };
        Ok(self.store().list_rooms(&apps, query, self.now()).await?)
    }

    /// Changes a room, from what it is as nobody else writes. If it does not differ, records nothing.
    pub async fn change_room(
        &self,
        caller: &Caller,
        id: &RoomId,
        to: impl Fn(&RoomRules) -> Result<RoomRules, FieldErrors>,
        password: RoomPassword,
    ) -> Result<Room> {
        caller.may(Act::ManageRooms)?;
        let kept = match &password {
            RoomPassword::Keep => None,
            RoomPassword::Remove => Some(String::new()),
            RoomPassword::Set(password) => Some(self.room_password(id, password)?),
        };
        let work = async |tx: &mut Tx| {
            let before = managed(tx, caller, id, ROOM).await?;
            let rules = checked(&to(&before.rules())?)?;
            let mut changes = changes(Some(&before.rules()), &rules);
            if !changes.is_empty() {
                caller.sees_state(&before.rules())?;
            }
            let RoomRules { name, opens_at, ends_at, max_users } = rules;
            let mut room = Room { name, opens_at, ends_at, max_users, ..before };
            if !changes.is_empty() {
                tx.update_room(&room).await?;
            }
            if let Some(kept) = kept {
                let had = room.has_password.then_some(SET);
                room.has_password = !kept.is_empty();
                let has = room.has_password.then_some(if had.is_some() { NEW } else { SET });
                if had != has {
                    tx.set_room_password(id, &kept).await?;
                    changes.push(change(Field::RoomPassword, had, has));
                }
            }
            self.record_change(tx, caller, &room, changes).await?;
            Ok::<_, Error>(room)
        };
        self.write(work).await
    }

    /// Gives a chat another name, and says so in it. `RoomEnded` if it is archived, `NotJoined` if an author who is a contact
    /// is not in it.
    pub async fn rename_chat(&self, caller: &Caller, id: &RoomId, name: &str, by: &Author) -> Result<Room> {
        caller.may(Act::ManageRooms)?;
        let name = text::room_name(name).map_err(|message| FieldErrors::one(Field::Name, message))?;
        let work = async |tx: &mut Tx| {
            let before = managed(tx, caller, id, CHAT).await?;
            before.is_open(self.now())?;
            takes_part(tx, id, by).await?;
            let rules = before.rules();
            let changes = changes(Some(&rules), &RoomRules { name: name.clone(), ..before.rules() });
            let mut room = Room { name, ..before };
            if changes.is_empty() {
                return Ok((room, Vec::new()));
            }
            caller.sees_state(&rules)?;
            tx.update_room(&room).await?;
            room.profile = profiles::renamed_chat(&room);
            tx.set_room_profile(id, &room.profile).await?;
            let text = message::renamed(&room.name);
            let said = say(tx, &mut room, vec![text], self.now()).await?;
            self.record_change(tx, caller, &room, changes).await?;
            Ok::<_, Error>((room, said))
        };
        let (room, said) = self.write(work).await?;
        self.live().tell(&said);
        Ok(room)
    }

    /// Opens a room now: it is not closed any more, a later opening is now, and an end that is over is taken away.
    pub async fn open_room(&self, caller: &Caller, id: &RoomId) -> Result<Room> {
        let open = |room: &Room, now: Timestamp| Room {
            opens_at: room.opens_at.map(|opens| opens.min(now)),
            ..reopened(room, now)
        };
        self.switch_room(caller, id, ROOM, Action::RoomOpened, open).await
    }

    /// Opens a room that has ended: it is not closed any more, and an end that is over is taken away. A later opening
    /// stays. A room that has not ended stays as it is.
    pub async fn reopen_room(&self, caller: &Caller, id: &RoomId) -> Result<Room> {
        self.switch_room(caller, id, ROOM, Action::RoomOpened, reopened).await
    }

    /// Closes a room. Nobody can join it or write in it until it is opened again.
    pub async fn close_room(&self, caller: &Caller, id: &RoomId) -> Result<Room> {
        let close = |room: &Room, now| Room { closed_at: room.closed_at.or(Some(now)), ..room.clone() };
        self.switch_room(caller, id, ROOM, Action::RoomClosed, close).await
    }

    /// Archives a chat, or brings it back. An archived chat is in a list of its own, and nobody can write in it.
    pub async fn archive_room(&self, caller: &Caller, id: &RoomId, archived: bool) -> Result<Room> {
        let action = if archived { Action::RoomArchived } else { Action::RoomRestored };
        let archive = |room: &Room, now| {
            let archived_at = if archived { room.archived_at.or(Some(now)) } else { None };
            Room { archived_at, ..room.clone() }
        };
        self.switch_room(caller, id, CHAT, action, archive).await
    }

    /// Deletes a room with all that was said in it, for good. What takes long to remove is out of reach at once, and
    /// removed in the background.
    pub async fn delete_room(&self, caller: &Caller, id: &RoomId) -> Result<()> {
        self.delete_of(caller, id, ROOM).await
    }

    /// Deletes a room of one of these kinds.
    pub(super) async fn delete_of(&self, caller: &Caller, id: &RoomId, kinds: &[RoomKind]) -> Result<()> {
        let work = async |tx: &mut Tx| {
            let room = managed(tx, caller, id, kinds).await?;
            tx.delete_room(id).await?;
            self.record(tx, self.room_event(caller, Action::RoomDeleted, &room)).await?;
            Ok::<_, Error>(())
        };
        self.write(work).await?;
        self.room_is_deleted(id).await;
        Ok(())
    }

    /// Ends what still goes on about a room that is deleted.
    pub(super) async fn room_is_deleted(&self, id: &RoomId) {
        self.live().end(id);
        // Most rooms are small, and gone with this. What is left, or fails, is the sweep's.
        if let Err(error) = self.prune_deleted_room(id).await {
            tracing::warn!(%error, room = %id, "what was said in a deleted room is removed later");
        }
    }

    /// Changes the state of a room. If it has that state already, records nothing.
    async fn switch_room(
        &self,
        caller: &Caller,
        id: &RoomId,
        kinds: &[RoomKind],
        action: Action,
        switched: impl Fn(&Room, Timestamp) -> Room,
    ) -> Result<Room> {
        let work = async |tx: &mut Tx| {
            let before = managed(tx, caller, id, kinds).await?;
            let room = switched(&before, self.now());
            if room == before {
                return Ok(room);
            }
            tx.update_room(&room).await?;
            let changes = changes(Some(&before.rules()), &room.rules());
            let event = self.room_event(caller, action, &room);
            self.record(tx, AuditEvent { changes, ..event }).await?;
            Ok::<_, Error>(room)
        };
        self.write(work).await
    }

    pub(super) async fn record_change(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        room: &Room,
        changes: Vec<Change>,
    ) -> Result<()> {
        if !changes.is_empty() {
            let event = self.room_event(caller, Action::RoomChanged, room);
            self.record(tx, AuditEvent { changes, ..event }).await?;
        }
        Ok(())
    }

    /// What the password of a room is checked against.
    fn room_password(&self, id: &RoomId, password: &SecretString) -> Result<String, FieldErrors> {
        let password = room::password(password.expose_secret());
        let password = password.map_err(|message| FieldErrors::one(Field::RoomPassword, message))?;
        Ok(self.keyring().room_password(id, &password))
    }
}

/// A room that has not ended at this time, and is otherwise the same.
fn reopened(room: &Room, now: Timestamp) -> Room {
    Room { closed_at: None, ends_at: room.ends_at.filter(|ends| *ends > now), ..room.clone() }
}

fn checked(rules: &RoomRules) -> Result<RoomRules, FieldErrors> {
    RoomRules::checked(&rules.name, rules.opens_at, rules.ends_at, rules.max_users)
}

/// Contacts as they are in a new room, each once.
fn contacts_in(room: &RoomId, contacts: &[NamedContact], now: Timestamp) -> Vec<Participant> {
    let mut known = BTreeSet::new();
    let new = contacts.iter().filter(|contact| known.insert(contact.id));
    new.map(|contact| people::of_contact(room, contact, None, now)).collect()
}

/// How two sets of rules differ, for the record.
pub(super) fn changes(before: Option<&RoomRules>, after: &RoomRules) -> Vec<Change> {
    let words = |rules: &RoomRules| {
        let time = |at: Option<Timestamp>| at.map(Timestamp::to_rfc3339);
        let most = rules.max_users.map(|most| most.to_string());
        [Some(rules.name.clone()), time(rules.opens_at), time(rules.ends_at), most]
    };
    let fields = [Field::Name, Field::OpensAt, Field::EndsAt, Field::MaxUsers];
    let (from, to) = (before.map(words).unwrap_or_default(), words(after));
    let differ = fields.into_iter().zip(from.iter().zip(&to)).filter(|(_, (from, to))| from != to);
    differ.map(|(field, (from, to))| change(field, from.as_deref(), to.as_deref())).collect()
}
