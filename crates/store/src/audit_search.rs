//! What a question to the audit means, as ranges of indexes.
//! It is answered by *arms*, one for each key or actor. Each is a range of an index that has the order of the audit, so a
//! page costs the same however many events there are.

use domain::audit::{Action, ActorKind};
use domain::audit_query::AuditQuery;
use domain::ids::{AppId, KeyId, PersonId};
use domain::kind::KeyKind;
use domain::member_key;
use domain::sight::{Scope, Sight};
use domain::text::{self, name_key, prefix_upper_bound};
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

/// The most people that one text stands for, in the order of their e-mails: of those who did something, and of all.
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
    /// What was done to the person with this id.
    Person(String),
}

/// A question, with its names looked up.
pub(crate) struct AuditSearch<'a> {
    sight: &'a Sight,
    query: &'a AuditQuery,
    arms: Vec<Arm>,
    /// The actors who are meant; `None` for all.
    actors: Option<Vec<String>>,
    /// The ids of the people who are meant by the same text, for what was done to them.
    people: Vec<String>,
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
        let (mut actors, people) = match &query.person {
            Some(person) => meant(conn, person).await.map(|(actors, people)| (Some(actors), people))?,
            None => (None, Vec::new()),
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
        let person = query.person_id.as_ref().map(PersonId::as_str);
        let arms = match (&sight.acts, keys, person, &actors, query.action) {
            (Scope::Only(own), keys, ..) => {
                named = keys;
                own.iter().map(|actor| Arm::Own(actor.id().to_owned())).collect()
            }
            (_, Some(keys), ..) => keys.into_iter().map(Arm::Key).collect(),
            (_, None, Some(person), ..) => vec![Arm::Own(person.to_owned()), Arm::Person(person.to_owned())],
            (_, None, None, Some(actors), _) => {
                let by = actors.iter().cloned().map(Arm::Actor);
                by.chain(people.iter().cloned().map(Arm::Person)).collect()
            }
            (_, None, None, None, Some(action)) => vec![Arm::Action(action)],
            (_, None, None, None, None) => vec![Arm::All],
        };
        let from = match query.from {
            Some(from) => Some(edge(conn, from, true).await?),
            None => None,
        };
        let to = match query.until() {
            Some(until) => Some(edge(conn, until, false).await?),
            None => None,
        };
        Ok(Self { sight, query, arms, actors, people, acting, named, from, to })
    }

    /// Whether nothing can be found.
    pub(crate) fn is_empty(&self) -> bool {
        self.arms.is_empty() || (self.people.is_empty() && self.actors.as_ref().is_some_and(Vec::is_empty))
    }

    /// Whether an event may be in two arms.
    pub(crate) fn overlaps(&self) -> bool {
        self.arms.iter().any(|arm| matches!(arm, Arm::Person(_)))
    }

    /// Adds all that the arms find, as [`Self::push_arms`] has them. What somebody did to themselves is in two arms, and
    /// found once: to leave it out of one of them, all that they did would have to be read.
    pub(crate) fn push_found(&self, sql: &mut Sql, select: &'static str, also: impl Fn(&mut Sql)) {
        sql.push(if self.overlaps() { "SELECT DISTINCT * FROM (" } else { "SELECT * FROM (" });
        self.push_arms(sql, select, also);
        sql.push(") AS found");
    }

    /// Adds the arms, joined by `UNION ALL`. `also` ends each with a further condition, an order and a limit. What the
    /// index of an arm does not hold is hidden from the planner by `|| ''` and `+ 0`.
    fn push_arms(&self, sql: &mut Sql, select: &'static str, also: impl Fn(&mut Sql)) {
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
                Arm::Person(person) => sql.push(" WHERE subject_kind = 'person' AND subject_id = ").bind(&**person),
            };
            if let Arm::Key(_) | Arm::Own(_) | Arm::Person(_) = arm {
                if let Some(action) = self.query.action {
                    sql.push(" AND action || '' = ").bind(action.as_str());
                }
                self.push_whom(sql, arm);
            }
            if let (Some(from), Some(seq)) = (self.query.from, self.from) {
                sql.push(" AND seq >= ").bind(seq).push(" AND at + 0 >= ").bind(from);
            }
            if let (Some(until), Some(seq)) = (self.query.until(), self.to) {
                sql.push(" AND seq <= ").bind(seq).push(" AND at + 0 < ").bind(until);
            }
            push_sight(sql, self.sight);
            if let Arm::Actor(_) = arm {
                self.push_acting(sql);
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

    /// The people who are meant as a condition on each row, of an arm that does not say it: they did it, or it was done to them.
    fn push_whom(&self, sql: &mut Sql, arm: &Arm) {
        const TO_THEM: &str = " OR (subject_kind || '' = 'person' AND subject_id || '' IN (";
        let is_of = |person: &&PersonId| matches!(arm, Arm::Own(id) | Arm::Person(id) if id == person.as_str());
        if let Some(person) = self.query.person_id.as_ref().filter(|person| !is_of(person)) {
            sql.push(" AND (actor_id || '' = ").bind(person.as_str());
            sql.push(TO_THEM).bind(person.as_str()).push(")))");
        }
        let is_said = self.query.person_id.is_none() && matches!(arm, Arm::Person(_));
        if let Some(actors) = self.actors.as_ref().filter(|_| !is_said) {
            sql.push(" AND ((actor_label || '' IN (").list(in_list(actors.iter().map(String::as_str))).push(")");
            self.push_acting(sql);
            sql.push(")").push(TO_THEM).list(in_list(self.people.iter().map(String::as_str))).push(")))");
        }
    }

    /// That a key did it under its name counts only if the reader may know that name.
    fn push_acting(&self, sql: &mut Sql) {
        if let Some(keys) = &self.acting {
            sql.push(" AND (actor_kind <> 'key' OR actor_id || '' IN (");
            sql.list(in_list(keys.iter().map(String::as_str))).push("))");
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

/// Whom a text means: the names of those who have done something, and the ids of people. They are found by a part of their
/// e-mail or name; keys, accounts of the command line and people who are gone by their whole name. A whole e-mail means
/// nobody whose e-mail only has it in it.
async fn meant(conn: &mut Conn<'_>, person: &str) -> Result<(Vec<String>, Vec<String>), StoreError> {
    if let Ok(email) = text::email(person)
        && let Some(id) = person_called(conn, &email).await?
    {
        return Ok((vec![email], vec![id]));
    }
    let part = person.to_lowercase();
    let mut sql = people_like("SELECT email FROM person WHERE ", &part);
    sql.push(" AND EXISTS (SELECT 1 FROM audit_event WHERE actor_label = email) ORDER BY email LIMIT ").bind(PEOPLE);
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
    let mut sql = people_like("SELECT id FROM person WHERE ", &part);
    sql.push(" ORDER BY email LIMIT ").bind(PEOPLE);
    let people = conn.fetch_all::<(String,)>(sql).await?;
    Ok((known, people.into_iter().map(|(id,)| id).collect()))
}

/// The people whose e-mail or name has this in it.
fn people_like(select: &'static str, part: &str) -> Sql {
    let mut sql = Sql::new(select);
    sql.push("(lower(email)");
    push_contains(&mut sql, part);
    sql.push(" OR lower(name)");
    push_contains(&mut sql, part);
    sql.push(")");
    sql
}

/// The person who has this e-mail, or who had it when somebody last did something under it.
async fn person_called(conn: &mut Conn<'_>, email: &str) -> Result<Option<String>, StoreError> {
    let sql = Sql::new("SELECT id FROM person WHERE email = $1").arg(email);
    if let Some((id,)) = conn.fetch_optional::<(String,)>(sql).await? {
        return Ok(Some(id));
    }
    let sql = Sql::new("SELECT actor_kind, actor_id FROM audit_event WHERE actor_label = $1 ORDER BY seq DESC LIMIT 1");
    let last: Option<(String, String)> = conn.fetch_optional(sql.arg(email)).await?;
    Ok(last.filter(|(kind, _)| kind == ActorKind::Person.as_str()).map(|(_, id)| id))
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
