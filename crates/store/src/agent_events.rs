//! The events of one agent. Their index begins with the block of an event's number, so that whatever is written at a moment
//! goes to a few places of it, however many agents there are. A page is read block by block.

use std::collections::HashMap;
use std::iter;

use domain::event::EventQuery;
use domain::ids::IntegrationId;

use crate::conn::Conn;
use crate::dialect::Writing;
use crate::error::StoreError;
use crate::events::{EVENT, Stored};
use crate::sql::Sql;
use crate::walk::List;

/// How many numbers a block has. The index and the statements here have it, too.
const BLOCK: i64 = 5_000;

/// How many blocks are looked at together: few first, as whoever has many events has enough of them there, and then many,
/// for those who have one here and there.
const STEPS: [i64; 3] = [1, 8, 64];
const LAST_STEPS: i64 = 256;

/// The events of an agent at an integration that somebody asks for.
pub(crate) struct OfAgent<'a> {
    integration: &'a IntegrationId,
    agent_id: &'a str,
    query: &'a EventQuery,
    /// The numbers of the integration's first and last event; 0 if it has none.
    first: i64,
    last: i64,
}

impl<'a> OfAgent<'a> {
    pub(crate) async fn read(
        conn: &mut Conn<'_>,
        integration: &'a IntegrationId,
        agent_id: &'a str,
        query: &'a EventQuery,
    ) -> Result<Self, StoreError> {
        let sql = Sql::new(
            "SELECT COALESCE((SELECT min(seq) FROM event WHERE integration_id = $1), 0), \
             COALESCE((SELECT max(seq) FROM event WHERE integration_id = $1), 0)",
        );
        let (first, last) = conn.fetch_one(sql.arg(integration.as_str())).await?;
        Ok(Self { integration, agent_id, query, first, last })
    }

    /// How many there are, counted up to `most`.
    pub(crate) async fn count(&self, conn: &mut Conn<'_>, most: i64) -> Result<i64, StoreError> {
        let mut count = 0;
        for blocks in steps(self.last, self.first, false) {
            let mut sql = Sql::new("SELECT count(*) FROM (SELECT seq");
            self.push_asked(&mut sql, conn.writing(), &blocks);
            sql.push(" LIMIT ").bind(most - count).push(") AS counted");
            let (more,): (i64,) = conn.fetch_one(sql).await?;
            count += more;
            if count >= most {
                break;
            }
        }
        Ok(count)
    }

    fn push_asked(&self, sql: &mut Sql, writing: Writing, blocks: &[i64]) {
        sql.push(" FROM event");
        writing.push_index(sql, "event_agent");
        sql.push(" WHERE integration_id = ").bind(self.integration.as_str());
        sql.push(" AND seq / 5000 IN (").list(blocks.iter().copied()).push(")");
        sql.push(" AND agent_id = ").bind(self.agent_id);
        if let Some(name) = &self.query.name {
            sql.push(" AND name = ").bind(name.as_str());
        }
        if let Some(crm_id) = &self.query.crm_id {
            // Postgres has no index of this expression, and thus takes that of agents.
            sql.push(" AND crm_id || '' = ").bind(crm_id.as_str());
        }
    }

    /// The nearest numbers in these blocks.
    fn numbers(&self, writing: Writing, blocks: &[i64], at: Option<i64>, backwards: bool, limit: usize) -> Sql {
        let mut sql = Sql::new("SELECT seq");
        self.push_asked(&mut sql, writing, blocks);
        if let Some(at) = at {
            sql.push(if backwards { " AND seq > " } else { " AND seq < " }).bind(at);
        }
        // An expression, or Postgres would read all events in the order of their numbers, as it does for other lists.
        sql.push(if backwards { " ORDER BY seq + 0 LIMIT " } else { " ORDER BY seq + 0 DESC LIMIT " });
        sql.bind(i64::try_from(limit).unwrap_or(i64::MAX));
        sql
    }

    /// The events with these numbers, in their order.
    async fn events(&self, conn: &mut Conn<'_>, numbers: &[i64]) -> Result<Vec<Stored>, StoreError> {
        let mut sql = Sql::new(EVENT);
        sql.push(" WHERE integration_id = ").bind(self.integration.as_str());
        sql.push(" AND seq IN (SELECT CAST(value ->> 0 AS BIGINT) FROM ");
        conn.push_rows(&mut sql, numbers.iter().map(|number| (number,)))?;
        sql.push(")");
        let rows: Vec<Stored> = conn.fetch_all(sql).await?;
        let mut found: HashMap<i64, Stored> = rows.into_iter().map(|row| (row.seq, row)).collect();
        Ok(numbers.iter().filter_map(|number| found.remove(number)).collect())
    }
}

impl List for OfAgent<'_> {
    type Row = Stored;
    type Place = i64;

    async fn beside(
        &self,
        conn: &mut Conn<'_>,
        at: Option<i64>,
        backwards: bool,
        limit: usize,
    ) -> Result<Vec<Stored>, StoreError> {
        let (nearest, furthest) = if backwards {
            (at.map_or(self.first, |at| self.first.max(at.saturating_add(1))), self.last)
        } else {
            (at.map_or(self.last, |at| self.last.min(at.saturating_sub(1))), self.first)
        };
        let mut numbers: Vec<i64> = Vec::new();
        for blocks in steps(nearest, furthest, backwards) {
            let sql = self.numbers(conn.writing(), &blocks, at, backwards, limit - numbers.len());
            numbers.extend(conn.fetch_all::<(i64,)>(sql).await?.into_iter().map(|(number,)| number));
            if numbers.len() >= limit {
                break;
            }
        }
        if numbers.is_empty() { Ok(Vec::new()) } else { self.events(conn, &numbers).await }
    }

    fn place(&self, row: &Stored) -> Option<i64> {
        Some(row.seq)
    }

    fn cursor(&self, row: &Stored) -> String {
        row.seq.to_string()
    }
}

/// The blocks from one number to another, as they are looked at together. They have a few fixed sizes, so that few
/// statements have to be prepared: nothing is in those behind the last.
fn steps(from: i64, to: i64, upwards: bool) -> impl Iterator<Item = Vec<i64>> {
    let (mut at, end) = (from / BLOCK, to / BLOCK);
    let toward = if upwards { 1 } else { -1 };
    let mut sizes = STEPS.into_iter().chain(iter::repeat(LAST_STEPS));
    iter::from_fn(move || {
        let size = sizes.next().filter(|_| (end - at) * toward >= 0)?;
        let blocks = (0..size).map(|n| at + n * toward).collect();
        at += size * toward;
        Some(blocks)
    })
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
                assert_eq!(blocks[..needed.len()], needed, "{from} to {to}");
            }
        }
        assert_eq!(steps(4_999, 5_000, false).count(), 0);
        assert_eq!(steps(5_000, 4_999, true).count(), 0);
    }

    #[tokio::test]
    async fn the_index_alone_says_which_they_are() {
        let database = TestDatabase::sqlite();
        let store = Store::open(database.url()).await.unwrap();
        let integration = &IntegrationId::from_random([7; 12]);
        let query = EventQuery { name: Some("On Ring".to_owned()), ..EventQuery::default() };
        let of_agent = OfAgent { integration, agent_id: "ana", query: &query, first: 1, last: 90_000 };
        for (at, backwards) in [(None, false), (Some(9), false), (Some(9), true)] {
            let blocks: Vec<_> = (0..8).collect();
            let steps = plan(&store, of_agent.numbers(Writing::SQLITE, &blocks, at, backwards, 26)).await;
            let by = "SEARCH event USING COVERING INDEX event_agent (integration_id=? AND <expr>=? AND agent_id=?";
            assert!(steps.first().is_some_and(|step| step.starts_with(by)), "{steps:?}");
        }
        store.close().await;
    }
}
