//! Watching a room: its messages as they are written, by this process or another. However many watch, a message is one
//! value in memory, and a room that nobody watches costs nothing.

use std::{
    collections::{HashMap, VecDeque},
    ops::Deref,
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use domain::{
    ids::RoomId,
    message::{Message, MessageKind},
    role::Act,
};
use store::{Deletion, Store};
use tokio::sync::{Notify, broadcast};

use crate::{Caller, Result, Service, verify::shards::lock};

/// How often this process looks what others wrote in rooms that are watched here.
pub(crate) const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Whoever falls further behind than this reads what they missed from the database.
const BEHIND: usize = 256;

/// How many messages are read at once to catch up.
const READ: u32 = 100;

/// How many messages a page shows at most. Of a deletion of more, the last ones are told.
const SHOWN: u32 = 200;

/// For how many seconds before a watch begins its deletions are told.
const LATELY: i64 = 60;

/// How many rooms are looked at in one statement.
const LOOKED_AT: usize = 500;

/// A message on its way to all who watch its room. They share it, and the form in which they send it on.
#[derive(Debug)]
pub struct LiveMessage {
    message: Message,
    form: OnceLock<Arc<str>>,
}

impl LiveMessage {
    fn new(message: Message) -> Arc<Self> {
        Arc::new(Self { message, form: OnceLock::new() })
    }

    /// The message in the form of an edge, which is made once for all who watch. There is one such form.
    pub fn form(&self, make: impl FnOnce(&Message) -> String) -> Arc<str> {
        Arc::clone(self.form.get_or_init(|| make(&self.message).into()))
    }
}

impl Deref for LiveMessage {
    type Target = Message;

    fn deref(&self) -> &Message {
        &self.message
    }
}

/// The messages of a room from some number on. Dropping this ends the watch.
#[derive(Debug)]
pub struct RoomWatch {
    room: RoomId,
    store: Store,
    receiver: broadcast::Receiver<Arc<LiveMessage>>,
    /// The number of the next message to give.
    next: u64,
    /// Up to which number messages are in the database, and will not be received.
    until: u64,
    read: VecDeque<Arc<LiveMessage>>,
}

impl RoomWatch {
    /// The next message, in order and without gaps, or one of those before it that was deleted. `None` when the room is
    /// deleted, the database does not answer, or the service is gone.
    pub async fn next(&mut self) -> Option<Arc<LiveMessage>> {
        use broadcast::error::RecvError::{Closed, Lagged};
        loop {
            if let Some(message) = self.read.pop_front() {
                self.next = self.next.max(message.seq + 1);
                return Some(message);
            }
            if self.next <= self.until {
                let read = self.store.messages(&self.room, self.next, self.until, READ).await.ok()?;
                // They were there, so the room is gone.
                if read.is_empty() {
                    return None;
                }
                self.read.extend(read.into_iter().map(LiveMessage::new));
                continue;
            }
            match self.receiver.recv().await {
                Ok(message) if message.seq == self.next => {
                    self.next += 1;
                    return Some(message);
                }
                Ok(message) if message.seq < self.next && message.kind == MessageKind::Deleted => return Some(message),
                Ok(message) if message.seq < self.next => {}
                Ok(message) => self.until = message.seq,
                // The next one that is received shows what is missing.
                Err(Lagged(_)) => {}
                Err(Closed) => return None,
            }
        }
    }
}

/// Who watches which room in this process.
#[derive(Debug, Default)]
pub(crate) struct Live {
    rooms: Mutex<HashMap<RoomId, Watched>>,
    behind: Notify,
}

#[derive(Debug)]
struct Watched {
    sender: broadcast::Sender<Arc<LiveMessage>>,
    /// The number of the last message that those who watch were told of.
    told: u64,
    /// The last deletion that they were told of.
    deletion: u64,
}

impl Live {
    /// Tells those who watch of new messages, each room's in their order. One that does not follow the last waits until
    /// `tell_watchers` has read what is between them: another process wrote that.
    pub(crate) fn tell<'a>(&self, messages: impl IntoIterator<Item = &'a Message>) {
        let mut rooms = lock(&self.rooms);
        if rooms.is_empty() {
            return;
        }
        for message in messages {
            let Some(watched) = rooms.get_mut(&message.room_id) else { continue };
            if message.seq == watched.told + 1 {
                watched.told = message.seq;
                // An error means that the last of them has just left.
                let _ = watched.sender.send(LiveMessage::new(message.clone()));
            } else if message.seq > watched.told {
                self.behind.notify_one();
            }
        }
    }

    /// Tells those who watch a room of what was read up to this number. This version may not be able to read all of it.
    fn tell_read(&self, room: &RoomId, read: &[Message], read_to: u64) {
        let mut rooms = lock(&self.rooms);
        let Some(watched) = rooms.get_mut(room) else { return };
        for message in read.iter().filter(|message| message.seq > watched.told) {
            let _ = watched.sender.send(LiveMessage::new(message.clone()));
        }
        watched.told = watched.told.max(read_to);
    }

    /// Tells those who watch a room of messages that were deleted.
    fn tell_deleted(&self, deletion: &Deletion, messages: Vec<Message>) {
        let mut rooms = lock(&self.rooms);
        let Some(watched) = rooms.get_mut(&deletion.room_id) else { return };
        watched.deletion = watched.deletion.max(deletion.n);
        for message in messages {
            // An error means that the last of them has just left.
            let _ = watched.sender.send(LiveMessage::new(message));
        }
    }

    /// Looks at once what is new in rooms that are watched.
    pub(crate) fn look(&self) {
        self.behind.notify_one();
    }

    /// Ends every watch of a room that is deleted.
    pub(crate) fn end(&self, room: &RoomId) {
        lock(&self.rooms).remove(room);
    }

    /// Waits until a message was written that does not follow the last that was told.
    pub(crate) async fn is_behind(&self) {
        self.behind.notified().await;
    }

    /// The next message of a room to be received, whose last one is this or a later one. Deletions up to this one are known.
    fn join(&self, room: &RoomId, last: u64, deletion: u64) -> (broadcast::Receiver<Arc<LiveMessage>>, u64) {
        let mut rooms = lock(&self.rooms);
        let new = || Watched { sender: broadcast::Sender::new(BEHIND), told: last, deletion };
        let watched = rooms.entry(*room).or_insert_with(new);
        (watched.sender.subscribe(), watched.told)
    }

    /// The rooms that somebody watches, and the last number and the last deletion of each that they were told of. Forgets the
    /// others.
    fn watched(&self) -> Vec<(RoomId, u64, u64)> {
        let mut rooms = lock(&self.rooms);
        rooms.retain(|_, watched| watched.sender.receiver_count() > 0);
        rooms.iter().map(|(id, watched)| (*id, watched.told, watched.deletion)).collect()
    }
}

impl Service {
    /// Watches a room: first the messages after this number, then each new one. It sees whispers too.
    pub async fn watch_room(&self, caller: &Caller, room: &RoomId, after: u64) -> Result<RoomWatch> {
        let room = self.room_for(caller, Act::SeeRooms, room).await?;
        let lately = self.now().plus_seconds(-LATELY).millis().unsigned_abs();
        let (receiver, told) = self.live().join(&room.id, room.last_seq, lately);
        let next = after.min(room.last_seq) + 1;
        // What was deleted after the page was made, or while the browser had no stream.
        let mut read = VecDeque::new();
        for deletion in together(self.store().deletions_after(&[(room.id, lately)]).await?) {
            let last = deletion.last.min(next.saturating_sub(1));
            read.extend(self.deleted_in(&Deletion { last, ..deletion }).await?.into_iter().map(LiveMessage::new));
        }
        Ok(RoomWatch { room: room.id, store: self.store().clone(), receiver, next, until: told, read })
    }

    /// The last messages of a deletion. Those before them are on no page that somebody watches.
    async fn deleted_in(&self, deletion: &Deletion) -> Result<Vec<Message>> {
        let from = deletion.first.max(deletion.last.saturating_sub(u64::from(SHOWN)) + 1);
        let mut found = self.store().messages(&deletion.room_id, from, deletion.last, SHOWN).await?;
        found.retain(|message| message.kind == MessageKind::Deleted);
        Ok(found)
    }

    /// Tells those who watch rooms of what other processes wrote there and of what was deleted, and ends the watches of deleted
    /// rooms.
    /// [`Service::run`] does it each second.
    pub(crate) async fn tell_watchers(&self) -> Result<()> {
        let live = self.live();
        for some in live.watched().chunks(LOOKED_AT) {
            let ids: Vec<_> = some.iter().map(|(id, ..)| *id).collect();
            let ends: HashMap<_, _> =
                self.store().some_rooms(&ids).await?.into_iter().map(|room| (room.id, room.last_seq)).collect();
            for (id, told, _) in some {
                match ends.get(id) {
                    None => live.end(id),
                    Some(last) if last > told => {
                        let missed = self.store().messages(id, told + 1, *last, READ).await?;
                        let is_full = missed.len() >= usize::try_from(READ).unwrap_or(usize::MAX);
                        let read_to = missed.last().filter(|_| is_full).map_or(*last, |message| message.seq);
                        // Whatever is still missing is read at once, without waiting for the next look.
                        if read_to < *last {
                            live.behind.notify_one();
                        }
                        live.tell_read(id, &missed, read_to);
                    }
                    Some(_) => {}
                }
            }
            let asked: Vec<_> = some.iter().map(|(id, _, deletion)| (*id, *deletion)).collect();
            for deletion in together(self.store().deletions_after(&asked).await?) {
                let deleted = self.deleted_in(&deletion).await?;
                live.tell_deleted(&deletion, deleted);
            }
        }
        Ok(())
    }
}

/// The deletions of each room as one, with whatever is between them.
fn together(deletions: Vec<Deletion>) -> impl Iterator<Item = Deletion> {
    let mut rooms: HashMap<RoomId, Deletion> = HashMap::new();
    for one in deletions {
        let all = rooms.entry(one.room_id).or_insert(one);
        (all.n, all.first, all.last) = (all.n.max(one.n), all.first.min(one.first), all.last.max(one.last));
    }
    rooms.into_values()
}

#[cfg(test)]
mod tests {
    use domain::{message::Author, timestamp::Timestamp};

    use super::*;

    fn message(room: RoomId, seq: u64) -> Message {
        Message {
            room_id: room,
            seq,
            kind: MessageKind::Text,
            author: Author::system(),
            text: "Hi".to_owned(),
            reply_to: None,
            to: None,
            attachment: None,
            extra: String::new(),
            created_at: Timestamp::from_millis(0),
        }
    }

    #[test]
    fn messages_are_told_in_order_and_shared() {
        let (live, room) = (Live::default(), RoomId::from_random([1; 12]));
        live.tell(&[message(room, 7)]);
        let (mut first, told) = live.join(&room, 7, 0);
        let (mut second, _) = live.join(&room, 6, 0);
        assert_eq!(told, 7);
        live.tell(&[message(room, 7), message(room, 8), message(room, 10)]);
        let (one, other) = (first.try_recv().unwrap(), second.try_recv().unwrap());
        assert!(one.seq == 8 && Arc::ptr_eq(&one, &other));
        let form = one.form(|message| message.text.clone());
        assert!(Arc::ptr_eq(&form, &other.form(|_| String::new())), "it is made once");
        assert!(first.try_recv().is_err(), "9 was written elsewhere, and comes first");
        live.tell(&[message(room, 9), message(room, 10)]);
        assert_eq!((first.try_recv().unwrap().seq, first.try_recv().unwrap().seq), (9, 10));
        let deletion = Deletion { room_id: room, n: 5, first: 8, last: 9 };
        live.tell_deleted(&deletion, vec![Message { kind: MessageKind::Deleted, ..message(room, 8) }]);
        let deleted = first.try_recv().unwrap();
        assert!(deleted.seq == 8 && deleted.kind == MessageKind::Deleted && first.try_recv().is_err());
        assert_eq!(live.watched(), [(room, 10, 5)]);
        let earlier = Deletion { n: 4, first: 2, last: 3, ..deletion };
        let both: Vec<_> = together(vec![deletion, earlier]).collect();
        assert_eq!(both, [Deletion { first: 2, ..deletion }]);
        drop((first, second));
        assert!(live.watched().is_empty() && lock(&live.rooms).is_empty());
    }
}
