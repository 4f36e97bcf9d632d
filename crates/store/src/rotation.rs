//! The secrets of a key while it is rotated: the one that waits to be confirmed, and the two that work for a while.

use domain::audit::Actor;
use domain::ids::KeyId;
use domain::key::SecretNumber;
use domain::rotation::{LiveSecret, Overlap, WaitingSecret};
use domain::timestamp::Timestamp;
use sqlx_macros::FromRow;

use crate::conn::Conn;
use crate::error::StoreError;
use crate::keys::{NEVER, NewSecret, SealedSecret, until};
use crate::sql::Sql;
use crate::store::Tx;

#[derive(FromRow)]
struct WaitingRow {
    version: i64,
    last4: String,
    overlap: i64,
    asked_by_label: String,
    asked_at: i64,
    ack_deadline: i64,
}

reads! {
    /// The secrets of the key that are stored, newest first. An old one may no longer work at the time of the call.
    live_secrets(id: &KeyId) -> Vec<LiveSecret>;
    /// The new secret of the key that waits to be confirmed.
    waiting_secret(id: &KeyId) -> Option<WaitingSecret>;
    /// Whether a new secret of the key waits, and this actor asked for it.
    is_rotated_by(id: &KeyId, actor: &Actor) -> bool;
    /// Keys whose new secret was not confirmed by `now`, at most `limit`.
    rotations_unconfirmed(now: Timestamp, limit: u32) -> Vec<KeyId>;
    /// Keys with an old secret that no longer works at `now`, at most `limit`.
    rotations_over(now: Timestamp, limit: u32) -> Vec<KeyId>;
}

async fn live_secrets(conn: &mut Conn<'_>, id: &KeyId) -> Result<Vec<LiveSecret>, StoreError> {
    let sql = Sql::new(
        "SELECT version, last4, created_at, expires_at FROM key_secret WHERE key_id = $1 ORDER BY version DESC",
    );
    let rows = conn.fetch_all::<(i64, String, i64, i64)>(sql.arg(id.as_str())).await?;
    let secret = |(version, last4, since, ends): (i64, String, i64, i64)| LiveSecret {
        number: SecretNumber(version),
        last4,
        since: Timestamp::from_millis(since),
        ends_at: until(ends),
    };
    Ok(rows.into_iter().map(secret).collect())
}

async fn waiting_secret(conn: &mut Conn<'_>, id: &KeyId) -> Result<Option<WaitingSecret>, StoreError> {
    let sql = Sql::new(
        "SELECT version, last4, overlap, asked_by_label, asked_at, ack_deadline FROM key_rotation WHERE key_id = $1",
    );
    let row = conn.fetch_optional::<WaitingRow>(sql.arg(id.as_str())).await?;
    Ok(row.map(|row| WaitingSecret {
        number: SecretNumber(row.version),
        last4: row.last4,
        overlap: Overlap::from_millis(row.overlap),
        asked_by: row.asked_by_label,
        asked_at: Timestamp::from_millis(row.asked_at),
        ack_deadline: Timestamp::from_millis(row.ack_deadline),
    }))
}

async fn is_rotated_by(conn: &mut Conn<'_>, id: &KeyId, actor: &Actor) -> Result<bool, StoreError> {
    // The command line has no id, so its account is compared.
    let sql = Sql::new(
        "SELECT count(*) FROM key_rotation WHERE key_id = $1 AND asked_by_kind = $2 AND asked_by_id = $3 \
         AND (asked_by_id <> '' OR asked_by_label = $4)",
    );
    let sql = sql.arg(id.as_str()).arg(actor.kind_str()).arg(actor.id()).arg(actor.label());
    let (found,): (i64,) = conn.fetch_one(sql).await?;
    Ok(found > 0)
}

async fn rotations_unconfirmed(conn: &mut Conn<'_>, now: Timestamp, limit: u32) -> Result<Vec<KeyId>, StoreError> {
    let sql =
        Sql::new("SELECT key_id FROM key_rotation WHERE ack_deadline <= $1 ORDER BY ack_deadline LIMIT $2").arg(now);
    keys(conn.fetch_all(sql.arg(i64::from(limit))).await?)
}

async fn rotations_over(conn: &mut Conn<'_>, now: Timestamp, limit: u32) -> Result<Vec<KeyId>, StoreError> {
    // The first condition is that of the index.
    let sql = Sql::new(
        "SELECT key_id FROM key_secret WHERE expires_at < 9223372036854775807 AND expires_at <= $1 \
         ORDER BY expires_at LIMIT $2",
    );
    keys(conn.fetch_all(sql.arg(now).arg(i64::from(limit))).await?)
}

fn keys(rows: Vec<(String,)>) -> Result<Vec<KeyId>, StoreError> {
    let id = |(id,): (String,)| KeyId::parse(&id).ok_or_else(|| StoreError::corrupt("a key's id"));
    rows.into_iter().map(id).collect()
}

impl Tx {
    /// The number of the next secret of a key. No number is given twice.
    pub async fn next_secret(&mut self, id: &KeyId) -> Result<SecretNumber, StoreError> {
        let sql = Sql::new("UPDATE api_key SET secrets_made = secrets_made + 1 WHERE id = $1").arg(id.as_str());
        self.conn().execute(sql).await?;
        let sql = Sql::new("SELECT secrets_made FROM api_key WHERE id = $1").arg(id.as_str());
        let (made,) = self.conn().fetch_one::<(i64,)>(sql).await?;
        Ok(SecretNumber(made))
    }

    /// Keeps a new secret until it is confirmed. The key must have none that waits.
    pub async fn put_waiting_secret(
        &mut self,
        id: &KeyId,
        secret: &NewSecret,
        waiting: &WaitingSecret,
        asked_by: &Actor,
    ) -> Result<(), StoreError> {
        let [sealed, seal_version] = SealedSecret::columns(secret.sealed.as_ref());
        let sql = Sql::new(
            "INSERT INTO key_rotation (key_id, version, mac, pepper_version, last4, overlap, asked_at, ack_deadline, \
             asked_by_kind, asked_by_id, asked_by_label, sealed, seal_version) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        )
        .arg(id.as_str())
        .arg(waiting.number.0)
        .arg(secret.mac.0.as_slice())
        .arg(secret.pepper_version)
        .arg(&*secret.last4)
        .arg(waiting.overlap.millis())
        .arg(waiting.asked_at)
        .arg(waiting.ack_deadline)
        .arg(asked_by.kind_str())
        .arg(asked_by.id())
        .arg(&*waiting.asked_by)
        .arg(sealed)
        .arg(seal_version);
        self.conn().execute(sql).await?;
        Ok(())
    }

    /// Forgets the secret that waits, and returns whether there was one.
    pub async fn delete_waiting_secret(&mut self, id: &KeyId) -> Result<bool, StoreError> {
        let sql = Sql::new("DELETE FROM key_rotation WHERE key_id = $1").arg(id.as_str());
        Ok(self.conn().execute(sql).await? == 1)
    }

    /// Makes the waiting secret one that works from `now` on. The old one works until `ends`; with `None` it is removed.
    /// Returns whether a secret waited.
    pub async fn confirm_secret(
        &mut self,
        id: &KeyId,
        now: Timestamp,
        ends: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        if waiting_secret(&mut self.conn(), id).await?.is_none() {
            return Ok(false);
        }
        self.forget_secret_uses(id).await?;
        let old = match ends {
            None => Sql::new("DELETE FROM key_secret WHERE key_id = $1").arg(id.as_str()),
            Some(ends) => {
                Sql::new("UPDATE key_secret SET expires_at = $2 WHERE key_id = $1").arg(id.as_str()).arg(ends)
            }
        };
        self.conn().execute(old).await?;
        let sql = Sql::new(
            "INSERT INTO key_secret (key_id, version, mac, pepper_version, last4, created_at, sealed, seal_version) \
             SELECT key_id, version, mac, pepper_version, last4, CAST($2 AS BIGINT), sealed, seal_version \
             FROM key_rotation WHERE key_id = $1",
        );
        self.conn().execute(sql.arg(id.as_str()).arg(now)).await?;
        self.delete_waiting_secret(id).await?;
        self.set_rotation_due(id).await?;
        self.count_change(id).await?;
        Ok(true)
    }

    /// Counts a change of a key that is none of its columns: its secrets are others, or end at another time.
    pub async fn count_change(&mut self, id: &KeyId) -> Result<(), StoreError> {
        let sql = Sql::new("UPDATE api_key SET revision = revision + 1 WHERE id = $1");
        self.conn().execute(sql.arg(id.as_str())).await?;
        Ok(())
    }

    /// Sets the end of an old secret; `None` for as long as the key works. Returns whether the key has this secret.
    pub async fn set_secret_end(
        &mut self,
        id: &KeyId,
        number: SecretNumber,
        ends: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        let sql = Sql::new("UPDATE key_secret SET expires_at = $3 WHERE key_id = $1 AND version = $2");
        let sql = sql.arg(id.as_str()).arg(number.0).arg(ends.map_or(NEVER, Timestamp::millis));
        Ok(self.conn().execute(sql).await? == 1)
    }

    /// Removes one secret of a key, and what is known of the use of each. Returns whether the key had it.
    pub async fn delete_secret(&mut self, id: &KeyId, number: SecretNumber) -> Result<bool, StoreError> {
        self.forget_secret_uses(id).await?;
        let sql = Sql::new("DELETE FROM key_secret WHERE key_id = $1 AND version = $2");
        let gone = self.conn().execute(sql.arg(id.as_str()).arg(number.0)).await? == 1;
        self.set_rotation_due(id).await?;
        Ok(gone)
    }

    /// Says when the newest secret of a key is to be rotated.
    pub(crate) async fn set_rotation_due(&mut self, id: &KeyId) -> Result<(), StoreError> {
        let sql = Sql::new(
            "UPDATE api_key SET rotation_due_at = CASE WHEN rotate_days = 0 THEN 9223372036854775807 ELSE \
             rotate_days * 86400000 + (SELECT max(created_at) FROM key_secret s WHERE s.key_id = api_key.id) END \
             WHERE id = $1",
        );
        self.conn().execute(sql.arg(id.as_str())).await?;
        Ok(())
    }
}
