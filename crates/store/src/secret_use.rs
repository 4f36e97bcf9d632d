//! The use of each secret of a key that has two: how many calls a minute, and from which addresses.

use std::collections::BTreeMap;
use std::net::IpAddr;

use domain::ids::KeyId;
use domain::key::SecretNumber;
use domain::rotation::{ADDRESSES_KEPT, COUNTED_FOR, SecretUse};
use domain::timestamp::{Millis, Timestamp};

use crate::conn::Conn;
use crate::error::StoreError;
use crate::last_use::KeyUse;
use crate::sql::{Arg, Sql, pieces};
use crate::store::Tx;

/// One more than `ADDRESSES_KEPT`, to know whether there are more.
const KEPT: i64 = 11;

/// Calls with one secret since the last flush.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretCalls {
    /// The id of the key.
    pub key_id: KeyId,
    /// Which of its secrets was used.
    pub number: SecretNumber,
    /// How many calls there were in each minute, which is named by its start in milliseconds since 1970.
    pub minutes: Vec<(i64, u64)>,
    /// The last call from each address.
    pub addresses: Vec<KeyUse>,
}

reads! {
    /// What is known of the calls with each secret of a key, as of `now`. Secrets without calls are left out.
    secret_uses(id: &KeyId, now: Timestamp) -> Vec<(SecretNumber, SecretUse)>;
}

async fn secret_uses(
    conn: &mut Conn<'_>,
    id: &KeyId,
    now: Timestamp,
) -> Result<Vec<(SecretNumber, SecretUse)>, StoreError> {
    let sql = Sql::new(
        "SELECT version, address, last_used_at FROM key_secret_address WHERE key_id = $1 \
         ORDER BY version DESC, last_used_at DESC, address",
    );
    let mut found: BTreeMap<SecretNumber, SecretUse> = BTreeMap::new();
    for (version, address, at) in conn.fetch_all::<(i64, String, i64)>(sql.arg(id.as_str())).await? {
        let (number, at) = (SecretNumber(version), Timestamp::from_millis(at));
        let place = found.entry(number).or_default();
        place.last_used_at = place.last_used_at.max(Some(at));
        if address.is_empty() {
            continue;
        }
        let address: IpAddr =
            address.parse().map_err(|_| StoreError::corrupt("an address that a secret was used from"))?;
        if place.addresses.len() < ADDRESSES_KEPT {
            place.addresses.push((address, at));
        } else {
            place.more = true;
        }
    }
    let sql = Sql::new(
        "SELECT version, CAST(SUM(calls) AS BIGINT) FROM key_secret_minute WHERE key_id = $1 AND minute > $2 \
         GROUP BY version",
    );
    let since = now.plus(Millis(-COUNTED_FOR.0));
    for (version, calls) in conn.fetch_all::<(i64, i64)>(sql.arg(id.as_str()).arg(since)).await? {
        found.entry(SecretNumber(version)).or_default().calls = calls.unsigned_abs();
    }
    Ok(found.into_iter().rev().collect())
}

impl Tx {
    /// Adds calls with each secret. Those of a secret that is gone, or of a rotation that is over, are left out.
    pub(crate) async fn flush_secret_calls(&mut self, calls: &[SecretCalls]) -> Result<(), StoreError> {
        let minutes: Vec<_> = calls
            .iter()
            .flat_map(|calls| calls.minutes.iter().map(move |(minute, n)| (&calls.key_id, calls.number, *minute, *n)))
            .collect();
        for piece in pieces(&minutes) {
            let mut sql = Sql::new("WITH used (key_id, version, minute, calls) AS (VALUES ");
            for (n, (key, number, minute, calls)) in piece.iter().enumerate() {
                let calls = i64::try_from(*calls).unwrap_or(i64::MAX);
                let row: [Arg; 4] = [key.as_str().into(), number.0.into(), (*minute).into(), calls.into()];
                sql.row(n == 0, row);
            }
            sql.push(
                ") INSERT INTO key_secret_minute AS kept (key_id, version, minute, calls) SELECT u.* FROM used u \
                 JOIN key_secret s ON s.key_id = u.key_id AND s.version = u.version WHERE EXISTS \
                 (SELECT 1 FROM key_secret o WHERE o.key_id = u.key_id AND o.expires_at < 9223372036854775807) \
                 ON CONFLICT (key_id, version, minute) DO UPDATE SET calls = kept.calls + excluded.calls",
            );
            self.conn().execute(sql).await?;
        }
        let addresses: Vec<_> = calls
            .iter()
            .flat_map(|calls| calls.addresses.iter().map(move |used| (&calls.key_id, calls.number, *used)))
            .collect();
        for piece in pieces(&addresses) {
            let mut sql = Sql::new("WITH used (key_id, version, address, last_used_at) AS (VALUES ");
            for (n, (key, number, used)) in piece.iter().enumerate() {
                let address = used.address.map(|address| address.to_string()).unwrap_or_default();
                let row: [Arg; 4] = [key.as_str().into(), number.0.into(), address.into(), used.at.into()];
                sql.row(n == 0, row);
            }
            sql.push(
                ") INSERT INTO key_secret_address AS kept (key_id, version, address, last_used_at) SELECT u.* \
                 FROM used u JOIN key_secret s ON s.key_id = u.key_id AND s.version = u.version WHERE EXISTS \
                 (SELECT 1 FROM key_secret o WHERE o.key_id = u.key_id AND o.expires_at < 9223372036854775807) \
                 ON CONFLICT (key_id, version, address) DO UPDATE SET last_used_at = CASE \
                 WHEN excluded.last_used_at >= kept.last_used_at THEN excluded.last_used_at ELSE kept.last_used_at END",
            );
            self.conn().execute(sql).await?;
            let mut sql = Sql::new(
                "DELETE FROM key_secret_address WHERE (key_id, version, address) IN (SELECT key_id, version, address FROM \
                 (SELECT key_id, version, address, row_number() OVER (PARTITION BY key_id, version \
                 ORDER BY last_used_at DESC, address) AS place FROM key_secret_address WHERE address <> '' AND key_id IN (",
            );
            sql.list(piece.iter().map(|(key, ..)| key.as_str()));
            sql.push(")) AS placed WHERE place > ").bind(KEPT).push(")");
            self.conn().execute(sql).await?;
        }
        Ok(())
    }

    /// Forgets the use of each secret of a key: what is counted from now on is of another rotation.
    pub(crate) async fn forget_secret_uses(&mut self, id: &KeyId) -> Result<(), StoreError> {
        for sql in
            ["DELETE FROM key_secret_minute WHERE key_id = $1", "DELETE FROM key_secret_address WHERE key_id = $1"]
        {
            self.conn().execute(Sql::new(sql).arg(id.as_str())).await?;
        }
        Ok(())
    }

    /// Removes the counts of minutes that nobody asks for any more, at most `limit`, and returns how many.
    pub async fn prune_secret_calls(&mut self, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let sql = Sql::new(
            "DELETE FROM key_secret_minute WHERE (key_id, version, minute) IN \
             (SELECT key_id, version, minute FROM key_secret_minute WHERE minute <= $1 LIMIT $2)",
        );
        self.conn().execute(sql.arg(now.plus(Millis(-COUNTED_FOR.0))).arg(i64::from(limit))).await
    }
}
