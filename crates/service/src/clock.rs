//! Where the time comes from.

use std::time::{SystemTime, UNIX_EPOCH};

use domain::timestamp::Timestamp;

/// A source of the present time.
pub trait Clock: Send + Sync {
    /// The present time; it may go backwards when the machine's clock is set.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
        // A clock before 1970 is read as 1970: nothing has begun, nothing has expired wrongly.
        let millis = since_epoch.map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX));
        Timestamp::from_millis(millis)
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
