//! Messages that were deleted: their rows stay without what was said, and those who watch a room are told.

use domain::ids::{AttachmentId, RoomId};
use domain::message::MessageKind;
use domain::timestamp::Timestamp;
use sqlx_macros::FromRow;

use crate::conn::Conn;
use crate::error::StoreError;
use crate::rooms::signed;
use crate::sql::Sql;
use crate::store::Tx;

/// How long a deletion is remembered, in milliseconds. Whoever watches a room looks every second.
const REMEMBERED: i64 = 3_600_000;

/// Messages of a room that were deleted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deletion {
    /// The room.
    pub room_id: RoomId,
    /// Which of its deletions it is. A later one has a larger number.
    pub n: u64,
    /// The number of the first of them.
    pub first: u64,
    /// The number of the last of them.
    pub last: u64,
}

#[derive(FromRow)]
struct Stored {
    room_id: String,
    n: i64,
    first_seq: i64,
    last_seq: i64,
}

impl TryFrom<Stored> for Deletion {
    type Error = StoreError;

    fn try_from(row: Stored) -> Result<Self, StoreError> {
        Ok(Self {
            room_id: RoomId::parse(&row.room_id).ok_or_else(|| StoreError::corrupt("a deletion"))?,
            n: row.n.unsigned_abs(),
            first: row.first_seq.unsigned_abs(),
            last: row.last_seq.unsigned_abs(),
        })
    }
}

reads! {
    /// The deletions that are remembered of each of these rooms, behind this one, in any order. At most 500 rooms are asked
    /// for.
    deletions_after(asked: &[(RoomId, u64)]) -> Vec<Deletion>;
    /// The files that messages of a room name, from one number to another, each once.
    named_attachments(room: &RoomId, from: u64, to: u64) -> Vec<AttachmentId>;
    /// Those of these files that no message names, in any order.
    unnamed_attachments(ids: &[AttachmentId]) -> Vec<AttachmentId>;
}

async fn deletions_after(conn: &mut Conn<'_>, asked: &[(RoomId, u64)]) -> Result<Vec<Deletion>, StoreError> {
    let mut sql = Sql::new(
        "SELECT room_id, n, first_seq, last_seq FROM deletion \
         JOIN (SELECT value ->> 0 AS asked_room, CAST(value ->> 1 AS BIGINT) AS asked_n FROM ",
    );
    conn.push_rows(&mut sql, asked.iter().map(|(room, n)| (room.as_str(), signed(*n))))?;
    sql.push(") AS asked ON room_id = asked_room AND n > asked_n");
    conn.fetch_all::<Stored>(sql).await?.into_iter().map(Deletion::try_from).collect()
}

pub(crate) fn attachment_id((id,): (String,)) -> Result<AttachmentId, StoreError> {
    AttachmentId::parse(&id).ok_or_else(|| StoreError::corrupt("an attachment's id"))
}

async fn named_attachments(
    conn: &mut Conn<'_>,
    room: &RoomId,
    from: u64,
    to: u64,
) -> Result<Vec<AttachmentId>, StoreError> {
    let mut sql = Sql::new("SELECT DISTINCT attachment_id FROM message WHERE attachment_id <> '' AND room_id = ");
    sql.bind(room.as_str()).push(" AND seq >= ").bind(signed(from)).push(" AND seq <= ").bind(signed(to));
    conn.fetch_all::<(String,)>(sql).await?.into_iter().map(attachment_id).collect()
}

async fn unnamed_attachments(conn: &mut Conn<'_>, ids: &[AttachmentId]) -> Result<Vec<AttachmentId>, StoreError> {
    let mut sql = Sql::new("SELECT id FROM attachment JOIN (SELECT value ->> 0 AS asked_id FROM ");
    conn.push_rows(&mut sql, ids.iter().map(|id| (id.as_str(),)))?;
    sql.push(
        ") AS asked ON id = asked_id WHERE NOT EXISTS (SELECT 1 FROM message \
         WHERE message.attachment_id <> '' AND message.attachment_id = attachment.id)",
    );
    conn.fetch_all::<(String,)>(sql).await?.into_iter().map(attachment_id).collect()
}

impl Tx {
    /// Deletes messages of a room from one number to another: their rows stay without what was said. What Keystead itself said
    /// stays. Returns how many were deleted, and remembers it for those who watch.
    pub async fn delete_messages(
        &mut self,
        room: &RoomId,
        from: u64,
        to: u64,
        at: Timestamp,
    ) -> Result<u64, StoreError> {
        let sql = Sql::new(
            "UPDATE message SET kind = $4, text = '', reply_to = 0, attachment_id = '', extra = '' \
             WHERE room_id = $1 AND seq >= $2 AND seq <= $3 AND kind <> $4 AND kind <> $5",
        )
        .arg(room.as_str())
        .arg(signed(from))
        .arg(signed(to))
        .arg(MessageKind::Deleted.as_str())
        .arg(MessageKind::System.as_str());
        let deleted = self.conn().execute(sql).await?;
        if deleted > 0 {
            let sql = Sql::new(
                "INSERT INTO deletion (room_id, n, first_seq, last_seq) \
                 SELECT $1, CASE WHEN COALESCE(MAX(n), 0) >= $2 THEN MAX(n) + 1 ELSE $2 END, $3, $4 \
                 FROM deletion WHERE room_id = $1",
            );
            let sql = sql.arg(room.as_str()).arg(at).arg(signed(from)).arg(signed(to));
            self.conn().execute(sql).await?;
            let sql = Sql::new("DELETE FROM deletion WHERE n < $1").arg(at.millis().saturating_sub(REMEMBERED));
            self.conn().execute(sql).await?;
        }
        Ok(deleted)
    }
}
