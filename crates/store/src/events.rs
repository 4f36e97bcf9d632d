//! Events of contact-centre platforms. Numbers are given by whoever writes: one writer works at a time, over all processes.

use std::collections::BTreeMap;

use domain::event::{Event, EventQuery};
use domain::ids::{AppId, EventId, IntegrationId, KeyId};
use domain::kind::KeyKind;
use domain::page::{COUNT_CAP, Capped, Page};
use domain::timestamp::Timestamp;
use sqlx_macros::FromRow;

use crate::conn::Conn;
use crate::cursors::{Paged, number};
use crate::error::StoreError;
use crate::event_blocks::Found;
use crate::readable::readable;
use crate::rooms::signed;
use crate::sql::{Arg, Column, Sql, pieces, push_words};
use crate::store::Tx;
use crate::walk::{List, Walked, walk};

/// An integration that takes events, and how far it has counted them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventPlace {
    /// The integration.
    pub integration_id: IntegrationId,
    /// Its app.
    pub app_id: AppId,
    /// The kind of the keys whose events it takes.
    pub kind: KeyKind,
    /// The number of its last event; 0 if there was none.
    pub last_seq: u64,
}

reads! {
    /// The integrations of these apps that take events, in any order.
    event_places(apps: &[AppId]) -> Vec<EventPlace>;
    /// The event with this id.
    event(id: &EventId) -> Option<Event>;
    /// The events of an integration from one number to another, in their order, at most `limit`.
    events_between(integration: &IntegrationId, from: u64, to: u64, limit: u32) -> Vec<Event>;
    /// The newest events between two numbers that came with a key, in their order, at most `limit`, and how many there are.
    events_of_key_between(integration: &IntegrationId, key: &KeyId, from: u64, to: u64, limit: u32) -> (Vec<Event>, u64);
    /// The numbers of the last events of these integrations, in any order. One that never had any is left out.
    event_ends(integrations: &[IntegrationId]) -> Vec<(IntegrationId, u64)>;
    /// A page of the events of an integration that are asked for, the newest first. An invalid cursor gives the first page.
    list_events(integration: &IntegrationId, query: &EventQuery) -> Page<Event>;
}

pub(crate) const EVENT: &str = "SELECT integration_id, seq, id, app_id, kind, key_id, key_name, name, crm_id, agent_id, data, origin, \
     address, at FROM event";

#[derive(FromRow)]
pub(crate) struct Stored {
    integration_id: String,
    pub(crate) seq: i64,
    id: String,
    app_id: String,
    kind: String,
    key_id: String,
    key_name: String,
    name: String,
    crm_id: String,
    agent_id: String,
    data: String,
    origin: String,
    address: String,
    at: i64,
}

/// The text of a column that is empty where there is none.
fn given(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

impl TryFrom<Stored> for Event {
    type Error = StoreError;

    fn try_from(row: Stored) -> Result<Self, StoreError> {
        let corrupt = || StoreError::corrupt("an event");
        Ok(Self {
            id: EventId::parse(&row.id).ok_or_else(corrupt)?,
            app_id: AppId::parse(&row.app_id).ok_or_else(corrupt)?,
            integration_id: IntegrationId::parse(&row.integration_id).ok_or_else(corrupt)?,
            seq: row.seq.unsigned_abs(),
            kind: KeyKind::parse(&row.kind).ok_or_else(corrupt)?,
            key_id: KeyId::parse(&row.key_id).ok_or_else(corrupt)?,
            key_name: row.key_name,
            name: row.name,
            crm_id: row.crm_id,
            agent_id: given(row.agent_id),
            data: row.data,
            origin: given(row.origin),
            address: row.address.parse().ok(),
            at: Timestamp::from_millis(row.at),
        })
    }
}

#[derive(FromRow)]
struct StoredPlace {
    id: String,
    app_id: String,
    kind: String,
    last_seq: i64,
}

async fn event_places(conn: &mut Conn<'_>, apps: &[AppId]) -> Result<Vec<EventPlace>, StoreError> {
    let mut places = Vec::new();
    for piece in pieces(apps) {
        let mut sql = Sql::new(
            "SELECT i.id, i.app_id, i.kind, COALESCE(e.last_seq, 0) AS last_seq FROM integration i \
             LEFT JOIN event_end e ON e.integration_id = i.id WHERE i.app_id IN (",
        );
        sql.list(piece.iter().map(AppId::as_str)).push(")");
        push_words(&mut sql, " AND i.kind IN (", KeyKind::CALLS_EVENTS.into_iter().map(KeyKind::as_str));
        for row in conn.fetch_all::<StoredPlace>(sql).await? {
            let corrupt = || StoreError::corrupt("an integration");
            places.push(EventPlace {
                integration_id: IntegrationId::parse(&row.id).ok_or_else(corrupt)?,
                app_id: AppId::parse(&row.app_id).ok_or_else(corrupt)?,
                kind: KeyKind::parse(&row.kind).ok_or_else(corrupt)?,
                last_seq: row.last_seq.unsigned_abs(),
            });
        }
    }
    Ok(places)
}

async fn event(conn: &mut Conn<'_>, id: &EventId) -> Result<Option<Event>, StoreError> {
    let mut sql = Sql::new(EVENT);
    sql.push(" WHERE id = ").bind(id.as_str());
    conn.fetch_optional::<Stored>(sql).await?.map(Event::try_from).transpose()
}

async fn events_between(
    conn: &mut Conn<'_>,
    integration: &IntegrationId,
    from: u64,
    to: u64,
    limit: u32,
) -> Result<Vec<Event>, StoreError> {
    let mut sql = Sql::new(EVENT);
    sql.push(" WHERE integration_id = ").bind(integration.as_str());
    sql.push(" AND seq >= ").bind(signed(from)).push(" AND seq <= ").bind(signed(to));
    sql.push(" ORDER BY seq LIMIT ").bind(i64::from(limit));
    Ok(readable(conn.fetch_all::<Stored>(sql).await?))
}

async fn events_of_key_between(
    conn: &mut Conn<'_>,
    integration: &IntegrationId,
    key: &KeyId,
    from: u64,
    to: u64,
    limit: u32,
) -> Result<(Vec<Event>, u64), StoreError> {
    let push_asked = |sql: &mut Sql| {
        sql.push(" WHERE integration_id = ").bind(integration.as_str()).push(" AND key_id = ").bind(key.as_str());
        sql.push(" AND seq >= ").bind(signed(from)).push(" AND seq <= ").bind(signed(to));
    };
    let mut sql = Sql::new(EVENT);
    push_asked(&mut sql);
    sql.push(" ORDER BY seq DESC LIMIT ").bind(i64::from(limit));
    let mut newest = readable(conn.fetch_all::<Stored>(sql).await?);
    newest.reverse();
    let mut sql = Sql::new("SELECT count(*) FROM event");
    push_asked(&mut sql);
    let (count,): (i64,) = conn.fetch_one(sql).await?;
    Ok((newest, count.unsigned_abs()))
}

async fn event_ends(
    conn: &mut Conn<'_>,
    integrations: &[IntegrationId],
) -> Result<Vec<(IntegrationId, u64)>, StoreError> {
    let mut ends = Vec::with_capacity(integrations.len());
    for piece in pieces(integrations) {
        let mut sql = Sql::new("SELECT integration_id, last_seq FROM event_end WHERE integration_id IN (");
        sql.list(piece.iter().map(IntegrationId::as_str)).push(")");
        for (id, last_seq) in conn.fetch_all::<(String, i64)>(sql).await? {
            let id = IntegrationId::parse(&id).ok_or_else(|| StoreError::corrupt("an integration's id"))?;
            ends.push((id, last_seq.unsigned_abs()));
        }
    }
    Ok(ends)
}

impl Paged for EventQuery {
    fn is_cursor(&self, text: &str, _: bool) -> bool {
        number(text).is_some()
    }
}

/// All events of an integration.
struct All<'a>(&'a IntegrationId);

impl List for All<'_> {
    type Row = Stored;
    type Place = i64;

    async fn beside(
        &self,
        conn: &mut Conn<'_>,
        at: Option<i64>,
        backwards: bool,
        limit: usize,
    ) -> Result<Vec<Stored>, StoreError> {
        let mut sql = Sql::new(EVENT);
        sql.push(" WHERE integration_id = ").bind(self.0.as_str());
        if let Some(at) = at {
            sql.push(if backwards { " AND seq > " } else { " AND seq < " }).bind(at);
        }
        sql.push(if backwards { " ORDER BY seq LIMIT " } else { " ORDER BY seq DESC LIMIT " });
        sql.bind(i64::try_from(limit).unwrap_or(i64::MAX));
        conn.fetch_all(sql).await
    }

    fn place(&self, row: &Stored) -> Option<i64> {
        Some(row.seq)
    }

    fn cursor(&self, row: &Stored) -> String {
        row.seq.to_string()
    }
}

async fn list_events(
    conn: &mut Conn<'_>,
    integration: &IntegrationId,
    query: &EventQuery,
) -> Result<Page<Event>, StoreError> {
    let size = usize::try_from(query.rows.count()).unwrap_or(usize::MAX);
    let parse = |text: &Option<String>| text.as_deref().and_then(number);
    let asked = (parse(&query.after), parse(&query.before));
    let most = i64::from(COUNT_CAP) + 1;
    let (Walked { rows, next, previous }, count) = if let Some(found) = Found::read(conn, integration, query).await? {
        (walk(conn, &found, size, asked).await?, found.count(conn, most).await?)
    } else {
        (walk(conn, &All(integration), size, asked).await?, count(conn, integration, most).await?)
    };
    let rows = readable(rows);
    Ok(Page { rows, next, previous, total: Capped::at(COUNT_CAP, count.unsigned_abs()) })
}

/// How many events an integration has, counted up to `most`.
async fn count(conn: &mut Conn<'_>, integration: &IntegrationId, most: i64) -> Result<i64, StoreError> {
    let mut sql = Sql::new("SELECT count(*) FROM (SELECT seq FROM event WHERE integration_id = ");
    sql.bind(integration.as_str()).push(" LIMIT ").bind(most).push(") AS counted");
    let (count,): (i64,) = conn.fetch_one(sql).await?;
    Ok(count)
}

impl Tx {
    /// Writes events, which have numbers that their integrations have not given yet, those of each in their order. Fails
    /// with `Conflict` for a number or an id that is taken.
    pub async fn insert_events(&mut self, events: &[&Event]) -> Result<(), StoreError> {
        // Rows of one JSON argument, as messages are passed, took longer to take apart than to write.
        for piece in pieces(events) {
            let mut sql = Sql::new(
                "INSERT INTO event (integration_id, seq, id, app_id, kind, key_id, key_name, name, crm_id, agent_id, data, \
                 origin, address, at) VALUES ",
            );
            let [mut places, mut apps, mut kinds, mut keys, mut key_names]: [Column; 5] = Default::default();
            let [mut names, mut crms, mut data, mut origins, mut addresses]: [Column; 5] = Default::default();
            for (n, event) in piece.iter().enumerate() {
                let columns: [Arg; 14] = [
                    places.of(event.integration_id.as_str()),
                    signed(event.seq).into(),
                    event.id.as_str().into(),
                    apps.of(event.app_id.as_str()),
                    kinds.of(event.kind.as_str()),
                    keys.of(event.key_id.as_str()),
                    key_names.of(&event.key_name),
                    names.of(&event.name),
                    crms.of(&event.crm_id),
                    event.agent_id.as_deref().unwrap_or_default().into(),
                    data.of(&event.data),
                    origins.of(event.origin.as_deref().unwrap_or_default()),
                    addresses.of(&event.address.map_or_else(String::new, |address| address.to_string())),
                    event.at.into(),
                ];
                sql.row(n == 0, columns);
            }
            self.conn().execute(sql).await?;
        }
        let mut given: BTreeMap<IntegrationId, (u64, u64)> = BTreeMap::new();
        for event in events {
            given.entry(event.integration_id).or_insert((event.seq, event.seq)).1 = event.seq;
        }
        let mut sql = Sql::new(
            "INSERT INTO event_end (integration_id, last_seq) SELECT value ->> 0, CAST(value ->> 1 AS BIGINT) FROM ",
        );
        self.conn().push_rows(&mut sql, given.iter().map(|(id, (_, last))| (id.as_str(), *last)))?;
        sql.push(" WHERE true ON CONFLICT (integration_id) DO UPDATE SET last_seq = excluded.last_seq");
        self.conn().execute(sql).await?;
        for (integration, numbers) in &given {
            self.index_events(integration, *numbers).await?;
        }
        Ok(())
    }

    /// Removes events from before this time, at most `limit`, and returns how many; and how far integrations had counted
    /// that are gone.
    pub async fn prune_events(&mut self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let sql = Sql::new("DELETE FROM event_end WHERE integration_id NOT IN (SELECT id FROM integration)");
        self.conn().execute(sql).await?;
        let push_old = |sql: &mut Sql| {
            sql.push("SELECT integration_id, seq FROM event WHERE id < ").bind(id_after(before));
            sql.push(" AND at < ").bind(before).push(" ORDER BY id LIMIT ").bind(i64::from(limit));
        };
        let mut sql = Sql::new("SELECT integration_id, max(seq) FROM (");
        push_old(&mut sql);
        sql.push(") AS old GROUP BY integration_id");
        let gone: Vec<(String, i64)> = self.conn().fetch_all(sql).await?;
        let mut sql = Sql::new("DELETE FROM event WHERE (integration_id, seq) IN (");
        push_old(&mut sql);
        sql.push(")");
        let removed = self.conn().execute(sql).await?;
        for (integration, last) in gone {
            self.prune_event_blocks(&integration, last).await?;
        }
        Ok(removed)
    }
}

/// What the ids of events from before a time are less than: an id begins with its second, in hexadecimal digits.
fn id_after(time: Timestamp) -> String {
    format!("{:08x}", u32::try_from(time.millis() / 1_000 + 1).unwrap_or_default())
}
