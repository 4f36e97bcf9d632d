//! How often the log has a line that anybody can cause.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Lets one line pass in each stretch of time.
#[derive(Debug)]
pub(crate) struct Seldom {
    every: Duration,
    last: Mutex<Option<Instant>>,
}

impl Seldom {
    pub const fn every(every: Duration) -> Self {
        Self { every, last: Mutex::new(None) }
    }

    /// Whether a line is due. If so, the next one waits.
    #[expect(clippy::disallowed_methods, reason = "only for how often the log has a line")]
    pub fn due(&self) -> bool {
        let now = Instant::now();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let due = last.is_none_or(|last| now.duration_since(last) >= self.every);
        if due {
            *last = Some(now);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_passes_in_each_stretch() {
        let once = Seldom::every(Duration::MAX);
        assert!(once.due());
        assert!(!once.due());
        let always = Seldom::every(Duration::ZERO);
        assert!(always.due() && always.due());
    }
}
