//! Rooms: their rows, and what is left of deleted ones.

use std::cmp::Reverse;

use domain::ids::{AppId, ContactId, RoomId};
use domain::room::{Room, RoomKind};
use domain::text::name_key;
use domain::timestamp::Timestamp;
use sqlx_macros::FromRow;

use crate::conn::Conn;
use crate::error::StoreError;
use crate::readable::readable;
use crate::sql::{Arg, Sql};
use crate::store::Tx;

/// Never, as an end.
const NEVER: i64 = i64::MAX;

/// The columns of a room, for a table of this name in a statement.
pub(crate) const COLUMNS: &str = "room.id, room.app_id, room.kind, room.name, room.opens_at, room.ends_at, room.closed_at, \
     room.archived_at, room.max_users, room.password_hash, room.created_at, room.created_by, \
     room.last_seq, room.joined, room.last_message_at, room.profile";

#[derive(FromRow)]
pub(crate) struct Stored {
    id: String,
    app_id: String,
    kind: String,
    name: String,
    opens_at: i64,
    ends_at: i64,
    closed_at: i64,
    archived_at: i64,
    max_users: i64,
    password_hash: String,
    created_at: i64,
    created_by: String,
    last_seq: i64,
    joined: i64,
    last_message_at: i64,
    profile: String,
}

impl TryFrom<Stored> for Room {
    type Error = StoreError;

    fn try_from(row: Stored) -> Result<Self, StoreError> {
        let corrupt = || StoreError::corrupt("a room");
        let max_users = u32::try_from(row.max_users).map_err(|_| corrupt())?;
        Ok(Self {
            id: RoomId::parse(&row.id).ok_or_else(corrupt)?,
            app_id: AppId::parse(&row.app_id).ok_or_else(corrupt)?,
            kind: RoomKind::parse(&row.kind).ok_or_else(corrupt)?,
            name: row.name,
            opens_at: moment(row.opens_at),
            ends_at: (row.ends_at != NEVER).then(|| Timestamp::from_millis(row.ends_at)),
            closed_at: moment(row.closed_at),
            archived_at: moment(row.archived_at),
            max_users: (max_users > 0).then_some(max_users),
            has_password: !row.password_hash.is_empty(),
            created_at: Timestamp::from_millis(row.created_at),
            created_by: ContactId::parse(&row.created_by),
            last_seq: row.last_seq.unsigned_abs(),
            joined: u32::try_from(row.joined).map_err(|_| corrupt())?,
            last_message_at: moment(row.last_message_at),
            profile: row.profile,
        })
    }
}

/// A time of which 0 is none.
pub(crate) fn moment(millis: i64) -> Option<Timestamp> {
    (millis != 0).then(|| Timestamp::from_millis(millis))
}

/// The same, as it is stored.
pub(crate) fn millis(at: Option<Timestamp>) -> i64 {
    at.map_or(0, Timestamp::millis)
}

pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

reads! {
    /// The room with this id.
    room(id: &RoomId) -> Option<Room>;
    /// Those of these rooms that there are, in any order. At most 500 are asked for.
    some_rooms(ids: &[RoomId]) -> Vec<Room>;
    /// What joining a room is checked against; empty if it takes no password, `None` if there is no such room.
    room_password(id: &RoomId) -> Option<String>;
    /// Deleted rooms whose messages and files are still to be removed, at most `limit`.
    deleted_rooms(limit: u32) -> Vec<RoomId>;
}

fn select() -> Sql {
    let mut sql = Sql::new("SELECT ");
    sql.push(COLUMNS).push(" FROM room ");
    sql
}

async fn room(conn: &mut Conn<'_>, id: &RoomId) -> Result<Option<Room>, StoreError> {
    let mut sql = select();
    sql.push("WHERE id = ").bind(id.as_str());
    conn.fetch_optional::<Stored>(sql).await?.map(Room::try_from).transpose()
}

pub(crate) async fn some_rooms(conn: &mut Conn<'_>, ids: &[RoomId]) -> Result<Vec<Room>, StoreError> {
    let mut sql = select();
    sql.push("JOIN (SELECT value ->> 0 AS asked_id FROM ");
    conn.push_rows(&mut sql, ids.iter().map(|id| (id.as_str(),)))?;
    sql.push(") AS asked ON room.id = asked.asked_id");
    Ok(readable(conn.fetch_all::<Stored>(sql).await?))
}

async fn room_password(conn: &mut Conn<'_>, id: &RoomId) -> Result<Option<String>, StoreError> {
    let sql = Sql::new("SELECT password_hash FROM room WHERE id = $1").arg(id.as_str());
    Ok(conn.fetch_optional::<(String,)>(sql).await?.map(|(hash,)| hash))
}

async fn deleted_rooms(conn: &mut Conn<'_>, limit: u32) -> Result<Vec<RoomId>, StoreError> {
    let sql = Sql::new("SELECT id FROM deleted_room ORDER BY id LIMIT $1").arg(i64::from(limit));
    let rows = conn.fetch_all::<(String,)>(sql).await?;
    let id = |(id,): (String,)| RoomId::parse(&id).ok_or_else(|| StoreError::corrupt("a deleted room"));
    rows.into_iter().map(id).collect()
}

/// Sorts rooms by when something was last said in them.
pub(crate) fn newest_first(rooms: &mut [Room]) {
    rooms.sort_by_key(|room| Reverse((room.active_at(), room.id)));
}

impl Tx {
    /// Adds a room without messages, with what joining it is checked against; empty for nothing.
    pub async fn insert_room(&mut self, room: &Room, password: &str) -> Result<(), StoreError> {
        let mut sql = Sql::new(
            "INSERT INTO room (id, app_id, kind, name, name_key, opens_at, ends_at, closed_at, archived_at, max_users, \
             password_hash, created_at, created_by, joined, active_at, profile) VALUES ",
        );
        let columns: [Arg; 16] = [
            room.id.as_str().into(),
            room.app_id.as_str().into(),
            room.kind.as_str().into(),
            room.name.as_str().into(),
            name_key(&room.name).into(),
            millis(room.opens_at).into(),
            room.ends_at.map_or(NEVER, Timestamp::millis).into(),
            millis(room.closed_at).into(),
            millis(room.archived_at).into(),
            i64::from(room.max_users.unwrap_or(0)).into(),
            password.into(),
            room.created_at.into(),
            room.created_by.as_ref().map_or("", ContactId::as_str).into(),
            i64::from(room.joined).into(),
            room.created_at.into(),
            room.profile.as_str().into(),
        ];
        sql.row(true, columns);
        self.conn().execute(sql).await?;
        Ok(())
    }

    /// Writes what can be changed of a room: its rules, and whether it is closed or archived.
    pub async fn update_room(&mut self, room: &Room) -> Result<(), StoreError> {
        let sql = Sql::new(
            "UPDATE room SET name = $2, name_key = $3, opens_at = $4, ends_at = $5, closed_at = $6, archived_at = $7, \
             max_users = $8 WHERE id = $1",
        )
        .arg(room.id.as_str())
        .arg(&*room.name)
        .arg(name_key(&room.name))
        .arg(millis(room.opens_at))
        .arg(room.ends_at.map_or(NEVER, Timestamp::millis))
        .arg(millis(room.closed_at))
        .arg(millis(room.archived_at))
        .arg(i64::from(room.max_users.unwrap_or(0)));
        self.conn().execute(sql).await?;
        Ok(())
    }

    /// Sets what joining a room is checked against; empty for nothing.
    pub async fn set_room_password(&mut self, id: &RoomId, password: &str) -> Result<(), StoreError> {
        let sql = Sql::new("UPDATE room SET password_hash = $2 WHERE id = $1").arg(id.as_str()).arg(password);
        self.conn().execute(sql).await?;
        Ok(())
    }

    /// Keeps this about a room, in place of what was kept.
    pub async fn set_room_profile(&mut self, id: &RoomId, profile: &str) -> Result<(), StoreError> {
        let sql = Sql::new("UPDATE room SET profile = $2 WHERE id = $1").arg(id.as_str()).arg(profile);
        self.conn().execute(sql).await?;
        Ok(())
    }

    /// Sets how many are in a room.
    pub async fn set_room_joined(&mut self, id: &RoomId, joined: u32) -> Result<(), StoreError> {
        let sql = Sql::new("UPDATE room SET joined = $2 WHERE id = $1").arg(id.as_str()).arg(i64::from(joined));
        self.conn().execute(sql).await?;
        Ok(())
    }

    /// Deletes a room. Nobody finds its messages and files any more; `prune_room` removes them.
    pub async fn delete_room(&mut self, id: &RoomId) -> Result<(), StoreError> {
        let sql = Sql::new("DELETE FROM room WHERE id = $1").arg(id.as_str());
        self.conn().execute(sql).await?;
        let sql = Sql::new("INSERT INTO deleted_room (id) VALUES ($1) ON CONFLICT DO NOTHING").arg(id.as_str());
        self.conn().execute(sql).await?;
        Ok(())
    }

    /// Removes at most `limit` messages and as many participants of a deleted room, but no file. Returns whether none is
    /// left. Once the files are gone too, `forget_room` ends it.
    pub async fn prune_room(&mut self, id: &RoomId, limit: u32) -> Result<bool, StoreError> {
        let limit = i64::from(limit);
        let sql = Sql::new(
            "DELETE FROM message WHERE room_id = $1 AND seq <= \
             (SELECT COALESCE(MIN(seq), 0) FROM message WHERE room_id = $1) + $2 - 1",
        );
        let messages = self.conn().execute(sql.arg(id.as_str()).arg(limit)).await?;
        let sql = Sql::new(
            "DELETE FROM participant WHERE room_id = $1 AND client_key IN \
             (SELECT client_key FROM participant WHERE room_id = $1 ORDER BY client_key LIMIT $2)",
        );
        let participants = self.conn().execute(sql.arg(id.as_str()).arg(limit)).await?;
        Ok(messages == 0 && participants == 0)
    }

    /// Forgets a deleted room of which nothing is left.
    pub async fn forget_room(&mut self, id: &RoomId) -> Result<(), StoreError> {
        self.conn().execute(Sql::new("DELETE FROM deletion WHERE room_id = $1").arg(id.as_str())).await?;
        self.conn().execute(Sql::new("DELETE FROM deleted_room WHERE id = $1").arg(id.as_str())).await?;
        Ok(())
    }
}
