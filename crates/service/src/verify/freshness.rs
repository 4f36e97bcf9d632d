//! Whether cached keys can still be trusted.
//! Every change of a key bumps the version row in its own transaction. This process compares the row with the version
//! that its cache reflects. A difference means that another process has changed something.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use crate::clock::Clock;

/// How often the version row is read.
pub(crate) const POLL_EVERY: Duration = Duration::from_millis(250);

/// A cache that was not confirmed for this long is not trusted: each call asks the store.
const BELIEVED_FOR: Duration = Duration::from_secs(1);

/// The version that the cache reflects, and when that was last confirmed.
pub(crate) struct Freshness {
    clock: Arc<dyn Clock>,
    start: Instant,
    version: AtomicI64,
    /// Milliseconds after `start`, plus one; 0 = never.
    confirmed: AtomicU64,
}

/// When the store was asked, and the version that was known then.
pub(crate) struct Asking {
    pub(crate) at: Instant,
    version: i64,
}

impl Freshness {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        let start = clock.instant();
        Self { clock, start, version: AtomicI64::new(-1), confirmed: AtomicU64::new(0) }
    }

    /// Whether the cache was confirmed within the last second.
    pub(crate) fn is_fresh(&self) -> bool {
        let confirmed = self.confirmed.load(Ordering::Acquire);
        let age = self.millis(self.clock.instant()).saturating_sub(confirmed);
        confirmed > 0 && u128::from(age) < BELIEVED_FOR.as_millis()
    }

    /// How long ago the cache was last confirmed, or this process began.
    pub(crate) fn age(&self) -> Duration {
        let confirmed = self.confirmed.load(Ordering::Acquire);
        Duration::from_millis(self.millis(self.clock.instant()).saturating_sub(confirmed))
    }

    /// What is known before the store is asked.
    pub(crate) fn asking(&self) -> Asking {
        Asking { at: self.clock.instant(), version: self.version.load(Ordering::Acquire) }
    }

    /// Takes the version that the store returned to a question. Runs `forget` before it trusts a version that this process
    /// did not make. Only one poller may call it at a time.
    pub(crate) fn polled(&self, version: i64, asked: &Asking, forget: impl FnOnce()) {
        let accounted = self.version.load(Ordering::Acquire);
        if version != accounted {
            // This process may have made newer ones while the answer was under way.
            if version < asked.version {
                tracing::error!(
                    was = asked.version,
                    now = version,
                    "the database went back and has lost changes: it was restored, or another server took over"
                );
            }
            forget();
            // This process may have made a change in the meantime. Then the next poll finds a difference and clears the
            // cache once more, which costs only a few reads.
            self.version.store(version, Ordering::Release);
        }
        // Use the time of the question, not of the answer: a change may have come in between.
        self.confirmed.store(self.millis(asked.at), Ordering::Release);
    }

    /// Believes nothing until the next poll: whatever is cached may follow rules that this release does not know.
    pub(crate) fn distrust(&self) {
        self.confirmed.store(0, Ordering::Release);
    }

    /// Notes that this process made `version` and removed the changed key from the cache. If another process made a
    /// change in between, the next poll still finds the difference.
    pub(crate) fn made(&self, version: i64) {
        let _ = self.version.compare_exchange(version - 1, version, Ordering::AcqRel, Ordering::Acquire);
    }

    fn millis(&self, at: Instant) -> u64 {
        let since = at.saturating_duration_since(self.start).as_millis();
        u64::try_from(since).unwrap_or(u64::MAX - 1) + 1
    }
}

impl fmt::Debug for Freshness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Freshness").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::io;
    use std::sync::Mutex;

    use super::*;
    use crate::clock::still::StillClock;

    fn poll(freshness: &Freshness, version: i64) -> bool {
        let forgot = Cell::new(false);
        freshness.polled(version, &freshness.asking(), || forgot.set(true));
        forgot.get()
    }

    #[test]
    fn nothing_is_believed_before_the_first_poll_nor_a_second_after_the_last() {
        let clock = Arc::new(StillClock::default());
        let freshness = Freshness::new(Arc::clone(&clock) as Arc<dyn Clock>);
        assert!(!freshness.is_fresh());
        freshness.polled(3, &freshness.asking(), || ());
        clock.advance(BELIEVED_FOR.checked_sub(Duration::from_millis(1)).unwrap());
        assert!(freshness.is_fresh());
        clock.advance(Duration::from_millis(1));
        assert!(!freshness.is_fresh());
    }

    #[test]
    fn distrust_lasts_until_the_next_poll() {
        let freshness = Freshness::new(Arc::new(StillClock::default()));
        poll(&freshness, 3);
        freshness.distrust();
        assert!(!freshness.is_fresh());
        assert!(!poll(&freshness, 3), "the same keys hold again");
        assert!(freshness.is_fresh());
    }

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_database_that_went_back_is_an_error_in_the_log() {
        let freshness = Freshness::new(Arc::new(StillClock::default()));
        let written = Written::default();
        let log = || String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        let writer = written.clone();
        let lines = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
        tracing::subscriber::with_default(lines, || {
            for version in [3, 3, 7] {
                poll(&freshness, version);
            }
            // A change of this process overtook the answer.
            let asking = freshness.asking();
            freshness.made(8);
            freshness.polled(7, &asking, || ());
            assert!(poll(&freshness, 8));
            assert_eq!(log(), "");
            assert!(poll(&freshness, 6), "nothing that is cached may hold");
        });
        let log = log();
        assert!(log.contains("ERROR") && log.contains("has lost changes") && log.contains("was=8 now=6"), "{log}");
    }

    #[test]
    fn own_changes_keep_the_cache_and_others_clear_it() {
        let freshness = Freshness::new(Arc::new(StillClock::default()));
        assert!(poll(&freshness, 3));
        assert!(!poll(&freshness, 3));
        freshness.made(4);
        assert!(!poll(&freshness, 4));
        assert!(poll(&freshness, 5), "another process made 5");
        freshness.made(7);
        assert!(poll(&freshness, 7), "another process made 6");
        assert!(poll(&freshness, 2), "the database was put back");
    }
}
