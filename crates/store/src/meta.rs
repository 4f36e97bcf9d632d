//! The installation's own rows: settings, wrapped data keys, and the version that verifiers watch.

use std::fmt;

use domain::timestamp::Timestamp;

use crate::conn::Conn;
use crate::error::StoreError;
use crate::failpoint;
use crate::sql::Sql;
use crate::store::Tx;

/// The name of the setting that is written to see whether there is room.
const PROBE: &str = "probe";
const PROBE_SIZE: usize = 64 * 1024;

/// A random key, wrapped by the root key.
#[derive(Clone, PartialEq, Eq)]
pub struct DataKey {
    /// The purpose of the key: pepper, audit or cookie.
    pub purpose: String,
    /// The number of this version, from 1 within the purpose.
    pub version: i64,
    /// The key, wrapped by the root key: nonce and ciphertext.
    pub wrapped: Vec<u8>,
    /// When it was created.
    pub created_at: Timestamp,
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataKey")
            .field("purpose", &self.purpose)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

reads! {
    /// The value of a setting; `None` if it was never set.
    setting(name: &str) -> Option<String>;
    /// Every data key, by purpose and version.
    data_keys() -> Vec<DataKey>;
}

async fn setting(conn: &mut Conn<'_>, name: &str) -> Result<Option<String>, StoreError> {
    let sql = Sql::new("SELECT value FROM setting WHERE name = $1").arg(name);
    Ok(conn.fetch_optional::<(String,)>(sql).await?.map(|(value,)| value))
}

async fn data_keys(conn: &mut Conn<'_>) -> Result<Vec<DataKey>, StoreError> {
    let sql = Sql::new("SELECT purpose, version, wrapped, created_at FROM data_key ORDER BY purpose, version");
    let rows = conn.fetch_all::<(String, i64, Vec<u8>, i64)>(sql).await?;
    Ok(rows
        .into_iter()
        .map(|(purpose, version, wrapped, at)| DataKey {
            purpose,
            version,
            wrapped,
            created_at: Timestamp::from_millis(at),
        })
        .collect())
}

impl Tx {
    /// Writes and removes a row as large as any write of ours, to see whether the database has room for one. A full disk
    /// may still take a few bytes.
    pub async fn try_room(&mut self) -> Result<(), StoreError> {
        self.put_setting(PROBE, &"-".repeat(PROBE_SIZE)).await?;
        self.conn().execute(Sql::new("DELETE FROM setting WHERE name = $1").arg(PROBE)).await?;
        Ok(())
    }

    /// Sets a setting, new or not.
    pub async fn put_setting(&mut self, name: &str, value: &str) -> Result<(), StoreError> {
        let sql = Sql::new(
            "INSERT INTO setting (name, value) VALUES ($1, $2) \
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        );
        self.conn().execute(sql.arg(name).arg(value)).await?;
        Ok(())
    }

    /// Adds a data key; `Conflict` if the purpose has that version.
    pub async fn insert_data_key(&mut self, key: &DataKey) -> Result<(), StoreError> {
        let sql = Sql::new("INSERT INTO data_key (purpose, version, wrapped, created_at) VALUES ($1, $2, $3, $4)")
            .arg(&*key.purpose)
            .arg(key.version)
            .arg(&*key.wrapped)
            .arg(key.created_at);
        self.conn().execute(sql).await?;
        Ok(())
    }

    /// Tells every verifier that this transaction changes something it may have cached. Returns the new version.
    pub async fn bump_version(&mut self) -> Result<i64, StoreError> {
        let sql = Sql::new("UPDATE verifier_version SET version = version + 1 RETURNING version");
        let (version,) = self.conn().fetch_one(sql).await?;
        self.announces = true;
        failpoint::reached("announce");
        self.conn().announce(version).await?;
        Ok(version)
    }
}
