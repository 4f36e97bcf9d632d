//! People: who may sign in.

use std::fmt;

use domain::ids::{AppId, PersonId};
use domain::role::Role;
use domain::sight::Scope;
use domain::text::name_key;
use domain::timestamp::Timestamp;
use sqlx_macros::FromRow;

use crate::apps::{read_scope, scope_words};
use crate::conn::Conn;
use crate::error::StoreError;
use crate::sql::Sql;
use crate::store::Tx;

/// A person, with the hash of the password.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonRow {
    /// The person's id.
    pub id: PersonId,
    /// The e-mail address in canonical form.
    pub email: String,
    /// The name that others see.
    pub name: String,
    /// What the person may do.
    pub role: Role,
    /// The password's hash, as a PHC string; empty for whoever has none and signs in by a provider.
    pub password_hash: String,
    /// When the person was added.
    pub created_at: Timestamp,
    /// Whether sign-in is refused.
    pub disabled: bool,
    /// When a guest's access ends; `None` for never.
    pub access_ends_at: Option<Timestamp>,
    /// The apps to which the person is limited.
    pub apps: Scope<AppId>,
}

impl PersonRow {
    /// Whether the person may be in the console at this time.
    pub fn may_enter(&self, now: Timestamp) -> bool {
        !self.disabled && self.access_ends_at.is_none_or(|end| now < end)
    }

    /// Whether there is a password to sign in with.
    pub fn has_password(&self) -> bool {
        !self.password_hash.is_empty()
    }
}

impl fmt::Debug for PersonRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PersonRow").field("id", &self.id).field("role", &self.role).finish_non_exhaustive()
    }
}

/// A person as stored. The columns are named `person_…`, so that a join can return them beside others.
#[derive(FromRow)]
pub(crate) struct Stored {
    #[sqlx(rename = "person_id")]
    id: String,
    #[sqlx(rename = "person_email")]
    email: String,
    #[sqlx(rename = "person_name")]
    name: String,
    #[sqlx(rename = "person_role")]
    role: String,
    #[sqlx(rename = "person_password_hash")]
    password_hash: String,
    #[sqlx(rename = "person_created_at")]
    created_at: i64,
    #[sqlx(rename = "person_disabled")]
    disabled: i64,
    #[sqlx(rename = "person_access_ends_at")]
    access_ends_at: i64,
    #[sqlx(rename = "person_apps")]
    apps: String,
}

impl TryFrom<Stored> for PersonRow {
    type Error = StoreError;

    fn try_from(row: Stored) -> Result<Self, StoreError> {
        Ok(Self {
            id: PersonId::parse(&row.id).ok_or_else(|| StoreError::corrupt("a person's id"))?,
            email: row.email,
            name: row.name,
            role: Role::parse(&row.role).ok_or_else(|| StoreError::corrupt("a person's role"))?,
            password_hash: row.password_hash,
            created_at: Timestamp::from_millis(row.created_at),
            disabled: row.disabled != 0,
            access_ends_at: end(row.access_ends_at),
            apps: read_scope(&row.apps)?,
        })
    }
}

reads! {
    /// The person with this address, in its canonical form.
    person_by_email(email: &str) -> Option<PersonRow>;
    /// The person with this id.
    person_by_id(id: &PersonId) -> Option<PersonRow>;
    /// Whether there is an owner who may sign in.
    owners_exist() -> bool;
    /// The owner who was here first, of those who may sign in.
    oldest_owner() -> Option<PersonRow>;
    /// The ids, e-mails and names of people without the keys that [`Tx::set_person_keys`] sets, for example because an
    /// earlier version added them.
    people_without_keys() -> Vec<(PersonId, String, String)>;
    /// Whether a person has changed their e-mail, as [`Tx::doubt_email`] noted, and not confirmed the new one.
    email_is_doubted(id: &PersonId) -> bool;
}

/// A stored end; the largest integer stands for none.
pub(crate) fn end(millis: i64) -> Option<Timestamp> {
    (millis != i64::MAX).then_some(Timestamp::from_millis(millis))
}

/// An end as it is stored.
pub(crate) fn stored_end(end: Option<Timestamp>) -> i64 {
    end.map_or(i64::MAX, Timestamp::millis)
}

const PERSON: &str = "SELECT id AS person_id, email AS person_email, name AS person_name, role AS person_role, \
     password_hash AS person_password_hash, created_at AS person_created_at, disabled AS person_disabled, \
     access_ends_at AS person_access_ends_at, apps AS person_apps FROM person ";

async fn person_by_email(conn: &mut Conn<'_>, email: &str) -> Result<Option<PersonRow>, StoreError> {
    let mut sql = Sql::new(PERSON);
    sql.push("WHERE email = ").bind(email);
    conn.fetch_optional::<Stored>(sql).await?.map(PersonRow::try_from).transpose()
}

async fn person_by_id(conn: &mut Conn<'_>, id: &PersonId) -> Result<Option<PersonRow>, StoreError> {
    let mut sql = Sql::new(PERSON);
    sql.push("WHERE id = ").bind(id.as_str());
    conn.fetch_optional::<Stored>(sql).await?.map(PersonRow::try_from).transpose()
}

async fn oldest_owner(conn: &mut Conn<'_>) -> Result<Option<PersonRow>, StoreError> {
    let mut sql = Sql::new(PERSON);
    sql.push("WHERE role = ").bind(Role::Owner.as_str()).push(" AND disabled = 0 ORDER BY created_at, id LIMIT 1");
    conn.fetch_optional::<Stored>(sql).await?.map(PersonRow::try_from).transpose()
}

async fn owners_exist(conn: &mut Conn<'_>) -> Result<bool, StoreError> {
    let sql = Sql::new("SELECT id FROM person WHERE role = $1 AND disabled = 0 LIMIT 1").arg(Role::Owner.as_str());
    Ok(conn.fetch_optional::<(String,)>(sql).await?.is_some())
}

async fn people_without_keys(conn: &mut Conn<'_>) -> Result<Vec<(PersonId, String, String)>, StoreError> {
    let sql = Sql::new("SELECT id, email, name FROM person WHERE length(email_mac) = 0");
    let rows = conn.fetch_all::<(String, String, String)>(sql).await?;
    Ok(rows.into_iter().filter_map(|(id, email, name)| Some((PersonId::parse(&id)?, email, name))).collect())
}

async fn email_is_doubted(conn: &mut Conn<'_>, id: &PersonId) -> Result<bool, StoreError> {
    let sql = Sql::new("SELECT id FROM person WHERE id = $1 AND confirmed_email <> email").arg(id.as_str());
    Ok(conn.fetch_optional::<(String,)>(sql).await?.is_some())
}

impl Tx {
    /// Adds a person; `Conflict(PersonEmail)` if the address is taken. [`Tx::set_person_keys`] goes with it.
    pub async fn insert_person(&mut self, person: &PersonRow) -> Result<(), StoreError> {
        let sql = Sql::new(
            "INSERT INTO person (id, email, name, role, password_hash, created_at, disabled, \
             access_ends_at, apps) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .arg(person.id.as_str())
        .arg(&*person.email)
        .arg(&*person.name)
        .arg(person.role.as_str())
        .arg(&*person.password_hash)
        .arg(person.created_at)
        .arg(i64::from(person.disabled))
        .arg(stored_end(person.access_ends_at))
        .arg(scope_words(&person.apps));
        self.conn().execute(sql).await?;
        Ok(())
    }

    /// Limits a person to these apps, or to none. An empty list would be stored like none, so nobody may ask for it.
    pub async fn set_person_apps(&mut self, id: &PersonId, apps: &Scope<AppId>) -> Result<(), StoreError> {
        let sql = Sql::new("UPDATE person SET apps = $2 WHERE id = $1").arg(id.as_str()).arg(scope_words(apps));
        self.conn().execute(sql).await?;
        Ok(())
    }

    /// Replaces the password hash, and returns whether the person exists.
    pub async fn set_password(&mut self, id: &PersonId, password_hash: &str) -> Result<bool, StoreError> {
        let sql = Sql::new("UPDATE person SET password_hash = $2 WHERE id = $1").arg(id.as_str()).arg(password_hash);
        Ok(self.conn().execute(sql).await? == 1)
    }

    /// Sets what people are found by: the form of the name that lists sort by, and the name under which failed sign-ins are
    /// counted.
    pub async fn set_person_keys(&mut self, id: &PersonId, name: &str, email_mac: &[u8]) -> Result<(), StoreError> {
        let sql = Sql::new("UPDATE person SET name_key = $2, email_mac = $3 WHERE id = $1");
        self.conn().execute(sql.arg(id.as_str()).arg(name_key(name)).arg(email_mac)).await?;
        Ok(())
    }

    /// Records that a person has signed in.
    pub async fn set_signed_in(&mut self, id: &PersonId, at: Timestamp) -> Result<(), StoreError> {
        let sql = Sql::new("UPDATE person SET last_sign_in_at = $2 WHERE id = $1");
        self.conn().execute(sql.arg(id.as_str()).arg(at)).await?;
        Ok(())
    }

    /// Changes a role. Whoever is no guest has no end of access.
    pub async fn set_role(&mut self, id: &PersonId, role: Role) -> Result<(), StoreError> {
        let sql = Sql::new("UPDATE person SET role = $2, access_ends_at = $3 WHERE id = $1");
        self.conn().execute(sql.arg(id.as_str()).arg(role.as_str()).arg(i64::MAX)).await?;
        Ok(())
    }

    /// Sets or ends the end of a person's access.
    pub async fn set_access_ends_at(&mut self, id: &PersonId, end: Option<Timestamp>) -> Result<(), StoreError> {
        let sql = Sql::new("UPDATE person SET access_ends_at = $2 WHERE id = $1");
        self.conn().execute(sql.arg(id.as_str()).arg(stored_end(end))).await?;
        Ok(())
    }

    /// Lets a person sign in, or not.
    pub async fn set_disabled(&mut self, id: &PersonId, disabled: bool) -> Result<(), StoreError> {
        let sql = Sql::new("UPDATE person SET disabled = $2 WHERE id = $1");
        self.conn().execute(sql.arg(id.as_str()).arg(i64::from(disabled))).await?;
        Ok(())
    }

    /// Removes a person with their sessions, drafts, views and grants, and returns whether they existed.
    pub async fn delete_person(&mut self, id: &PersonId) -> Result<bool, StoreError> {
        Ok(self.conn().execute(Sql::new("DELETE FROM person WHERE id = $1").arg(id.as_str())).await? == 1)
    }

    /// Sets the zone that a person reads times in; empty for the browser's.
    pub async fn set_time_zone(&mut self, id: &PersonId, name: &str) -> Result<(), StoreError> {
        let sql = Sql::new("UPDATE person SET time_zone = $2 WHERE id = $1");
        self.conn().execute(sql.arg(id.as_str()).arg(name)).await?;
        Ok(())
    }

    /// Notes that a person is about to change their e-mail: from then on, one that differs from what they had is in doubt until
    /// it is confirmed. Returns the last one that was not in doubt.
    pub async fn doubt_email(&mut self, id: &PersonId) -> Result<Option<String>, StoreError> {
        let sql = Sql::new(
            "UPDATE person SET confirmed_email = COALESCE(confirmed_email, email) WHERE id = $1 RETURNING confirmed_email",
        );
        Ok(self.conn().fetch_optional::<(String,)>(sql.arg(id.as_str())).await?.map(|(email,)| email))
    }

    /// Notes that a person gets mail at this e-mail, unless that is known already or it is no longer theirs.
    pub async fn confirm_email(&mut self, id: &PersonId, email: &str, at: Timestamp) -> Result<(), StoreError> {
        let sql = Sql::new(
            "UPDATE person SET confirmed_email = email, email_confirmed_at = $3 \
             WHERE id = $1 AND email = $2 \
             AND (confirmed_email IS NULL OR confirmed_email <> email OR email_confirmed_at IS NULL)",
        );
        self.conn().execute(sql.arg(id.as_str()).arg(email).arg(at)).await?;
        Ok(())
    }

    /// Replaces name and e-mail; `Conflict(PersonEmail)` if the address is another person's.
    pub async fn set_name_and_email(&mut self, id: &PersonId, name: &str, email: &str) -> Result<(), StoreError> {
        let sql = Sql::new("UPDATE person SET name = $2, email = $3 WHERE id = $1");
        self.conn().execute(sql.arg(id.as_str()).arg(name).arg(email)).await?;
        Ok(())
    }
}
