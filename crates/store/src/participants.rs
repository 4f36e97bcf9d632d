//! Who is in which room, who was, and who may not be.

use domain::ids::{AppId, ContactId, RoomId};
use domain::participant::{ClientKey, Grade, Participant, Who};
use domain::room::Room;
use domain::timestamp::Timestamp;
use sqlx_macros::FromRow;

use crate::conn::Conn;
use crate::error::StoreError;
use crate::readable::readable;
use crate::rooms::{self, millis, moment, some_rooms};
use crate::sql::{Arg, Sql, pieces};
use crate::store::Tx;

#[derive(FromRow)]
struct Stored {
    room_id: String,
    client_key: String,
    nick_name: String,
    grade: String,
    contact_id: String,
    joined_at: i64,
    left_at: i64,
    muted_at: i64,
    banned_at: i64,
}

impl TryFrom<Stored> for Participant {
    type Error = StoreError;

    fn try_from(row: Stored) -> Result<Self, StoreError> {
        let corrupt = || StoreError::corrupt("a participant");
        Ok(Self {
            room_id: RoomId::parse(&row.room_id).ok_or_else(corrupt)?,
            client_key: ClientKey::parse(&row.client_key).ok_or_else(corrupt)?,
            nick_name: row.nick_name,
            grade: Grade::parse(&row.grade).ok_or_else(corrupt)?,
            contact: ContactId::parse(&row.contact_id),
            joined_at: Timestamp::from_millis(row.joined_at),
            left_at: moment(row.left_at),
            muted_at: moment(row.muted_at),
            banned_at: moment(row.banned_at),
        })
    }
}

reads! {
    /// The participant of a room with this client key, in it or not.
    participant(room: &RoomId, client_key: &ClientKey) -> Option<Participant>;
    /// Those of these participants that there are, in any order. At most 1,000 are asked for.
    some_participants(asked: &[(RoomId, ClientKey)]) -> Vec<Participant>;
    /// Participants of a room in the order in which they joined, at most `limit`.
    participants(room: &RoomId, who: Who, limit: u32) -> Vec<Participant>;
    /// The rooms of an app that a contact is in, not archived, and what they are there; the room in which something was
    /// said last comes first.
    memberships(app: &AppId, contact: &ContactId, limit: u32) -> Vec<(Room, Participant)>;
}

const COLUMNS: &str = "room_id, client_key, nick_name, grade, contact_id, joined_at, left_at, muted_at, banned_at";

fn select() -> Sql {
    let mut sql = Sql::new("SELECT ");
    sql.push(COLUMNS).push(" FROM participant ");
    sql
}

async fn participant(
    conn: &mut Conn<'_>,
    room: &RoomId,
    client_key: &ClientKey,
) -> Result<Option<Participant>, StoreError> {
    let mut sql = select();
    sql.push("WHERE room_id = ").bind(room.as_str()).push(" AND client_key = ").bind(client_key.as_str());
    conn.fetch_optional::<Stored>(sql).await?.map(Participant::try_from).transpose()
}

async fn some_participants(conn: &mut Conn<'_>, asked: &[(RoomId, ClientKey)]) -> Result<Vec<Participant>, StoreError> {
    let mut sql = select();
    sql.push("JOIN (SELECT value ->> 0 AS asked_room, value ->> 1 AS asked_key FROM ");
    conn.push_rows(&mut sql, asked.iter().map(|(room, key)| (room.as_str(), key.as_str())))?;
    sql.push(") AS asked ON room_id = asked_room AND client_key = asked_key");
    Ok(readable(conn.fetch_all::<Stored>(sql).await?))
}

async fn participants(
    conn: &mut Conn<'_>,
    room: &RoomId,
    who: Who,
    limit: u32,
) -> Result<Vec<Participant>, StoreError> {
    let mut sql = select();
    sql.push("WHERE room_id = ").bind(room.as_str());
    sql.push(match who {
        Who::Joined => " AND left_at = 0",
        Who::Muted => " AND muted_at <> 0",
        Who::Banned => " AND banned_at <> 0",
    });
    sql.push(" ORDER BY joined_at, client_key LIMIT ").bind(i64::from(limit));
    Ok(readable(conn.fetch_all::<Stored>(sql).await?))
}

async fn memberships(
    conn: &mut Conn<'_>,
    app: &AppId,
    contact: &ContactId,
    limit: u32,
) -> Result<Vec<(Room, Participant)>, StoreError> {
    let mut sql = Sql::new(
        "SELECT room.id FROM participant JOIN room ON room.id = participant.room_id \
         WHERE participant.contact_id <> '' AND participant.left_at = 0 AND participant.contact_id = ",
    );
    sql.bind(contact.as_str()).push(" AND room.app_id = ").bind(app.as_str());
    sql.push(" AND room.archived_at = 0 ORDER BY room.active_at DESC, room.id DESC LIMIT ").bind(i64::from(limit));
    let ids = conn.fetch_all::<(String,)>(sql).await?;
    let id = |(id,): (String,)| RoomId::parse(&id).ok_or_else(|| StoreError::corrupt("a room's id"));
    let ids = ids.into_iter().map(id).collect::<Result<Vec<_>, _>>()?;
    let key = ClientKey::of_contact(contact);
    let asked: Vec<_> = ids.iter().map(|id| (*id, key.clone())).collect();
    let mut rooms = some_rooms(conn, &ids).await?;
    rooms::newest_first(&mut rooms);
    let mut found = some_participants(conn, &asked).await?;
    found.sort_by_key(|participant| participant.room_id);
    let of = |room: Room| {
        let at = found.binary_search_by_key(&room.id, |participant| participant.room_id).ok()?;
        let participant = found.get(at)?.clone();
        Some((room, participant))
    };
    Ok(rooms.into_iter().filter_map(of).collect())
}

impl Tx {
    /// Writes participants, each in place of the one with the same room and client key.
    pub async fn put_participants(&mut self, participants: &[Participant]) -> Result<(), StoreError> {
        for piece in pieces(participants) {
            let mut sql = Sql::new("INSERT INTO participant (");
            sql.push(COLUMNS).push(") VALUES ");
            for (n, participant) in piece.iter().enumerate() {
                let columns: [Arg; 9] = [
                    participant.room_id.as_str().into(),
                    participant.client_key.as_str().into(),
                    participant.nick_name.as_str().into(),
                    participant.grade.as_str().into(),
                    participant.contact.as_ref().map_or("", ContactId::as_str).into(),
                    participant.joined_at.into(),
                    millis(participant.left_at).into(),
                    millis(participant.muted_at).into(),
                    millis(participant.banned_at).into(),
                ];
                sql.row(n == 0, columns);
            }
            sql.push(
                " ON CONFLICT (room_id, client_key) DO UPDATE SET nick_name = excluded.nick_name, \
                 grade = excluded.grade, contact_id = excluded.contact_id, joined_at = excluded.joined_at, \
                 left_at = excluded.left_at, muted_at = excluded.muted_at, banned_at = excluded.banned_at",
            );
            self.conn().execute(sql).await?;
        }
        Ok(())
    }
}
