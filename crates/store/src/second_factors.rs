//! Second factors, their recovery codes, and the sign-ins that wait for a code.

use domain::ids::PersonId;
use domain::timestamp::Timestamp;
use sqlx_macros::FromRow;

use crate::conn::Conn;
use crate::error::StoreError;
use crate::sql::Sql;
use crate::store::Tx;

/// The second factor of a person.
#[derive(Clone, PartialEq, Eq)]
pub struct FactorRow {
    /// The secret that makes codes, sealed.
    pub secret: Vec<u8>,
    /// The version of the key that sealed it.
    pub seal_version: i64,
    /// The session in which its set-up began.
    pub session_mac: Vec<u8>,
    /// When its set-up began.
    pub created_at: Timestamp,
    /// When it was confirmed with a code; `None` if it is being set up.
    pub confirmed_at: Option<Timestamp>,
    /// The newest step whose code was used.
    pub last_step: i64,
}

impl std::fmt::Debug for FactorRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FactorRow").field("confirmed_at", &self.confirmed_at).finish_non_exhaustive()
    }
}

#[derive(FromRow)]
struct Stored {
    secret: Vec<u8>,
    seal_version: i64,
    session_mac: Vec<u8>,
    created_at: i64,
    confirmed_at: i64,
    last_step: i64,
}

reads! {
    /// The second factor of a person, confirmed or not.
    second_factor(person: &PersonId) -> Option<FactorRow>;
    /// How many recovery codes a person has left.
    recovery_codes_left(person: &PersonId) -> u64;
    /// The person whose sign-in waits for a code under this MAC, if it still does at `now`.
    sign_in_step(id_mac: &[u8], now: Timestamp) -> Option<PersonId>;
}

async fn second_factor(conn: &mut Conn<'_>, person: &PersonId) -> Result<Option<FactorRow>, StoreError> {
    let sql = Sql::new(
        "SELECT secret, seal_version, session_mac, created_at, confirmed_at, last_step FROM second_factor \
         WHERE person_id = $1",
    );
    let row = conn.fetch_optional::<Stored>(sql.arg(person.as_str())).await?;
    Ok(row.map(|row| FactorRow {
        secret: row.secret,
        seal_version: row.seal_version,
        session_mac: row.session_mac,
        created_at: Timestamp::from_millis(row.created_at),
        confirmed_at: Some(row.confirmed_at).filter(|at| *at != 0).map(Timestamp::from_millis),
        last_step: row.last_step,
    }))
}

async fn recovery_codes_left(conn: &mut Conn<'_>, person: &PersonId) -> Result<u64, StoreError> {
    let sql = Sql::new("SELECT COUNT(*) FROM recovery_code WHERE person_id = $1").arg(person.as_str());
    let (left,) = conn.fetch_one::<(i64,)>(sql).await?;
    Ok(u64::try_from(left).unwrap_or_default())
}

async fn sign_in_step(conn: &mut Conn<'_>, id_mac: &[u8], now: Timestamp) -> Result<Option<PersonId>, StoreError> {
    let sql = Sql::new("SELECT person_id FROM sign_in_step WHERE id_mac = $1 AND expires_at > $2");
    let Some((id,)) = conn.fetch_optional::<(String,)>(sql.arg(id_mac).arg(now)).await? else { return Ok(None) };
    PersonId::parse(&id).map(Some).ok_or_else(|| StoreError::corrupt("a person's id"))
}

impl Tx {
    /// Begins the set-up of a second factor in this session, in place of one that was not confirmed. Returns whether it did:
    /// `false` if the person has a confirmed one.
    pub async fn put_second_factor(
        &mut self,
        person: &PersonId,
        session_mac: &[u8],
        secret: &[u8],
        seal_version: i64,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let sql = Sql::new(
            "INSERT INTO second_factor (person_id, secret, seal_version, created_at, session_mac) \
             VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (person_id) DO UPDATE SET secret = excluded.secret, seal_version = excluded.seal_version, \
             created_at = excluded.created_at, session_mac = excluded.session_mac WHERE second_factor.confirmed_at = 0",
        );
        let sql = sql.arg(person.as_str()).arg(secret).arg(seal_version).arg(now).arg(session_mac);
        Ok(self.conn().execute(sql).await? == 1)
    }

    /// Confirms the second factor with this sealed secret, with the code of `step`. Returns whether it did: `false` if
    /// it is gone, replaced or confirmed.
    pub async fn confirm_second_factor(
        &mut self,
        person: &PersonId,
        secret: &[u8],
        step: i64,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let sql = Sql::new(
            "UPDATE second_factor SET confirmed_at = $4, last_step = $3 \
             WHERE person_id = $1 AND secret = $2 AND confirmed_at = 0",
        );
        Ok(self.conn().execute(sql.arg(person.as_str()).arg(secret).arg(step).arg(now)).await? == 1)
    }

    /// Uses up the code of a step, and those before it. Returns whether it did: of two callers, only one does.
    pub async fn use_factor_step(&mut self, person: &PersonId, step: i64) -> Result<bool, StoreError> {
        let sql = Sql::new(
            "UPDATE second_factor SET last_step = $2 WHERE person_id = $1 AND confirmed_at <> 0 AND last_step < $2",
        );
        Ok(self.conn().execute(sql.arg(person.as_str()).arg(step)).await? == 1)
    }

    /// Removes the codes of an app, but no recovery codes, and returns whether they were confirmed.
    pub async fn delete_second_factor(&mut self, person: &PersonId) -> Result<bool, StoreError> {
        let sql =
            Sql::new("DELETE FROM second_factor WHERE person_id = $1 RETURNING confirmed_at").arg(person.as_str());
        let removed = self.conn().fetch_optional::<(i64,)>(sql).await?;
        Ok(removed.is_some_and(|(confirmed_at,)| confirmed_at != 0))
    }

    /// Replaces the recovery codes of a person.
    pub async fn put_recovery_codes(&mut self, person: &PersonId, macs: &[[u8; 32]]) -> Result<(), StoreError> {
        let sql = Sql::new("DELETE FROM recovery_code WHERE person_id = $1").arg(person.as_str());
        self.conn().execute(sql).await?;
        for mac in macs {
            let sql = Sql::new("INSERT INTO recovery_code (person_id, mac) VALUES ($1, $2)");
            self.conn().execute(sql.arg(person.as_str()).arg(mac.as_slice())).await?;
        }
        Ok(())
    }

    /// Uses up a recovery code. Returns whether there was one: of two callers, only one gets it.
    pub async fn use_recovery_code(&mut self, person: &PersonId, mac: &[u8]) -> Result<bool, StoreError> {
        let sql = Sql::new("DELETE FROM recovery_code WHERE person_id = $1 AND mac = $2").arg(person.as_str()).arg(mac);
        Ok(self.conn().execute(sql).await? == 1)
    }

    /// Adds a sign-in that waits for a code until `expires_at`; `Conflict` if the MAC exists.
    pub async fn insert_sign_in_step(
        &mut self,
        id_mac: &[u8],
        person: &PersonId,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = Sql::new("INSERT INTO sign_in_step (id_mac, person_id, expires_at) VALUES ($1, $2, $3)");
        self.conn().execute(sql.arg(id_mac).arg(person.as_str()).arg(expires_at)).await?;
        Ok(())
    }

    /// Ends a sign-in that waits for a code. Returns whether there was one: of two callers, only one gets it.
    pub async fn delete_sign_in_step(&mut self, id_mac: &[u8]) -> Result<bool, StoreError> {
        Ok(self.conn().execute(Sql::new("DELETE FROM sign_in_step WHERE id_mac = $1").arg(id_mac)).await? == 1)
    }

    /// Ends every sign-in of a person that waits for a code, and returns how many.
    pub async fn delete_sign_in_steps_of(&mut self, person: &PersonId) -> Result<u64, StoreError> {
        let sql = Sql::new("DELETE FROM sign_in_step WHERE person_id = $1").arg(person.as_str());
        self.conn().execute(sql).await
    }

    /// Removes sign-ins that waited for a code until `now` or earlier, and returns how many.
    pub async fn prune_sign_in_steps(&mut self, now: Timestamp) -> Result<u64, StoreError> {
        self.conn().execute(Sql::new("DELETE FROM sign_in_step WHERE expires_at <= $1").arg(now)).await
    }
}
