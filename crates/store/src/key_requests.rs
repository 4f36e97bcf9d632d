//! Keys that a second person must approve: what was asked for, and what became of it.

use domain::ids::{AppId, KeyId, PersonId};
use domain::kind::KeyKind;
use domain::request::{Decided, KeyRequest, RequestState};
use domain::role::Role;
use domain::timestamp::Timestamp;
use sqlx_macros::FromRow;

use crate::conn::Conn;
use crate::error::StoreError;
use crate::readable::readable;
use crate::sql::Sql;
use crate::store::Tx;

#[derive(FromRow)]
pub(crate) struct Stored {
    pub key_id: String,
    app_id: String,
    kind: String,
    key_name: String,
    fields: String,
    form_id: String,
    reason: String,
    asked_by_id: String,
    asked_by_label: String,
    pub created_at: i64,
    state: String,
    until: i64,
    decided_by_id: String,
    decided_by_label: String,
    decided_at: i64,
    word: String,
}

impl TryFrom<Stored> for KeyRequest {
    type Error = StoreError;

    fn try_from(row: Stored) -> Result<Self, StoreError> {
        let decided = Decided {
            by: (row.decided_by_id, row.decided_by_label),
            at: Timestamp::from_millis(row.decided_at),
            word: row.word,
        };
        Ok(Self {
            key: KeyId::parse(&row.key_id).ok_or_else(|| StoreError::corrupt("the key of a request"))?,
            app_id: AppId::parse(&row.app_id).ok_or_else(|| StoreError::corrupt("the app of a request"))?,
            kind: KeyKind::parse(&row.kind).ok_or_else(|| StoreError::corrupt("the kind of a request"))?,
            key_name: row.key_name,
            draft: serde_json::from_str(&row.fields).map_err(|_| StoreError::corrupt("the fields of a request"))?,
            form_id: row.form_id,
            reason: row.reason,
            asked_by: (row.asked_by_id, row.asked_by_label),
            created_at: Timestamp::from_millis(row.created_at),
            state: RequestState::parse(&row.state).ok_or_else(|| StoreError::corrupt("the state of a request"))?,
            until: Timestamp::from_millis(row.until),
            decided: (row.decided_at != 0).then_some(decided),
        })
    }
}

reads! {
    /// The request for this key, whatever has become of it.
    key_request(key: &KeyId) -> Option<KeyRequest>;
    /// The request that this form made.
    key_request_of_form(form_id: &str) -> Option<KeyRequest>;
    /// How many requests of a person wait.
    key_requests_waiting_of(person: &PersonId) -> u32;
    /// When a person last asked for a key of an app; `None` if no such request is kept.
    last_key_request_at(person: &PersonId, app: &AppId) -> Option<Timestamp>;
    /// Open requests whose time was over at `now`, at most `limit`.
    key_requests_overdue(now: Timestamp, limit: u32) -> Vec<KeyRequest>;
    /// The e-mails of people of these roles who may sign in and see this app (without one, of those who see every app), but
    /// not of this one: at most `limit`, whoever was here last first.
    emails_of(roles: &[Role], app: Option<&AppId>, but: &PersonId, now: Timestamp, limit: u32) -> Vec<String>;
}

pub(crate) const REQUEST: &str = "SELECT r.key_id, r.app_id, r.kind, r.key_name, r.fields, r.form_id, r.reason, \
     r.asked_by_id, r.asked_by_label, r.created_at, r.state, r.until, r.decided_by_id, r.decided_by_label, \
     r.decided_at, r.word FROM key_request r ";

async fn key_request(conn: &mut Conn<'_>, key: &KeyId) -> Result<Option<KeyRequest>, StoreError> {
    let mut sql = Sql::new(REQUEST);
    sql.push("WHERE r.key_id = ").bind(key.as_str());
    conn.fetch_optional::<Stored>(sql).await?.map(KeyRequest::try_from).transpose()
}

async fn key_request_of_form(conn: &mut Conn<'_>, form_id: &str) -> Result<Option<KeyRequest>, StoreError> {
    let mut sql = Sql::new(REQUEST);
    sql.push("WHERE r.form_id = ").bind(form_id);
    conn.fetch_optional::<Stored>(sql).await?.map(KeyRequest::try_from).transpose()
}

async fn key_requests_waiting_of(conn: &mut Conn<'_>, person: &PersonId) -> Result<u32, StoreError> {
    let sql = Sql::new("SELECT count(*) FROM key_request WHERE asked_by_id = $1 AND state = $2")
        .arg(person.as_str())
        .arg(RequestState::Waiting.as_str());
    let (count,): (i64,) = conn.fetch_one(sql).await?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

async fn last_key_request_at(
    conn: &mut Conn<'_>,
    person: &PersonId,
    app: &AppId,
) -> Result<Option<Timestamp>, StoreError> {
    let sql = Sql::new("SELECT max(created_at) FROM key_request WHERE asked_by_id = $1 AND app_id = $2")
        .arg(person.as_str())
        .arg(app.as_str());
    let (last,): (Option<i64>,) = conn.fetch_one(sql).await?;
    Ok(last.map(Timestamp::from_millis))
}

async fn key_requests_overdue(conn: &mut Conn<'_>, now: Timestamp, limit: u32) -> Result<Vec<KeyRequest>, StoreError> {
    let mut sql = Sql::new(REQUEST);
    let open = RequestState::ALL.iter().filter(|state| state.is_open()).map(|state| state.as_str());
    sql.push("WHERE r.state IN (").list(open).push(") AND r.until <= ").bind(now);
    sql.push(" ORDER BY r.until LIMIT ").bind(i64::from(limit));
    Ok(readable(conn.fetch_all::<Stored>(sql).await?))
}

async fn emails_of(
    conn: &mut Conn<'_>,
    roles: &[Role],
    app: Option<&AppId>,
    but: &PersonId,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<String>, StoreError> {
    let mut sql = Sql::new("SELECT email FROM person WHERE role IN (");
    sql.list(roles.iter().map(|role| role.as_str())).push(") AND id <> ").bind(but.as_str());
    sql.push(" AND (apps = ''");
    if let Some(app) = app {
        sql.push(" OR apps LIKE ").bind(format!("%{app}%"));
    }
    sql.push(")");
    sql.push(" AND disabled = 0 AND access_ends_at > ").bind(now);
    sql.push(" ORDER BY last_sign_in_at DESC, id LIMIT ").bind(i64::from(limit));
    Ok(conn.fetch_all::<(String,)>(sql).await?.into_iter().map(|(email,)| email).collect())
}

impl Tx {
    /// Adds a request that nobody has decided; `Conflict(RequestForm)` if its form has made one.
    pub async fn insert_key_request(&mut self, request: &KeyRequest) -> Result<(), StoreError> {
        let fields = serde_json::to_string(&request.draft).map_err(|error| StoreError::Failed(error.to_string()))?;
        let sql = Sql::new(
            "INSERT INTO key_request (key_id, app_id, kind, key_name, fields, form_id, reason, asked_by_id, \
             asked_by_label, created_at, state, until) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        )
        .arg(request.key.as_str())
        .arg(request.app_id.as_str())
        .arg(request.kind.as_str())
        .arg(&*request.key_name)
        .arg(fields)
        .arg(&*request.form_id)
        .arg(&*request.reason)
        .arg(&*request.asked_by.0)
        .arg(&*request.asked_by.1)
        .arg(request.created_at)
        .arg(request.state.as_str())
        .arg(request.until);
        self.conn().execute(sql).await?;
        Ok(())
    }

    /// Decides on a request that waits, and returns whether it did. `until` is when an approved one ends, or when this one
    /// has ended.
    pub async fn decide_key_request(
        &mut self,
        key: &KeyId,
        state: RequestState,
        until: Timestamp,
        decided: &Decided,
    ) -> Result<bool, StoreError> {
        let sql = Sql::new(
            "UPDATE key_request SET state = $2, until = $3, decided_by_id = $4, decided_by_label = $5, \
             decided_at = $6, word = $7 WHERE key_id = $1 AND state = $8",
        )
        .arg(key.as_str())
        .arg(state.as_str())
        .arg(until)
        .arg(&*decided.by.0)
        .arg(&*decided.by.1)
        .arg(decided.at)
        .arg(&*decided.word)
        .arg(RequestState::Waiting.as_str());
        Ok(self.conn().execute(sql).await? == 1)
    }

    /// Ends a request that is in the state `from`, and returns whether it was.
    pub async fn end_key_request(
        &mut self,
        key: &KeyId,
        from: RequestState,
        state: RequestState,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let sql = Sql::new("UPDATE key_request SET state = $3, until = $4 WHERE key_id = $1 AND state = $2")
            .arg(key.as_str())
            .arg(from.as_str())
            .arg(state.as_str())
            .arg(at);
        Ok(self.conn().execute(sql).await? == 1)
    }

    /// Removes requests that had ended by this time, at most `limit`, and returns how many.
    pub async fn prune_key_requests(&mut self, by: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let mut sql =
            Sql::new("DELETE FROM key_request WHERE key_id IN (SELECT key_id FROM key_request WHERE state IN (");
        let ended = RequestState::ALL.iter().filter(|state| !state.is_open()).map(|state| state.as_str());
        sql.list(ended).push(") AND until <= ").bind(by).push(" LIMIT ").bind(i64::from(limit)).push(")");
        self.conn().execute(sql).await
    }
}
