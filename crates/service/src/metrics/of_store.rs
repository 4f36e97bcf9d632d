//! What the store tells: waits, errors and writes.

use std::time::Duration;

use prometheus::{Histogram, IntCounter, IntGauge};
use store::{ErrorKind, Observe, Pool, Written};

use super::{
    Metrics,
    families::{Families, Made, add_one},
};

/// The upper bounds of the buckets of waits, in seconds.
pub(super) const BOUNDS: [f64; 13] =
    [0.000_05, 0.000_1, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];

/// The counts of the store.
#[derive(Debug)]
pub(super) struct StoreCounts {
    waits: Vec<Histogram>,
    errors: Vec<IntCounter>,
    writes: Vec<IntCounter>,
    writer_waiting: IntGauge,
}

impl StoreCounts {
    pub(super) fn new(families: Families<'_>) -> Made<Self> {
        let pools: Vec<_> = Pool::ALL.iter().map(|pool| pool.as_str()).collect();
        let kinds: Vec<_> = ErrorKind::ALL.iter().map(|kind| kind.as_str()).collect();
        let outcomes: Vec<_> = Written::ALL.iter().map(|outcome| outcome.as_str()).collect();
        Ok(Self {
            waits: families.histograms(
                (
                    "keystead_store_wait_seconds",
                    "What callers waited for a connection to the database, and writers for their turn.",
                ),
                "pool",
                &pools,
                &BOUNDS,
            )?,
            errors: families.counters(
                "keystead_store_errors_total",
                "Reads that failed, looks at the database that failed, and writes that it could not begin or end.",
                "kind",
                &kinds,
            )?,
            writes: families.counters(
                "keystead_writes_total",
                "Write transactions, by what became of them.",
                "outcome",
                &outcomes,
            )?,
            writer_waiting: families.count("keystead_writer_waiting", "Changes that wait for their turn to write.")?,
        })
    }

    pub(super) fn waits(&self) -> &[Histogram] {
        &self.waits
    }

    pub(super) fn errors(&self) -> u64 {
        self.errors.iter().map(IntCounter::get).sum()
    }

    pub(super) fn written(&self, outcome: Written) -> u64 {
        self.writes.get(outcome as usize).map_or(0, IntCounter::get)
    }

    pub(super) fn writers_waiting(&self) -> u64 {
        u64::try_from(self.writer_waiting.get()).unwrap_or_default()
    }
}

impl Observe for Metrics {
    fn waited(&self, pool: Pool, time: Duration) {
        if let Some(waits) = self.0.store.waits.get(pool as usize) {
            waits.observe(time.as_secs_f64());
        }
    }

    fn failed(&self, kind: ErrorKind) {
        add_one(&self.0.store.errors, kind as usize);
    }

    fn wrote(&self, outcome: Written) {
        add_one(&self.0.store.writes, outcome as usize);
    }

    fn writers_waiting(&self, more: i64) {
        self.0.store.writer_waiting.add(more);
    }
}
