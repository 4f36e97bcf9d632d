//! Sessions of signed-in people, found by the MAC of the cookie's value.

use domain::ids::PersonId;
use domain::timestamp::Timestamp;
use sqlx_macros::FromRow;

use crate::conn::Conn;
use crate::error::StoreError;
use crate::people::{self, PersonRow};
use crate::sql::Sql;
use crate::store::Tx;

/// A session of a signed-in person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// MAC of the value in the cookie.
    pub id_mac: Vec<u8>,
    /// The person who is signed in.
    pub person_id: PersonId,
    /// When the person signed in.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_seen_at: Timestamp,
    /// When it ends, however often it is used.
    pub expires_at: Timestamp,
    /// Where the person signed in from.
    pub address: Option<String>,
    /// The browser's `User-Agent`, shortened.
    pub user_agent: Option<String>,
}

#[derive(FromRow)]
struct Stored {
    id_mac: Vec<u8>,
    created_at: i64,
    last_seen_at: i64,
    expires_at: i64,
    address: Option<String>,
    user_agent: Option<String>,
    #[sqlx(flatten)]
    person: people::Stored,
}

reads! {
    /// The session with this MAC and its person, expired or not.
    session_by_mac(id_mac: &[u8]) -> Option<(SessionRow, PersonRow)>;
}

async fn session_by_mac(conn: &mut Conn<'_>, id_mac: &[u8]) -> Result<Option<(SessionRow, PersonRow)>, StoreError> {
    let sql = Sql::new(
        "SELECT s.id_mac, s.created_at, s.last_seen_at, s.expires_at, s.address, s.user_agent, \
         p.id AS person_id, p.email AS person_email, p.name AS person_name, p.role AS person_role, \
         p.password_hash AS person_password_hash, p.created_at AS person_created_at, p.disabled AS person_disabled, \
         p.access_ends_at AS person_access_ends_at FROM session s JOIN person p ON p.id = s.person_id WHERE s.id_mac = $1",
    )
    .arg(id_mac);
    let Some(row) = conn.fetch_optional::<Stored>(sql).await? else { return Ok(None) };
    let person = PersonRow::try_from(row.person)?;
    let session = SessionRow {
        id_mac: row.id_mac,
        person_id: person.id,
        created_at: Timestamp::from_millis(row.created_at),
        last_seen_at: Timestamp::from_millis(row.last_seen_at),
        expires_at: Timestamp::from_millis(row.expires_at),
        address: row.address,
        user_agent: row.user_agent,
    };
    Ok(Some((session, person)))
}

impl Tx {
    /// Adds a session; `Conflict` if the MAC exists.
    pub async fn insert_session(&mut self, session: &SessionRow) -> Result<(), StoreError> {
        let sql = Sql::new(
            "INSERT INTO session (id_mac, person_id, created_at, last_seen_at, expires_at, address, user_agent) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .arg(&*session.id_mac)
        .arg(session.person_id.as_str())
        .arg(session.created_at)
        .arg(session.last_seen_at)
        .arg(session.expires_at)
        .arg(session.address.clone())
        .arg(session.user_agent.clone());
        self.conn().execute(sql).await?;
        Ok(())
    }

    /// Records that a session was used. Call it at most once a minute per session.
    pub async fn touch_session(&mut self, id_mac: &[u8], at: Timestamp) -> Result<(), StoreError> {
        let sql = Sql::new("UPDATE session SET last_seen_at = $2 WHERE id_mac = $1 AND last_seen_at < $2");
        self.conn().execute(sql.arg(id_mac).arg(at)).await?;
        Ok(())
    }

    /// Ends a session, and returns whether it existed.
    pub async fn delete_session(&mut self, id_mac: &[u8]) -> Result<bool, StoreError> {
        let sql = Sql::new("DELETE FROM session WHERE id_mac = $1").arg(id_mac);
        Ok(self.conn().execute(sql).await? == 1)
    }

    /// Ends every session of a person, and returns how many.
    pub async fn delete_sessions_of(&mut self, person: &PersonId) -> Result<u64, StoreError> {
        let sql = Sql::new("DELETE FROM session WHERE person_id = $1").arg(person.as_str());
        self.conn().execute(sql).await
    }

    /// Removes sessions that have ended by `now` or were last used before `idle_since`, and returns how many.
    pub async fn delete_expired_sessions(&mut self, now: Timestamp, idle_since: Timestamp) -> Result<u64, StoreError> {
        let sql = Sql::new("DELETE FROM session WHERE expires_at <= $1 OR last_seen_at < $2").arg(now).arg(idle_since);
        self.conn().execute(sql).await
    }
}
