//! Who is in a room, who may not write in it, and who may not join it.

use std::{
    collections::{BTreeMap, BTreeSet},
    slice,
};

use domain::{
    audit::{Action, AuditEvent},
    field::Field,
    ids::{AppId, ContactId, RoomId},
    message::{self, Author, Message},
    participant::{self, ClientKey, Grade, NICK_NAME_MAX, NamedContact, Participant, Who},
    refusal::Refusal,
    role::Act,
    room::{self, Room, RoomKind},
    timestamp::Timestamp,
};
use secrecy::{ExposeSecret, SecretString};
use store::Tx;

use super::{CHAT, ROOM, ROOM_OR_CHAT, in_sight, managed, say, takes_part};
use crate::{Caller, Error, Result, Service, entropy, people::change};

/// Somebody who wants to join a room.
#[derive(Debug)]
pub struct Join {
    /// The client key that they ask for; `None` for a new one.
    pub client_key: Option<ClientKey>,
    /// The name that the others see.
    pub nick_name: String,
    /// What they are in the room.
    pub grade: Grade,
    /// The password of the room, as typed.
    pub password: Option<SecretString>,
}

/// The most participants that are read at once.
const PARTICIPANTS_MAX: u32 = 10_000;

/// The most rooms of a contact that are read at once.
const MEMBERSHIPS_MAX: u32 = 1_000;

/// How many participants are looked up at once.
const LOOKED_UP: usize = 1_000;

impl Service {
    /// Puts somebody into a room, and says so in it. Of those who ask for the last place at the same time, exactly one
    /// gets it. Refuses with `Invalid`, `RoomNotFound`, `RoomNotOpen`, `RoomEnded`, `WrongRoomPassword`, `Banned`,
    /// `ClientKeyTaken` or `RoomFull`, in this order. Chats cannot be joined, and nobody joins with the client key of a
    /// contact.
    pub async fn join(&self, caller: &Caller, room: &RoomId, join: Join) -> Result<Participant> {
        caller.may(Act::ManageRooms)?;
        let nick_name = participant::nick_name(&join.nick_name)?;
        let client_key = match join.client_key {
            Some(client_key) => client_key.chosen()?,
            None => ClientKey::from_random(entropy::bytes(self.entropy())?),
        };
        let password = join.password.as_ref().map_or("", |password| password.expose_secret());
        let work = async |tx: &mut Tx| {
            let now = self.now();
            let mut room = managed(tx, caller, room, ROOM).await?;
            room.is_open(now)?;
            self.knows_password(tx, &room, password).await?;
            let before = tx.participant(&room.id, &client_key).await?;
            if before.as_ref().is_some_and(|before| before.banned_at.is_some()) {
                return Err(Refusal::Banned.into());
            }
            if before.as_ref().is_some_and(Participant::is_in) {
                return Err(Refusal::ClientKeyTaken.into());
            }
            let participant = Participant {
                room_id: room.id,
                client_key,
                nick_name,
                grade: join.grade,
                contact: None,
                joined_at: now,
                left_at: None,
                // Whoever is muted does not get out of it by leaving.
                muted_at: before.and_then(|before| before.muted_at),
                banned_at: None,
            };
            let said = enter(tx, &mut room, slice::from_ref(&participant), message::joined, now).await?;
            Ok::<_, Error>((participant, said))
        };
        let (participant, said) = self.write(work).await?;
        self.live().tell(&said);
        Ok(participant)
    }

    /// Takes somebody out of a room. `NotJoined` if they never were in it, `AlreadyLeft` if they are not any more.
    pub async fn leave(&self, caller: &Caller, room: &RoomId, client_key: &ClientKey) -> Result<()> {
        let work = async |tx: &mut Tx| {
            let mut room = managed(tx, caller, room, ROOM_OR_CHAT).await?;
            let before = tx.participant(&room.id, client_key).await?.ok_or(Refusal::NotJoined)?;
            if !before.is_in() {
                return Err(Refusal::AlreadyLeft.into());
            }
            let now = self.now();
            go(tx, &mut room, before, message::left, now).await
        };
        let said = self.write(work).await?;
        self.live().tell(&said);
        Ok(())
    }

    /// Bans a participant: they are out of the room, and may not join it. `NotJoined` if they never were in it.
    pub async fn exile(&self, caller: &Caller, room: &RoomId, client_key: &ClientKey) -> Result<()> {
        let work = async |tx: &mut Tx| {
            let mut room = managed(tx, caller, room, ROOM).await?;
            let before = tx.participant(&room.id, client_key).await?.ok_or(Refusal::NotJoined)?;
            if before.banned_at.is_some() {
                return Ok(Vec::new());
            }
            let now = self.now();
            let banned = Participant { banned_at: Some(now), ..before };
            self.record_participant(tx, caller, Action::ParticipantBanned, &room, &banned).await?;
            if banned.is_in() {
                return go(tx, &mut room, banned, message::banned, now).await;
            }
            tx.put_participants(&[banned]).await?;
            Ok::<_, Error>(Vec::new())
        };
        let said = self.write(work).await?;
        self.live().tell(&said);
        Ok(())
    }

    /// Lifts a ban. They are not in the room until they join it. `NotJoined` if they were never in it.
    pub async fn cancel_exile(&self, caller: &Caller, room: &RoomId, client_key: &ClientKey) -> Result<()> {
        let admit = |before: &Participant, _| Participant { banned_at: None, ..before.clone() };
        self.change_participant(caller, room, client_key, Action::ParticipantAdmitted, admit).await
    }

    /// Forbids a participant to write. `NotJoined` if they were never in the room.
    pub async fn mute(&self, caller: &Caller, room: &RoomId, client_key: &ClientKey) -> Result<()> {
        let mute = |before: &Participant, now| {
            let muted_at = before.muted_at.or(Some(now));
            Participant { muted_at, ..before.clone() }
        };
        self.change_participant(caller, room, client_key, Action::ParticipantMuted, mute).await
    }

    /// Lets a participant write again. `NotJoined` if they were never in the room.
    pub async fn unmute(&self, caller: &Caller, room: &RoomId, client_key: &ClientKey) -> Result<()> {
        let unmute = |before: &Participant, _| Participant { muted_at: None, ..before.clone() };
        self.change_participant(caller, room, client_key, Action::ParticipantUnmuted, unmute).await
    }

    /// Participants of a room in the order in which they joined, at most 10,000.
    pub async fn participants(&self, caller: &Caller, room: &RoomId, who: Who) -> Result<Vec<Participant>> {
        let room = self.room_for(caller, Act::SeeRooms, room).await?;
        let mut found = self.store().participants(&room.id, who, PARTICIPANTS_MAX).await?;
        if room.kind == RoomKind::Butler {
            // It is that of one contact, whoever else an earlier version has added.
            let ids: Vec<_> = found.iter().filter_map(|one| one.contact).collect();
            let mut own = self.store().contacts_by_id(&ids).await?;
            own.retain(|contact| contact.butler == Some(room.id));
            found.retain(|one| own.iter().any(|contact| one.contact == Some(contact.id)));
        }
        Ok(found)
    }

    /// One participant, in the room or not. For callers who may read or write in the room.
    pub async fn participant(
        &self,
        caller: &Caller,
        room: &RoomId,
        client_key: &ClientKey,
    ) -> Result<Option<Participant>> {
        caller.may(Act::SeeRooms).or_else(|_| caller.may(Act::ManageRooms))?;
        let room = in_sight(caller, self.store().room(room).await?)?;
        Ok(self.store().participant(&room.id, client_key).await?)
    }

    /// Adds contacts to a chat, and says so in it. Those who are in it already stay. The contacts are the caller's to
    /// look up, and of the same app. `NotJoined` if an author who is a contact is not in it, `Banned` if one of them is,
    /// `ClientKeyTaken` if somebody else has the key of one, `RoomFull` if not all fit.
    pub async fn add_contacts(
        &self,
        caller: &Caller,
        room: &RoomId,
        contacts: &[NamedContact],
        by: &Author,
    ) -> Result<()> {
        let work = async |tx: &mut Tx| {
            let now = self.now();
            let mut room = managed(tx, caller, room, CHAT).await?;
            room.is_open(now)?;
            takes_part(tx, &room.id, by).await?;
            let mut known = BTreeMap::new();
            for some in contacts.chunks(LOOKED_UP) {
                let asked: Vec<_> = some.iter().map(|contact| (room.id, ClientKey::of_contact(&contact.id))).collect();
                let found = tx.some_participants(&asked).await?;
                known.extend(found.into_iter().map(|found| (found.client_key.clone(), found)));
            }
            let (mut new, mut seen) = (Vec::new(), BTreeSet::new());
            for contact in contacts.iter().filter(|contact| seen.insert(contact.id)) {
                let before = known.get(&ClientKey::of_contact(&contact.id));
                if before.is_some_and(|before| before.banned_at.is_some()) {
                    return Err(Refusal::Banned.into());
                }
                // Somebody joined with the key that is the contact's.
                if before.is_some_and(|before| before.is_in() && before.contact.is_none()) {
                    return Err(Refusal::ClientKeyTaken.into());
                }
                if before.is_none_or(|before| !before.is_in()) {
                    new.push(of_contact(&room.id, contact, before, now));
                }
            }
            enter(tx, &mut room, &new, message::added, now).await
        };
        let said = self.write(work).await?;
        self.live().tell(&said);
        Ok(())
    }

    /// The rooms of an app that a contact is in, and what they are there; the room in which something was said last comes
    /// first. At most 1,000.
    pub async fn memberships(
        &self,
        caller: &Caller,
        app: &AppId,
        contact: &ContactId,
    ) -> Result<Vec<(Room, Participant)>> {
        caller.may(Act::SeeRooms)?;
        if !caller.sight().apps.has(app) {
            return Err(Refusal::AppNotFound.into());
        }
        Ok(self.store().memberships(app, contact, MEMBERSHIPS_MAX).await?)
    }

    /// Changes a participant. If that changes nothing, records nothing.
    async fn change_participant(
        &self,
        caller: &Caller,
        room: &RoomId,
        client_key: &ClientKey,
        action: Action,
        changed: impl Fn(&Participant, Timestamp) -> Participant,
    ) -> Result<()> {
        let work = async |tx: &mut Tx| {
            let room = managed(tx, caller, room, ROOM).await?;
            let before = tx.participant(&room.id, client_key).await?.ok_or(Refusal::NotJoined)?;
            let after = changed(&before, self.now());
            if after == before {
                return Ok(());
            }
            self.record_participant(tx, caller, action, &room, &after).await?;
            tx.put_participants(&[after]).await?;
            Ok::<_, Error>(())
        };
        self.write(work).await
    }

    async fn record_participant(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        action: Action,
        room: &Room,
        of: &Participant,
    ) -> Result<()> {
        let changes = vec![
            change(Field::ClientKey, None, Some(of.client_key.as_str())),
            change(Field::NickName, None, Some(&of.nick_name)),
        ];
        let event = self.room_event(caller, action, room);
        Ok(self.record(tx, AuditEvent { changes, ..event }).await?)
    }

    /// `WrongRoomPassword` unless this is the password of a room that has one.
    async fn knows_password(&self, tx: &mut Tx, room: &Room, typed: &str) -> Result<()> {
        if !room.has_password {
            return Ok(());
        }
        let kept = tx.room_password(&room.id).await?.unwrap_or_default();
        let password = room::password(typed).map_err(|_| Refusal::WrongRoomPassword)?;
        let right = self.keyring().is_room_password(&room.id, &password, &kept);
        if right { Ok(()) } else { Err(Refusal::WrongRoomPassword.into()) }
    }
}

/// A contact as they are in a room. What they were there `before` stays, as far as it is not about being in it.
pub(super) fn of_contact(
    room: &RoomId,
    contact: &NamedContact,
    before: Option<&Participant>,
    now: Timestamp,
) -> Participant {
    Participant {
        room_id: *room,
        client_key: ClientKey::of_contact(&contact.id),
        nick_name: contact.name.chars().take(NICK_NAME_MAX).collect(),
        grade: before.map(|before| before.grade).unwrap_or_default(),
        contact: Some(contact.id),
        joined_at: now,
        left_at: None,
        muted_at: before.and_then(|before| before.muted_at),
        banned_at: None,
    }
}

/// Puts participants who are not in it into a room, and says so. `RoomFull` if not all of them fit.
async fn enter(
    tx: &mut Tx,
    room: &mut Room,
    new: &[Participant],
    words: fn(&str) -> String,
    now: Timestamp,
) -> Result<Vec<Message>> {
    let joined = room.joined.saturating_add(u32::try_from(new.len()).unwrap_or(u32::MAX));
    // Nobody else writes until this is committed, so what was counted is still true.
    if room.max_users.is_some_and(|most| joined > most) && !new.is_empty() {
        return Err(Refusal::RoomFull.into());
    }
    tx.put_participants(new).await?;
    tx.set_room_joined(&room.id, joined).await?;
    let texts = new.iter().map(|participant| words(&participant.nick_name)).collect();
    Ok(say(tx, room, texts, now).await?)
}

/// Takes a participant who is in it out of a room, and says so.
async fn go(
    tx: &mut Tx,
    room: &mut Room,
    before: Participant,
    words: fn(&str) -> String,
    now: Timestamp,
) -> Result<Vec<Message>> {
    let text = words(&before.nick_name);
    tx.put_participants(&[Participant { left_at: Some(now), ..before }]).await?;
    tx.set_room_joined(&room.id, room.joined.saturating_sub(1)).await?;
    Ok(say(tx, room, vec![text], now).await?)
}
