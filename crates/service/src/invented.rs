//! Waits of e-mails that nobody here has. Strangers invent as many as they like, so the audit gets a number: one event an
//! hour, whatever the number is and however many servers there are.

use domain::{
    audit::{Action, AuditEvent, Subject, SubjectKind},
    page::grouped,
    timestamp::{Millis, Timestamp},
};
use store::Tx;

use crate::{Caller, Result, Service, service::event};

/// The setting that holds when the last event was recorded, in milliseconds, and how many waits began since.
const SETTING: &str = "invented_sign_ins";

/// One event at most in this time.
const EVERY: Millis = Millis::hours(1);

impl Service {
    /// Counts waits that began, and records an event with their number if it is time for one.
    pub(crate) async fn count_invented(&self, more: u64) -> Result<()> {
        let count = async |tx: &mut Tx| {
            let now = self.now();
            let before = tx.setting(SETTING).await?;
            let (last, waits) = before.as_deref().and_then(parse).unwrap_or((None, 0));
            let waits = waits.saturating_add(more);
            // A time in the future comes from a wrong clock.
            let too_soon = last.is_some_and(|last| (Millis(0)..EVERY).contains(&now.since(last)));
            if waits == 0 || (too_soon && more == 0) {
                return Ok(());
            }
            if too_soon {
                return tx.put_setting(SETTING, &text(last, waits)).await;
            }
            tx.put_setting(SETTING, &text(Some(now), 0)).await?;
            self.record(tx, invented(waits, now)).await
        };
        Ok(self.write(count).await?)
    }
}

fn parse(text: &str) -> Option<(Option<Timestamp>, u64)> {
    let (last, waits) = text.split_once(' ')?;
    Some((last.parse().ok().map(Timestamp::from_millis), waits.parse().ok()?))
}

fn text(last: Option<Timestamp>, waits: u64) -> String {
    format!("{} {waits}", last.map_or_else(|| "-".to_owned(), |last| last.millis().to_string()))
}

/// It repeats no input: people type passwords into the wrong field.
fn invented(waits: u64, now: Timestamp) -> AuditEvent {
    let label = "unknown e-mails".to_owned();
    let subject = Subject { kind: SubjectKind::Person, id: String::new(), label, key_kind: None };
    let note = if waits == 1 { "1 wait began".to_owned() } else { format!("{} waits began", grouped(waits)) };
    AuditEvent { note: Some(note), ..event(&Caller::system(None), now, Action::SignInBlocked, subject) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_read_as_it_was_written() {
        for (last, waits) in
            [(None, 0), (None, 7), (Some(Timestamp::from_millis(-5)), 1), (Some(Timestamp::from_millis(9)), u64::MAX)]
        {
            assert_eq!(parse(&text(last, waits)), Some((last, waits)));
        }
        assert_eq!(parse(""), None);
        assert_eq!(parse("7"), None);
    }
}
