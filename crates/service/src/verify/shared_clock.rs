//! One clock for all servers: the database's. A server whose own clock is wrong would drop keys that another has just
//! issued, and refill call quotas twice.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use domain::timestamp::{Millis, Timestamp};

use crate::clock::Clock;

/// A smaller difference is not told from the time that the question took, and is not corrected.
const SMALL: Millis = Millis(250);

/// From here on, somebody should set the clock.
const FAR: Millis = Millis::seconds(5);

/// How far this machine's clock is ahead of the database's, in milliseconds, as last corrected.
#[derive(Debug, Default)]
pub(super) struct SharedClock(AtomicI64);

impl SharedClock {
    /// Compares this machine's clock, already corrected, with the database's. The question began at `ours` and took
    /// `took`.
    pub(super) fn compare(&self, ours: Timestamp, theirs: Timestamp, took: Duration, clock: &dyn Clock) {
        let took = Millis(i64::try_from(took.as_millis()).unwrap_or(i64::MAX));
        let off = ours.plus(Millis(took.0 / 2)).since(theirs);
        if off.0.abs() <= SMALL.0.max(took.0) {
            return;
        }
        let ahead = Millis(self.0.load(Ordering::Relaxed).saturating_add(off.0));
        clock.correct(ahead);
        self.0.store(ahead.0, Ordering::Relaxed);
        if ahead.0.abs() > FAR.0 {
            let seconds = ahead.as_seconds();
            tracing::warn!(
                seconds,
                "this machine's clock is ahead of the database's, or behind it; Keystead goes by that one"
            );
        }
    }

    /// The difference, if it is far.
    pub(super) fn off(&self) -> Option<Millis> {
        let ahead = Millis(self.0.load(Ordering::Relaxed));
        (ahead.0.abs() > FAR.0).then_some(ahead)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(Millis::seconds(seconds).0)
    }

    #[test]
    fn a_clock_that_is_off_is_corrected_once_and_back_again() {
        let (shared, clock) = (SharedClock::default(), SystemClock::default());
        let own = |clock: &SystemClock| clock.now();
        let before = own(&clock);
        shared.compare(at(2_000), at(800), Duration::from_millis(10), &clock);
        assert_eq!(shared.off().map(Millis::as_seconds), Some(1_200));
        assert!(before.since(own(&clock)) > Millis::seconds(1_190));
        // Corrected, it agrees.
        shared.compare(at(801), at(801), Duration::from_millis(10), &clock);
        assert_eq!(shared.off().map(Millis::as_seconds), Some(1_200));
        // Somebody has set it right: corrected, it is behind now.
        shared.compare(at(810), at(2_010), Duration::from_millis(10), &clock);
        assert_eq!(shared.off(), None);
        assert!(own(&clock).since(before) > Millis::seconds(-1));
    }

    #[test]
    fn a_slow_answer_proves_nothing() {
        let (shared, clock) = (SharedClock::default(), SystemClock::default());
        shared.compare(at(100), at(106), Duration::from_secs(8), &clock);
        assert_eq!(shared.off(), None);
    }
}
