//! People: who may sign in.

use std::fmt;

use domain::ids::PersonId;
use domain::role::Role;
use domain::timestamp::Timestamp;
use sqlx_macros::FromRow;

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
    /// The password's hash, as a PHC string.
    pub password_hash: String,
    /// When the person was added.
    pub created_at: Timestamp,
    /// Whether sign-in is refused.
    pub disabled: bool,
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
}

const PERSON: &str = "SELECT id AS person_id, email AS person_email, name AS person_name, role AS person_role, \
     password_hash AS person_password_hash, created_at AS person_created_at, disabled AS person_disabled FROM person ";

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

async fn owners_exist(conn: &mut Conn<'_>) -> Result<bool, StoreError> {
    let sql = Sql::new("SELECT id FROM person WHERE role = $1 AND disabled = 0 LIMIT 1").arg(Role::Owner.as_str());
    Ok(conn.fetch_optional::<(String,)>(sql).await?.is_some())
}

impl Tx {
    /// Adds a person; `Conflict(PersonEmail)` if the address is taken.
    pub async fn insert_person(&mut self, person: &PersonRow) -> Result<(), StoreError> {
        let sql = Sql::new(
            "INSERT INTO person (id, email, name, role, password_hash, created_at, disabled) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .arg(person.id.as_str())
        .arg(&*person.email)
        .arg(&*person.name)
        .arg(person.role.as_str())
        .arg(&*person.password_hash)
        .arg(person.created_at)
        .arg(i64::from(person.disabled));
        self.conn().execute(sql).await?;
        Ok(())
    }

    /// Replaces the password hash, and returns whether the person exists.
    pub async fn set_password(&mut self, id: &PersonId, password_hash: &str) -> Result<bool, StoreError> {
        let sql = Sql::new("UPDATE person SET password_hash = $2 WHERE id = $1").arg(id.as_str()).arg(password_hash);
        Ok(self.conn().execute(sql).await? == 1)
    }

    /// Replaces name and e-mail; `Conflict(PersonEmail)` if the address is another person's.
    pub async fn set_name_and_email(&mut self, id: &PersonId, name: &str, email: &str) -> Result<(), StoreError> {
        let sql = Sql::new("UPDATE person SET name = $2, email = $3 WHERE id = $1");
        self.conn().execute(sql.arg(id.as_str()).arg(name).arg(email)).await?;
        Ok(())
    }
}
