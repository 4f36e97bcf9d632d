//! What is said in rooms. Numbers are given by whoever writes: one writer works at a time, over all processes.

use domain::attachment::Attachment;
use domain::ids::{AttachmentId, RoomId};
use domain::message::{Author, AuthorKind, Message, MessageKind};
use domain::participant::ClientKey;
use domain::timestamp::Timestamp;
use sqlx_macros::FromRow;

use crate::conn::Conn;
use crate::error::StoreError;
use crate::readable::readable;
use crate::rooms::signed;
use crate::sql::{Sql, push_words};
use crate::store::Tx;

#[derive(FromRow)]
struct Stored {
    room_id: String,
    seq: i64,
    kind: String,
    author_kind: String,
    author_id: String,
    author_name: String,
    text: String,
    reply_to: i64,
    to_key: String,
    extra: String,
    created_at: i64,
    file_id: Option<String>,
    file_name: Option<String>,
    media_type: Option<String>,
    size: Option<i64>,
}

impl TryFrom<Stored> for Message {
    type Error = StoreError;

    fn try_from(row: Stored) -> Result<Self, StoreError> {
        let corrupt = || StoreError::corrupt("a message");
        let attachment = match (row.file_id, row.file_name, row.media_type, row.size) {
            (Some(id), Some(name), Some(media_type), Some(size)) => Some(Attachment {
                id: AttachmentId::parse(&id).ok_or_else(corrupt)?,
                name,
                media_type,
                size: size.unsigned_abs(),
            }),
            _ => None,
        };
        Ok(Self {
            room_id: RoomId::parse(&row.room_id).ok_or_else(corrupt)?,
            seq: row.seq.unsigned_abs(),
            kind: MessageKind::parse(&row.kind).ok_or_else(corrupt)?,
            author: Author {
                kind: AuthorKind::parse(&row.author_kind).ok_or_else(corrupt)?,
                id: row.author_id,
                name: row.author_name,
            },
            text: row.text,
            reply_to: (row.reply_to > 0).then(|| row.reply_to.unsigned_abs()),
            to: ClientKey::parse(&row.to_key),
            attachment,
            extra: row.extra,
            created_at: Timestamp::from_millis(row.created_at),
        })
    }
}

reads! {
    /// The messages of a room from one number to another, in their order, at most `limit`.
    messages(room: &RoomId, from: u64, to: u64, limit: u32) -> Vec<Message>;
    /// The last messages of a room, in their order, at most `limit`.
    latest_messages(room: &RoomId, limit: u32) -> Vec<Message>;
    /// What others than Keystead said in a room and nobody deleted, from one number to another, at most `limit`: the first of
    /// them in their order, or with `newest` the last of them, newest first.
    said_messages(room: &RoomId, from: u64, to: u64, newest: bool, limit: u32) -> Vec<Message>;
}

fn select() -> Sql {
    Sql::new(
        "SELECT message.room_id, seq, kind, author_kind, author_id, author_name, text, reply_to, to_key, extra, \
         message.created_at, attachment.id AS file_id, attachment.name AS file_name, media_type, size \
         FROM message LEFT JOIN attachment ON attachment.id = message.attachment_id WHERE message.room_id = ",
    )
}

async fn messages(
    conn: &mut Conn<'_>,
    room: &RoomId,
    from: u64,
    to: u64,
    limit: u32,
) -> Result<Vec<Message>, StoreError> {
    let mut sql = select();
    sql.bind(room.as_str()).push(" AND seq >= ").bind(signed(from)).push(" AND seq <= ").bind(signed(to));
    sql.push(" ORDER BY seq LIMIT ").bind(i64::from(limit));
    Ok(readable(conn.fetch_all::<Stored>(sql).await?))
}

async fn latest_messages(conn: &mut Conn<'_>, room: &RoomId, limit: u32) -> Result<Vec<Message>, StoreError> {
    let mut sql = select();
    sql.bind(room.as_str()).push(" ORDER BY seq DESC LIMIT ").bind(i64::from(limit));
    Ok(readable(conn.fetch_all::<Stored>(sql).await?.into_iter().rev()))
}

async fn said_messages(
    conn: &mut Conn<'_>,
    room: &RoomId,
    from: u64,
    to: u64,
    newest: bool,
    limit: u32,
) -> Result<Vec<Message>, StoreError> {
    let mut sql = select();
    sql.bind(room.as_str()).push(" AND seq >= ").bind(signed(from)).push(" AND seq <= ").bind(signed(to));
    push_words(&mut sql, " AND kind NOT IN (", [MessageKind::System, MessageKind::Deleted].map(MessageKind::as_str));
    sql.push(if newest { " ORDER BY seq DESC LIMIT " } else { " ORDER BY seq LIMIT " }).bind(i64::from(limit));
    Ok(readable(conn.fetch_all::<Stored>(sql).await?))
}

/// The newest message of a room, for the room's own row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoomEnd {
    /// The room.
    pub room_id: RoomId,
    /// The number of its last message.
    pub last_seq: u64,
    /// When that was written.
    pub at: Timestamp,
}

impl Tx {
    /// Writes messages, which have numbers that their rooms have not given yet, and notes the ends of their rooms, one
    /// each. Fails with `Conflict` for a number that is taken.
    pub async fn insert_messages(&mut self, messages: &[&Message], ends: &[RoomEnd]) -> Result<(), StoreError> {
        let mut sql = Sql::new(
            "INSERT INTO message (room_id, seq, kind, author_kind, author_id, author_name, text, reply_to, to_key, \
             attachment_id, extra, created_at) SELECT value ->> 0, CAST(value ->> 1 AS BIGINT), value ->> 2, value ->> 3, \
             value ->> 4, value ->> 5, value ->> 6, CAST(value ->> 7 AS BIGINT), value ->> 8, value ->> 9, \
             value ->> 10, CAST(value ->> 11 AS BIGINT) FROM ",
        );
        let rows = messages.iter().map(|message| {
            (
                message.room_id.as_str(),
                message.seq,
                message.kind.as_str(),
                message.author.kind.as_str(),
                message.author.id.as_str(),
                message.author.name.as_str(),
                message.text.as_str(),
                message.reply_to.unwrap_or(0),
                message.to.as_ref().map_or("", ClientKey::as_str),
                message.attachment.as_ref().map_or("", |attachment| attachment.id.as_str()),
                message.extra.as_str(),
                message.created_at.millis(),
            )
        });
        self.conn().push_rows(&mut sql, rows)?;
        self.conn().execute(sql).await?;
        let mut sql = Sql::new(
            "UPDATE room SET last_seq = ends.seq, last_message_at = ends.at, active_at = ends.at FROM \
             (SELECT value ->> 0 AS id, CAST(value ->> 1 AS BIGINT) AS seq, CAST(value ->> 2 AS BIGINT) AS at FROM ",
        );
        let rows = ends.iter().map(|end| (end.room_id.as_str(), end.last_seq, end.at.millis()));
        self.conn().push_rows(&mut sql, rows)?;
        sql.push(") AS ends WHERE room.id = ends.id");
        self.conn().execute(sql).await?;
        Ok(())
    }
}
