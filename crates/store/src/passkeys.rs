//! Passkeys, and what browsers were asked to sign with them.

use domain::ids::{PasskeyId, PersonId};
use domain::timestamp::Timestamp;
use sqlx_macros::FromRow;

use crate::conn::Conn;
use crate::error::StoreError;
use crate::sql::Sql;
use crate::store::Tx;

/// A passkey of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasskeyRow {
    /// Its id here.
    pub id: PasskeyId,
    /// Whose it is.
    pub person_id: PersonId,
    /// The id by which its authenticator knows it. No two passkeys have the same.
    pub credential_id: Vec<u8>,
    /// The public key and the signature counter, as text.
    pub credential: String,
    /// The name that the person gave it.
    pub name: String,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last used; `None` for never.
    pub used_at: Option<Timestamp>,
}

/// What a browser is asked to sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChallengeRow {
    /// MAC of the challenge.
    pub id_mac: [u8; 32],
    /// What the answer is for.
    pub purpose: String,
    /// Who has to answer; `None` for anybody.
    pub person_id: Option<PersonId>,
    /// What the answer is checked with.
    pub state: String,
    /// When it is too late to answer.
    pub expires_at: Timestamp,
}

#[derive(FromRow)]
struct Stored {
    id: String,
    person_id: String,
    credential_id: Vec<u8>,
    credential: String,
    name: String,
    created_at: i64,
    used_at: i64,
}

impl TryFrom<Stored> for PasskeyRow {
    type Error = StoreError;

    fn try_from(row: Stored) -> Result<Self, StoreError> {
        Ok(Self {
            id: PasskeyId::parse(&row.id).ok_or_else(|| StoreError::corrupt("a passkey's id"))?,
            person_id: PersonId::parse(&row.person_id).ok_or_else(|| StoreError::corrupt("a person's id"))?,
            credential_id: row.credential_id,
            credential: row.credential,
            name: row.name,
            created_at: Timestamp::from_millis(row.created_at),
            used_at: Some(row.used_at).filter(|at| *at != 0).map(Timestamp::from_millis),
        })
    }
}

reads! {
    /// The passkeys of a person, the oldest first.
    passkeys_of(person: &PersonId) -> Vec<PasskeyRow>;
    /// The passkey that its authenticator knows by this id.
    passkey_by_credential(credential_id: &[u8]) -> Option<PasskeyRow>;
    /// Whether a person has a confirmed second factor of any sort.
    has_second_factor(person: &PersonId) -> bool;
    /// Whether there is a challenge with this MAC, in time or not.
    has_passkey_challenge(id_mac: &[u8]) -> bool;
}

async fn passkeys_of(conn: &mut Conn<'_>, person: &PersonId) -> Result<Vec<PasskeyRow>, StoreError> {
    let sql = Sql::new(
        "SELECT id, person_id, credential_id, credential, name, created_at, used_at FROM passkey \
         WHERE person_id = $1 ORDER BY created_at, id",
    );
    let rows = conn.fetch_all::<Stored>(sql.arg(person.as_str())).await?;
    rows.into_iter().map(PasskeyRow::try_from).collect()
}

async fn passkey_by_credential(conn: &mut Conn<'_>, credential_id: &[u8]) -> Result<Option<PasskeyRow>, StoreError> {
    let sql = Sql::new(
        "SELECT id, person_id, credential_id, credential, name, created_at, used_at FROM passkey \
         WHERE credential_id = $1",
    );
    conn.fetch_optional::<Stored>(sql.arg(credential_id)).await?.map(PasskeyRow::try_from).transpose()
}

async fn has_second_factor(conn: &mut Conn<'_>, person: &PersonId) -> Result<bool, StoreError> {
    let sql = Sql::new(
        "SELECT CAST(1 AS BIGINT) FROM second_factor WHERE person_id = $1 AND confirmed_at <> 0 \
         UNION ALL SELECT CAST(1 AS BIGINT) FROM passkey WHERE person_id = $1 LIMIT 1",
    );
    Ok(conn.fetch_optional::<(i64,)>(sql.arg(person.as_str())).await?.is_some())
}

async fn has_passkey_challenge(conn: &mut Conn<'_>, id_mac: &[u8]) -> Result<bool, StoreError> {
    let sql = Sql::new("SELECT expires_at FROM passkey_challenge WHERE id_mac = $1").arg(id_mac);
    Ok(conn.fetch_optional::<(i64,)>(sql).await?.is_some())
}

impl Tx {
    /// Adds a passkey; `Conflict` if its authenticator's id is known.
    pub async fn insert_passkey(&mut self, passkey: &PasskeyRow) -> Result<(), StoreError> {
        let sql = Sql::new(
            "INSERT INTO passkey (id, person_id, credential_id, credential, name, created_at, used_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .arg(passkey.id.as_str())
        .arg(passkey.person_id.as_str())
        .arg(&*passkey.credential_id)
        .arg(&*passkey.credential)
        .arg(&*passkey.name)
        .arg(passkey.created_at)
        .arg(passkey.used_at.map_or(0, Timestamp::millis));
        self.conn().execute(sql).await?;
        Ok(())
    }

    /// Notes a use of a passkey as it was read. Returns whether it did: of two uses at once, only one does.
    pub async fn use_passkey(
        &mut self,
        passkey: &PasskeyRow,
        credential: &str,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let sql = Sql::new(
            "UPDATE passkey SET credential = $4, used_at = $5 WHERE id = $1 AND credential = $2 AND used_at = $3",
        )
        .arg(passkey.id.as_str())
        .arg(&*passkey.credential)
        .arg(passkey.used_at.map_or(0, Timestamp::millis))
        .arg(credential)
        .arg(at);
        Ok(self.conn().execute(sql).await? == 1)
    }

    /// Gives a person's passkey another name, and returns whether there is one.
    pub async fn rename_passkey(&mut self, person: &PersonId, id: &PasskeyId, name: &str) -> Result<bool, StoreError> {
        let sql = Sql::new("UPDATE passkey SET name = $3 WHERE person_id = $1 AND id = $2");
        Ok(self.conn().execute(sql.arg(person.as_str()).arg(id.as_str()).arg(name)).await? == 1)
    }

    /// Removes a person's passkey, and returns whether there was one.
    pub async fn delete_passkey(&mut self, person: &PersonId, id: &PasskeyId) -> Result<bool, StoreError> {
        let sql = Sql::new("DELETE FROM passkey WHERE person_id = $1 AND id = $2");
        Ok(self.conn().execute(sql.arg(person.as_str()).arg(id.as_str())).await? == 1)
    }

    /// Removes every second factor of a person with the recovery codes, and returns whether there was a confirmed one.
    pub async fn delete_second_factors(&mut self, person: &PersonId) -> Result<bool, StoreError> {
        let sql = Sql::new("DELETE FROM passkey WHERE person_id = $1").arg(person.as_str());
        let passkeys = self.conn().execute(sql).await?;
        let app = self.delete_second_factor(person).await?;
        self.put_recovery_codes(person, &[]).await?;
        Ok(app || passkeys > 0)
    }

    /// Adds a challenge; `Conflict` if the MAC exists.
    pub async fn insert_passkey_challenge(&mut self, challenge: &ChallengeRow) -> Result<(), StoreError> {
        let sql = Sql::new(
            "INSERT INTO passkey_challenge (id_mac, purpose, person_id, state, expires_at) VALUES ($1, $2, $3, $4, $5)",
        )
        .arg(challenge.id_mac.as_slice())
        .arg(&*challenge.purpose)
        .arg(challenge.person_id.map(|person| person.to_string()))
        .arg(&*challenge.state)
        .arg(challenge.expires_at);
        self.conn().execute(sql).await?;
        Ok(())
    }

    /// Uses up a challenge, whatever becomes of its answer, and gives what it is checked with; `None` if there is none for
    /// this purpose and person, or if it is too late. Of two callers, only one gets it.
    pub async fn take_passkey_challenge(
        &mut self,
        id_mac: &[u8],
        purpose: &str,
        person: Option<&PersonId>,
        now: Timestamp,
    ) -> Result<Option<String>, StoreError> {
        let sql = Sql::new(
            "DELETE FROM passkey_challenge WHERE id_mac = $1 AND purpose = $2 AND COALESCE(person_id, '') = $3 \
             AND expires_at > $4 RETURNING state",
        )
        .arg(id_mac)
        .arg(purpose)
        .arg(person.map_or("", PersonId::as_str))
        .arg(now);
        Ok(self.conn().fetch_optional::<(String,)>(sql).await?.map(|(state,)| state))
    }

    /// Removes challenges that have expired by `now`, at most `limit`, and returns how many.
    pub async fn prune_passkey_challenges(&mut self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let sql = Sql::new(
            "DELETE FROM passkey_challenge WHERE id_mac IN (SELECT id_mac FROM passkey_challenge \
             WHERE expires_at <= $1 LIMIT $2)",
        );
        self.conn().execute(sql.arg(now).arg(i64::from(limit))).await
    }

    /// Removes the oldest of those challenges that anybody may answer and that are beyond `most`: at most `limit`. Returns
    /// how many.
    pub async fn shrink_passkey_challenges(&mut self, most: u32, limit: u32) -> Result<u64, StoreError> {
        let sql = Sql::new(
            "DELETE FROM passkey_challenge WHERE id_mac IN (SELECT id_mac FROM passkey_challenge \
             WHERE person_id IS NULL ORDER BY expires_at DESC, id_mac LIMIT $2 OFFSET $1)",
        );
        self.conn().execute(sql.arg(i64::from(most)).arg(i64::from(limit))).await
    }

    /// Removes the oldest of a person's challenges that are beyond `most`, and returns how many.
    pub async fn shrink_passkey_challenges_of(&mut self, person: &PersonId, most: u32) -> Result<u64, StoreError> {
        let sql = Sql::new(
            "DELETE FROM passkey_challenge WHERE person_id = $1 AND id_mac NOT IN (SELECT id_mac FROM passkey_challenge \
             WHERE person_id = $1 ORDER BY expires_at DESC, id_mac LIMIT $2)",
        );
        self.conn().execute(sql.arg(person.as_str()).arg(i64::from(most))).await
    }
}
