//! Sessions of signed-in people, found by the MAC of the cookie's value.

use domain::ids::{AppId, PersonId};
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
    /// When the person last typed the password, or used a passkey in its place.
    pub password_checked_at: Timestamp,
    /// When the person last typed a code of the second factor; `None` if not at all.
    pub factor_checked_at: Option<Timestamp>,
    /// Whether the password that was typed was too short to be all that protects the account, and has to be changed first.
    pub owes_password: bool,
}

#[derive(FromRow)]
struct Stored {
    #[sqlx(flatten)]
    session: Alone,
    #[sqlx(flatten)]
    person: people::Stored,
    time_zone: String,
}

/// A session without its person.
#[derive(FromRow)]
struct Alone {
    id_mac: Vec<u8>,
    created_at: i64,
    last_seen_at: i64,
    expires_at: i64,
    address: Option<String>,
    user_agent: Option<String>,
    password_checked_at: i64,
    factor_checked_at: i64,
    owes_password: i64,
}

impl Alone {
    fn of(self, person_id: PersonId) -> SessionRow {
        SessionRow {
            id_mac: self.id_mac,
            person_id,
            created_at: Timestamp::from_millis(self.created_at),
            last_seen_at: Timestamp::from_millis(self.last_seen_at),
            expires_at: Timestamp::from_millis(self.expires_at),
            address: self.address,
            user_agent: self.user_agent,
            password_checked_at: Timestamp::from_millis(self.password_checked_at),
            factor_checked_at: Some(self.factor_checked_at).filter(|at| *at != 0).map(Timestamp::from_millis),
            owes_password: self.owes_password != 0,
        }
    }
}

reads! {
    /// The session with this MAC, its person, and the zone that they read times in, empty for the browser's. Expired or not.
    session_by_mac(id_mac: &[u8]) -> Option<(SessionRow, PersonRow, String)>;
    /// The sessions of a person, expired or not, the newest first.
    sessions_of(person: &PersonId) -> Vec<SessionRow>;
    /// The app that was chosen last in the session with this MAC; `None` for all.
    chosen_app(id_mac: &[u8]) -> Option<AppId>;
}

async fn chosen_app(conn: &mut Conn<'_>, id_mac: &[u8]) -> Result<Option<AppId>, StoreError> {
    let sql = Sql::new("SELECT app_id FROM session WHERE id_mac = $1").arg(id_mac);
    Ok(conn.fetch_optional::<(String,)>(sql).await?.and_then(|(app,)| AppId::parse(&app)))
}

async fn session_by_mac(
    conn: &mut Conn<'_>,
    id_mac: &[u8],
) -> Result<Option<(SessionRow, PersonRow, String)>, StoreError> {
    let sql = Sql::new(
        "SELECT s.id_mac, s.created_at, s.last_seen_at, s.expires_at, s.address, s.user_agent, \
         s.password_checked_at, s.factor_checked_at, s.owes_password, p.id AS person_id, p.email AS person_email, \
         p.name AS person_name, p.role AS person_role, p.password_hash AS person_password_hash, p.created_at AS person_created_at, \
         p.disabled AS person_disabled, p.access_ends_at AS person_access_ends_at, p.apps AS person_apps, p.time_zone \
         FROM session s JOIN person p ON p.id = s.person_id WHERE s.id_mac = $1",
    )
    .arg(id_mac);
    let Some(row) = conn.fetch_optional::<Stored>(sql).await? else { return Ok(None) };
    let person = PersonRow::try_from(row.person)?;
    Ok(Some((row.session.of(person.id), person, row.time_zone)))
}

async fn sessions_of(conn: &mut Conn<'_>, person: &PersonId) -> Result<Vec<SessionRow>, StoreError> {
    let sql = Sql::new(
        "SELECT id_mac, created_at, last_seen_at, expires_at, address, user_agent, password_checked_at, \
         factor_checked_at, owes_password FROM session \
         WHERE person_id = $1 ORDER BY created_at DESC, id_mac",
    )
    .arg(person.as_str());
    let rows = conn.fetch_all::<Alone>(sql).await?;
    Ok(rows.into_iter().map(|row| row.of(*person)).collect())
}

impl Tx {
    /// Adds a session; `Conflict` if the MAC exists.
    pub async fn insert_session(&mut self, session: &SessionRow) -> Result<(), StoreError> {
        let sql = Sql::new(
            "INSERT INTO session (id_mac, person_id, created_at, last_seen_at, expires_at, address, user_agent, \
             password_checked_at, factor_checked_at, owes_password) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .arg(&*session.id_mac)
        .arg(session.person_id.as_str())
        .arg(session.created_at)
        .arg(session.last_seen_at)
        .arg(session.expires_at)
        .arg(session.address.clone())
        .arg(session.user_agent.clone())
        .arg(session.password_checked_at)
        .arg(session.factor_checked_at.map_or(0, Timestamp::millis))
        .arg(i64::from(session.owes_password));
        self.conn().execute(sql).await?;
        Ok(())
    }

    /// Records that a session was used. Call it at most once a minute per session.
    pub async fn touch_session(&mut self, id_mac: &[u8], at: Timestamp) -> Result<(), StoreError> {
        let sql = Sql::new("UPDATE session SET last_seen_at = $2 WHERE id_mac = $1 AND last_seen_at < $2");
        self.conn().execute(sql.arg(id_mac).arg(at)).await?;
        Ok(())
    }

    /// Notes that a session's person typed the password, and whether with a code.
    pub async fn set_session_checked(
        &mut self,
        id_mac: &[u8],
        password_at: Timestamp,
        factor_at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let sql = Sql::new("UPDATE session SET password_checked_at = $2, factor_checked_at = $3 WHERE id_mac = $1")
            .arg(id_mac);
        self.conn().execute(sql.arg(password_at).arg(factor_at.map_or(0, Timestamp::millis))).await?;
        Ok(())
    }

    /// Notes that a session's person proved again who they are. Returns whether the session exists.
    pub async fn set_session_proved(&mut self, id_mac: &[u8], at: Timestamp) -> Result<bool, StoreError> {
        let sql = Sql::new("UPDATE session SET password_checked_at = $2 WHERE id_mac = $1").arg(id_mac).arg(at);
        Ok(self.conn().execute(sql).await? == 1)
    }

    /// Notes that a session's person has changed the password that was too short.
    pub async fn set_password_changed(&mut self, id_mac: &[u8]) -> Result<(), StoreError> {
        self.conn().execute(Sql::new("UPDATE session SET owes_password = 0 WHERE id_mac = $1").arg(id_mac)).await?;
        Ok(())
    }

    /// Notes the app that was chosen in a session; `None` for all.
    pub async fn set_chosen_app(&mut self, id_mac: &[u8], app: Option<&AppId>) -> Result<(), StoreError> {
        let sql = Sql::new("UPDATE session SET app_id = $2 WHERE id_mac = $1").arg(id_mac);
        self.conn().execute(sql.arg(app.map_or("", AppId::as_str))).await?;
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

    /// Ends every session of a person but this one, and returns how many.
    pub async fn delete_other_sessions(&mut self, person: &PersonId, kept: &[u8]) -> Result<u64, StoreError> {
        let sql = Sql::new("DELETE FROM session WHERE person_id = $1 AND id_mac <> $2").arg(person.as_str()).arg(kept);
        self.conn().execute(sql).await
    }

    /// Removes sessions that have ended by `now` or were last used before `idle_since`, and returns how many.
    pub async fn delete_expired_sessions(&mut self, now: Timestamp, idle_since: Timestamp) -> Result<u64, StoreError> {
        let sql = Sql::new("DELETE FROM session WHERE expires_at <= $1 OR last_seen_at < $2").arg(now).arg(idle_since);
        self.conn().execute(sql).await
    }
}
