//! What is left of a call quota, and the blocks that running servers reserve.

use domain::ids::KeyId;
use domain::quota::{Quota, Refill};
use domain::timestamp::Timestamp;

use crate::error::StoreError;
use crate::failpoint;
use crate::sql::Sql;
use crate::store::Tx;

/// A part of a call quota that a process may spend from memory. It is already debited: a process that loses it cannot
/// get it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuotaBlock {
    /// How many calls it holds; 0 if fewer were left than needed.
    pub calls: u64,
    /// How many calls are left in the store.
    pub left: u64,
    /// The refill period that it belongs to.
    pub period: i64,
    /// Whether the quota was in a period far ahead, which a wrong clock had begun. It is in the present one now.
    pub was_ahead: bool,
}

/// An unspent part of a block, to be returned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotaReturn {
    /// The id of the key.
    pub key_id: KeyId,
    /// The epoch of the quota that it was reserved from.
    pub epoch: i64,
    /// The refill period that it was reserved in.
    pub period: i64,
    /// How many unspent calls to return.
    pub calls: u64,
}

/// A block is one part in this many of what is left, so that all processes get some of the last calls.
const SHARE: u64 = 16;
/// The largest block, and so the most that a crash may lose of a quota.
const BLOCK_MAX: u64 = 1_000;

impl Tx {
    /// Reserves a block of `wanted` calls, fewer if few are left, but never fewer than `least`; after a refill if one is
    /// due. `None` if the quota has changed since this epoch.
    pub async fn take_quota(
        &mut self,
        id: &KeyId,
        epoch: i64,
        least: u64,
        wanted: u64,
        now: Timestamp,
    ) -> Result<Option<QuotaBlock>, StoreError> {
        // Only one writer works at a time, so nobody changes the row between the read and the write.
        let sql = Sql::new("SELECT total, refill, period, remaining FROM key_quota WHERE key_id = $1 AND epoch = $2");
        let sql = sql.arg(id.as_str()).arg(epoch);
        let row = self.conn().fetch_optional::<(i64, String, i64, i64)>(sql).await?;
        let Some((total, refill, period, remaining)) = row else { return Ok(None) };
        let refill = Refill::parse(&refill).ok_or_else(|| StoreError::corrupt("a quota's refill"))?;
        let present = refill.period(now);
        // The next period may have begun on a clock that ran ahead a little. Its calls are given, so it goes on. A later
        // one comes from a clock that was wrong, and must not keep the quota from being refilled until then.
        let was_ahead = period > present + 1;
        let current = if was_ahead { present } else { present.max(period) };
        let remaining = if present > period { total } else { remaining }.unsigned_abs();
        let block = wanted.min(BLOCK_MAX).min(remaining / SHARE).max(1).max(least).min(remaining);
        let calls = if remaining < least { 0 } else { block };
        let left = remaining - calls;
        let sql = Sql::new("UPDATE key_quota SET period = $2, remaining = $3 WHERE key_id = $1");
        self.conn().execute(sql.arg(id.as_str()).arg(current).arg(signed(left))).await?;
        failpoint::reached("quota-before");
        Ok(Some(QuotaBlock { calls, left, period: current, was_ahead }))
    }

    /// Returns unspent calls, if quota and period are still the same.
    pub async fn return_quota(&mut self, unspent: &[QuotaReturn]) -> Result<(), StoreError> {
        for block in unspent {
            let sql = Sql::new(
                "UPDATE key_quota SET remaining = remaining + $4 WHERE key_id = $1 AND epoch = $2 AND period = $3",
            );
            let sql = sql.arg(block.key_id.as_str()).arg(block.epoch).arg(block.period).arg(signed(block.calls));
            self.conn().execute(sql).await?;
        }
        Ok(())
    }

    /// Sets a key's call quota, full. Leaves an equal one as it is.
    pub(crate) async fn set_quota(
        &mut self,
        id: &KeyId,
        quota: Option<Quota>,
        epoch: i64,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = match quota {
            None => Sql::new("DELETE FROM key_quota WHERE key_id = $1").arg(id.as_str()),
            Some(Quota { total, refill }) => Sql::new(
                "INSERT INTO key_quota (key_id, total, refill, epoch, period, remaining) VALUES ($1, $2, $3, $4, $5, $2) \
                 ON CONFLICT (key_id) DO UPDATE SET total = excluded.total, refill = excluded.refill, \
                 epoch = excluded.epoch, period = excluded.period, remaining = excluded.remaining \
                 WHERE key_quota.total <> excluded.total OR key_quota.refill <> excluded.refill",
            )
            .arg(id.as_str())
            .arg(signed(total))
            .arg(refill.as_str())
            .arg(epoch)
            .arg(refill.period(now)),
        };
        self.conn().execute(sql).await?;
        Ok(())
    }
}

fn signed(calls: u64) -> i64 {
    i64::try_from(calls).unwrap_or(i64::MAX)
}
