//! The record as it is read: newest first.

use domain::audit::{Action, ActorKind, AuditRow, Subject, SubjectKind};
use domain::ids::{AppId, KeyId};
use domain::page::{COUNT_CAP, Capped, Page};
use domain::timestamp::Timestamp;
use sqlx_macros::FromRow;

use crate::conn::Conn;
use crate::error::StoreError;
use crate::sql::Sql;

/// Rows on a page, as in every list.
const PAGE: usize = domain::list::PAGE_SIZE as usize;

/// Which events, and which page of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only those about this key.
    pub key: Option<KeyId>,
    /// Only those of this app.
    pub app: Option<AppId>,
    /// The page of older events after this cursor; it wins over `before`.
    pub after: Option<String>,
    /// The page of newer events before this cursor.
    pub before: Option<String>,
}

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
}

impl TryFrom<Stored> for AuditRow {
    type Error = StoreError;

    fn try_from(row: Stored) -> Result<Self, StoreError> {
        let corrupt = || StoreError::corrupt(format!("the audit event {}", row.seq));
        Ok(Self {
            seq: row.seq,
            at: Timestamp::from_millis(row.at),
            actor_kind: ActorKind::parse(&row.actor_kind).ok_or_else(corrupt)?,
            actor_label: row.actor_label,
            action: Action::parse(&row.action).ok_or_else(corrupt)?,
            subject: Subject {
                kind: SubjectKind::parse(&row.subject_kind).ok_or_else(corrupt)?,
                id: row.subject_id,
                label: row.subject_label,
            },
            changes: serde_json::from_str(&row.changes).map_err(|_| corrupt())?,
            note: Some(row.note).filter(|note| !note.is_empty()),
            address: Some(row.address).filter(|address| !address.is_empty()),
        })
    }
}

reads! {
    /// A page of the record, newest first. A cursor that is not one gives the first page.
    audit_page(filter: &AuditFilter) -> Page<AuditRow>;
    /// The latest events, newest first.
    recent_audit(limit: u32) -> Vec<AuditRow>;
}

const COLUMNS: &str = "SELECT seq, at, actor_kind, actor_label, action, subject_kind, subject_id, subject_label, \
     changes, note, address FROM audit_event";

/// The condition, ending before an optional `AND`.
fn matching(sql: &mut Sql, filter: &AuditFilter) {
    match &filter.key {
        Some(key) => sql
            .push(" WHERE subject_kind = ")
            .bind(SubjectKind::Key.as_str())
            .push(" AND subject_id = ")
            .bind(key.as_str()),
        None => sql.push(" WHERE seq > 0"),
    };
    if let Some(app) = &filter.app {
        sql.push(" AND app_id = ").bind(app.as_str());
    }
}

async fn rows(conn: &mut Conn<'_>, mut sql: Sql, limit: usize) -> Result<Vec<AuditRow>, StoreError> {
    sql.push(" LIMIT ").bind(i64::try_from(limit).unwrap_or(i64::MAX));
    conn.fetch_all::<Stored>(sql).await?.into_iter().map(AuditRow::try_from).collect()
}

async fn older(
    conn: &mut Conn<'_>,
    filter: &AuditFilter,
    than: Option<i64>,
    limit: usize,
) -> Result<Vec<AuditRow>, StoreError> {
    let mut sql = Sql::new(COLUMNS);
    matching(&mut sql, filter);
    if let Some(seq) = than {
        sql.push(" AND seq < ").bind(seq);
    }
    sql.push(" ORDER BY seq DESC");
    rows(conn, sql, limit).await
}

async fn newer(
    conn: &mut Conn<'_>,
    filter: &AuditFilter,
    than: i64,
    limit: usize,
) -> Result<Vec<AuditRow>, StoreError> {
    let mut sql = Sql::new(COLUMNS);
    matching(&mut sql, filter);
    sql.push(" AND seq > ").bind(than).push(" ORDER BY seq");
    rows(conn, sql, limit).await
}

async fn audit_page(conn: &mut Conn<'_>, filter: &AuditFilter) -> Result<Page<AuditRow>, StoreError> {
    let cursor = |text: &Option<String>| text.as_deref().and_then(|text| text.parse::<i64>().ok());
    let (after, before) = (cursor(&filter.after), cursor(&filter.before));
    if let (None, Some(seq)) = (after, before) {
        let mut rows = newer(conn, filter, seq, PAGE + 1).await?;
        // One row more than the page tells that there is another page on that side.
        let more = rows.len() > PAGE;
        rows.truncate(PAGE);
        rows.reverse();
        if let (Some(first), Some(last)) = (rows.first(), rows.last()) {
            let previous = more.then(|| first.seq.to_string());
            let next = (!older(conn, filter, Some(last.seq), 1).await?.is_empty()).then(|| last.seq.to_string());
            return Ok(Page { total: total(conn, filter).await?, rows, next, previous });
        }
        // Nothing is newer: that is the first page.
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

async fn total(conn: &mut Conn<'_>, filter: &AuditFilter) -> Result<Capped, StoreError> {
    let mut sql = Sql::new("SELECT count(*) FROM (SELECT seq FROM audit_event");
    matching(&mut sql, filter);
    sql.push(" LIMIT ").bind(i64::from(COUNT_CAP) + 1).push(") AS counted");
    let (count,): (i64,) = conn.fetch_one(sql).await?;
    Ok(Capped::from_count(count.unsigned_abs()))
}

async fn recent_audit(conn: &mut Conn<'_>, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
    older(conn, &AuditFilter::default(), None, usize::try_from(limit).unwrap_or(PAGE)).await
}
