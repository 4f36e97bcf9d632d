//! How often something may be done within a time. It is counted in the rows of failed sign-ins, each under a MAC of its own,
//! and keeps nobody from signing in.

use domain::{
    refusal::wait_seconds,
    timestamp::{Millis, Timestamp},
};
use store::{Failures, StoreError, Tx};

/// So many within a time that begins with the first of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allowance {
    pub(crate) most: u32,
    pub(crate) within: Millis,
}

impl Allowance {
    /// For how many seconds to wait, if nothing is left.
    pub(crate) fn wait(self, counted: Option<Failures>, now: Timestamp) -> Option<u32> {
        let counted = self.under_way(counted, now)?;
        (counted.failures >= self.most).then(|| wait_seconds(counted.blocked_until, now))
    }

    /// Counts one more; for how many seconds to wait, if nothing is left.
    pub(crate) async fn take(
        self,
        tx: &mut Tx,
        counted_as: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<u32>, StoreError> {
        let before = tx.sign_in_failures(counted_as).await?;
        if let Some(seconds) = self.wait(before, now) {
            return Ok(Some(seconds));
        }
        let end = self.under_way(before, now).map(|counted| counted.blocked_until);
        if end.is_none() {
            tx.clear_sign_in_failures(counted_as).await?;
        }
        let end = end.unwrap_or_else(|| now.plus(self.within));
        tx.record_sign_in_failure(counted_as, now, |_| end).await?;
        Ok(None)
    }

    /// Gives one back that came to nothing. The time goes on.
    pub(crate) async fn give_back(tx: &mut Tx, counted_as: &[u8; 32], now: Timestamp) -> Result<(), StoreError> {
        // None has the number 0, so no time ends.
        tx.take_back_sign_in_failure(counted_as, 0, now).await
    }

    /// What was counted in the time that is under way, and when that ends. A longer time means that the clock was set back.
    fn under_way(self, counted: Option<Failures>, now: Timestamp) -> Option<Failures> {
        counted.filter(|counted| now < counted.blocked_until && counted.blocked_until.since(now) <= self.within)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOURLY: Allowance = Allowance { most: 3, within: Millis::hours(1) };

    #[test]
    fn what_is_used_up_comes_back_when_the_time_is_over() {
        let now = Timestamp::from_millis(1_000_000);
        let counted = |failures, left| Some(Failures { failures, blocked_until: now.plus(left), last_at: now });
        assert_eq!(HOURLY.wait(None, now), None);
        assert_eq!(HOURLY.wait(counted(2, Millis(1)), now), None);
        assert_eq!(HOURLY.wait(counted(3, Millis(1)), now), Some(1));
        assert_eq!(HOURLY.wait(counted(9, Millis::hours(1)), now), Some(3_600));
        assert_eq!(HOURLY.wait(counted(3, Millis(0)), now), None);
        assert_eq!(HOURLY.wait(counted(3, Millis::hours(2)), now), None, "of a clock that ran ahead");
    }
}
