//! Reading the audit, newest first.

use domain::audit::{Action, ActorKind, AuditRow, HIDDEN_KEY, Subject, SubjectKind};
use domain::audit_query::{AuditQuery, DAYS_SHOWN, DayEvents};
use domain::kind::KeyKind;
use domain::list::Rows;
use domain::names::Word;
use domain::page::{COUNT_CAP, Capped, Page};
use domain::sight::{Scope, Sight};
use domain::timestamp::{Millis, Timestamp};
use sqlx_macros::FromRow;

use crate::audit_search::{AuditSearch, push_sight};
use crate::conn::Conn;
use crate::cursors::{Paged, number};
use crate::error::StoreError;
use crate::sql::Sql;

/// Rows on a page, as in every list.
const PAGE: usize = Rows::Few.count() as usize;

#[derive(FromRow)]
struct Stored {
    seq: i64,
    at: i64,
    actor_kind: String,
    actor_id: String,
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
    /// A page of the events in sight that are asked for, newest first. An invalid cursor gives the first page.
    audit_page(sight: &Sight, query: &AuditQuery) -> Page<AuditRow>;
    /// How many of these events there were on each day from `first` on, for [`DAYS_SHOWN`] days; days without any are left
    /// out. Events of some keys or people are counted up to 10,000, newest first.
    audit_days(sight: &Sight, query: &AuditQuery, first: Timestamp) -> Vec<DayEvents>;
    /// The latest events in sight, newest first.
    recent_audit(sight: &Sight, limit: u32) -> Vec<AuditRow>;
    /// The events of a query in sight that are older than the event with this number, newest first, at most `limit`.
    /// Neither cursor of the query counts.
    audit_before(sight: &Sight, query: &AuditQuery, seq: Option<i64>, limit: u32) -> Vec<AuditRow>;
}

/// What is before it is the end of the record: the page before one that is empty, as all of it is gone.
const END: &str = "0";

impl Paged for AuditQuery {
    fn is_cursor(&self, text: &str, backwards: bool) -> bool {
        number(text).is_some() || (backwards && text == END)
    }
}

const COLUMNS: &str = "SELECT seq, at, actor_kind, actor_id, actor_label, action, subject_kind, subject_id, subject_label, \
     changes, note, address, key_kind FROM audit_event";

async fn rows(
    conn: &mut Conn<'_>,
    search: &AuditSearch<'_>,
    mut sql: Sql,
    limit: usize,
) -> Result<Vec<AuditRow>, StoreError> {
    sql.push(" LIMIT ").bind(i64::try_from(limit).unwrap_or(i64::MAX));
    let mut rows: Vec<Stored> = conn.fetch_all(sql).await?;
    let is_key = |row: &Stored| row.actor_kind == ActorKind::Key.as_str();
    let mut keys: Vec<_> = rows.iter().filter(|row| is_key(row)).map(|row| &*row.actor_id).collect();
    keys.sort_unstable();
    keys.dedup();
    let hidden = search.hidden(conn, &keys).await?;
    for row in rows.iter_mut().filter(|row| is_key(row) && hidden.contains(&row.actor_id)) {
        HIDDEN_KEY.clone_into(&mut row.actor_label);
    }
    Ok(rows.into_iter().map(AuditRow::from).collect())
}

/// Every arm has its own limit, so that as few rows are sorted as are shown.
async fn older(
    conn: &mut Conn<'_>,
    search: &AuditSearch<'_>,
    than: Option<i64>,
    limit: usize,
) -> Result<Vec<AuditRow>, StoreError> {
    rows(conn, search, older_than(search, than, limit), limit).await
}

fn older_than(search: &AuditSearch<'_>, than: Option<i64>, limit: usize) -> Sql {
    let mut sql = Sql::default();
    search.push_found(&mut sql, COLUMNS, |sql| {
        if let Some(seq) = than {
            sql.push(" AND seq < ").bind(seq);
        }
        sql.push(" ORDER BY seq DESC LIMIT ").bind(i64::try_from(limit).unwrap_or(i64::MAX));
    });
    sql.push(" ORDER BY seq DESC");
    sql
}

async fn newer(
    conn: &mut Conn<'_>,
    search: &AuditSearch<'_>,
    than: i64,
    limit: usize,
) -> Result<Vec<AuditRow>, StoreError> {
    let mut sql = Sql::default();
    search.push_found(&mut sql, COLUMNS, |sql| {
        sql.push(" AND seq > ").bind(than).push(" ORDER BY seq LIMIT ");
        sql.bind(i64::try_from(limit).unwrap_or(i64::MAX));
    });
    sql.push(" ORDER BY seq");
    rows(conn, search, sql, limit).await
}

async fn audit_page(conn: &mut Conn<'_>, sight: &Sight, query: &AuditQuery) -> Result<Page<AuditRow>, StoreError> {
    let search = AuditSearch::new(conn, sight, query).await?;
    if search.is_empty() {
        return Ok(Page { rows: Vec::new(), next: None, previous: None, total: Capped::default() });
    }
    let after = query.after.as_deref().and_then(number);
    let before = query.before.as_deref().and_then(|text| if text == END { Some(0) } else { number(text) });
    if let (None, Some(seq)) = (after, before) {
        let mut rows = newer(conn, &search, seq, PAGE + 1).await?;
        // One extra row shows whether there is another page on that side.
        let more = rows.len() > PAGE;
        rows.truncate(PAGE);
        rows.reverse();
        if let (Some(first), Some(last)) = (rows.first(), rows.last()) {
            let previous = more.then(|| first.seq.to_string());
            let next = (!older(conn, &search, Some(last.seq), 1).await?.is_empty()).then(|| last.seq.to_string());
            return Ok(Page { total: total(conn, &search).await?, rows, next, previous });
        }
        // Nothing is newer, so this is the first page.
    }
    let mut rows = older(conn, &search, after, PAGE + 1).await?;
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    let next = rows.last().filter(|_| more).map(|row| row.seq.to_string());
    let first = rows.first().map(|row| row.seq).or(after.map(|seq| seq.saturating_sub(1)));
    let previous = match (after, first) {
        (Some(_), Some(first)) => (!newer(conn, &search, first, 1).await?.is_empty()).then(|| first.to_string()),
        _ => None,
    };
    Ok(Page { total: total(conn, &search).await?, rows, next, previous })
}

async fn total(conn: &mut Conn<'_>, search: &AuditSearch<'_>) -> Result<Capped, StoreError> {
    let (count,): (i64,) = conn.fetch_one(counting(search)).await?;
    Ok(Capped::at(COUNT_CAP, count.unsigned_abs()))
}

fn counting(search: &AuditSearch<'_>) -> Sql {
    let limit = i64::from(COUNT_CAP) + 1;
    let mut sql = Sql::new("SELECT count(*) FROM (");
    search.push_found(&mut sql, "SELECT seq FROM audit_event", |sql| {
        // Before any is counted, those that are found twice are set apart: no more of each arm than count.
        if search.overlaps() {
            sql.push(" ORDER BY seq DESC LIMIT ").bind(limit);
        }
    });
    sql.push(" LIMIT ").bind(limit).push(") AS counted");
    sql
}

async fn audit_days(
    conn: &mut Conn<'_>,
    sight: &Sight,
    query: &AuditQuery,
    first: Timestamp,
) -> Result<Vec<DayEvents>, StoreError> {
    let end = first.plus(Millis::days(DAYS_SHOWN));
    let is_whole = sight.keys == Scope::All && sight.acts == Scope::All;
    let asks_of_some =
        query.key.is_some() || query.name.is_some() || query.person.is_some() || query.person_id.is_some();
    let sql = if is_whole && !asks_of_some {
        let mut sql = Sql::new("SELECT day, CAST(SUM(n) AS BIGINT) FROM audit_day WHERE day >= ");
        sql.bind(day_number(first)).push(" AND day < ").bind(day_number(end));
        if let Some(action) = query.action {
            sql.push(" AND action = ").bind(action.as_str());
        }
        push_sight(&mut sql, sight);
        sql.push(" GROUP BY day");
        sql
    } else {
        let shown = AuditQuery { from: Some(first), to: Some(end.plus(Millis::days(-1))), ..query.clone() };
        let search = AuditSearch::new(conn, sight, &shown).await?;
        if search.is_empty() {
            return Ok(Vec::new());
        }
        let mut sql = Sql::new("SELECT at / 86400000 AS day, count(*) FROM (");
        let limit = i64::from(COUNT_CAP);
        search.push_found(&mut sql, "SELECT seq, at FROM audit_event", |sql| {
            sql.push(" ORDER BY seq DESC LIMIT ").bind(limit);
        });
        sql.push(" ORDER BY seq DESC LIMIT ").bind(limit).push(") AS counted GROUP BY 1");
        sql
    };
    let rows = conn.fetch_all::<(i64, i64)>(sql).await?;
    let day = |(day, events): (i64, i64)| DayEvents {
        day: Timestamp::from_millis(0).plus(Millis::days(day)),
        events: events.unsigned_abs(),
    };
    let mut days: Vec<_> = rows.into_iter().map(day).collect();
    days.sort_by_key(|day| day.day);
    Ok(days)
}

/// The number of a day, counted from 1970.
fn day_number(at: Timestamp) -> i64 {
    at.millis().div_euclid(Millis::days(1).0)
}

async fn recent_audit(conn: &mut Conn<'_>, sight: &Sight, limit: u32) -> Result<Vec<AuditRow>, StoreError> {
    let whole = AuditQuery::default();
    let search = AuditSearch::new(conn, sight, &whole).await?;
    if search.is_empty() {
        return Ok(Vec::new());
    }
    older(conn, &search, None, usize::try_from(limit).unwrap_or(PAGE)).await
}

async fn audit_before(
    conn: &mut Conn<'_>,
    sight: &Sight,
    query: &AuditQuery,
    seq: Option<i64>,
    limit: u32,
) -> Result<Vec<AuditRow>, StoreError> {
    let search = AuditSearch::new(conn, sight, query).await?;
    if search.is_empty() {
        return Ok(Vec::new());
    }
    older(conn, &search, seq, usize::try_from(limit).unwrap_or(PAGE)).await
}

#[cfg(test)]
mod tests {
    use domain::ids::PersonId;
    use domain::role::{Rights, Role};
    use testkit::TestDatabase;

    use super::*;
    use crate::people::PersonRow;
    use crate::query_plan::plan;
    use crate::store::Store;

    /// Of a million events, no page reads more than it shows of each range.
    #[tokio::test]
    async fn what_a_person_did_and_what_was_done_to_them_are_ranges_of_indexes() {
        let database = TestDatabase::sqlite();
        let store = Store::open(database.url()).await.unwrap();
        let ada = PersonRow {
            id: PersonId::from_random([1; 12]),
            email: "ada@example.com".to_owned(),
            name: "Ada".to_owned(),
            role: Role::Admin,
            password_hash: String::new(),
            created_at: Timestamp::from_millis(0),
            disabled: false,
            access_ends_at: None,
            apps: Scope::All,
        };
        store.write(async |tx| tx.insert_person(&ada).await).await.unwrap();
        let sight = Sight::of_rights(Rights::all());
        for (query, of_acts) in [
            (AuditQuery { person_id: Some(ada.id), ..AuditQuery::default() }, "INDEX audit_event_by_id (actor_id=?"),
            (AuditQuery { person: Some(ada.email.clone()), ..AuditQuery::default() }, "(actor_label=?"),
        ] {
            let mut reader = store.reader().await.unwrap();
            let search = AuditSearch::new(&mut reader.conn(), &sight, &query).await.unwrap();
            drop(reader);
            for sql in [older_than(&search, None, 26), older_than(&search, Some(9), 26), counting(&search)] {
                let steps = plan(&store, sql).await;
                for range in [of_acts, "INDEX audit_event_subject (subject_kind=? AND subject_id=?"] {
                    assert!(steps.iter().any(|step| step.contains(range)), "{range}: {steps:?}");
                }
                assert!(!steps.iter().any(|step| step.starts_with("SCAN audit_event")), "{steps:?}");
                let sorts = steps.iter().filter(|step| step.contains("TEMP B-TREE FOR ORDER BY")).count();
                assert!(sorts <= 1, "only what is shown is sorted: {steps:?}");
            }
        }
        store.close().await;
    }
}
