//! What verify calls count. It costs a call two additions to memory that no other thread writes at the same time, and the
//! clock is read for one call of sixteen.

use std::{
    cell::Cell,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    time::Instant,
};

use domain::{usage::Edge, verdict::Code};
use prometheus::{Histogram, IntCounter};

use super::{
    families::{Families, Made},
    words::Lookup,
};
use crate::{Error, Result, clock::Clock, verify::Verdict};

/// The label of a call that got no verdict, because the database could not be read.
pub const UNAVAILABLE: &str = "UNAVAILABLE";

/// The upper bounds of the buckets of latency, in seconds.
pub(super) const BOUNDS: [f64; 14] =
    [0.000_05, 0.000_1, 0.000_2, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0];

/// One call of so many is measured.
const MEASURED: u8 = 16;

/// More than a server has threads that decide calls. Beyond that, two threads share one.
const LANES: usize = 16;

const EDGES: usize = Edge::ALL.len();
/// Every code, and the calls that got none.
const CODES: usize = Code::ALL.len() + 1;
const NO_CODE: usize = Code::ALL.len();

/// The counts of one thread, on cache lines of their own.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Lane {
    calls: [[AtomicU64; CODES]; EDGES],
    lookups: [AtomicU64; Lookup::ALL.len()],
}

static NEXT_LANE: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// The lane of this thread, and how many calls ago one was measured.
    static MINE: (usize, Cell<u8>) = (NEXT_LANE.fetch_add(1, Ordering::Relaxed) % LANES, Cell::new(0));
}

/// The counts of verify calls.
#[derive(Debug)]
pub(crate) struct Calls {
    lanes: Box<[Lane; LANES]>,
    seconds: Vec<Histogram>,
    /// What the registry shows of the lanes, as last added up.
    shown: Vec<Vec<IntCounter>>,
    shown_lookups: Vec<IntCounter>,
}

/// What calls have come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sums {
    pub calls: u64,
    pub refused: u64,
    pub unavailable: u64,
}

impl Calls {
    pub(super) fn new(families: Families<'_>) -> Made<Self> {
        let edges: Vec<_> = Edge::ALL.iter().map(|edge| edge.as_str()).collect();
        let codes: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).chain([UNAVAILABLE]).collect();
        let lookups: Vec<_> = Lookup::ALL.iter().map(|outcome| outcome.as_str()).collect();
        Ok(Self {
            lanes: Box::default(),
            seconds: families.histograms(
                (
                    "keystead_verify_seconds",
                    "What deciding about a call takes, without HTTP. One call of 16 is measured, and none that waited for other nodes.",
                ),
                "edge",
                &edges,
                &BOUNDS,
            )?,
            shown: families.table(
                (
                    "keystead_verify_calls_total",
                    "Calls by the way in which they arrived, and by verdict; UNAVAILABLE got none, because the database could not be read.",
                ),
                ["edge", "code"],
                &edges,
                &codes,
            )?,
            shown_lookups: families.counters(
                "keystead_cache_lookups_total",
                "Keys that calls looked for in the cache, found or not.",
                "outcome",
                &lookups,
            )?,
        })
    }

    /// A call begins. Gives the time if it is one that is measured.
    pub(crate) fn begin(clock: &dyn Clock) -> Option<Instant> {
        let measured = MINE.with(|(_, calls)| {
            let n = calls.get();
            calls.set(if n + 1 < MEASURED { n + 1 } else { 0 });
            n == 0
        });
        measured.then(|| clock.instant())
    }

    /// It has ended. One with a mistake in it counts for nothing.
    pub(crate) fn ended(&self, edge: Edge, answer: &Result<Verdict>, begun: Option<Instant>, clock: &dyn Clock) {
        let code = match answer {
            Ok(verdict) => verdict.code as usize,
            Err(Error::Refused(_)) => return,
            Err(_) => NO_CODE,
        };
        let lane = self.mine();
        if let Some(count) = lane.and_then(|lane| lane.calls.get(edge as usize)?.get(code)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        // How long it waited for other nodes says how far its caller is over a limit, not how fast this node is.
        if answer.as_ref().is_ok_and(|verdict| verdict.lacked_room) {
            return;
        }
        if let Some(begun) = begun
            && let Some(seconds) = self.seconds.get(edge as usize)
        {
            seconds.observe(clock.instant().saturating_duration_since(begun).as_secs_f64());
        }
    }

    /// A key was looked for in the cache.
    pub(crate) fn looked_up(&self, outcome: Lookup) {
        if let Some(count) = self.mine().and_then(|lane| lane.lookups.get(outcome as usize)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What calls with this verdict there were, by any way.
    pub(super) fn with_code(&self, code: Code) -> u64 {
        (0..EDGES).map(|edge| self.sum(edge, code as usize)).sum()
    }

    pub(super) fn sums(&self) -> Sums {
        let codes = || Code::ALL.iter().copied();
        let calls = codes().map(|code| self.with_code(code)).sum();
        let refused = codes().filter(|code| *code != Code::Valid).map(|code| self.with_code(code)).sum();
        Sums { calls, refused, unavailable: (0..EDGES).map(|edge| self.sum(edge, NO_CODE)).sum() }
    }

    pub(super) fn lookups(&self, outcome: Lookup) -> u64 {
        let one = |lane: &Lane| lane.lookups.get(outcome as usize).map_or(0, |count| count.load(Ordering::Relaxed));
        self.lanes.iter().map(one).sum()
    }

    pub(super) fn seconds(&self) -> &[Histogram] {
        &self.seconds
    }

    /// Shows what the lanes add up to. One at a time, or a call would be shown twice.
    pub(super) fn show(&self) {
        for (edge, row) in self.shown.iter().enumerate() {
            for (code, counter) in row.iter().enumerate() {
                counter.inc_by(self.sum(edge, code).saturating_sub(counter.get()));
            }
        }
        for (outcome, counter) in Lookup::ALL.iter().zip(&self.shown_lookups) {
            counter.inc_by(self.lookups(*outcome).saturating_sub(counter.get()));
        }
    }

    fn sum(&self, edge: usize, code: usize) -> u64 {
        let one = |lane: &Lane| {
            let count = lane.calls.get(edge).and_then(|codes| codes.get(code));
            count.map_or(0, |count| count.load(Ordering::Relaxed))
        };
        self.lanes.iter().map(one).sum()
    }

    fn mine(&self) -> Option<&Lane> {
        self.lanes.get(MINE.with(|(lane, _)| *lane))
    }
}

#[cfg(test)]
mod tests {
    use prometheus::Registry;

    use super::*;
    use crate::clock::still::StillClock;

    #[test]
    fn calls_of_many_threads_add_up() {
        let registry = Registry::new();
        let calls = Calls::new(Families(&registry)).unwrap();
        let clock = StillClock::default();
        std::thread::scope(|scope| {
            for _ in 0..20 {
                scope.spawn(|| {
                    for _ in 0..32 {
                        let begun = Calls::begin(&clock);
                        let verdict = Ok(Verdict::plain(Code::Revoked));
                        calls.ended(Edge::Authorize, &verdict, begun, &clock);
                        calls.looked_up(Lookup::Hit);
                    }
                });
            }
        });
        assert_eq!(calls.sums(), Sums { calls: 640, refused: 640, unavailable: 0 });
        calls.show();
        calls.show();
        let shown = &calls.shown[Edge::Authorize as usize][Code::Revoked as usize];
        assert_eq!((shown.get(), calls.shown_lookups[0].get()), (640, 640));
        assert_eq!(calls.seconds[Edge::Authorize as usize].get_sample_count(), 40, "two of 32 in each thread");
    }

    #[test]
    fn what_may_have_waited_for_other_nodes_is_counted_and_not_measured() {
        let registry = Registry::new();
        let calls = Calls::new(Families(&registry)).unwrap();
        let clock = StillClock::default();
        let verdict = Ok(Verdict { lacked_room: true, ..Verdict::plain(Code::RateLimited) });
        calls.ended(Edge::Verify, &verdict, Some(clock.instant()), &clock);
        assert_eq!(calls.sums(), Sums { calls: 1, refused: 1, unavailable: 0 });
        assert_eq!(calls.seconds[Edge::Verify as usize].get_sample_count(), 0);
    }

    #[test]
    fn what_got_no_verdict_is_no_verdict_and_a_mistake_counts_for_nothing() {
        let registry = Registry::new();
        let calls = Calls::new(Families(&registry)).unwrap();
        let clock = StillClock::default();
        calls.ended(Edge::Verify, &Err(Error::impossible("a test")), None, &clock);
        calls.ended(Edge::Verify, &Err(domain::refusal::Refusal::Busy.into()), None, &clock);
        assert_eq!(calls.sums(), Sums { calls: 0, refused: 0, unavailable: 1 });
    }
}
