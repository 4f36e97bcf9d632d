//! The keys that somebody should look at: how many of each sort there are, and the worst of them.

use domain::dashboard::{Figure, ToLookAt, Worst};
use domain::ids::KeyId;
use domain::list::StatusFilter;
use domain::sight::Sight;
use domain::timestamp::Timestamp;
use domain::verdict::Code;

use crate::apps::apps_in;
use crate::conn::Conn;
use crate::dialect::Writing;
use crate::error::StoreError;
use crate::key_counts::{capped, exceeds};
use crate::key_moment::Moment;
use crate::key_range::{FEW, KeyRange};
use crate::sql::Sql;

/// How many of each sort are named.
const NAMED: i64 = 3;

/// How many counts of each verdict are searched for the keys with the most refused calls, newest hour first. If there are
/// more, the worst of these is bad enough.
const SEARCHED: i64 = 50;

/// The sorts, in the order in which they are shown.
const SORTS: [StatusFilter; 5] = [
    StatusFilter::Expiring7,
    StatusFilter::Refused,
    StatusFilter::RotationOverdue,
    StatusFilter::NeverUsed90,
    StatusFilter::Unrestricted,
];

reads! {
    /// The keys in sight to look at. Each count equals the length of the list with the filter of the same name.
    keys_to_look_at(sight: &Sight, now: Timestamp) -> Vec<ToLookAt>;
}

async fn keys_to_look_at(conn: &mut Conn<'_>, sight: &Sight, now: Timestamp) -> Result<Vec<ToLookAt>, StoreError> {
    let apps = apps_in(conn, &sight.apps).await?;
    let mut found = Vec::new();
    for filter in SORTS {
        let mut range = KeyRange::new(sight, &apps.ids, None, Some(filter), now).kept_in(&apps.kept);
        if range.is_empty() {
            continue;
        }
        range.few = matches!(range.moment, Some(Moment::Called { .. }))
            && !exceeds(conn, &range.at_any_time(None), FEW).await?;
        let count = capped(conn, &range, -1).await?;
        let worst = match range.moment {
            _ if count.n == 0 => Vec::new(),
            Some(Moment::Called { since, .. }) => refused(conn, &range, since).await?,
            _ => first(conn, &range).await?,
        };
        found.push(ToLookAt { filter, count, worst });
    }
    Ok(found)
}

/// The time by which some keys are worse than others: the earlier, the worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Worse {
    Expiry,
    Creation,
    RotationDue,
}

impl Worse {
    pub(crate) fn of(range: &KeyRange) -> Self {
        match range.moment {
            Some(Moment::Expiring { .. }) => Self::Expiry,
            Some(Moment::RotationOverdue { .. }) => Self::RotationDue,
            _ => Self::Creation,
        }
    }

    fn figure(self, at: Timestamp) -> Figure {
        match self {
            Self::Expiry => Figure::Expires(at),
            Self::Creation => Figure::Created(at),
            Self::RotationDue => Figure::RotationDue(at),
        }
    }
}

/// Those that expire first, that are due longest, or the oldest.
async fn first(conn: &mut Conn<'_>, range: &KeyRange) -> Result<Vec<Worst>, StoreError> {
    let by = Worse::of(range);
    let sql = first_of(range, by, conn.writing());
    let rows = conn.fetch_all::<(String, String, i64)>(sql).await?;
    // A row of a later version may be unreadable here, but must not hide other rows.
    let worst = |(id, name, at): (String, String, i64)| {
        Some(Worst { id: KeyId::parse(&id)?, name, figure: by.figure(Timestamp::from_millis(at)) })
    };
    Ok(rows.into_iter().filter_map(worst).collect())
}

pub(crate) fn first_of(range: &KeyRange, worse: Worse, writing: Writing) -> Sql {
    let (select, column) = match worse {
        Worse::Expiry => ("SELECT id, name, expires_at", "expires_at"),
        Worse::Creation => ("SELECT id, name, created_at", "created_at"),
        Worse::RotationDue => ("SELECT id, name, rotation_due_at", "rotation_due_at"),
    };
    let mut sql = Sql::default();
    range.push_with(&mut sql, writing);
    sql.push(" ");
    if range.is_named() {
        range.push_keys(&mut sql, writing, select, |_| ());
    } else {
        // The names are looked up when the first of all arms are known.
        sql.push(select).push(" FROM (SELECT value ->> 1 AS first_id FROM arm CROSS JOIN ");
        writing.push_rows_of(&mut sql, |sql| {
            sql.push("SELECT ").push(writing.group).push(writing.array).push(column).push(", id)) FROM (SELECT ");
            sql.push(column).push(", id FROM api_key");
            range.push_of_arm(sql, writing);
            sql.push(" ORDER BY ").push(column).push(" LIMIT ").bind(NAMED).push(") AS near");
        });
        sql.push(" ORDER BY CAST(value ->> 0 AS BIGINT) LIMIT ").bind(NAMED);
        sql.push(") AS first CROSS JOIN api_key WHERE id = first.first_id");
    }
    sql.push(" ORDER BY ").push(column).push(" LIMIT ").bind(NAMED);
    sql
}

/// Those with the most refused calls.
async fn refused(conn: &mut Conn<'_>, range: &KeyRange, since: i64) -> Result<Vec<Worst>, StoreError> {
    let rows = conn.fetch_all::<(String, String, i64)>(most_refused(range, since)).await?;
    let worst = |(id, name, calls): (String, String, i64)| {
        Some(Worst { id: KeyId::parse(&id)?, name, figure: Figure::Refused(calls.unsigned_abs()) })
    };
    Ok(rows.into_iter().filter_map(worst).collect())
}

pub(crate) fn most_refused(range: &KeyRange, since: i64) -> Sql {
    let mut sql = Sql::new("SELECT k.id, k.name, CAST(SUM(u.calls) AS BIGINT) AS refused FROM (");
    if let Some(named) = range.named() {
        sql.push("SELECT key_id, calls FROM key_usage_hour WHERE key_id IN (");
        sql.list(named.iter().map(KeyId::as_str)).push(") AND hour >= ").bind(since);
        sql.push(" AND code <> 'VALID' AND calls > 0");
    } else {
        for (n, code) in Code::ALL.iter().filter(|code| **code != Code::Valid).enumerate() {
            sql.push(if n == 0 { "SELECT * FROM (" } else { " UNION ALL SELECT * FROM (" });
            sql.push("SELECT key_id, calls FROM key_usage_hour WHERE code = ").bind(code.as_str());
            sql.push(" AND hour >= ")
                .bind(since)
                .push(" ORDER BY code DESC, hour DESC, key_id DESC LIMIT ")
                .bind(SEARCHED);
            sql.push(") AS arm");
        }
    }
    sql.push(") AS u CROSS JOIN api_key k WHERE k.id = u.key_id AND ");
    range.push_sight(&mut sql);
    sql.push(" GROUP BY k.id, k.name ORDER BY refused DESC, k.id LIMIT ").bind(NAMED);
    sql
}
