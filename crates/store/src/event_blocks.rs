//! The events of an integration by their name, CRM or agent. An index of each event took the writer longer than the event
//! itself. So a block of 5,000 numbers is indexed once it is full, and the events behind the last full one are looked
//! through.

use std::collections::HashMap;
use std::iter;

use domain::event::EventQuery;
use domain::ids::IntegrationId;

use crate::conn::Conn;
use crate::error::StoreError;
use crate::events::{EVENT, Stored};
use crate::rooms::signed;
use crate::sql::Sql;
use crate::store::Tx;
use crate::walk::List;

/// How many numbers a block has. The statements here have it, too.
const BLOCK: i64 = 5_000;

/// How many blocks are looked at together: few first, as whatever is frequent is found there, and then many, for what is here
/// and there.
const STEPS: [i64; 3] = [1, 8, 64];
const LAST_STEPS: i64 = 256;

/// The most blocks that one commit indexes. There are as many only where a server of an earlier version wrote the events.
const AT_ONCE: i64 = 20;

/// Up to how many events in a block are read to see what else they have, instead of what is posted for all of the block.
const FEW: usize = 8;

/// What events are asked by.
#[derive(Debug)]
struct Asked<'a> {
    part: &'static str,
    /// The column, in a condition.
    on: &'static str,
    value: &'a str,
}

/// What a query asks for, what is likely to be the rarest first; nothing if it asks for all events.
fn asked(query: &EventQuery) -> Vec<Asked<'_>> {
    [
        ("agent", " AND agent_id = ", &query.agent_id),
        ("name", " AND name = ", &query.name),
        // Most integrations have one.
        ("crm", " AND crm_id = ", &query.crm_id),
    ]
    .into_iter()
    .filter_map(|(part, on, value)| Some(Asked { part, on, value: value.as_deref()? }))
    .collect()
}

fn push_asked(sql: &mut Sql, asked: &[Asked<'_>]) {
    for Asked { on, value, .. } in asked {
        sql.push(on).bind(*value);
    }
}

fn push_numbers(conn: &Conn<'_>, sql: &mut Sql, numbers: &[i64]) -> Result<(), StoreError> {
    sql.push(" AND seq IN (SELECT CAST(value ->> 0 AS BIGINT) FROM ");
    conn.push_rows(sql, numbers.iter().map(|number| (number,)))?;
    sql.push(")");
    Ok(())
}

/// The events of an integration that somebody asks for by what they are about.
pub(crate) struct Found<'a> {
    integration: &'a IntegrationId,
    asked: Vec<Asked<'a>>,
    /// The numbers of the first and the last event; 0 if there is none.
    first: i64,
    last: i64,
    /// The first number behind the indexed blocks.
    unindexed: i64,
}

impl<'a> Found<'a> {
    /// `None` if all events are asked for.
    pub(crate) async fn read(
        conn: &mut Conn<'_>,
        integration: &'a IntegrationId,
        query: &'a EventQuery,
    ) -> Result<Option<Self>, StoreError> {
        let asked = asked(query);
        if asked.is_empty() {
            return Ok(None);
        }
        let sql = Sql::new(
            "SELECT COALESCE((SELECT min(seq) FROM event WHERE integration_id = $1), 0), \
             COALESCE((SELECT max(seq) FROM event WHERE integration_id = $1), 0), \
             COALESCE((SELECT max(block) + 1 FROM event_block WHERE integration_id = $1), 0) * 5000",
        );
        let (first, last, unindexed) = conn.fetch_one(sql.arg(integration.as_str())).await?;
        Ok(Some(Self { integration, asked, first, last, unindexed }))
    }

    /// How many there are, counted up to `most`.
    pub(crate) async fn count(&self, conn: &mut Conn<'_>, most: i64) -> Result<i64, StoreError> {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let numbers = self.numbers(conn, (self.last, self.first), false, most).await?;
        Ok(i64::try_from(numbers.len()).unwrap_or(i64::MAX))
    }

    /// The nearest numbers from one to another, at most `limit`.
    async fn numbers(
        &self,
        conn: &mut Conn<'_>,
        (nearest, furthest): (i64, i64),
        backwards: bool,
        limit: usize,
    ) -> Result<Vec<i64>, StoreError> {
        let (low, high) = if backwards { (nearest, furthest) } else { (furthest, nearest) };
        let mut numbers = Vec::new();
        if !backwards {
            numbers = self.unindexed(conn, (low, high), backwards, limit).await?;
        }
        let last_indexed = self.unindexed - 1;
        let ends =
            if low > last_indexed { None } else { Some((nearest.min(last_indexed), furthest.min(last_indexed))) };
        for blocks in ends.into_iter().flat_map(|(from, to)| steps(from, to, backwards)) {
            if numbers.len() >= limit {
                break;
            }
            let mut found = self.indexed(conn, &blocks).await?;
            found.retain(|number| (low..=high).contains(number));
            if !backwards {
                found.reverse();
            }
            numbers.extend(found);
        }
        if backwards && numbers.len() < limit {
            numbers.extend(self.unindexed(conn, (low, high), backwards, limit - numbers.len()).await?);
        }
        numbers.truncate(limit);
        Ok(numbers)
    }

    /// The nearest numbers behind the indexed blocks.
    async fn unindexed(
        &self,
        conn: &mut Conn<'_>,
        (low, high): (i64, i64),
        backwards: bool,
        limit: usize,
    ) -> Result<Vec<i64>, StoreError> {
        if high < self.unindexed {
            return Ok(Vec::new());
        }
        let mut sql = Sql::new("SELECT seq FROM event WHERE integration_id = ");
        sql.bind(self.integration.as_str());
        sql.push(" AND seq >= ").bind(low.max(self.unindexed)).push(" AND seq <= ").bind(high);
        push_asked(&mut sql, &self.asked);
        sql.push(if backwards { " ORDER BY seq LIMIT " } else { " ORDER BY seq DESC LIMIT " });
        sql.bind(i64::try_from(limit).unwrap_or(i64::MAX));
        Ok(conn.fetch_all::<(i64,)>(sql).await?.into_iter().map(|(number,)| number).collect())
    }

    /// The numbers in these blocks, in their order.
    async fn indexed(&self, conn: &mut Conn<'_>, blocks: &[i64]) -> Result<Vec<i64>, StoreError> {
        let Some((first, mut others)) = self.asked.split_first() else { return Ok(Vec::new()) };
        let mut numbers = self.posted(conn, first, blocks).await?;
        while let Some((other, further)) = others.split_first() {
            let mut blocks: Vec<_> = numbers.iter().map(|number| number / BLOCK).collect();
            blocks.dedup();
            if numbers.len() <= FEW * blocks.len() {
                return self.with(conn, others, &numbers).await;
            }
            let posted = self.posted(conn, other, &blocks).await?;
            numbers.retain(|number| posted.binary_search(number).is_ok());
            others = further;
        }
        Ok(numbers)
    }

    /// Those of these numbers whose events have all that is asked for, in their order.
    async fn with(&self, conn: &mut Conn<'_>, asked: &[Asked<'_>], numbers: &[i64]) -> Result<Vec<i64>, StoreError> {
        if numbers.is_empty() {
            return Ok(Vec::new());
        }
        let mut sql = Sql::new("SELECT seq FROM event WHERE integration_id = ");
        sql.bind(self.integration.as_str());
        push_numbers(conn, &mut sql, numbers)?;
        push_asked(&mut sql, asked);
        let mut found: Vec<_> = conn.fetch_all::<(i64,)>(sql).await?.into_iter().map(|(number,)| number).collect();
        found.sort_unstable();
        Ok(found)
    }

    /// The numbers of one of the things asked for in these blocks, in their order.
    async fn posted(&self, conn: &mut Conn<'_>, asked: &Asked<'_>, blocks: &[i64]) -> Result<Vec<i64>, StoreError> {
        let mut sql = Sql::new("SELECT block, seqs FROM event_block WHERE integration_id = ");
        sql.bind(self.integration.as_str()).push(" AND block IN (SELECT CAST(value ->> 0 AS BIGINT) FROM ");
        conn.push_rows(&mut sql, blocks.iter().map(|block| (block,)))?;
        sql.push(") AND part = ").bind(asked.part).push(" AND value = ").bind(asked.value);
        let mut numbers = Vec::new();
        for (block, seqs) in conn.fetch_all::<(i64, String)>(sql).await? {
            for seq in seqs.split(',') {
                let seq: i64 = seq.parse().map_err(|_| StoreError::corrupt("an index of events"))?;
                numbers.push(block * BLOCK + seq);
            }
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// The events with these numbers, in their order.
    async fn events(&self, conn: &mut Conn<'_>, numbers: &[i64]) -> Result<Vec<Stored>, StoreError> {
        let mut sql = Sql::new(EVENT);
        sql.push(" WHERE integration_id = ").bind(self.integration.as_str());
        push_numbers(conn, &mut sql, numbers)?;
        let rows: Vec<Stored> = conn.fetch_all(sql).await?;
        let mut found: HashMap<i64, Stored> = rows.into_iter().map(|row| (row.seq, row)).collect();
        Ok(numbers.iter().filter_map(|number| found.remove(number)).collect())
    }
}

impl List for Found<'_> {
    type Row = Stored;
    type Place = i64;

    async fn beside(
        &self,
        conn: &mut Conn<'_>,
        at: Option<i64>,
        backwards: bool,
        limit: usize,
    ) -> Result<Vec<Stored>, StoreError> {
        let between = if backwards {
            (at.map_or(self.first, |at| self.first.max(at.saturating_add(1))), self.last)
        } else {
            (at.map_or(self.last, |at| self.last.min(at.saturating_sub(1))), self.first)
        };
        let numbers = self.numbers(conn, between, backwards, limit).await?;
        if numbers.is_empty() { Ok(Vec::new()) } else { self.events(conn, &numbers).await }
    }

    fn place(&self, row: &Stored) -> Option<i64> {
        Some(row.seq)
    }

    fn cursor(&self, row: &Stored) -> String {
        row.seq.to_string()
    }
}

/// The blocks from one number to another, as they are looked at together.
fn steps(from: i64, to: i64, upwards: bool) -> impl Iterator<Item = Vec<i64>> {
    let (mut at, end) = (from / BLOCK, to / BLOCK);
    let toward = if upwards { 1 } else { -1 };
    let mut sizes = STEPS.into_iter().chain(iter::repeat(LAST_STEPS));
    iter::from_fn(move || {
        let left = (end - at) * toward + 1;
        let size = sizes.next().filter(|_| left > 0)?.min(left);
        let blocks = (0..size).map(|n| at + n * toward).collect();
        at += size * toward;
        Some(blocks)
    })
}

/// What is posted for each event of a block that has it.
const POSTED: [&str; 3] = [
    "SELECT integration_id, seq / 5000, 'agent', agent_id, string_agg(CAST(seq % 5000 AS TEXT), ',') FROM event \
     WHERE integration_id = $1 AND seq >= $2 AND seq < $3 AND agent_id <> '' GROUP BY integration_id, seq / 5000, agent_id",
    " UNION ALL SELECT integration_id, seq / 5000, 'crm', crm_id, string_agg(CAST(seq % 5000 AS TEXT), ',') FROM event \
     WHERE integration_id = $1 AND seq >= $2 AND seq < $3 GROUP BY integration_id, seq / 5000, crm_id",
    " UNION ALL SELECT integration_id, seq / 5000, 'name', name, string_agg(CAST(seq % 5000 AS TEXT), ',') FROM event \
     WHERE integration_id = $1 AND seq >= $2 AND seq < $3 GROUP BY integration_id, seq / 5000, name",
];

impl Tx {
    /// Indexes the full blocks of an integration that are not indexed, now that it has given these numbers.
    pub(crate) async fn index_events(
        &mut self,
        integration: &IntegrationId,
        (first, last): (u64, u64),
    ) -> Result<(), StoreError> {
        let (first, last) = (signed(first), signed(last));
        if (first - 1) / BLOCK == last / BLOCK {
            return Ok(());
        }
        let sql = Sql::new(
            "SELECT min(seq) / 5000 FROM event WHERE integration_id = $1 AND seq >= COALESCE((SELECT max(block) + 1 \
             FROM event_block WHERE integration_id = $1), 0) * 5000",
        );
        let (from,): (Option<i64>,) = self.conn().fetch_one(sql.arg(integration.as_str())).await?;
        let Some(from) = from else { return Ok(()) };
        let to = (last / BLOCK).min(from + AT_ONCE);
        let mut sql = Sql::new("INSERT INTO event_block (integration_id, block, part, value, seqs) ");
        for posted in POSTED {
            sql.push(posted);
        }
        self.conn().execute(sql.arg(integration.as_str()).arg(from * BLOCK).arg(to * BLOCK)).await?;
        Ok(())
    }

    /// Removes from the index the blocks of an integration that are before its first event, up to this number.
    pub(crate) async fn prune_event_blocks(&mut self, integration: &str, gone: i64) -> Result<(), StoreError> {
        let sql = Sql::new(
            "DELETE FROM event_block WHERE integration_id = $1 AND block <= $2 / 5000 \
             AND block < COALESCE((SELECT min(seq) / 5000 FROM event WHERE integration_id = $1), $2 + 1)",
        );
        self.conn().execute(sql.arg(integration).arg(gone)).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use testkit::TestDatabase;

    use super::*;
    use crate::query_plan::plan;
    use crate::store::Store;

    #[test]
    fn every_block_is_looked_at_once() {
        for (from, to) in [(1, 1), (4_999, 1), (5_000, 4_999), (2_000_000, 1), (9_999_999, 5_000)] {
            for (from, to, upwards) in [(from, to, false), (to, from, true)] {
                let blocks: Vec<_> = steps(from, to, upwards).flatten().collect();
                let mut needed: Vec<_> = (to.min(from) / BLOCK..=to.max(from) / BLOCK).collect();
                if !upwards {
                    needed.reverse();
                }
                assert_eq!(blocks, needed, "{from} to {to}");
            }
        }
        for (from, to, upwards) in [(4_999, 5_000, false), (5_000, 4_999, true)] {
            assert_eq!(steps(from, to, upwards).count(), 0, "{from} to {to}");
        }
    }

    #[tokio::test]
    async fn the_index_and_the_numbers_are_found_by_their_keys() {
        let database = TestDatabase::sqlite();
        let store = Store::open(database.url()).await.unwrap();
        let sql = Sql::new(
            "SELECT block, seqs FROM event_block WHERE integration_id = $1 AND block IN (SELECT CAST(value ->> 0 AS BIGINT) \
             FROM json_each($2)) AND part = $3 AND value = $4",
        );
        let steps = plan(&store, sql.arg("a").arg("[[1]]").arg("crm").arg("c")).await;
        let by = "SEARCH event_block USING PRIMARY KEY (integration_id=? AND block=? AND part=? AND value=?)";
        assert!(steps.first().is_some_and(|step| step == by), "{steps:?}");
        store.close().await;
    }
}
