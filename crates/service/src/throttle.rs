//! Growing waits after failed sign-ins, per e-mail, whether it is known or not.

use domain::{
    audit::{Action, Subject, SubjectKind},
    refusal::{Refusal, wait_seconds},
    timestamp::{Millis, Timestamp},
};
use store::{Failures, Tx};

use crate::{Caller, ClientInfo, Result, Service, service::event};

/// The failure after which the first wait begins.
pub(crate) const FREE_FAILURES: u32 = 5;

/// The longest wait. A longer one would only help an attacker to lock a person out.
pub(crate) const LONGEST_WAIT: Millis = Millis::minutes(15);

/// Failures older than this no longer count.
pub(crate) const FORGET_AFTER: Millis = Millis::hours(24);

/// How long an account waits after this many failures in a row. Starts with one second and doubles.
fn wait_after(failures: u32) -> Option<Millis> {
    let doublings = failures.checked_sub(FREE_FAILURES)?;
    let seconds = 1_i64.checked_shl(doublings.min(40))?;
    Some(Millis::seconds(seconds).min(LONGEST_WAIT))
}

/// Refuses while the wait lasts. A wait longer than the longest one means that the clock was set back.
fn refuse_waiting(failures: Option<&Failures>, now: Timestamp) -> Result<(), Refusal> {
    match failures.map(|f| f.blocked_until) {
        Some(until) if now < until && until.since(now) <= LONGEST_WAIT => {
            Err(Refusal::Wait { seconds: wait_seconds(until, now) })
        }
        _ => Ok(()),
    }
}

impl Service {
    /// Refuses an account that has to wait, at no cost to others.
    pub(crate) async fn refuse_waiting(&self, email_mac: &[u8; 32]) -> Result<()> {
        let failures = self.store().sign_in_failures(email_mac).await?;
        Ok(refuse_waiting(failures.as_ref(), self.now())?)
    }

    /// Counts the attempt as a failure before the password is checked, so that parallel attempts are not all tried. A
    /// success clears it. Returns the number of failures, including this one.
    pub(crate) async fn begin_attempt(&self, email_mac: &[u8; 32]) -> Result<u32> {
        let now = self.now();
        let count = async |tx: &mut Tx| {
            let before = tx.sign_in_failures(email_mac).await?;
            refuse_waiting(before.as_ref(), now)?;
            if before.is_some_and(|f| now.since(f.last_at) >= FORGET_AFTER) {
                tx.clear_sign_in_failures(email_mac).await?;
            }
            let until = |failures| wait_after(failures).map_or(now, |wait| now.plus(wait));
            let after = tx.record_sign_in_failure(email_mac, now, until).await?;
            Ok(after.failures)
        };
        self.write(count).await
    }

    /// Records the first wait of a row of failures, for unknown e-mails too. Otherwise a difference in work would
    /// reveal which e-mails are known.
    pub(crate) async fn record_block(&self, email: &str, client: &ClientInfo) -> Result<()> {
        let person = self.store().person_by_email(email).await?;
        let subject = person.map_or_else(unknown, |person| Subject::person(&person.id, &person.email));
        let caller = Caller::system(client.address);
        let event = event(&caller, self.now(), Action::SignInBlocked, subject);
        let write = async |tx: &mut Tx| self.record(tx, event).await;
        Ok(self.write(write).await?)
    }
}

/// The subject for an unknown e-mail. It does not repeat the input: people type passwords into the wrong field.
fn unknown() -> Subject {
    Subject { kind: SubjectKind::Person, id: String::new(), label: "an unknown e-mail".to_owned(), key_kind: None }
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
}
