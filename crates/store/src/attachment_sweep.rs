//! Files that no message names, and files in a folder that nothing names.

use domain::ids::AttachmentId;
use domain::timestamp::Timestamp;

use crate::conn::Conn;
use crate::deletions::attachment_id;
use crate::error::StoreError;
use crate::sql::Sql;
use crate::store::Tx;

reads! {
    /// Files that came before this time and are not yet known to be in a message, the oldest first, at most `limit`.
    unsent_attachments(before: Timestamp, limit: u32) -> Vec<AttachmentId>;
    /// Those of these files that stay: in a message, or in no room. At most 500 are asked for.
    sent_attachments(ids: &[AttachmentId]) -> Vec<AttachmentId>;
    /// Those of these files that a room or a contact has. At most 500 are asked for.
    named_files(ids: &[AttachmentId]) -> Vec<AttachmentId>;
}

fn read(rows: Vec<(String,)>) -> Result<Vec<AttachmentId>, StoreError> {
    rows.into_iter().map(attachment_id).collect()
}

async fn unsent_attachments(
    conn: &mut Conn<'_>,
    before: Timestamp,
    limit: u32,
) -> Result<Vec<AttachmentId>, StoreError> {
    let mut sql = Sql::new("SELECT id FROM attachment WHERE is_sent = 0 AND created_at < ");
    sql.bind(before).push(" ORDER BY created_at, id LIMIT ").bind(i64::from(limit));
    read(conn.fetch_all(sql).await?)
}

async fn sent_attachments(conn: &mut Conn<'_>, ids: &[AttachmentId]) -> Result<Vec<AttachmentId>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = Sql::new("SELECT id FROM attachment WHERE id IN (");
    sql.list(ids.iter().map(AttachmentId::as_str));
    sql.push(") AND (NOT EXISTS (SELECT 1 FROM room WHERE room.id = attachment.room_id) OR EXISTS ");
    sql.push("(SELECT 1 FROM message WHERE message.attachment_id <> '' AND message.attachment_id = attachment.id))");
    read(conn.fetch_all(sql).await?)
}

async fn named_files(conn: &mut Conn<'_>, ids: &[AttachmentId]) -> Result<Vec<AttachmentId>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = Sql::new("SELECT id FROM attachment WHERE id IN (");
    sql.list(ids.iter().map(AttachmentId::as_str));
    sql.push(") UNION SELECT avatar FROM contact WHERE avatar <> '' AND avatar IN (");
    sql.list(ids.iter().map(AttachmentId::as_str)).push(")");
    read(conn.fetch_all(sql).await?)
}

impl Tx {
    /// Keeps these files: they are in a message or in no room, or somebody may have a link to them.
    pub async fn mark_sent(&mut self, ids: &[AttachmentId]) -> Result<(), StoreError> {
        if ids.is_empty() {
            return Ok(());
        }
        let mut sql = Sql::new("UPDATE attachment SET is_sent = 1 WHERE id IN (");
        sql.list(ids.iter().map(AttachmentId::as_str)).push(")");
        self.conn().execute(sql).await?;
        Ok(())
    }
}
