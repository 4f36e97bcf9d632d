//! Pages of the list of people, by keyset.

use domain::ids::{AppId, PersonId};
use domain::list::Rows;
use domain::page::{COUNT_CAP, Capped, Page};
use domain::person::{PersonFilter, PersonListed, PersonQuery, PersonSort, PersonStatus, SecondFactor};
use domain::role::Role;
use domain::sight::Scope;
use domain::text::name_key;
use domain::timestamp::Timestamp;
use sqlx_macros::FromRow;

use crate::apps::read_scope;
use crate::conn::Conn;
use crate::cursors::Paged;
use crate::error::StoreError;
use crate::people::end;
use crate::sql::{Arg, Sql, push_contains};
use crate::walk::{List, Walked, walk};

/// Rows on a page.
const PAGE: usize = Rows::Few.count() as usize;

/// When a sign-in is refused because of earlier failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lock {
    /// The present time.
    pub now: Timestamp,
    /// No wait ends later than this. One that seems to comes from a clock that was set back, and is none.
    pub latest: Timestamp,
    /// So many failures lock until somebody ends it.
    pub failures: u32,
}

reads! {
    /// A page of the people who are asked for and share one of these apps: those who are limited to it, those who are limited
    /// to none, and guests with a key of it. An invalid cursor gives the first page.
    list_people(query: &PersonQuery, apps: &Scope<AppId>, lock: Lock) -> Page<PersonListed>;
    /// One of them, whatever a list asks for.
    listed_person(id: &PersonId, lock: Lock) -> Option<PersonListed>;
}

#[derive(FromRow)]
struct Stored {
    id: String,
    email: String,
    name: String,
    name_key: String,
    role: String,
    disabled: i64,
    created_at: i64,
    last_sign_in_at: i64,
    access_ends_at: i64,
    apps: String,
    failures: i64,
    blocked_until: i64,
    email_confirmed_at: Option<i64>,
    factor_apps: i64,
    passkeys: i64,
    /// How many people there are in the list, if all of them were found for the page.
    found: Option<i64>,
}

impl Stored {
    fn listed(self, lock: Lock) -> Result<PersonListed, StoreError> {
        let (blocked_until, access_ends_at) = (Timestamp::from_millis(self.blocked_until), end(self.access_ends_at));
        let status = if self.disabled != 0 {
            PersonStatus::Disabled
        } else if access_ends_at.is_some_and(|end| end <= lock.now) {
            PersonStatus::Ended
        } else if self.failures >= i64::from(lock.failures) {
            PersonStatus::Locked { until: None }
        } else if lock.now < blocked_until && blocked_until <= lock.latest {
            PersonStatus::Locked { until: Some(blocked_until) }
        } else {
            PersonStatus::Active
        };
        Ok(PersonListed {
            id: PersonId::parse(&self.id).ok_or_else(|| StoreError::corrupt("a person's id"))?,
            name: self.name,
            email: self.email,
            role: Role::parse(&self.role).ok_or_else(|| StoreError::corrupt("a person's role"))?,
            apps: read_scope(&self.apps)?,
            status,
            created_at: Timestamp::from_millis(self.created_at),
            last_sign_in_at: (self.last_sign_in_at != 0).then_some(Timestamp::from_millis(self.last_sign_in_at)),
            access_ends_at,
            email_confirmed_at: self.email_confirmed_at.map(Timestamp::from_millis),
            second_factor: SecondFactor::of(self.factor_apps > 0, self.passkeys > 0),
        })
    }

    /// The place of this row in a list: the id, the sort and the values that it sorts by.
    fn place(&self, sort: PersonSort) -> String {
        let values = match sort {
            PersonSort::Name => self.name_key.clone(),
            PersonSort::Email => self.email.clone(),
            PersonSort::Role => format!("{}~{}", self.role, self.name_key),
            PersonSort::LastSignIn => self.last_sign_in_at.to_string(),
        };
        format!("{}~{}~{values}", self.id, sort.as_str())
    }
}

/// The values of a cursor of this sort; `None` if the text is not one.
fn cursor(text: &str, sort: PersonSort) -> Option<Vec<Arg>> {
    let (id, place) = text.split_once('~')?;
    let id = Arg::from(PersonId::parse(id)?.as_str());
    let place = place.strip_prefix(sort.as_str())?.strip_prefix('~')?;
    Some(match sort {
        PersonSort::Name | PersonSort::Email => vec![place.into(), id],
        PersonSort::Role => {
            let (role, name) = place.split_once('~')?;
            vec![Role::parse(role)?.as_str().into(), name.into(), id]
        }
        PersonSort::LastSignIn => vec![place.parse::<i64>().ok()?.into(), id],
    })
}

impl Paged for PersonQuery {
    fn is_cursor(&self, text: &str, _: bool) -> bool {
        cursor(text, self.sort).is_some()
    }
}

/// The columns that a sort goes by, the last of which tells equal ones apart.
const fn columns(sort: PersonSort) -> &'static [&'static str] {
    match sort {
        PersonSort::Name => &["name_key", "id"],
        PersonSort::Email => &["email", "id"],
        PersonSort::Role => &["role", "name_key", "id"],
        PersonSort::LastSignIn => &["last_sign_in_at", "id"],
    }
}

const SELECT: &str = "SELECT p.id, p.email, p.name, p.name_key, p.role, p.disabled, p.created_at, p.last_sign_in_at, \
     p.access_ends_at, p.apps, COALESCE(f.failures, 0) AS failures, COALESCE(f.blocked_until, 0) AS blocked_until, \
     CASE WHEN p.confirmed_email = p.email THEN p.email_confirmed_at END AS email_confirmed_at, \
     (SELECT count(*) FROM second_factor s WHERE s.person_id = p.id AND s.confirmed_at <> 0) AS factor_apps, \
     (SELECT count(*) FROM passkey k WHERE k.person_id = p.id) AS passkeys, ";
const FAILURES: &str = "LEFT JOIN sign_in_failure f ON f.email_mac = p.email_mac ";

/// A list with its conditions.
struct Asked<'a> {
    query: &'a PersonQuery,
    apps: &'a Scope<AppId>,
    lock: Lock,
}

impl Asked<'_> {
    fn push_conditions(&self, sql: &mut Sql) {
        sql.push("WHERE 1 = 1");
        if let Scope::Only(apps) = self.apps {
            push_sharing(sql, apps);
        }
        if let Some(search) = &self.query.search {
            let part = name_key(search);
            sql.push(" AND (p.name_key");
            push_contains(sql, &part);
            sql.push(" OR p.email");
            push_contains(sql, &part);
            sql.push(")");
        }
        if let Some(role) = self.query.role {
            sql.push(" AND p.role = ").bind(role.as_str());
        }
        let Some(status) = self.query.status else { return };
        sql.push(" AND p.disabled = ").bind(i64::from(status == PersonFilter::Disabled));
        if status == PersonFilter::Disabled {
            return;
        }
        let has_ended = status == PersonFilter::Ended;
        sql.push(if has_ended { " AND p.access_ends_at <= " } else { " AND p.access_ends_at > " }).bind(self.lock.now);
        if has_ended {
            return;
        }
        // As a test and not as a join, which Postgres would make by a look at the failures of each person.
        sql.push(" AND (p.email_mac IN (SELECT locked.email_mac FROM sign_in_failure locked WHERE locked.failures >= ");
        sql.bind(i64::from(self.lock.failures)).push(" OR (locked.blocked_until > ").bind(self.lock.now);
        sql.push(" AND locked.blocked_until <= ").bind(self.lock.latest).push(")))");
        sql.push(if status == PersonFilter::Locked { " IS TRUE" } else { " IS NOT TRUE" });
    }

    /// Whether few people may match, so that reading in the order of the list would pass nearly all of them.
    fn is_of_few(&self) -> bool {
        let is_filtered = self.query.status.is_some_and(|status| status != PersonFilter::Active);
        is_filtered || self.query.search.is_some() || matches!(self.apps, Scope::Only(_))
    }

    /// Adds everybody in the list.
    fn push_people(&self, sql: &mut Sql) {
        sql.push("FROM person p ");
        self.push_conditions(sql);
    }

    /// Rows after a cursor, or before it, nearest first: at most `limit`.
    async fn fetch(
        &self,
        conn: &mut Conn<'_>,
        backwards: bool,
        after: Option<Vec<Arg>>,
        limit: usize,
    ) -> Result<Vec<Stored>, StoreError> {
        let (columns, descending) = (columns(self.query.sort), self.query.descending != backwards);
        let mut sql = Sql::default();
        if self.is_of_few() {
            // One walk through the table finds and counts them.
            sql.push("WITH found AS MATERIALIZED (SELECT p.id, p.name_key, p.email, p.role, p.last_sign_in_at ");
            self.push_people(&mut sql);
            sql.push(") ").push(SELECT).push("(SELECT count(*) FROM found) AS found FROM (SELECT * FROM found p ");
            sql.push("WHERE 1 = 1");
        } else {
            sql.push(SELECT).push("CAST(NULL AS BIGINT) AS found FROM person p ").push(FAILURES);
            self.push_conditions(&mut sql);
        }
        if let Some(after) = after {
            sql.push(" AND ");
            list(&mut sql, columns, ["(p.", ", p."], "");
            sql.push(if descending { ") < " } else { ") > " }).row(true, after);
        }
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let order = if descending { " DESC" } else { "" };
        list(&mut sql, columns, [" ORDER BY p.", ", p."], order);
        sql.push(" LIMIT ").bind(limit);
        if self.is_of_few() {
            sql.push(") AS first CROSS JOIN person p ").push(FAILURES).push("WHERE p.id = first.id");
            // By the columns of `first`, which has this order. By those of `p`, Postgres would walk through everybody in it.
            list(&mut sql, columns, [" ORDER BY first.", ", first."], order);
        }
        conn.fetch_all(sql).await
    }

    /// How many people there are in the list, up to one more than the cap.
    async fn count(&self, conn: &mut Conn<'_>) -> Result<i64, StoreError> {
        let mut sql = Sql::new("SELECT count(*) FROM (SELECT p.id ");
        self.push_people(&mut sql);
        sql.push(" LIMIT ").bind(i64::from(COUNT_CAP) + 1).push(") AS counted");
        Ok(conn.fetch_one::<(i64,)>(sql).await?.0)
    }
}

/// Only people who share one of these apps. A guest without a limit shares those of the keys that were granted.
fn push_sharing(sql: &mut Sql, apps: &[AppId]) {
    sql.push(" AND ((p.apps = '' AND p.role <> 'guest')");
    for app in apps {
        sql.push(" OR p.apps LIKE ").bind(format!("%{app}%"));
    }
    if !apps.is_empty() {
        sql.push(" OR (p.apps = '' AND EXISTS (SELECT 1 FROM key_grant g JOIN api_key k ON k.id = g.key_id ");
        sql.push("WHERE g.person_id = p.id AND k.app_id IN (").list(apps.iter().map(AppId::as_str)).push(")))");
    }
    sql.push(")");
}

/// Adds the columns, with `first` before the first one, `then` before each other and `behind` after each.
fn list(sql: &mut Sql, columns: &[&'static str], [first, then]: [&'static str; 2], behind: &'static str) {
    for (n, column) in columns.iter().enumerate() {
        sql.push(if n == 0 { first } else { then }).push(column).push(behind);
    }
}

impl List for Asked<'_> {
    type Row = Stored;
    type Place = Vec<Arg>;

    async fn beside(
        &self,
        conn: &mut Conn<'_>,
        at: Option<Vec<Arg>>,
        backwards: bool,
        limit: usize,
    ) -> Result<Vec<Stored>, StoreError> {
        self.fetch(conn, backwards, at, limit).await
    }

    fn place(&self, row: &Stored) -> Option<Vec<Arg>> {
        cursor(&self.cursor(row), self.query.sort)
    }

    fn cursor(&self, row: &Stored) -> String {
        row.place(self.query.sort)
    }
}

async fn list_people(
    conn: &mut Conn<'_>,
    query: &PersonQuery,
    apps: &Scope<AppId>,
    lock: Lock,
) -> Result<Page<PersonListed>, StoreError> {
    let asked = Asked { query, apps, lock };
    let parse = |text: &Option<String>| text.as_deref().and_then(|text| cursor(text, query.sort));
    let from = (parse(&query.after), parse(&query.before));
    let Walked { rows, next, previous } = walk(conn, &asked, PAGE, from).await?;
    let count = match rows.first().and_then(|row| row.found) {
        Some(count) => count,
        None if rows.is_empty() && query.after.is_none() && query.before.is_none() => 0,
        None => asked.count(conn).await?,
    };
    // A person whose role only a later version knows hides no other.
    let rows = rows.into_iter().filter_map(|row| row.listed(lock).ok()).collect();
    Ok(Page { rows, next, previous, total: Capped::at(COUNT_CAP, count.unsigned_abs()) })
}

async fn listed_person(conn: &mut Conn<'_>, id: &PersonId, lock: Lock) -> Result<Option<PersonListed>, StoreError> {
    let mut sql = Sql::new(SELECT);
    sql.push("CAST(NULL AS BIGINT) AS found FROM person p ").push(FAILURES).push("WHERE p.id = ").bind(id.as_str());
    conn.fetch_optional::<Stored>(sql).await?.map(|row| row.listed(lock)).transpose()
}
