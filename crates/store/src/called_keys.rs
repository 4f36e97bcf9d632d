//! What calls change of a key. Everything else changes only with its revision, so whoever keeps it reads no more than this.

use std::net::IpAddr;
use std::sync::Arc;

use domain::ids::KeyId;
use domain::key::KeyDetail;
use domain::timestamp::Timestamp;
use sqlx_macros::FromRow;

use crate::conn::Conn;
use crate::error::StoreError;
use crate::keys::{ASKED, key_id};
use crate::last_use::{NEWEST_USE, a_use, newest_use};
use crate::sql::Sql;

/// Which last use of a key is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastUseRead {
    /// The one that lists are sorted by, which may be older.
    Listed,
    /// The newest on record.
    Newest,
}

/// What calls change of a key, and the revision of the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalledKey {
    /// The id of the key.
    pub id: KeyId,
    /// The key's revision.
    pub revision: i64,
    last_used_at: Option<Timestamp>,
    last_used_address: Option<IpAddr>,
    quota_left: Option<u64>,
    quota_period: i64,
}

impl CalledKey {
    /// The key as it is now, of what it was at the same revision; the same one if no call has changed it.
    pub fn detail(&self, known: &Arc<KeyDetail>) -> Arc<KeyDetail> {
        let was = (known.row.last_used_at, known.last_used_address, known.quota_left, known.quota_period);
        if was == (self.last_used_at, self.last_used_address, self.quota_left, self.quota_period) {
            return Arc::clone(known);
        }
        let mut detail = KeyDetail::clone(known);
        detail.row.last_used_at = self.last_used_at;
        detail.last_used_address = self.last_used_address;
        detail.quota_left = self.quota_left;
        detail.quota_period = self.quota_period;
        Arc::new(detail)
    }
}

/// The same; `Corrupt` if this version cannot read the row.
pub type ReadCalledKey = (KeyId, Result<CalledKey, StoreError>);

reads! {
    /// What calls have changed of these keys, in any order. Unknown ids are skipped. A row that this version cannot read is
    /// `Corrupt` on its own.
    called_keys(ids: &[KeyId], last_use: LastUseRead) -> Vec<ReadCalledKey>;
}

#[derive(FromRow)]
struct CalledRow {
    id: String,
    revision: i64,
    last_used_at: i64,
    last_used_address: Option<String>,
    quota_remaining: Option<i64>,
    quota_period: Option<i64>,
    newest_use: Option<String>,
}

impl CalledRow {
    fn read(self, id: KeyId) -> Result<CalledKey, StoreError> {
        let listed = (self.last_used_at != 0).then(|| a_use(self.last_used_at, self.last_used_address)).transpose()?;
        let newest = self.newest_use.as_deref().map(newest_use).transpose()?;
        let last = newest.filter(|newest| listed.is_none_or(|listed| listed.at < newest.at)).or(listed);
        Ok(CalledKey {
            id,
            revision: self.revision,
            last_used_at: last.map(|last| last.at),
            last_used_address: last.and_then(|last| last.address),
            quota_left: self.quota_remaining.map(i64::unsigned_abs),
            quota_period: self.quota_period.unwrap_or(0),
        })
    }
}

async fn called_keys(
    conn: &mut Conn<'_>,
    ids: &[KeyId],
    last_use: LastUseRead,
) -> Result<Vec<ReadCalledKey>, StoreError> {
    let mut sql = Sql::new(
        "SELECT k.id, k.revision, k.last_used_at, k.last_used_address, q.remaining AS quota_remaining, \
         q.period AS quota_period, ",
    );
    sql.push(match last_use {
        LastUseRead::Listed => "CAST(NULL AS TEXT) AS newest_use",
        LastUseRead::Newest => NEWEST_USE,
    });
    sql.push(" FROM (SELECT value ->> 0 AS id FROM ");
    conn.push_rows(&mut sql, ids.iter().map(|id| (id.as_str(),)))?;
    sql.push(ASKED);
    let rows: Vec<CalledRow> = conn.fetch_all(sql).await?;
    // A row was asked for by a valid id, so that it has one.
    rows.into_iter().map(|row| key_id(&row.id).map(|id| (id, row.read(id)))).collect()
}
