//! What a question to the audit means, as ranges of indexes.
//! It is answered by *arms*, one for each key or actor. Each is a range of an index that has the order of the audit, so a
//! page costs the same however many events there are.

use domain::audit::Action;
use domain::audit_query::AuditQuery;
use domain::ids::{AppId, KeyId};
use domain::kind::KeyKind;
use domain::member_key;
use domain::sight::{Scope, Sight};
use domain::text::{name_key, prefix_upper_bound};
use domain::timestamp::Timestamp;

use crate::conn::Conn;
use crate::error::StoreError;
use crate::sql::{Sql, push_contains};

/// The most keys that one name stands for, in the order of their names. Whoever means others writes more of the name.
const KEYS: i64 = 50;

/// Among how many keys with the name those of some apps are looked for.
const KEYS_LOOKED_AT: i64 = 2_000;

/// The most keys that the name of one actor stands for, where the reader may not know all of that name.
const KEYS_ACTING: usize = 50;

/// The most people that one text stands for, of those who did something, in the order of their e-mails.
const PEOPLE: i64 = 50;

/// Servers write with clocks that differ by a little, so the first event of a day may come before the last one of the day
/// before. Its number is among this many.
const DISORDER: i64 = 100;

/// A range of an index.
#[derive(Debug)]
enum Arm {
    All,
    Key(String),
    Action(Action),
    /// Those who have, or had, this name.
    Actor(String),
    /// The person or key with this id, whatever it was called.
    Own(String),
}

/// A question, with its names looked up.
pub(crate) struct AuditSearch<'a> {
    sight: &'a Sight,
    query: &'a AuditQuery,
    arms: Vec<Arm>,
    /// The actors who are meant; `None` for all.
    actors: Option<Vec<String>>,
    /// The keys that are meant as actors; `None` for all.
    acting: Option<Vec<String>>,
    /// The keys that are meant, where an arm does not say it; `None` for all.
    named: Option<Vec<String>>,
    /// The numbers between which the events of the days are.
    from: Option<i64>,
    to: Option<i64>,
}

impl<'a> AuditSearch<'a> {
    pub(crate) async fn new(conn: &mut Conn<'_>, sight: &'a Sight, query: &'a AuditQuery) -> Result<Self, StoreError> {
        let mut actors = match &query.person {
            Some(person) => Some(actors(conn, person).await?),
            None => None,
        };
        let acting = match &mut actors {
            Some(actors) if !names_all(sight) => Some(keys_acting(conn, sight, actors).await?),
            _ => None,
        };
        let keys = match (&query.key, &query.name) {
            (Some(key), _) => Some(vec![key.as_str().to_owned()]),
            (None, Some(name)) => Some(keys_named(conn, name, &sight.apps).await?),
            (None, None) => None,
        };
        let mut named = None;
        let arms = match (&sight.acts, keys, &actors, query.action) {
            (Scope::Only(own), keys, ..) => {
                named = keys;
                own.iter().map(|actor| Arm::Own(actor.id().to_owned())).collect()
            }
            (_, Some(keys), ..) => keys.into_iter().map(Arm::Key).collect(),
            (_, None, Some(actors), _) => actors.iter().cloned().map(Arm::Actor).collect(),
            (_, None, None, Some(action)) => vec![Arm::Action(action)],
            (_, None, None, None) => vec![Arm::All],
        };
        let from = match query.from {
            Some(from) => Some(edge(conn, from, true).await?),
            None => None,
        };
        let to = match query.until() {
            Some(until) => Some(edge(conn, until, false).await?),
            None => None,
        };
        Ok(Self { sight, query, arms, actors, acting, named, from, to })
    }

    /// Whether nothing can be found.
    pub(crate) fn is_empty(&self) -> bool {
        self.arms.is_empty() || self.actors.as_ref().is_some_and(Vec::is_empty)
    }

    /// Adds the arms, joined by `UNION ALL`. `also` ends each with a further condition, an order and a limit. What the
    /// index of an arm does not hold is hidden from the planner by `|| ''` and `+ 0`.
    pub(crate) fn push_arms(&self, sql: &mut Sql, select: &'static str, also: impl Fn(&mut Sql)) {
        for (n, arm) in self.arms.iter().enumerate() {
            sql.push(if n == 0 { "SELECT * FROM (" } else { " UNION ALL SELECT * FROM (" }).push(select);
            match arm {
                Arm::All => sql.push(" WHERE seq > 0"),
                Arm::Key(key) => sql.push(" WHERE subject_kind = 'key' AND subject_id = ").bind(&**key),
                Arm::Action(action) => sql.push(" WHERE action = ").bind(action.as_str()),
                Arm::Actor(actor) => {
                    sql.push(" WHERE actor_label = ").bind(&**actor);
                    match self.query.action {
                        Some(action) => sql.push(" AND action = ").bind(action.as_str()),
                        None => sql,
                    }
                }
                // Not the empty id, which the index leaves out.
                Arm::Own(actor) => sql.push(" WHERE actor_id <> '' AND actor_id = ").bind(&**actor),
            };
            if let Arm::Key(_) | Arm::Own(_) = arm {
                if let Some(action) = self.query.action {
                    sql.push(" AND action || '' = ").bind(action.as_str());
                }
                if let Some(actors) = &self.actors {
                    sql.push(" AND actor_label || '' IN (").list(actors.iter().map(String::as_str)).push(")");
                }
            }
            if let (Some(from), Some(seq)) = (self.query.from, self.from) {
                sql.push(" AND seq >= ").bind(seq).push(" AND at + 0 >= ").bind(from);
            }
            if let (Some(until), Some(seq)) = (self.query.until(), self.to) {
                sql.push(" AND seq <= ").bind(seq).push(" AND at + 0 < ").bind(until);
            }
            push_sight(sql, self.sight);
            if let Some(keys) = &self.acting {
                sql.push(" AND (actor_kind <> 'key' OR actor_id || '' IN (");
                sql.list(in_list(keys.iter().map(String::as_str))).push("))");
            }
            if let Some(keys) = &self.named {
                sql.push(" AND subject_kind = 'key' AND subject_id || '' IN (");
                sql.list(in_list(keys.iter().map(String::as_str))).push(")");
            }
            // What one did oneself stays in sight, whatever becomes of the key.
            if let (Scope::All, Scope::Only(keys)) = (&self.sight.acts, &self.sight.keys) {
                sql.push(" AND subject_kind = 'key' AND subject_id IN (");
                sql.list(in_list(keys.iter().map(KeyId::as_str))).push(")");
            }
            also(sql);
            sql.push(") AS arm");
        }
    }

    /// Those of these keys whose names are kept from the reader.
    pub(crate) async fn hidden(&self, conn: &mut Conn<'_>, keys: &[&str]) -> Result<Vec<String>, StoreError> {
        if names_all(self.sight) { Ok(Vec::new()) } else { out_of_sight(conn, self.sight, keys).await }
    }
}

/// Whether a reader may know the name of every key that acted. Whoever sees only their own acts knows who did them.
fn names_all(sight: &Sight) -> bool {
    let is_whole = sight.allowed == Scope::All && sight.sees_all_kinds();
    is_whole || sight.acts != Scope::All
}

/// Those of these keys that are out of sight by their app or their kind. One that is gone is known by its last event. An API
/// KEY is in neither table: all have one name.
async fn out_of_sight(conn: &mut Conn<'_>, sight: &Sight, keys: &[&str]) -> Result<Vec<String>, StoreError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = Sql::new("SELECT id, app_id, kind FROM api_key WHERE id IN (");
    sql.list(keys.iter().copied()).push(") UNION ALL SELECT subject_id, app_id, key_kind FROM audit_event");
    sql.push(" WHERE subject_kind = 'key' AND subject_id IN (").list(keys.iter().copied());
    sql.push(") AND action || '' = ").bind(Action::KeyDeleted.as_str());
    let found: Vec<(String, String, String)> = conn.fetch_all(sql).await?;
    let is_seen = |app: &str, kind: &str| {
        AppId::parse(app).is_some_and(|app| sight.allowed.has(&app))
            && KeyKind::parse(kind).is_some_and(|kind| sight.sees_kind(kind))
    };
    Ok(found.into_iter().filter(|(_, app, kind)| !is_seen(app, kind)).map(|(id, ..)| id).collect())
}

/// Apps and kinds in sight as a condition on each row.
pub(crate) fn push_sight(sql: &mut Sql, sight: &Sight) {
    if let Scope::Only(apps) = &sight.apps {
        // What one did oneself to no app stays in sight.
        let own = (sight.acts != Scope::All).then_some("");
        sql.push(" AND app_id IN (").list(in_list(apps.iter().map(AppId::as_str).chain(own))).push(")");
    }
    if !sight.sees_all_kinds() {
        let kinds = sight.kinds.iter().map(|kind| kind.as_str());
        sql.push(" AND (subject_kind <> 'key' OR key_kind IN (").list(in_list(kinds)).push("))");
    }
}

/// The words of a list that may be empty. No row has a single space as its word.
fn in_list<'a>(words: impl Iterator<Item = &'a str>) -> impl Iterator<Item = &'a str> {
    words.chain([" "])
}

/// The number of the first event from a moment on, or of the last one before it; none if there is no such event.
async fn edge(conn: &mut Conn<'_>, at: Timestamp, is_first: bool) -> Result<i64, StoreError> {
    let mut sql = if is_first {
        let mut sql = Sql::new("SELECT min(seq) FROM (SELECT seq FROM audit_event WHERE at >= ");
        sql.bind(at).push(" ORDER BY at, seq LIMIT ");
        sql
    } else {
        let mut sql = Sql::new("SELECT max(seq) FROM (SELECT seq FROM audit_event WHERE at < ");
        sql.bind(at).push(" ORDER BY at DESC, seq DESC LIMIT ");
        sql
    };
    sql.bind(DISORDER).push(") AS nearest");
    let (seq,): (Option<i64>,) = conn.fetch_one(sql).await?;
    Ok(seq.unwrap_or(if is_first { i64::MAX } else { 0 }))
}

/// The keys that have, or had, a name that begins like this, or whose id it is.
async fn keys_named(conn: &mut Conn<'_>, name: &str, apps: &Scope<AppId>) -> Result<Vec<String>, StoreError> {
    let id = KeyId::parse(name.trim()).map(|id| id.as_str().to_owned());
    let name = name_key(name);
    let mut sql = Sql::new("SELECT key_id FROM (SELECT name, key_id FROM audit_name WHERE name >= ");
    sql.bind(&*name);
    if let Some(end) = prefix_upper_bound(&name) {
        sql.push(" AND name < ").bind(end);
    }
    // Keys of other apps must not crowd out those that are meant.
    let looked_at = if *apps == Scope::All { KEYS } else { KEYS_LOOKED_AT };
    sql.push(" ORDER BY name, key_id LIMIT ").bind(looked_at).push(") AS named");
    if let Scope::Only(apps) = apps {
        sql.push(" WHERE EXISTS (SELECT 1 FROM audit_event e WHERE e.subject_kind = 'key' AND e.subject_id = key_id");
        sql.push(" AND e.app_id || '' IN (").list(in_list(apps.iter().map(AppId::as_str))).push("))");
    }
    sql.push(" ORDER BY name, key_id LIMIT ").bind(KEYS);
    let mut keys: Vec<_> = conn.fetch_all::<(String,)>(sql).await?.into_iter().map(|(key,)| key).collect();
    keys.extend(id);
    keys.sort_unstable();
    keys.dedup();
    Ok(keys)
}

/// The names of those who are meant and have done something: people by a part of their e-mail or name; keys, accounts of the
/// command line and people who are gone by their whole name.
async fn actors(conn: &mut Conn<'_>, person: &str) -> Result<Vec<String>, StoreError> {
    let part = person.to_lowercase();
    let mut sql = Sql::new("SELECT email FROM person WHERE (lower(email)");
    push_contains(&mut sql, &part);
    sql.push(" OR lower(name)");
    push_contains(&mut sql, &part);
    sql.push(") AND EXISTS (SELECT 1 FROM audit_event WHERE actor_label = email) ORDER BY email LIMIT ").bind(PEOPLE);
    let mut names = vec![person.to_owned(), format!("key {person}"), format!("{person} (command line)")];
    names.extend(conn.fetch_all::<(String,)>(sql).await?.into_iter().map(|(email,)| email));
    names.sort_unstable();
    names.dedup();
    let mut known = Vec::new();
    for name in names {
        let sql = Sql::new("SELECT seq FROM audit_event WHERE actor_label = $1 LIMIT 1").arg(&*name);
        if conn.fetch_optional::<(i64,)>(sql).await?.is_some() {
            known.push(name);
        }
    }
    Ok(known)
}

/// The keys with the names of these actors, of those that the reader may know. A name that only others have is struck out: a
/// hit would confirm it.
async fn keys_acting(conn: &mut Conn<'_>, sight: &Sight, actors: &mut Vec<String>) -> Result<Vec<String>, StoreError> {
    let (mut known, mut kept) = (Vec::new(), Vec::new());
    for actor in &*actors {
        if let Some(name) = actor.strip_prefix("key ") {
            let sql = Sql::new(
                "SELECT key_id FROM audit_name WHERE name = $1 UNION ALL SELECT key_id FROM member_key WHERE $2 = $3 LIMIT $4",
            );
            let sql = sql.arg(name_key(name)).arg(name).arg(member_key::NAME).arg(KEYS_LOOKED_AT);
            let keys: Vec<(String,)> = conn.fetch_all(sql).await?;
            let ids: Vec<_> = keys.iter().map(|(key,)| &**key).collect();
            let hidden = out_of_sight(conn, sight, &ids).await?;
            let seen = keys.into_iter().map(|(key,)| key).filter(|key| !hidden.contains(key));
            let seen: Vec<_> = seen.take(KEYS_ACTING).collect();
            if seen.is_empty() {
                continue;
            }
            known.extend(seen);
        }
        kept.push(actor.clone());
    }
    *actors = kept;
    Ok(known)
}
