//! Files in rooms. Their bytes are here only where the database keeps them.

use domain::attachment::Attachment;
use domain::ids::{AttachmentId, RoomId};
use domain::timestamp::Timestamp;
use sqlx_macros::FromRow;

use crate::conn::Conn;
use crate::deletions::attachment_id;
use crate::error::StoreError;
use crate::rooms::signed;
use crate::sql::Sql;
use crate::store::Tx;

/// The most bytes of a part. A row of many would be slow to read and to write.
const PART: usize = 256 * 1024;

#[derive(FromRow)]
struct Stored {
    id: String,
    room_id: String,
    name: String,
    media_type: String,
    size: i64,
    digest: Vec<u8>,
}

/// A file as its row has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachmentRow {
    /// The room.
    pub room_id: RoomId,
    /// The file.
    pub file: Attachment,
    /// The SHA-256 of its bytes.
    pub digest: Vec<u8>,
}

impl TryFrom<Stored> for AttachmentRow {
    type Error = StoreError;

    fn try_from(row: Stored) -> Result<Self, StoreError> {
        let corrupt = || StoreError::corrupt("an attachment");
        let id = AttachmentId::parse(&row.id).ok_or_else(corrupt)?;
        Ok(Self {
            room_id: RoomId::parse(&row.room_id).ok_or_else(corrupt)?,
            file: Attachment { id, name: row.name, media_type: row.media_type, size: row.size.unsigned_abs() },
            digest: row.digest,
        })
    }
}

reads! {
    /// Those of these files that there are, in any order. At most 500 are asked for.
    some_attachments(ids: &[AttachmentId]) -> Vec<AttachmentRow>;
    /// Files of a room, at most `limit`.
    attachments_of(room: &RoomId, limit: u32) -> Vec<AttachmentId>;
    /// How many files a room has, and how many bytes they have together.
    attachments_size(room: &RoomId) -> (u64, u64);
    /// The bytes of a file that the database keeps; none if it does not keep them.
    attachment_bytes(id: &AttachmentId) -> Vec<u8>;
}

async fn some_attachments(conn: &mut Conn<'_>, ids: &[AttachmentId]) -> Result<Vec<AttachmentRow>, StoreError> {
    let mut sql = Sql::new(
        "SELECT id, room_id, name, media_type, size, digest FROM attachment \
         JOIN (SELECT value ->> 0 AS asked_id FROM ",
    );
    conn.push_rows(&mut sql, ids.iter().map(|id| (id.as_str(),)))?;
    sql.push(") AS asked ON id = asked_id");
    conn.fetch_all::<Stored>(sql).await?.into_iter().map(AttachmentRow::try_from).collect()
}

async fn attachments_of(conn: &mut Conn<'_>, room: &RoomId, limit: u32) -> Result<Vec<AttachmentId>, StoreError> {
    let sql = Sql::new("SELECT id FROM attachment WHERE room_id = $1 ORDER BY id LIMIT $2");
    let rows = conn.fetch_all::<(String,)>(sql.arg(room.as_str()).arg(i64::from(limit))).await?;
    rows.into_iter().map(attachment_id).collect()
}

async fn attachments_size(conn: &mut Conn<'_>, room: &RoomId) -> Result<(u64, u64), StoreError> {
    let sql = Sql::new("SELECT count(*), CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM attachment WHERE room_id = $1");
    let (files, bytes): (i64, i64) = conn.fetch_one(sql.arg(room.as_str())).await?;
    Ok((files.unsigned_abs(), bytes.unsigned_abs()))
}

async fn attachment_bytes(conn: &mut Conn<'_>, id: &AttachmentId) -> Result<Vec<u8>, StoreError> {
    let sql = Sql::new("SELECT bytes FROM attachment_part WHERE attachment_id = $1 ORDER BY n").arg(id.as_str());
    let parts = conn.fetch_all::<(Vec<u8>,)>(sql).await?;
    Ok(parts.into_iter().map(|(bytes,)| bytes).collect::<Vec<_>>().concat())
}

impl Tx {
    /// Adds a file to a room. Its bytes are elsewhere, or `put_attachment_bytes` adds them.
    pub async fn insert_attachment(&mut self, row: &AttachmentRow, at: Timestamp) -> Result<(), StoreError> {
        let sql = Sql::new(
            "INSERT INTO attachment (id, room_id, name, media_type, size, digest, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .arg(row.file.id.as_str())
        .arg(row.room_id.as_str())
        .arg(&*row.file.name)
        .arg(&*row.file.media_type)
        .arg(signed(row.file.size))
        .arg(&*row.digest)
        .arg(at);
        self.conn().execute(sql).await?;
        Ok(())
    }

    /// Keeps the bytes of a file in the database, in parts.
    pub async fn put_attachment_bytes(&mut self, id: &AttachmentId, bytes: &[u8]) -> Result<(), StoreError> {
        for (n, part) in (0_i64..).zip(bytes.chunks(PART)) {
            let sql = Sql::new("INSERT INTO attachment_part (attachment_id, n, bytes) VALUES ($1, $2, $3)");
            self.conn().execute(sql.arg(id.as_str()).arg(n).arg(part)).await?;
        }
        Ok(())
    }

    /// Removes the bytes of a file that the database keeps.
    pub async fn delete_attachment_bytes(&mut self, id: &AttachmentId) -> Result<(), StoreError> {
        let sql = Sql::new("DELETE FROM attachment_part WHERE attachment_id = $1").arg(id.as_str());
        self.conn().execute(sql).await?;
        Ok(())
    }

    /// Removes files with those of their bytes that the database keeps.
    pub async fn delete_attachments(&mut self, ids: &[AttachmentId]) -> Result<(), StoreError> {
        for id in ids {
            self.delete_attachment_bytes(id).await?;
            self.conn().execute(Sql::new("DELETE FROM attachment WHERE id = $1").arg(id.as_str())).await?;
        }
        Ok(())
    }
}
