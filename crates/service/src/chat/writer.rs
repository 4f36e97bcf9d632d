//! The group commit of messages.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use domain::{
    attachment::Attachment,
    ids::{AppId, AttachmentId, RoomId},
    message::{Author, AuthorKind, Message, MessageKind},
    participant::{ClientKey, Participant},
    refusal::Refusal,
    room::{Room, RoomKind},
    sight::Scope,
    timestamp::Timestamp,
};
use store::{RoomEnd, StoreError, Tx};

use super::{following, live::Live};
use crate::{
    clock::Clock,
    deliveries::{News, Outbox, enqueue},
    together::{Together, Writing, Written},
};

/// The most messages of one commit.
const TOGETHER: usize = 500;

/// How many deliveries a commit should have at most. Where many webhooks are told of each message, it has fewer messages, so
/// that other writers do not wait long.
const TOLD: usize = 20_000;

/// A message that is right as far as that can be known without its room.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(super) room: RoomId,
    pub(super) kind: MessageKind,
    pub(super) author: Author,
    pub(super) text: String,
    pub(super) reply_to: Option<u64>,
    pub(super) to: Option<ClientKey>,
    pub(super) attachment: Option<AttachmentId>,
    /// What it is besides its text: a JSON object; empty for nothing.
    pub(super) extra: String,
}

/// A message that waits for a commit.
#[derive(Debug)]
pub(crate) struct Job {
    /// The apps in the sight of whoever sent it.
    pub(super) apps: Scope<AppId>,
    pub(super) draft: Draft,
}

/// Writes messages together, and tells those who watch and those who send to webhooks.
pub(crate) struct MessageWork {
    clock: Arc<dyn Clock>,
    live: Arc<Live>,
    outbox: Arc<Outbox>,
    /// Whether a webhook is to be told of what is being written.
    is_due: AtomicBool,
    /// How many messages the next commit takes at most.
    next: AtomicUsize,
}

impl MessageWork {
    pub(crate) fn new(clock: Arc<dyn Clock>, live: Arc<Live>, outbox: Arc<Outbox>) -> Self {
        Self { clock, live, outbox, is_due: AtomicBool::default(), next: AtomicUsize::new(TOGETHER) }
    }
}

impl Together for MessageWork {
    type Job = Job;
    type Done = Message;

    const TOGETHER: usize = TOGETHER;
    /// Together they have at most 40 MB of text, and as much of what they are besides.
    const WAITING: usize = 2_000;
    const WHAT: &'static str = "messages";

    fn write<'a>(&'a self, tx: &'a mut Tx, jobs: &'a [&'a Job]) -> Writing<'a, Message> {
        Box::pin(async move {
            let (written, told) = write_all(tx, jobs, self.clock.now()).await?;
            self.is_due.store(told > 0, Ordering::Relaxed);
            self.next.store(next_batch(written.len(), told), Ordering::Relaxed);
            Ok(written)
        })
    }

    fn written(&self, done: &[&Message]) {
        if self.is_due.swap(false, Ordering::Relaxed) {
            self.outbox.is_due();
        }
        self.live.tell(done.iter().copied());
    }

    fn next_batch(&self) -> usize {
        self.next.load(Ordering::Relaxed)
    }
}

/// How many messages the next commit takes at most, after one that made so many deliveries.
fn next_batch(messages: usize, told: usize) -> usize {
    if messages == 0 { TOGETHER } else { (messages * TOLD / told.max(1)).clamp(1, TOGETHER) }
}

/// What a commit needs to know, read in one statement each.
struct Known {
    rooms: HashMap<RoomId, Room>,
    participants: HashMap<(RoomId, ClientKey), Participant>,
    files: HashMap<AttachmentId, (RoomId, Attachment)>,
}

impl Known {
    async fn read(tx: &mut Tx, jobs: &[&Job]) -> Result<Self, StoreError> {
        let drafts: Vec<&Draft> = jobs.iter().map(|job| &job.draft).collect();
        let ids: BTreeSet<_> = drafts.iter().map(|draft| draft.room).collect();
        let rooms = tx.some_rooms(&ids.into_iter().collect::<Vec<_>>()).await?;
        let of = |draft: &Draft| {
            let room = draft.room;
            [draft.author.client_key(), draft.to.clone()].into_iter().flatten().map(move |key| (room, key))
        };
        let keys: BTreeSet<_> = drafts.iter().copied().flat_map(of).collect();
        let participants = if keys.is_empty() {
            Vec::new()
        } else {
            tx.some_participants(&keys.into_iter().collect::<Vec<_>>()).await?
        };
        let ids: BTreeSet<_> = drafts.iter().filter_map(|draft| draft.attachment).collect();
        let files =
            if ids.is_empty() { Vec::new() } else { tx.some_attachments(&ids.into_iter().collect::<Vec<_>>()).await? };
        Ok(Self {
            rooms: rooms.into_iter().map(|room| (room.id, room)).collect(),
            participants: participants
                .into_iter()
                .map(|found| ((found.room_id, found.client_key.clone()), found))
                .collect(),
            files: files.into_iter().map(|row| (row.file.id, (row.room_id, row.file))).collect(),
        })
    }

    /// The participant with this client key, if they are in the room.
    fn inside(&self, room: &RoomId, key: &ClientKey) -> Result<&Participant, Refusal> {
        let found = self.participants.get(&(*room, key.clone()));
        found.filter(|found| found.is_in()).ok_or(Refusal::NotJoined)
    }

    /// The message, with its number, which counts in the room from now on.
    fn message(&mut self, job: &Job, now: Timestamp) -> Result<Message, Refusal> {
        let draft = &job.draft;
        let room = self.rooms.get(&draft.room).filter(|room| job.apps.has(&room.app_id));
        let room = room.ok_or(Refusal::RoomNotFound)?;
        room.is_open(now)?;
        let mut author = draft.author.clone();
        if matches!(author.kind, AuthorKind::Participant | AuthorKind::Contact) {
            let key = author.client_key().ok_or(Refusal::NotJoined)?;
            let participant = self.inside(&room.id, &key)?;
            if participant.muted_at.is_some() {
                return Err(Refusal::Muted);
            }
            author.name.clone_from(&participant.nick_name);
        }
        writes_in(author.kind, draft.kind, room.kind)?;
        if let Some(to) = &draft.to {
            self.inside(&room.id, to)?;
        }
        // Numbers have no gaps, so there is a message for each up to the last.
        if draft.reply_to.is_some_and(|seq| seq > room.last_seq) {
            return Err(Refusal::MessageNotFound);
        }
        let attachment = match draft.attachment {
            None => None,
            Some(id) => match self.files.get(&id) {
                Some((of, file)) if *of == room.id => Some(file.clone()),
                _ => return Err(Refusal::AttachmentNotFound),
            },
        };
        let message = Message {
            room_id: room.id,
            seq: room.last_seq + 1,
            kind: draft.kind,
            author,
            text: draft.text.clone(),
            reply_to: draft.reply_to,
            to: draft.to.clone(),
            attachment,
            extra: draft.extra.clone(),
            created_at: following(room, now),
        };
        if let Some(room) = self.rooms.get_mut(&message.room_id) {
            room.last_seq = message.seq;
            room.last_message_at = Some(message.created_at);
        }
        Ok(message)
    }
}

/// Refuses authors for whom rooms of this kind are not: to them they do not exist, but contacts read their chat with the
/// butler. Whoever manages a chat writes in it as others do, without notices.
const fn writes_in(author: AuthorKind, what: MessageKind, kind: RoomKind) -> Result<(), Refusal> {
    match (author, kind) {
        (AuthorKind::Manager, RoomKind::Chat) if matches!(what, MessageKind::Text | MessageKind::File) => Ok(()),
        (AuthorKind::Participant | AuthorKind::Manager, RoomKind::Room)
        | (AuthorKind::Contact, RoomKind::Chat)
        | (AuthorKind::Butler | AuthorKind::System, _) => Ok(()),
        (AuthorKind::Contact, RoomKind::Butler) => Err(Refusal::ButlerChat),
        _ => Err(Refusal::RoomNotFound),
    }
}

/// Writes what may be written, and returns how many deliveries that made.
async fn write_all(tx: &mut Tx, jobs: &[&Job], now: Timestamp) -> Result<(Written<Message>, usize), StoreError> {
    let mut known = Known::read(tx, jobs).await?;
    let written: Written<Message> = jobs.iter().map(|job| Ok(known.message(job, now)?)).collect();
    let messages: Vec<_> = written.iter().filter_map(|written| written.as_ref().ok()).collect();
    if messages.is_empty() {
        return Ok((written, 0));
    }
    // The last of each room wins.
    let ends: HashMap<_, _> = messages
        .iter()
        .map(|message| {
            (message.room_id, RoomEnd { room_id: message.room_id, last_seq: message.seq, at: message.created_at })
        })
        .collect();
    tx.insert_messages(&messages, &ends.into_values().collect::<Vec<_>>()).await?;
    let news = |message: &&Message| News::of_message(known.rooms.get(&message.room_id)?, message);
    let news: Vec<_> = messages.iter().filter_map(news).collect();
    let told = enqueue(tx, &news).await?;
    Ok((written, told))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_takes_fewer_messages_where_many_webhooks_are_told() {
        for (messages, told, next) in [
            (0, 0, TOGETHER),
            (1, 0, TOGETHER),
            (500, 500, TOGETHER),
            (500, 500_000, 20),
            (1, 100_000, 1),
            (20, 0, TOGETHER),
        ] {
            assert_eq!(next_batch(messages, told), next, "{messages} {told}");
        }
    }
}
