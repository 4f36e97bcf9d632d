//! Who providers say that people are, and the sign-ins that came back from them.

use domain::ids::PersonId;
use domain::timestamp::Timestamp;
use sqlx_macros::FromRow;

use crate::conn::Conn;
use crate::error::StoreError;
use crate::sql::Sql;
use crate::store::Tx;

/// Who a provider says somebody is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityRow {
    /// The provider, by the address that it calls itself.
    pub issuer: String,
    /// Its name for the person, which it never gives to another.
    pub subject: String,
    /// The person here; `None` if they were removed.
    pub person_id: Option<PersonId>,
    /// The e-mail that the provider last gave; empty if it gave none.
    pub email: String,
    /// When the person was connected.
    pub connected_at: Timestamp,
    /// When they last signed in by it.
    pub used_at: Timestamp,
}

#[derive(FromRow)]
struct Stored {
    issuer: String,
    subject: String,
    person_id: Option<String>,
    email: String,
    connected_at: i64,
    used_at: i64,
}

impl TryFrom<Stored> for IdentityRow {
    type Error = StoreError;

    fn try_from(row: Stored) -> Result<Self, StoreError> {
        let person = row.person_id.map(|id| PersonId::parse(&id).ok_or_else(|| StoreError::corrupt("a person's id")));
        Ok(Self {
            issuer: row.issuer,
            subject: row.subject,
            person_id: person.transpose()?,
            email: row.email,
            connected_at: Timestamp::from_millis(row.connected_at),
            used_at: Timestamp::from_millis(row.used_at),
        })
    }
}

reads! {
    /// What is known of this subject of this issuer, also of whoever was removed.
    identity(issuer: &str, subject: &str) -> Option<IdentityRow>;
    /// The identities of a person, the oldest first.
    identities_of(person: &PersonId) -> Vec<IdentityRow>;
    /// The issuers by which some people can sign in, by person.
    issuers_of(people: &[PersonId]) -> Vec<(PersonId, String)>;
    /// Whether a sign-in with this state has come back from its provider.
    has_come_back(state_mac: &[u8]) -> bool;
    /// Whether somebody with this e-mail was removed.
    is_removed(email_mac: &[u8]) -> bool;
    /// The name of the provider that signed in whoever waits for a code under this MAC; `None` if it was a password.
    provider_of_step(id_mac: &[u8]) -> Option<String>;
}

const IDENTITY: &str = "SELECT issuer, subject, person_id, email, connected_at, used_at FROM identity ";

async fn identity(conn: &mut Conn<'_>, issuer: &str, subject: &str) -> Result<Option<IdentityRow>, StoreError> {
    let mut sql = Sql::new(IDENTITY);
    sql.push("WHERE issuer = ").bind(issuer).push(" AND subject = ").bind(subject);
    conn.fetch_optional::<Stored>(sql).await?.map(IdentityRow::try_from).transpose()
}

async fn identities_of(conn: &mut Conn<'_>, person: &PersonId) -> Result<Vec<IdentityRow>, StoreError> {
    let mut sql = Sql::new(IDENTITY);
    sql.push("WHERE person_id = ").bind(person.as_str()).push(" ORDER BY connected_at, issuer, subject");
    conn.fetch_all::<Stored>(sql).await?.into_iter().map(IdentityRow::try_from).collect()
}

async fn issuers_of(conn: &mut Conn<'_>, people: &[PersonId]) -> Result<Vec<(PersonId, String)>, StoreError> {
    if people.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = Sql::new("SELECT DISTINCT person_id, issuer FROM identity WHERE person_id IN (");
    sql.list(people.iter().map(PersonId::as_str)).push(") ORDER BY person_id, issuer");
    let rows = conn.fetch_all::<(String, String)>(sql).await?;
    Ok(rows.into_iter().filter_map(|(id, issuer)| Some((PersonId::parse(&id)?, issuer))).collect())
}

async fn has_come_back(conn: &mut Conn<'_>, state_mac: &[u8]) -> Result<bool, StoreError> {
    let sql = Sql::new("SELECT expires_at FROM provider_answer WHERE state_mac = $1").arg(state_mac);
    Ok(conn.fetch_optional::<(i64,)>(sql).await?.is_some())
}

async fn is_removed(conn: &mut Conn<'_>, email_mac: &[u8]) -> Result<bool, StoreError> {
    let sql = Sql::new("SELECT removed_at FROM removed_email WHERE email_mac = $1").arg(email_mac);
    Ok(conn.fetch_optional::<(i64,)>(sql).await?.is_some())
}

async fn provider_of_step(conn: &mut Conn<'_>, id_mac: &[u8]) -> Result<Option<String>, StoreError> {
    let sql = Sql::new("SELECT provider FROM sign_in_step WHERE id_mac = $1").arg(id_mac);
    let row = conn.fetch_optional::<(String,)>(sql).await?;
    Ok(row.map(|(provider,)| provider).filter(|provider| !provider.is_empty()))
}

impl Tx {
    /// Connects an identity with its person, in place of whoever had it and was removed. Returns whether it did: `false`
    /// if it is another person's.
    pub async fn put_identity(&mut self, row: &IdentityRow) -> Result<bool, StoreError> {
        let sql = Sql::new(
            "INSERT INTO identity (issuer, subject, person_id, email, connected_at, used_at) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (issuer, subject) DO UPDATE SET \
             person_id = excluded.person_id, email = excluded.email, connected_at = excluded.connected_at, \
             used_at = excluded.used_at WHERE identity.person_id IS NULL",
        )
        .arg(&*row.issuer)
        .arg(&*row.subject)
        .arg(row.person_id.as_ref().map(|id| id.as_str().to_owned()))
        .arg(&*row.email)
        .arg(row.connected_at)
        .arg(row.used_at);
        Ok(self.conn().execute(sql).await? == 1)
    }

    /// Notes that a person signed in by an identity, and the e-mail that the provider gave.
    pub async fn use_identity(
        &mut self,
        issuer: &str,
        subject: &str,
        email: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = Sql::new("UPDATE identity SET used_at = $3, email = $4 WHERE issuer = $1 AND subject = $2");
        self.conn().execute(sql.arg(issuer).arg(subject).arg(at).arg(email)).await?;
        Ok(())
    }

    /// Disconnects an identity of a person, and returns whether it was theirs.
    pub async fn delete_identity(
        &mut self,
        person: &PersonId,
        issuer: &str,
        subject: &str,
    ) -> Result<bool, StoreError> {
        let sql = Sql::new("DELETE FROM identity WHERE person_id = $1 AND issuer = $2 AND subject = $3");
        Ok(self.conn().execute(sql.arg(person.as_str()).arg(issuer).arg(subject)).await? == 1)
    }

    /// Notes that a sign-in with this state has come back. Returns whether it is the first time: of two callers, only one
    /// gets it.
    pub async fn come_back(&mut self, state_mac: &[u8], expires_at: Timestamp) -> Result<bool, StoreError> {
        let sql = Sql::new(
            "INSERT INTO provider_answer (state_mac, expires_at) VALUES ($1, $2) ON CONFLICT (state_mac) DO NOTHING",
        );
        Ok(self.conn().execute(sql.arg(state_mac).arg(expires_at)).await? == 1)
    }

    /// Forgets sign-ins whose time was over at `now`, at most `limit`, and returns how many.
    pub async fn prune_provider_answers(&mut self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let sql = Sql::new(
            "DELETE FROM provider_answer WHERE state_mac IN (SELECT state_mac FROM provider_answer \
             WHERE expires_at <= $1 LIMIT $2)",
        );
        self.conn().execute(sql.arg(now).arg(i64::from(limit))).await
    }

    /// The e-mails under which the audit names a person.
    pub async fn emails_told(&mut self, person: &PersonId) -> Result<Vec<String>, StoreError> {
        let sql = Sql::new(
            "SELECT DISTINCT subject_label FROM audit_event WHERE subject_kind = 'person' AND subject_id = $1",
        );
        let emails = self.conn().fetch_all::<(String,)>(sql.arg(person.as_str())).await?;
        Ok(emails.into_iter().map(|(email,)| email).collect())
    }

    /// Notes that somebody with this e-mail was removed.
    pub async fn note_removed(&mut self, email_mac: &[u8], at: Timestamp) -> Result<(), StoreError> {
        let sql = Sql::new(
            "INSERT INTO removed_email (email_mac, removed_at) VALUES ($1, $2) ON CONFLICT (email_mac) DO NOTHING",
        );
        self.conn().execute(sql.arg(email_mac).arg(at)).await?;
        Ok(())
    }

    /// Forgets that somebody with this e-mail was removed: somebody has invited them again.
    pub async fn forget_removed(&mut self, email_mac: &[u8]) -> Result<(), StoreError> {
        self.conn().execute(Sql::new("DELETE FROM removed_email WHERE email_mac = $1").arg(email_mac)).await?;
        Ok(())
    }

    /// Says which provider signed in whoever waits for a code under this MAC.
    pub async fn set_step_provider(&mut self, id_mac: &[u8], provider: &str) -> Result<(), StoreError> {
        let sql = Sql::new("UPDATE sign_in_step SET provider = $2 WHERE id_mac = $1");
        self.conn().execute(sql.arg(id_mac).arg(provider)).await?;
        Ok(())
    }
}
