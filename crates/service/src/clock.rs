//! Where the time comes from.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use domain::timestamp::Timestamp;

/// A source of the present time.
pub trait Clock: Send + Sync {
    /// The present time. It may go back when somebody sets the machine's clock.
    fn now(&self) -> Timestamp;

    /// The time of a clock that never goes backwards, to measure how much time has passed.
    fn instant(&self) -> Instant;
}

/// The clock of the machine that Keystead runs on.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clocks")]
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
        // A clock before 1970 counts as 1970, so that nothing starts or expires wrongly.
        let millis = since_epoch.map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX));
        Timestamp::from_millis(millis)
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clocks")]
    fn instant(&self) -> Instant {
        Instant::now()
    }
}

#[cfg(test)]
pub(crate) mod still {
    use std::{sync::Mutex, time::Duration};

    use super::{Clock, Instant, Timestamp};

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
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_clock_is_past_2025() {
        assert!(SystemClock.now().millis() > 1_735_689_600_000);
    }
}
