//! Growing waits after failed sign-ins, and an end of them, per e-mail, whether it is known or not.

use domain::{
    audit::{Action, Subject},
    refusal::{Refusal, wait_seconds},
    timestamp::{Millis, Timestamp},
};
use store::{Failures, Lock, Tx};
use tokio_util::sync::CancellationToken;

use crate::{Caller, ClientInfo, Result, Service, invented::Invented, service::event};

/// The failure after which the first wait begins.
pub(crate) const FREE_FAILURES: u32 = 5;

/// The longest wait. A longer one would only help an attacker to lock a person out.
pub(crate) const LONGEST_WAIT: Millis = Millis::minutes(15);

/// As many failures in a row are judged for an account, as NIST SP 800-63B has it. Then only known browsers may go on.
pub(crate) const FAILURES_MAX: u32 = 100;

/// Fewer failures than the most are forgotten after this long.
const FORGET_AFTER: Millis = Millis::hours(24);

/// How many accounts and browsers may have failures on record after each tidying. Most of them are inventions.
const KEPT: u32 = 100_000;

/// The most rows to delete in one transaction, so that other writers do not wait long.
const PRUNED_AT_ONCE: u32 = 1_000;

/// How long an account waits after this many failures in a row. Starts with one second and doubles.
fn wait_after(failures: u32) -> Option<Millis> {
    let doublings = failures.checked_sub(FREE_FAILURES)?;
    let seconds = 1_i64.checked_shl(doublings.min(40))?;
    Some(Millis::seconds(seconds).min(LONGEST_WAIT))
}

/// Refuses for good after the most failures, and before that while a wait lasts. A wait longer than the longest one
/// means that the clock was set back.
fn refuse_waiting(failures: Option<&Failures>, now: Timestamp) -> Result<(), Refusal> {
    let Some(failures) = failures else { return Ok(()) };
    if failures.failures >= FAILURES_MAX {
        return Err(Refusal::OnlyKnownBrowsers);
    }
    let until = failures.blocked_until;
    if now < until && until.since(now) <= LONGEST_WAIT {
        return Err(Refusal::Wait { seconds: wait_seconds(until, now) });
    }
    Ok(())
}

impl Service {
    /// Whether a browser has failed so often in a row that it no longer counts as known.
    pub(crate) async fn has_failed_too_often(&self, device_mac: &[u8; 32]) -> Result<bool> {
        let failures = self.store().sign_in_failures(device_mac).await?;
        Ok(failures.is_some_and(|before| before.failures >= FAILURES_MAX))
    }

    /// When sign-in to an account is refused at this time.
    pub(crate) fn lock(&self) -> Lock {
        let now = self.now();
        Lock { now, latest: now.plus(LONGEST_WAIT), failures: FAILURES_MAX }
    }

    /// Refuses an account that has to wait, at no cost to others.
    pub(crate) async fn refuse_waiting(&self, counted_as: &[u8; 32]) -> Result<()> {
        let failures = self.store().sign_in_failures(counted_as).await?;
        Ok(refuse_waiting(failures.as_ref(), self.now())?)
    }

    /// Counts the attempt as a failure before the password is checked, so that parallel attempts are not all tried. A
    /// success clears it. Returns the number of failures, including this one.
    pub(crate) async fn begin_attempt(&self, counted_as: &[u8; 32]) -> Result<u32> {
        let now = self.now();
        let count = async |tx: &mut Tx| {
            let before = tx.sign_in_failures(counted_as).await?;
            refuse_waiting(before.as_ref(), now)?;
            if before.is_some_and(|f| now.since(f.last_at) >= FORGET_AFTER) {
                tx.clear_sign_in_failures(counted_as).await?;
            }
            let until = |failures| wait_after(failures).map_or(now, |wait| now.plus(wait));
            let after = tx.record_sign_in_failure(counted_as, now, until).await?;
            Ok(after.failures)
        };
        self.write(count).await
    }

    /// Records the first wait of a row of failures. For an e-mail that nobody has, it counts it, in one transaction too:
    /// otherwise a difference in work would reveal which e-mails are known.
    pub(crate) async fn record_block(&self, email: &str, client: &ClientInfo) -> Result<()> {
        let person = self.store().person_by_email(email).await?;
        let Some(person) = person else { return self.count_invented(Invented::Waits, 1).await };
        let caller = Caller::system(client.address);
        let subject = Subject::person(&person.id, &person.email);
        let event = event(&caller, self.now(), Action::SignInBlocked, subject);
        let write = async |tx: &mut Tx| self.record(tx, event).await;
        Ok(self.write(write).await?)
    }

    /// Lets strangers sign in again after the most failures. Shorter waits go on.
    pub(crate) async fn open_account(&self, tx: &mut Tx, email: &str) -> Result<()> {
        let email_mac = self.keyring().email_mac(email);
        let failures = tx.sign_in_failures(&email_mac).await?;
        if failures.is_some_and(|before| before.failures >= FAILURES_MAX) {
            tx.clear_sign_in_failures(&email_mac).await?;
        }
        Ok(())
    }

    /// Forgets failures that no longer count, and what is beyond the bound, in parts.
    pub(crate) async fn tidy_sign_ins(&self, shutdown: &CancellationToken) -> Result<()> {
        self.count_invented(Invented::Waits, 0).await?;
        self.count_invented(Invented::ResetAsks, 0).await?;
        let before = self.now().plus(Millis(-FORGET_AFTER.0));
        while !shutdown.is_cancelled() {
            let prune = async |tx: &mut Tx| tx.prune_sign_in_failures(before, FAILURES_MAX, PRUNED_AT_ONCE).await;
            let shrink = async |tx: &mut Tx| tx.shrink_sign_in_failures(KEPT, PRUNED_AT_ONCE).await;
            if self.write(prune).await? + self.write(shrink).await? == 0 {
                break;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_waits_double_up_to_a_quarter_of_an_hour() {
        let seconds = |failures| wait_after(failures).map(Millis::as_seconds);
        assert_eq!(seconds(0), None);
        assert_eq!(seconds(4), None);
        let first: Vec<_> = (5..=10).filter_map(seconds).collect();
        assert_eq!(first, [1, 2, 4, 8, 16, 32]);
        assert_eq!(seconds(14), Some(512));
        assert_eq!(seconds(15), Some(900));
        assert_eq!(seconds(u32::MAX), Some(900));
    }

    #[test]
    fn a_wait_from_a_clock_that_ran_ahead_is_no_wait() {
        let now = Timestamp::from_millis(1_000_000);
        let until = |by| Failures { failures: 9, blocked_until: now.plus(by), last_at: now };
        let wait = Err(Refusal::Wait { seconds: 2 });
        assert_eq!(refuse_waiting(Some(&until(Millis(1_001))), now), wait);
        assert_eq!(refuse_waiting(Some(&until(Millis(0))), now), Ok(()));
        assert_eq!(refuse_waiting(Some(&until(Millis::hours(1))), now), Ok(()));
        assert_eq!(refuse_waiting(None, now), Ok(()));
    }

    #[test]
    fn the_hundredth_failure_is_the_last_that_is_judged() {
        let now = Timestamp::from_millis(1_000_000);
        let after = |failures| Failures { failures, blocked_until: now, last_at: now };
        assert_eq!(refuse_waiting(Some(&after(99)), now), Ok(()));
        assert_eq!(refuse_waiting(Some(&after(100)), now), Err(Refusal::OnlyKnownBrowsers));
    }
}
