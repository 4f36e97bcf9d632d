//! Where the time comes from.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use domain::timestamp::{Millis, Timestamp};

/// A source of the present time.
pub trait Clock: Send + Sync {
    /// The present time. It may go back when somebody sets the machine's clock.
    fn now(&self) -> Timestamp;

    /// The time of a clock that never goes backwards, to measure how much time has passed.
    fn instant(&self) -> Instant;

    /// Corrects the present time from now on: the clock that all servers share shows this much less than this machine's
    /// own. So all of them agree on deadlines and refills.
    fn correct(&self, ahead: Millis);
}

/// The clock of the machine that Keystead runs on.
#[derive(Debug, Default)]
pub struct SystemClock {
    /// How many milliseconds it is ahead of the shared clock.
    ahead: AtomicI64,
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clocks")]
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
        // A clock before 1970 counts as 1970, so that nothing starts or expires wrongly.
        let millis = since_epoch.map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX));
        Timestamp::from_millis(millis).plus(Millis(-self.ahead.load(Ordering::Relaxed)))
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clocks")]
    fn instant(&self) -> Instant {
        Instant::now()
    }

    fn correct(&self, ahead: Millis) {
        self.ahead.store(ahead.0, Ordering::Relaxed);
    }
}

#[cfg(test)]
pub(crate) mod still {
    use std::{sync::Mutex, time::Duration};

    use super::{Clock, Instant, Millis, Timestamp};

    /// A clock that only the test moves.
    #[derive(Debug)]
    pub(crate) struct StillClock {
        begun: Instant,
        passed: Mutex<Duration>,
    }

    impl Default for StillClock {
        #[expect(clippy::disallowed_methods, reason = "an instant cannot be made up")]
        fn default() -> Self {
            Self { begun: Instant::now(), passed: Mutex::default() }
        }
    }

    impl StillClock {
        pub(crate) fn advance(&self, by: Duration) {
            *self.passed.lock().unwrap() += by;
        }
    }

    impl Clock for StillClock {
        fn now(&self) -> Timestamp {
            let passed = self.passed.lock().unwrap().as_millis();
            Timestamp::from_millis(i64::try_from(passed).unwrap())
        }

        fn instant(&self) -> Instant {
            self.begun + *self.passed.lock().unwrap()
        }

        fn correct(&self, _: Millis) {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_clock_is_past_2025() {
        assert!(SystemClock::default().now().millis() > 1_735_689_600_000);
    }

    #[test]
    fn a_corrected_clock_shows_the_shared_time() {
        let (own, corrected) = (SystemClock::default(), SystemClock::default());
        corrected.correct(Millis::minutes(20));
        let behind = own.now().since(corrected.now());
        assert!((behind.0 - Millis::minutes(20).0).abs() < 1_000, "{behind:?}");
    }
}
