//! Pages of the list of requests, by keyset, and how many wait for somebody.

use domain::ids::{AppId, KeyId, PersonId};
use domain::list::Rows;
use domain::page::{COUNT_CAP, Capped, Page};
use domain::request::{KeyRequest, RequestFilter, RequestQuery, RequestState};
use domain::sight::{Scope, Sight};

use crate::conn::Conn;
use crate::cursors::Paged;
use crate::error::StoreError;
use crate::key_requests::{REQUEST, Stored};
use crate::readable::readable;
use crate::sql::{Arg, Sql};
use crate::walk::{List, Walked, walk};

/// Rows on a page.
const PAGE: usize = Rows::Few.count() as usize;

reads! {
    /// A page of the requests that are asked for and in sight. `visitor` is who made those of their own; whoever is no person
    /// made none. An invalid cursor gives the first page.
    list_key_requests(sight: &Sight, query: &RequestQuery, visitor: Option<&PersonId>) -> Page<KeyRequest>;
    /// Requests that wait, are in sight and not this person's own: those after this one, at most `limit`. Whoever has
    /// waited longest comes first.
    key_requests_waiting_for(sight: &Sight, but: &PersonId, after: Option<&KeyRequest>, limit: u32) -> Vec<KeyRequest>;
}

/// The place of a request in the list.
fn place(key: &str, created_at: i64) -> String {
    format!("{key}~{created_at}")
}

fn cursor(text: &str) -> Option<[Arg; 2]> {
    let (key, created_at) = text.split_once('~')?;
    Some([created_at.parse::<i64>().ok()?.into(), KeyId::parse(key)?.as_str().into()])
}

impl Paged for RequestQuery {
    fn is_cursor(&self, text: &str, _: bool) -> bool {
        cursor(text).is_some()
    }
}

/// A list with its conditions.
struct Asked<'a> {
    sight: &'a Sight,
    query: &'a RequestQuery,
    visitor: Option<&'a PersonId>,
}

impl Asked<'_> {
    fn push_conditions(&self, sql: &mut Sql) {
        let states = self.query.show.states().map(RequestState::as_str);
        sql.push("WHERE r.state IN (").list(states).push(")");
        push_sight(sql, self.sight);
        if self.query.mine {
            sql.push(" AND r.asked_by_id = ").bind(self.visitor.map_or("", PersonId::as_str));
        }
    }

    /// Rows after a cursor, or before it, nearest first: at most `limit`. Whoever has waited longest comes first, and what
    /// ended last.
    async fn fetch(
        &self,
        conn: &mut Conn<'_>,
        backwards: bool,
        after: Option<[Arg; 2]>,
        limit: usize,
    ) -> Result<Vec<Stored>, StoreError> {
        let descending = (self.query.show == RequestFilter::Ended) != backwards;
        let mut sql = Sql::new(REQUEST);
        self.push_conditions(&mut sql);
        if let Some(after) = after {
            sql.push(" AND (r.created_at, r.key_id) ").push(if descending { "< " } else { "> " }).row(true, after);
        }
        sql.push(" ORDER BY r.created_at").push(if descending { " DESC, r.key_id DESC" } else { ", r.key_id" });
        sql.push(" LIMIT ").bind(i64::try_from(limit).unwrap_or(i64::MAX));
        conn.fetch_all(sql).await
    }
}

/// What is out of sight does not count.
fn push_sight(sql: &mut Sql, sight: &Sight) {
    if !sight.sees_all_kinds() {
        sql.push(" AND r.kind IN (");
        // No kind has the empty word.
        sql.list(sight.kinds.iter().map(|kind| kind.as_str()).chain([""])).push(")");
    }
    if let Scope::Only(apps) = &sight.apps {
        sql.push(" AND r.app_id IN (").list(apps.iter().map(AppId::as_str).chain([""])).push(")");
    }
}

impl List for Asked<'_> {
    type Row = Stored;
    type Place = [Arg; 2];

    async fn beside(
        &self,
        conn: &mut Conn<'_>,
        at: Option<[Arg; 2]>,
        backwards: bool,
        limit: usize,
    ) -> Result<Vec<Stored>, StoreError> {
        self.fetch(conn, backwards, at, limit).await
    }

    fn place(&self, row: &Stored) -> Option<[Arg; 2]> {
        cursor(&self.cursor(row))
    }

    fn cursor(&self, row: &Stored) -> String {
        place(&row.key_id, row.created_at)
    }
}

async fn list_key_requests(
    conn: &mut Conn<'_>,
    sight: &Sight,
    query: &RequestQuery,
    visitor: Option<&PersonId>,
) -> Result<Page<KeyRequest>, StoreError> {
    let asked = Asked { sight, query, visitor };
    let parse = |text: &Option<String>| text.as_deref().and_then(cursor);
    let from = (parse(&query.after), parse(&query.before));
    let Walked { rows, next, previous } = walk(conn, &asked, PAGE, from).await?;
    let mut sql = Sql::new("SELECT count(*) FROM (SELECT r.key_id FROM key_request r ");
    asked.push_conditions(&mut sql);
    sql.push(" LIMIT ").bind(i64::from(COUNT_CAP) + 1).push(") AS counted");
    let (count,): (i64,) = conn.fetch_one(sql).await?;
    Ok(Page { rows: readable(rows), next, previous, total: Capped::at(COUNT_CAP, count.unsigned_abs()) })
}

async fn key_requests_waiting_for(
    conn: &mut Conn<'_>,
    sight: &Sight,
    but: &PersonId,
    after: Option<&KeyRequest>,
    limit: u32,
) -> Result<Vec<KeyRequest>, StoreError> {
    let mut sql = Sql::new(REQUEST);
    sql.push("WHERE r.state = ").bind(RequestState::Waiting.as_str()).push(" AND r.asked_by_id <> ").bind(but.as_str());
    push_sight(&mut sql, sight);
    if let Some(after) = after.and_then(|after| cursor(&place(after.key.as_str(), after.created_at.millis()))) {
        sql.push(" AND (r.created_at, r.key_id) > ").row(true, after);
    }
    sql.push(" ORDER BY r.created_at, r.key_id LIMIT ").bind(i64::from(limit));
    Ok(readable(conn.fetch_all::<Stored>(sql).await?))
}
