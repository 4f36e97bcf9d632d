//! Pages of the key list, by keyset.

use std::collections::HashMap;

use domain::ids::KeyId;
use domain::key::KeyRow;
use domain::list::{KeyQuery, KeySort};
use domain::page::{COUNT_CAP, Capped, Page, Uncounted};
use domain::sight::Sight;
use domain::timestamp::Timestamp;

use crate::apps::{app_ids, kept};
use crate::conn::Conn;
use crate::cursors::Paged;
use crate::dialect::Writing;
use crate::error::StoreError;
use crate::key_counts::{capped, exceeds};
use crate::key_cursor::Cursor;
use crate::key_found::{Parts, among_few};
use crate::key_moment::Moment;
use crate::key_range::{FEW, KeyRange};
use crate::key_search::{Search, Source};
use crate::key_walk::{FEW_ARMS, Place, SortedBy, Walk};
use crate::keys::ListedRow;
use crate::sql::Sql;

/// The cursor behind the last key of a list, for `before`.
const END: &str = "end";

/// Ids of keys, and the cursor of the last one if there are more.
pub type KeyIds = (Vec<KeyId>, Option<String>);

reads! {
    /// A page of the keys in sight. A search has an order of its own, whatever the query says. An invalid cursor gives
    /// the first page.
    list_keys(sight: &Sight, query: &KeyQuery, now: Timestamp) -> Page<KeyRow>;
    /// The ids of the same page. It is not counted.
    list_page_ids(sight: &Sight, query: &KeyQuery, now: Timestamp) -> Uncounted<KeyId>;
    /// The ids of the same keys, at most `limit` after a cursor, and the cursor of the last one if there are more.
    /// Neither page nor cursor of the query counts.
    list_key_ids(sight: &Sight, query: &KeyQuery, after: Option<&str>, limit: u32, now: Timestamp) -> KeyIds;
}

/// The order of a list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Order {
    pub(crate) by: By,
    /// The column that is sorted by, and the one that decides between equal values.
    pub(crate) columns: (&'static str, &'static str),
    pub(crate) descending: bool,
}

/// How to find keys that match a condition on a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// There is no condition, or it is an exact range of the index that has the order of the list.
    Range,
    /// Read in the order of the list, and test each key.
    Order,
    /// Read the index of the condition, and sort the result.
    Gather,
}

impl Order {
    pub(crate) const fn sorted(sort: KeySort, descending: bool, by: By) -> Self {
        let column = match sort {
            KeySort::Name => "name_key",
            KeySort::Created => "created_at",
            KeySort::LastUsed => "last_used_at",
        };
        Self { by, columns: (column, "id"), descending }
    }

    /// The order of a part of a search.
    pub(crate) const fn of_source(source: Source, descending: bool, by: By) -> Self {
        let columns = match source {
            Source::Begins | Source::Aside => ("name_key", "id"),
            Source::Inside => ("part", "key_id"),
        };
        Self { by, columns, descending }
    }

    /// Whether it is sorted by a time, and not by a text.
    pub(crate) fn is_by_time(self) -> bool {
        matches!(self.columns.0, "created_at" | "last_used_at")
    }

    pub(crate) fn push(self, sql: &mut Sql) {
        let (column, tie) = self.columns;
        let direction = if self.descending { " DESC" } else { "" };
        sql.push(" ORDER BY ").push(column).push(direction).push(", ").push(tie).push(direction);
    }
}

/// How a list is read.
pub(crate) enum Reading {
    /// In the order of a sort.
    Sorted { sort: KeySort, descending: bool, by: By },
    /// One part of a search after the other.
    Found { search: Search, by: By },
    /// All keys that a search finds among few.
    FoundAmongFew { search: Search },
}

impl Paged for KeyQuery {
    fn is_cursor(&self, text: &str, backwards: bool) -> bool {
        match self.search.as_deref().and_then(Search::new) {
            _ if backwards && text == END => true,
            Some(_) => Cursor::parse_found(text).is_some(),
            None => Cursor::parse(text, self.sort).is_some(),
        }
    }
}

/// What a list has, and how it is read.
struct Plan {
    range: KeyRange,
    reading: Reading,
    /// A number that the list is known to exceed.
    more_than: i64,
}

impl Plan {
    /// Reads a cursor of this list; `None` if the text is not one.
    fn cursor(&self, text: &str) -> Option<Cursor> {
        match self.reading {
            Reading::Sorted { sort, .. } => Cursor::parse(text, sort),
            Reading::Found { .. } | Reading::FoundAmongFew { .. } => Cursor::parse_found(text),
        }
    }

    /// The places of keys after the cursor, or before it, nearest first: at most `limit`, and whether there are more.
    async fn fetch(
        &self,
        conn: &mut Conn<'_>,
        backwards: bool,
        cursor: Option<&Cursor>,
        limit: u32,
    ) -> Result<(Vec<Cursor>, bool), StoreError> {
        // One more shows whether there are more.
        let mut places = match &self.reading {
            Reading::Sorted { sort, descending, by } => {
                let order = Order::sorted(*sort, *descending != backwards, *by);
                let places = if self.range.is_named() || *by == By::Gather {
                    gathered_places(conn, &self.range, order, cursor, limit + 1).await?
                } else {
                    Walk::new(&self.range, order).places(conn, cursor, limit + 1).await?
                };
                places.into_iter().map(|place| Cursor::at(place, None)).collect()
            }
            Reading::Found { search, by } => {
                let parts = Parts { range: &self.range, search, by: *by, backwards };
                parts.fetch(conn, cursor, limit + 1).await?
            }
            Reading::FoundAmongFew { search } => {
                among_few(conn, &self.range, search, backwards, cursor, limit + 1).await?
            }
        };
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = places.len() > limit;
        places.truncate(limit);
        Ok((places, more))
    }

    /// A page of the list, as the ids of its keys.
    async fn page(&self, conn: &mut Conn<'_>, query: &KeyQuery) -> Result<Uncounted<KeyId>, StoreError> {
        let page = |places: &[Cursor], next, previous| {
            let rows = places.iter().filter_map(Cursor::id).collect();
            Uncounted { rows, next, previous }
        };
        let cursor = |text: &Option<String>| text.as_deref().and_then(|text| self.cursor(text));
        let size = query.rows.count();
        let after = cursor(&query.after);
        let from_end = query.before.as_deref() == Some(END);
        let before = cursor(&query.before);
        if after.is_none() && (before.is_some() || from_end) {
            let (mut places, more) = self.fetch(conn, true, before.as_ref(), size).await?;
            places.reverse();
            if let (Some(first), Some(last)) = (places.first(), places.last()) {
                let previous = more.then(|| first.text(query.sort));
                let next = self.fetch(conn, false, Some(last), 1).await?.0.pop().map(|_| last.text(query.sort));
                return Ok(page(&places, next, previous));
            }
            // Nothing is before it any longer, so this is the first page.
        }
        let (places, more) = self.fetch(conn, false, after.as_ref(), size).await?;
        let next = places.last().filter(|_| more).map(|last| last.text(query.sort));
        let previous = match (after, places.first()) {
            (None, _) => None,
            (Some(_), Some(first)) => {
                self.fetch(conn, true, Some(first), 1).await?.0.pop().map(|_| first.text(query.sort))
            }
            // All keys of this page are gone.
            (Some(_), None) => self.fetch(conn, true, None, 1).await?.0.pop().map(|_| END.to_owned()),
        };
        Ok(page(&places, next, previous))
    }
}

/// Decides how to read a list, which may be counted, too; `None` if it is always empty.
async fn plan(
    conn: &mut Conn<'_>,
    sight: &Sight,
    query: &KeyQuery,
    is_counted: bool,
    now: Timestamp,
) -> Result<Option<Plan>, StoreError> {
    let search = query.search.as_deref().and_then(Search::new);
    let apps = app_ids(conn, &sight.apps).await?;
    let mut range = KeyRange::new(sight, &apps, query.kind, query.status, now).labelled(query);
    // Without a count and a search, it only tells which arms are empty. To read a few takes hardly longer.
    if is_counted || search.is_some() || range.moment.is_some() || range.arms().len() > FEW_ARMS {
        range = range.kept_in(&kept(conn, &apps).await?);
    }
    if range.is_empty() {
        return Ok(None);
    }
    range.few = matches!(range.moment, Some(Moment::Called { .. }))
        && !exceeds(conn, &range.at_any_time(search.as_ref()), FEW).await?;
    let (by, more_than) = by(conn, &range, query.sort).await?;
    let Some(search) = search else {
        let reading = Reading::Sorted { sort: query.sort, descending: query.descending, by };
        return Ok(Some(Plan { range, reading, more_than }));
    };
    range.tests_search = range.is_named() || by == By::Gather || range.kept_count().is_some_and(|keys| keys <= TESTED);
    range.search = Some(search.clone());
    let reading = if range.tests_search { Reading::FoundAmongFew { search } } else { Reading::Found { search, by } };
    Ok(Some(Plan { range, reading, more_than: -1 }))
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
    let Some(plan) = plan(conn, sight, query, false, now).await? else { return Ok((Vec::new(), None)) };
    let after = after.and_then(|text| plan.cursor(text));
    let (places, more) = plan.fetch(conn, false, after.as_ref(), limit).await?;
    let next = places.last().filter(|_| more).map(|last| last.text(query.sort));
    Ok((places.iter().filter_map(Cursor::id).collect(), next))
}

async fn list_keys(
    conn: &mut Conn<'_>,
    sight: &Sight,
    query: &KeyQuery,
    now: Timestamp,
) -> Result<Page<KeyRow>, StoreError> {
    let Some(plan) = plan(conn, sight, query, true, now).await? else {
        return Ok(Page { rows: Vec::new(), next: None, previous: None, total: Capped::default() });
    };
    let total = capped(conn, &plan.range, plan.more_than).await?;
    let Uncounted { rows, next, previous } = plan.page(conn, query).await?;
    Ok(Page { rows: listed(conn, &rows).await?, next, previous, total })
}

async fn list_page_ids(
    conn: &mut Conn<'_>,
    sight: &Sight,
    query: &KeyQuery,
    now: Timestamp,
) -> Result<Uncounted<KeyId>, StoreError> {
    match plan(conn, sight, query, false, now).await? {
        Some(plan) => plan.page(conn, query).await,
        None => Ok(Uncounted { rows: Vec::new(), next: None, previous: None }),
    }
}

/// How to find the keys of a range, and a number that it is known to exceed.
async fn by(conn: &mut Conn<'_>, range: &KeyRange, sort: KeySort) -> Result<(By, i64), StoreError> {
    let most = match range.moment {
        _ if range.is_labelled() => LABELLED,
        None | Some(Moment::NeverUsed) => return Ok((By::Range, -1)),
        Some(Moment::NeverUsedSince { .. }) if sort == KeySort::Created => return Ok((By::Range, -1)),
        Some(_) if range.few => return Ok((By::Order, -1)),
        // The count asks for so many anyway.
        Some(moment) if moment.is_of_most() && exceeds(conn, range, i64::from(COUNT_CAP)).await? => {
            return Ok((By::Order, i64::from(COUNT_CAP)));
        }
        Some(moment) => moment.gathered(),
    };
    Ok(if exceeds(conn, range, most).await? { (By::Order, most) } else { (By::Gather, -1) })
}

/// Up to this many keys with a label are gathered and sorted. If there are more, reading in the order of the list soon
/// meets enough of them.
const LABELLED: i64 = 5_000;

/// Up to this many keys are tested for a search one by one. Among more, the search is looked up.
const TESTED: u64 = 3_000;

/// What keys after the cursor are sorted by, and their ids, in this order and at most `limit`. All of the range are found
/// and sorted, so they must be few.
pub(crate) fn gathered(range: &KeyRange, order: Order, cursor: Option<&Cursor>, limit: u32, writing: Writing) -> Sql {
    let mut sql = Sql::default();
    let (column, tie) = order.columns;
    let select = match column {
        "created_at" => "SELECT created_at, id",
        "last_used_at" => "SELECT last_used_at, id",
        _ => "SELECT name_key, id",
    };
    let follows = range.push_with(&mut sql, writing);
    sql.push(if follows { ", " } else { "WITH " });
    // Materialised first. Otherwise the planner could read in the order of the list, past every key that does not match.
    sql.push("gathered AS MATERIALIZED (");
    range.push_keys(&mut sql, writing, select, |sql| {
        let Some(cursor) = cursor else { return };
        sql.push(" AND (").push(column).push(", ").push(tie).push(if order.descending { ") < " } else { ") > " });
        cursor.push(sql);
    });
    sql.push(") SELECT ").push(column).push(", id FROM gathered");
    order.push(&mut sql);
    sql.push(" LIMIT ").bind(i64::from(limit));
    sql
}

/// The places of the keys that `gathered` finds.
pub(crate) async fn gathered_places(
    conn: &mut Conn<'_>,
    range: &KeyRange,
    order: Order,
    cursor: Option<&Cursor>,
    limit: u32,
) -> Result<Vec<Place>, StoreError> {
    let sql = gathered(range, order, cursor, limit, conn.writing());
    if order.is_by_time() {
        let rows = conn.fetch_all::<(i64, String)>(sql).await?;
        return Ok(rows.into_iter().map(|(at, id)| (SortedBy::Time(at), id)).collect());
    }
    let rows = conn.fetch_all::<(String, String)>(sql).await?;
    Ok(rows.into_iter().map(|(text, id)| (SortedBy::Text(text), id)).collect())
}

/// The keys with these ids, in this order. Those that do not exist are skipped.
async fn listed(conn: &mut Conn<'_>, ids: &[KeyId]) -> Result<Vec<KeyRow>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = Sql::new(
        "SELECT k.id, k.kind, k.name, k.token_prefix, k.state, k.not_before, k.expires_at, k.ack_deadline, k.created_at, \
         k.created_by_label, k.last_used_at, k.rotation_due_at, k.cidr_count, k.domain_count, k.denied_cidrs, k.permissions, \
         (SELECT s.last4 FROM key_secret s WHERE s.key_id = k.id ORDER BY s.version DESC LIMIT 1) AS last4 \
         FROM (SELECT value ->> 0 AS id FROM ",
    );
    conn.push_rows(&mut sql, ids.iter().map(|id| (id.as_str(),)))?;
    sql.push(") AS asked CROSS JOIN api_key k WHERE k.id = asked.id");
    let rows: Vec<ListedRow> = conn.fetch_all(sql).await?;
    // A row of a later version may be unreadable here, but must not hide other rows.
    let rows = rows.into_iter().filter_map(|row| KeyRow::try_from(row).ok());
    let mut rows: HashMap<KeyId, KeyRow> = rows.map(|row| (row.id, row)).collect();
    Ok(ids.iter().filter_map(|id| rows.remove(id)).collect())
}

#[cfg(test)]
mod on_postgres;
#[cfg(test)]
mod tests;
