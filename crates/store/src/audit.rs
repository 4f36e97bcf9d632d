//! Reading the audit, newest first.

use domain::audit::{Action, ActorKind, AuditQuery, AuditRow, Subject, SubjectKind};
use domain::ids::{AppId, KeyId};
use domain::kind::KeyKind;
use domain::list::Rows;
use domain::names::Word;
use domain::page::{COUNT_CAP, Capped, Page};
use domain::sight::{Scope, Sight};
use domain::timestamp::Timestamp;
use sqlx_macros::FromRow;

use crate::conn::Conn;
use crate::error::StoreError;
use crate::sql::Sql;

/// Rows on a page, as in every list.
const PAGE: usize = Rows::Few.count() as usize;

#[derive(FromRow)]
struct Stored {
    seq: i64,
    at: i64,
    actor_kind: String,
    actor_label: String,
    action: String,
    subject_kind: String,
    subject_id: String,
    subject_label: String,
    changes: String,
    note: String,
    address: String,
    key_kind: String,
}

/// Shows as much of an event as can be read, so that one odd row hides no other.
impl From<Stored> for AuditRow {
    fn from(row: Stored) -> Self {
        Self {
            seq: row.seq,
            at: Timestamp::from_millis(row.at),
            actor_kind: Word::read(row.actor_kind, ActorKind::parse),
            actor_label: row.actor_label,
            action: Word::read(row.action, Action::parse),
            subject: Subject {
                kind: Word::read(row.subject_kind, SubjectKind::parse),
                id: row.subject_id,
                label: row.subject_label,
                key_kind: KeyKind::parse(&row.key_kind),
            },
            changes: serde_json::from_str(&row.changes).unwrap_or_default(),
            note: Some(row.note).filter(|note| !note.is_empty()),
            address: Some(row.address).filter(|address| !address.is_empty()),
        }
    }
}

reads! {
    /// A page of the events in sight, newest first. An invalid cursor gives the first page.
    audit_page(sight: &Sight, query: &AuditQuery) -> Page<AuditRow>;
    /// The latest events in sight, newest first.
    recent_audit(sight: &Sight, limit: u32) -> Vec<AuditRow>;
    /// The events of a query in sight that are older than the event with this number, newest first, at most `limit`.
    /// Neither cursor of the query counts.
    audit_before(sight: &Sight, query: &AuditQuery, seq: Option<i64>, limit: u32) -> Vec<AuditRow>;
}

const COLUMNS: &str = "SELECT seq, at, actor_kind, actor_label, action, subject_kind, subject_id, subject_label, \
     changes, note, address, key_kind FROM audit_event";

/// The events that are asked for: those in sight, or those of one key.
#[derive(Clone, Copy)]
struct Filter<'a> {
    sight: &'a Sight,
    key: Option<&'a KeyId>,
}

impl Filter<'_> {
    /// Writes the condition. Further conditions may follow with `AND`.
    fn push(self, sql: &mut Sql) {
        match self.key {
            Some(key) => sql.push(" WHERE subject_kind = 'key' AND subject_id = ").bind(key.as_str()),
            None => sql.push(" WHERE seq > 0"),
        };
        if let Scope::Only(apps) = &self.sight.apps {
            sql.push(" AND app_id IN (").list(in_list(apps.iter().map(AppId::as_str))).push(")");
        }
        if let Scope::Only(keys) = &self.sight.keys {
            sql.push(" AND subject_kind = 'key' AND subject_id IN (");
            sql.list(in_list(keys.iter().map(KeyId::as_str))).push(")");
        }
        if !self.sight.sees_all_kinds() {
            let kinds = self.sight.kinds.iter().map(|kind| kind.as_str());
            sql.push(" AND (subject_kind <> 'key' OR key_kind IN (").list(in_list(kinds)).push("))");
        }
    }
}

/// The words of a list that may be empty. No row has a single space as its word.
fn in_list<'a>(words: impl Iterator<Item = &'a str>) -> impl Iterator<Item = &'a str> {
    words.chain([" "])
}

async fn rows(conn: &mut Conn<'_>, mut sql: Sql, limit: usize) -> Result<Vec<AuditRow>, StoreError> {
    sql.push(" LIMIT ").bind(i64::try_from(limit).unwrap_or(i64::MAX));
    Ok(conn.fetch_all::<Stored>(sql).await?.into_iter().map(AuditRow::from).collect())
}

async fn older(
    conn: &mut Conn<'_>,
    filter: Filter<'_>,
    than: Option<i64>,
    limit: usize,
) -> Result<Vec<AuditRow>, StoreError> {
    let mut sql = Sql::new(COLUMNS);
    filter.push(&mut sql);
    if let Some(seq) = than {
        sql.push(" AND seq < ").bind(seq);
    }
    sql.push(" ORDER BY seq DESC");
    rows(conn, sql, limit).await
}

async fn newer(conn: &mut Conn<'_>, filter: Filter<'_>, than: i64, limit: usize) -> Result<Vec<AuditRow>, StoreError> {
    let mut sql = Sql::new(COLUMNS);
    filter.push(&mut sql);
    sql.push(" AND seq > ").bind(than).push(" ORDER BY seq");
    rows(conn, sql, limit).await
}

async fn audit_page(conn: &mut Conn<'_>, sight: &Sight, query: &AuditQuery) -> Result<Page<AuditRow>, StoreError> {
    let filter = Filter { sight, key: query.key.as_ref() };
    let cursor = |text: &Option<String>| text.as_deref().and_then(|text| text.parse::<i64>().ok());
    let (after, before) = (cursor(&query.after), cursor(&query.before));
    if let (None, Some(seq)) = (after, before) {
        let mut rows = newer(conn, filter, seq, PAGE + 1).await?;
        // One extra row shows whether there is another page on that side.
        let more = rows.len() > PAGE;
        rows.truncate(PAGE);
        rows.reverse();
        if let (Some(first), Some(last)) = (rows.first(), rows.last()) {
            let previous = more.then(|| first.seq.to_string());
            let next = (!older(conn, filter, Some(last.seq), 1).await?.is_empty()).then(|| last.seq.to_string());
            return Ok(Page { total: total(conn, filter).await?, rows, next, previous });
        }
        // Nothing is newer, so this is the first page.
    }
    let mut rows = older(conn, filter, after, PAGE + 1).await?;
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    let next = rows.last().filter(|_| more).map(|row| row.seq.to_string());
    let first = rows.first().map(|row| row.seq).or(after.map(|seq| seq.saturating_sub(1)));
    let previous = match (after, first) {
        (Some(_), Some(first)) => (!newer(conn, filter, first, 1).await?.is_empty()).then(|| first.to_string()),
        _ => None,
    };
    Ok(Page { total: total(conn, filter).await?, rows, next, previous })
}

async fn total(conn: &mut Conn<'_>, filter: Filter<'_>) -> Result<Capped, StoreError> {
    let mut sql = Sql::new("SELECT count(*) FROM (SELECT seq FROM audit_event");
    filter.push(&mut sql);
    sql.push(" LIMIT ").bind(i64::from(COUNT_CAP) + 1).push(") AS counted");
    let (count,): (i64,) = conn.fetch_one(sql).await?;
    Ok(Capped::at(COUNT_CAP, count.unsigned_abs()))
}

async fn recent_audit(conn: &mut Conn<'_>, sight: &Sight, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
    older(conn, Filter { sight, key: None }, None, usize::try_from(limit).unwrap_or(PAGE)).await
}

async fn audit_before(
    conn: &mut Conn<'_>,
    sight: &Sight,
    query: &AuditQuery,
    seq: Option<i64>,
    limit: u32,
) -> Result<Vec<AuditRow>, StoreError> {
    let limit = usize::try_from(limit).unwrap_or(PAGE);
    older(conn, Filter { sight, key: query.key.as_ref() }, seq, limit).await
}
