//! Which rooms contacts are in.

use domain::ids::{AppId, ContactId, RoomId};
use domain::room::RoomKind;

use crate::conn::Conn;
use crate::error::StoreError;
use crate::sql::Sql;

/// Which rooms are asked for.
#[derive(Debug, Clone, Copy)]
pub struct AskedRooms<'a> {
    /// Of these kinds.
    pub kinds: &'a [RoomKind],
    /// With one of these contacts in them; empty for any.
    pub contacts: &'a [ContactId],
}

reads! {
    /// Whether a contact is in a room that there is, of one of these kinds.
    contact_is_in(room: &RoomId, kinds: &[RoomKind], contact: &ContactId) -> bool;
    /// The contacts who are in a room, in the order of their ids, at most `limit`.
    contacts_in(room: &RoomId, limit: u32) -> Vec<ContactId>;
    /// Rooms of an app behind this id, archived or not, by id, at most `limit`.
    room_ids_after(app: &AppId, asked: &AskedRooms<'_>, after: Option<&RoomId>, limit: u32) -> Vec<RoomId>;
}

async fn contact_is_in(
    conn: &mut Conn<'_>,
    room: &RoomId,
    kinds: &[RoomKind],
    contact: &ContactId,
) -> Result<bool, StoreError> {
    let mut sql = Sql::new("SELECT r.id FROM participant p JOIN room r ON r.id = p.room_id WHERE p.left_at = 0");
    sql.push(" AND p.room_id = ").bind(room.as_str()).push(" AND p.client_key = ").bind(contact.as_str());
    sql.push(" AND r.kind IN (").list(kinds.iter().map(|kind| kind.as_str())).push(")");
    Ok(conn.fetch_optional::<(String,)>(sql).await?.is_some())
}

async fn contacts_in(conn: &mut Conn<'_>, room: &RoomId, limit: u32) -> Result<Vec<ContactId>, StoreError> {
    let mut sql = Sql::new("SELECT contact_id FROM participant WHERE left_at = 0 AND contact_id <> '' AND room_id = ");
    sql.bind(room.as_str()).push(" ORDER BY contact_id LIMIT ").bind(i64::from(limit));
    let rows = conn.fetch_all::<(String,)>(sql).await?;
    let id = |(id,): (String,)| ContactId::parse(&id).ok_or_else(|| StoreError::corrupt("a contact's id"));
    rows.into_iter().map(id).collect()
}

async fn room_ids_after(
    conn: &mut Conn<'_>,
    app: &AppId,
    asked: &AskedRooms<'_>,
    after: Option<&RoomId>,
    limit: u32,
) -> Result<Vec<RoomId>, StoreError> {
    let mut sql = Sql::new("SELECT r.id FROM room r WHERE r.id > ");
    sql.bind(after.map_or("", RoomId::as_str)).push(" AND r.app_id = ").bind(app.as_str());
    sql.push(" AND r.kind IN (").list(asked.kinds.iter().map(|kind| kind.as_str())).push(")");
    if !asked.contacts.is_empty() {
        sql.push(
            " AND EXISTS (SELECT 1 FROM participant p WHERE p.room_id = r.id AND p.left_at = 0 AND p.contact_id <> ''",
        );
        sql.push(" AND p.contact_id IN (").list(asked.contacts.iter().map(ContactId::as_str)).push("))");
    }
    sql.push(" ORDER BY r.id LIMIT ").bind(i64::from(limit));
    let rows = conn.fetch_all::<(String,)>(sql).await?;
    let id = |(id,): (String,)| RoomId::parse(&id).ok_or_else(|| StoreError::corrupt("a room's id"));
    rows.into_iter().map(id).collect()
}
