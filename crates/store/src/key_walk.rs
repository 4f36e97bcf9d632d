//! The first keys of a list in its order, from arms that each have this order.
//! A step reads the next few keys of each arm that may still have one of the first. So a page costs a look at each arm and
//! what its own keys cost, however many keys there are. Where keys are tested, a step reads the arm from its beginning
//! again, and more of it: to ask where it ended would cost another walk.

use std::cmp::Ordering;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::conn::Conn;
use crate::dialect::Writing;
use crate::error::StoreError;
use crate::key_arms::{Arm, push_table};
use crate::key_cursor::Cursor;
use crate::key_list::Order;
use crate::key_range::KeyRange;
use crate::sql::{Arg, Sql};

/// Up to this many arms, a whole page of each is read at once. Of more, the first key of each tells which arms count.
pub(crate) const FEW_ARMS: usize = 8;

/// How many times as many keys of each arm the next step reads, while too few match.
const GROWTH: usize = 4;

/// What a list is sorted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum SortedBy {
    Time(i64),
    Text(String),
}

/// A place in a list: what it is sorted by, and the id.
pub(crate) type Place = (SortedBy, String);

/// An arm, and up to where it has been read.
pub(crate) struct Open {
    arm: Arm,
    read: Option<Place>,
}

/// A list that is read in its order.
pub(crate) struct Walk<'a> {
    range: &'a KeyRange,
    order: Order,
    /// Whether the arms have keys that are not in the list.
    tests: bool,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(range: &'a KeyRange, order: Order) -> Self {
        Self { range, order, tests: range.tests(order) }
    }

    /// The places of the first keys after the cursor, at most `limit`.
    pub(crate) async fn places(
        &self,
        conn: &mut Conn<'_>,
        cursor: Option<&Cursor>,
        limit: u32,
    ) -> Result<Vec<Place>, StoreError> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX).max(1);
        let mut open = self.open(cursor);
        let mut step = match open.len() {
            arms if self.tests => (2 * limit / arms.max(1)).max(1),
            arms if arms > FEW_ARMS => 1,
            _ => limit,
        };
        let mut found: Vec<Place> = Vec::new();
        while !open.is_empty() {
            let sql = self.step(conn.writing(), &open, found.get(limit - 1), step);
            let (json,) = conn.fetch_one::<(Option<String>,)>(sql).await?;
            let mut next = Vec::new();
            for (number, json) in json.as_deref().map(read::<Vec<(usize, String)>>).transpose()?.unwrap_or_default() {
                let (passed, places): (usize, Option<Vec<Place>>) = read(&json)?;
                let places = places.unwrap_or_default();
                // The arm may have more, unless it had fewer than were asked for.
                if let Some(open) = open.get(number).filter(|_| passed >= step) {
                    next.push((open, places.iter().max_by(|a, b| self.compare(a, b)).cloned()));
                }
                found.extend(places);
            }
            found.sort_unstable_by(|a, b| self.compare(a, b));
            // What is read again is found again.
            found.dedup();
            found.truncate(limit);
            if let Some(last) = found.get(limit - 1) {
                // An arm with a key beyond it has no further one before it.
                next.retain(|(_, far)| far.as_ref().is_none_or(|far| self.compare(far, last).is_lt()));
            }
            open = next
                .into_iter()
                .map(|(Open { arm, read }, far)| Open { arm: *arm, read: if self.tests { read.clone() } else { far } })
                .collect();
            step = if self.tests { step.saturating_mul(GROWTH) } else { limit };
        }
        Ok(found)
    }

    /// All arms, from a cursor on.
    pub(crate) fn open(&self, cursor: Option<&Cursor>) -> Vec<Open> {
        let read = cursor.map(Cursor::place).filter(|(by, _)| self.range.reaches(by, self.order));
        self.range.walked_arms().into_iter().map(|arm| Open { arm, read: read.clone() }).collect()
    }

    fn compare(&self, a: &Place, b: &Place) -> Ordering {
        if self.order.descending { b.cmp(a) } else { a.cmp(b) }
    }

    /// The statement of a step, whose answer is one row: SQLite's driver hands over each row to another thread. For each
    /// arm: its number, and how many of its next keys were read and which of them are in the list. The page will end at
    /// `last` or before it.
    pub(crate) fn step(&self, writing: Writing, open: &[Open], last: Option<&Place>, keys: usize) -> Sql {
        let keys = i64::try_from(keys).unwrap_or(i64::MAX);
        let (column, tie) = self.order.columns;
        let has_read = open.iter().any(|open| open.read.is_some());
        // In the order of the index, each end is one condition. SQLite would test a second one on each key.
        let ends = if self.order.descending { (last.is_none(), !has_read) } else { (!has_read, last.is_none()) };
        let (ahead, behind) = if self.order.descending { (" < ", " > ") } else { (" > ", " < ") };
        let one_value = self.range.has_one(column);
        let place = |sql: &mut Sql| {
            sql.push("(").push(if one_value { "" } else { column }).push(if one_value { "" } else { ", " });
            sql.push(tie).push(")");
        };
        let next = |sql: &mut Sql| {
            self.range.push_next(sql, writing, self.order, ends);
            if has_read {
                sql.push(" AND ");
                place(sql);
                sql.push(ahead).push(match (one_value, self.order.is_by_time()) {
                    (true, _) => "(arm.read_id)",
                    (false, true) => "(CAST(arm.read_to AS BIGINT), arm.read_id)",
                    (false, false) => "(arm.read_to, arm.read_id)",
                });
            }
            if let Some((by, id)) = last {
                sql.push(" AND ");
                place(sql);
                let by = (!one_value).then(|| by.into());
                sql.push(behind).row(true, by.into_iter().chain([Arg::from(&**id)]));
            }
            self.order.push(sql);
            sql.push(" LIMIT ");
        };
        let rows = open.iter().enumerate().map(|(number, open)| {
            let (by, id) = open.read.as_ref().map(|(by, id)| (by.into(), id.as_str())).unzip();
            let mut row = open.arm.row(number);
            row.extend([by.unwrap_or_default(), id.into()]);
            row
        });
        let mut sql = Sql::new("WITH ");
        push_table(&mut sql, writing, "arm", rows);
        sql.push(" SELECT CAST(").push(writing.group).push(writing.array).push("number, (SELECT CAST(");
        sql.push(writing.array).push("count(*), ").push(writing.group).push(writing.array);
        sql.push(column).push(", ").push(tie).push("))");
        if self.tests {
            sql.push(" FILTER (WHERE ");
            self.range.push_tests(&mut sql, self.order);
            sql.push(")");
        }
        // A text on both engines: as JSON in JSON, SQLite may or may not still know it.
        sql.push(") AS TEXT) || '' FROM (");
        next(&mut sql);
        sql.bind(keys).push(") AS near");
        self.range.push_beside(&mut sql);
        sql.push("))) AS TEXT) FROM arm");
        sql
    }
}

impl From<&SortedBy> for Arg {
    fn from(by: &SortedBy) -> Self {
        match by {
            SortedBy::Time(millis) => (*millis).into(),
            SortedBy::Text(text) => (&**text).into(),
        }
    }
}

impl From<&SortedBy> for Value {
    fn from(by: &SortedBy) -> Self {
        match by {
            SortedBy::Time(millis) => (*millis).into(),
            SortedBy::Text(text) => (&**text).into(),
        }
    }
}

fn read<T: DeserializeOwned>(json: &str) -> Result<T, StoreError> {
    serde_json::from_str(json).map_err(|_| StoreError::corrupt("a list of keys"))
}
