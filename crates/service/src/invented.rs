//! What strangers do with e-mails of nobody who may sign in. They invent as many as they like, so the audit gets a number: one
//! event an hour, whatever the number is and however many servers there are.

use domain::{
    audit::{Action, AuditEvent, Subject, SubjectKind},
    page::grouped,
    timestamp::{Millis, Timestamp},
};
use store::{StoreError, Tx};

use crate::{Caller, Result, Service, service::event};

/// One event at most in this time.
const EVERY: Millis = Millis::hours(1);

/// What is counted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Invented {
    /// Waits that began after failed sign-ins.
    Waits,
    /// Reset links that were asked for.
    ResetAsks,
}

impl Invented {
    /// The setting that holds when the last event was recorded, in milliseconds, and how many came since.
    const fn setting(self) -> &'static str {
        match self {
            Self::Waits => "invented_sign_ins",
            Self::ResetAsks => "invented_reset_asks",
        }
    }

    const fn action(self) -> Action {
        match self {
            Self::Waits => Action::SignInBlocked,
            Self::ResetAsks => Action::ResetAsked,
        }
    }

    fn note(self, count: u64) -> String {
        let (one, several) = match self {
            Self::Waits => ("wait began", "waits began"),
            Self::ResetAsks => ("link was asked for", "links were asked for"),
        };
        if count == 1 { format!("1 {one}") } else { format!("{} {several}", grouped(count)) }
    }

    /// It repeats no input: people type passwords into the wrong field.
    fn event(self, count: u64, now: Timestamp) -> AuditEvent {
        let label = "unknown e-mails".to_owned();
        let subject = Subject { kind: SubjectKind::Person, id: String::new(), label, key_kind: None };
        AuditEvent { note: Some(self.note(count)), ..event(&Caller::system(None), now, self.action(), subject) }
    }
}

impl Service {
    /// Counts more of them, and records an event with their number if it is time for one.
    pub(crate) async fn count_invented(&self, what: Invented, more: u64) -> Result<()> {
        let count = async |tx: &mut Tx| self.count_more_invented(tx, what, more).await;
        Ok(self.write(count).await?)
    }

    /// The same in a transaction.
    pub(crate) async fn count_more_invented(&self, tx: &mut Tx, what: Invented, more: u64) -> Result<(), StoreError> {
        let now = self.now();
        let before = tx.setting(what.setting()).await?;
        let (last, count) = before.as_deref().and_then(parse).unwrap_or((None, 0));
        let count = count.saturating_add(more);
        // A time in the future comes from a wrong clock.
        let too_soon = last.is_some_and(|last| (Millis(0)..EVERY).contains(&now.since(last)));
        if count == 0 || (too_soon && more == 0) {
            return Ok(());
        }
        if too_soon {
            return tx.put_setting(what.setting(), &text(last, count)).await;
        }
        tx.put_setting(what.setting(), &text(Some(now), 0)).await?;
        self.record(tx, what.event(count, now)).await
    }
}

fn parse(text: &str) -> Option<(Option<Timestamp>, u64)> {
    let (last, count) = text.split_once(' ')?;
    Some((last.parse().ok().map(Timestamp::from_millis), count.parse().ok()?))
}

fn text(last: Option<Timestamp>, count: u64) -> String {
    format!("{} {count}", last.map_or_else(|| "-".to_owned(), |last| last.millis().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_read_as_it_was_written() {
        for (last, count) in
            [(None, 0), (None, 7), (Some(Timestamp::from_millis(-5)), 1), (Some(Timestamp::from_millis(9)), u64::MAX)]
        {
            assert_eq!(parse(&text(last, count)), Some((last, count)));
        }
        assert_eq!(parse(""), None);
        assert_eq!(parse("7"), None);
    }

    #[test]
    fn the_record_has_their_number_in_words() {
        assert_eq!(Invented::Waits.note(1), "1 wait began");
        assert_eq!(Invented::ResetAsks.note(1), "1 link was asked for");
        assert_eq!(Invented::ResetAsks.note(1_200), "1,200 links were asked for");
    }
}
