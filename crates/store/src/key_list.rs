//! Pages of the key list, by keyset.

use domain::ids::KeyId;
use domain::key::KeyRow;
use domain::list::{KeyQuery, KeySort};
use domain::page::{COUNT_CAP, Capped, Page};
use domain::sight::Sight;
use domain::timestamp::Timestamp;
use sqlx_macros::FromRow;

use crate::apps::apps_in;
use crate::conn::Conn;
use crate::dialect::Writing;
use crate::error::StoreError;
use crate::key_counts::{capped, exceeds};
use crate::key_cursor::Cursor;
use crate::key_moment::{Find, Moment};
use crate::key_range::{FEW, KeyRange};
use crate::key_search::Search;
use crate::keys::ListedRow;
use crate::sql::Sql;

/// The cursor behind the last key of a list, for `before`.
const END: &str = "end";

/// Ids of keys, and the cursor of the last one if there are more.
pub type KeyIds = (Vec<KeyId>, Option<String>);

reads! {
    /// A page of the keys in sight. A search is sorted by name, whatever the query says. An invalid cursor gives the
    /// first page.
    list_keys(sight: &Sight, query: &KeyQuery, now: Timestamp) -> Page<KeyRow>;
    /// The ids of the same keys, at most `limit` after a cursor, and the cursor of the last one if there are more.
    /// Neither page nor cursor of the query counts.
    list_key_ids(sight: &Sight, query: &KeyQuery, after: Option<&str>, limit: u32, now: Timestamp) -> KeyIds;
}

#[derive(FromRow)]
struct Listed {
    name_key: String,
    #[sqlx(flatten)]
    row: ListedRow,
}

/// The order of a list.
#[derive(Debug, Clone, Copy)]
struct Order {
    sort: KeySort,
    descending: bool,
    by: By,
}

/// How to find keys that match a condition on a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    /// There is no condition, or it is an exact range of the index that has the order of the list.
    Range,
    /// Read in the order of the list, and test each key.
    Order,
    /// Read the index of the condition, and sort the result.
    Gather,
}

impl Order {
    fn cursor(self, row: &Listed) -> Cursor {
        match self.sort {
            KeySort::Name => Cursor::by_name(&row.name_key, &row.row.id),
            KeySort::Created => Cursor::by_time(row.row.created_at, &row.row.id),
            KeySort::LastUsed => Cursor::by_time(row.row.last_used_at, &row.row.id),
        }
    }

    fn clause(self) -> &'static str {
        match (self.sort, self.descending) {
            (KeySort::Name, false) => " ORDER BY name_key, id",
            (KeySort::Name, true) => " ORDER BY name_key DESC, id DESC",
            (KeySort::Created, false) => " ORDER BY created_at, id",
            (KeySort::Created, true) => " ORDER BY created_at DESC, id DESC",
            (KeySort::LastUsed, false) => " ORDER BY last_used_at, id",
            (KeySort::LastUsed, true) => " ORDER BY last_used_at DESC, id DESC",
        }
    }

    fn reversed(self) -> Self {
        Self { descending: !self.descending, ..self }
    }
}

/// How a list is read.
struct Plan {
    range: KeyRange,
    order: Order,
    /// A number that the list is known to exceed.
    more_than: i64,
}

/// Decides how to read a list; `None` if it is always empty.
async fn plan(
    conn: &mut Conn<'_>,
    sight: &Sight,
    query: &KeyQuery,
    now: Timestamp,
) -> Result<Option<Plan>, StoreError> {
    let apps = apps_in(conn, &sight.apps).await?;
    let mut range = KeyRange::new(sight, &apps, query.kind, query.status, now).labelled(query);
    if range.is_empty() {
        return Ok(None);
    }
    let mut search = query.search.as_deref().and_then(Search::new);
    if let Some(search) = search.as_mut().filter(|search| search.is_word) {
        search.is_frequent = conn.fetch_optional::<(i64,)>(range.parts_exceed(search, FREQUENT)).await?.is_some();
    }
    let is_frequent = search.as_ref().is_some_and(|search| search.is_frequent);
    let (sort, descending) = if search.is_some() { (KeySort::Name, false) } else { (query.sort, query.descending) };
    range.few = matches!(range.moment, Some(Moment::Called { .. }))
        && !exceeds(conn, &range.at_any_time(search.as_ref()), FEW).await?;
    let (by, more_than) = by(conn, &range).await?;
    let more_than = match &search {
        None => more_than,
        Some(_) if is_frequent && range.is_of_search_only() => FREQUENT,
        Some(_) => -1,
    };
    range.search = search;
    Ok(Some(Plan { range, order: Order { sort, descending, by }, more_than }))
}

/// The ids of keys after a cursor in the order of the list, at most `limit`, and the cursor of the last one if there are
/// more.
async fn list_key_ids(
    conn: &mut Conn<'_>,
    sight: &Sight,
    query: &KeyQuery,
    after: Option<&str>,
    limit: u32,
    now: Timestamp,
) -> Result<KeyIds, StoreError> {
    let Some(Plan { range, order, .. }) = plan(conn, sight, query, now).await? else {
        return Ok((Vec::new(), None));
    };
    let after = after.and_then(|text| Cursor::parse(text, order.sort));
    let (rows, more) = fetch(conn, &range, order, after.as_ref(), limit).await?;
    let next = rows.last().filter(|_| more).map(|last| order.cursor(last).text());
    Ok((rows.iter().filter_map(|listed| KeyId::parse(&listed.row.id)).collect(), next))
}

async fn list_keys(
    conn: &mut Conn<'_>,
    sight: &Sight,
    query: &KeyQuery,
    now: Timestamp,
) -> Result<Page<KeyRow>, StoreError> {
    let Some(Plan { range, order, more_than }) = plan(conn, sight, query, now).await? else {
        return Ok(Page { rows: Vec::new(), next: None, previous: None, total: Capped::default() });
    };
    let total = capped(conn, &range, more_than).await?;
    let cursor = |text: &Option<String>| text.as_deref().and_then(|text| Cursor::parse(text, order.sort));
    let after = cursor(&query.after);
    let from_end = query.before.as_deref() == Some(END);
    let before = cursor(&query.before);
    if after.is_none() && (before.is_some() || from_end) {
        let (mut rows, more) = fetch(conn, &range, order.reversed(), before.as_ref(), query.rows.count()).await?;
        rows.reverse();
        if let (Some(first), Some(last)) = (rows.first(), rows.last()) {
            let previous = more.then(|| order.cursor(first).text());
            let last = order.cursor(last);
            let next = fetch(conn, &range, order, Some(&last), 1).await?.0.pop().map(|_| last.text());
            return Ok(page(rows, next, previous, total));
        }
        // Nothing is before it any longer, so this is the first page.
    }
    let (rows, more) = fetch(conn, &range, order, after.as_ref(), query.rows.count()).await?;
    let next = rows.last().filter(|_| more).map(|last| order.cursor(last).text());
    let previous = match (after, rows.first()) {
        (None, _) => None,
        (Some(_), Some(first)) => {
            let first = order.cursor(first);
            fetch(conn, &range, order.reversed(), Some(&first), 1).await?.0.pop().map(|_| first.text())
        }
        // All keys of this page are gone.
        (Some(_), None) => fetch(conn, &range, order.reversed(), None, 1).await?.0.pop().map(|_| END.to_owned()),
    };
    Ok(page(rows, next, previous, total))
}

fn page(rows: Vec<Listed>, next: Option<String>, previous: Option<String>, total: Capped) -> Page<KeyRow> {
    // A row of a later version may be unreadable here, but must not hide other rows.
    let rows = rows.into_iter().filter_map(|listed| listed.row.try_into().ok()).collect();
    Page { rows, next, previous, total }
}

/// How to find the keys of a range, and a number that it is known to exceed.
async fn by(conn: &mut Conn<'_>, range: &KeyRange) -> Result<(By, i64), StoreError> {
    let most = match range.moment {
        _ if range.is_labelled() => LABELLED,
        None | Some(Moment::NeverUsed) => return Ok((By::Range, -1)),
        Some(_) if range.few => return Ok((By::Order, -1)),
        // The count asks for so many anyway.
        Some(moment) if moment.is_of_most() && exceeds(conn, range, i64::from(COUNT_CAP)).await? => {
            return Ok((By::Order, i64::from(COUNT_CAP)));
        }
        Some(moment) => moment.gathered(),
    };
    Ok(if exceeds(conn, range, most).await? { (By::Order, most) } else { (By::Gather, -1) })
}

/// Keys after the cursor in this order, at most `limit`, and whether there are more.
async fn fetch(
    conn: &mut Conn<'_>,
    range: &KeyRange,
    order: Order,
    cursor: Option<&Cursor>,
    limit: u32,
) -> Result<(Vec<Listed>, bool), StoreError> {
    let statement = statement(range, order, cursor, limit, conn.writing());
    let mut rows: Vec<Listed> = conn.fetch_all(statement).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    Ok((rows, more))
}

/// Up to this many keys with a label are gathered and sorted. If there are more, reading in the order of the list soon
/// meets enough of them.
const LABELLED: i64 = 5_000;

/// If more names than this have a word that begins like a search, reading in the order of the names soon meets enough of
/// them. Otherwise they are gathered and sorted.
const FREQUENT: i64 = 3_000;

const COLUMNS: &str = "SELECT id, kind, name, name_key, token_prefix, state, not_before, expires_at, ack_deadline, \
     created_at, created_by_label, last_used_at, cidr_count, domain_count";

fn statement(range: &KeyRange, order: Order, cursor: Option<&Cursor>, limit: u32, writing: Writing) -> Sql {
    let mut sql = Sql::default();
    let behind = |sql: &mut Sql| {
        let Some(cursor) = cursor else { return };
        if order.sort == KeySort::LastUsed && range.moment == Some(Moment::NeverUsed) {
            // All of them have the same sort value.
            sql.push(if order.descending { " AND id < " } else { " AND id > " }).bind(cursor.id());
            return;
        }
        sql.push(match (order.sort, order.descending) {
            (KeySort::Name, false) => " AND (name_key, id) > ",
            (KeySort::Name, true) => " AND (name_key, id) < ",
            (KeySort::Created, false) => " AND (created_at, id) > ",
            (KeySort::Created, true) => " AND (created_at, id) < ",
            (KeySort::LastUsed, false) => " AND (last_used_at, id) > ",
            (KeySort::LastUsed, true) => " AND (last_used_at, id) < ",
        });
        cursor.push(sql);
    };
    let limit = i64::from(limit) + 1;
    let in_order = |sql: &mut Sql| {
        behind(sql);
        if writing.limits_arms {
            sql.push(order.clause()).push(" LIMIT ").bind(limit);
        }
    };
    range.push_with(&mut sql);
    if order.by == By::Gather {
        // Materialised first. Otherwise the planner could read in the order of the list, past every key that does not
        // match.
        sql.push(if range.has_with() { ", " } else { "WITH " });
        sql.push("gathered AS MATERIALIZED (");
        range.push_arms(&mut sql, COLUMNS, Find::ByIndex, behind);
        sql.push(") ");
    }
    sql.push(
        "SELECT k.*, (SELECT s.last4 FROM key_secret s WHERE s.key_id = k.id ORDER BY s.version DESC LIMIT 1) AS last4 \
         FROM (",
    );
    if order.by == By::Gather {
        sql.push("SELECT * FROM gathered");
    } else {
        let find = match order.by {
            By::Range => Find::ByIndex,
            _ => Find::InOrder { hides_expiry: writing.hides_expiry },
        };
        range.push_arms(&mut sql, COLUMNS, find, in_order);
    }
    sql.push(") AS k").push(order.clause());
    sql.push(" LIMIT ").bind(limit);
    sql
}

#[cfg(test)]
mod tests;
