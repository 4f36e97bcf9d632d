//! What this node did in the last hour, in memory: a sample every ten seconds.

use std::{
    collections::VecDeque,
    sync::Mutex,
    time::{Duration, Instant},
};

use domain::status::Sample;
use prometheus::{Histogram, core::Metric, proto::Bucket};

use super::{
    Metrics, float, of_process, of_store,
    verify::{self, Sums},
};
use crate::{Service, verify::shards::lock};

/// How often a sample is taken.
pub(crate) const SAMPLE_EVERY: Duration = Duration::from_secs(10);

/// How many are kept: an hour.
const KEPT: usize = 360;

/// The samples, and what there was at the last one.
#[derive(Debug, Default)]
pub(super) struct Recent(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    samples: VecDeque<Sample>,
    before: Option<Totals>,
}

/// What everything had come to at a moment.
#[derive(Debug, Clone)]
struct Totals {
    at: Instant,
    calls: Sums,
    console: u64,
    verify: Vec<u64>,
    waits: Vec<u64>,
}

impl Recent {
    /// The samples, oldest first.
    pub(super) fn samples(&self) -> Vec<Sample> {
        lock(&self.0).samples.iter().copied().collect()
    }

    /// Adds what happened since the last totals to a sample of this moment. The first time, there is nothing to compare.
    fn add(&self, totals: Totals, moment: Sample) {
        let mut kept = lock(&self.0);
        if let Some(before) = &kept.before {
            let sample = totals.since(before, moment);
            if kept.samples.len() == KEPT {
                kept.samples.pop_front();
            }
            kept.samples.push_back(sample);
        }
        kept.before = Some(totals);
    }
}

impl Totals {
    fn since(&self, before: &Self, moment: Sample) -> Sample {
        let seconds = self.at.saturating_duration_since(before.at).as_secs_f64().max(0.001);
        let rate = |now: u64, before: u64| float(now.saturating_sub(before)) / seconds;
        let verify = step(&self.verify, &before.verify);
        let waits = step(&self.waits, &before.waits);
        Sample {
            calls: rate(self.calls.calls, before.calls.calls),
            refused: rate(self.calls.refused, before.calls.refused),
            unreadable: rate(self.calls.unavailable, before.calls.unavailable),
            console_requests: rate(self.console, before.console),
            verify_median: quantile(&verify, &verify::BOUNDS, 0.5),
            verify_p99: quantile(&verify, &verify::BOUNDS, 0.99),
            store_wait_p99: quantile(&waits, &of_store::BOUNDS, 0.99),
            ..moment
        }
    }
}

impl Metrics {
    fn totals(&self, at: Instant) -> Totals {
        Totals {
            at,
            calls: self.0.calls.sums(),
            console: self.console_count(),
            verify: counts(self.0.calls.seconds()),
            waits: counts(self.0.store.waits()),
        }
    }
}

impl Service {
    /// Takes a sample of the last ten seconds. [`Service::run`] does it.
    pub(crate) fn sample(&self) {
        let metrics = self.metrics();
        let age = self.verifier().freshness_age().as_secs_f64();
        let moment = Sample::idle(self.now(), age, of_process::resident_bytes());
        metrics.0.recent.add(metrics.totals(self.instant()), moment);
    }
}

/// For each bound, how many observations were at most that much; then how many there were in all.
fn counts(histograms: &[Histogram]) -> Vec<u64> {
    let mut sums: Vec<u64> = Vec::new();
    for histogram in histograms {
        let metric = histogram.metric();
        let seen = metric.get_histogram();
        let buckets = seen.get_bucket().iter().filter(|bucket| bucket.upper_bound().is_finite());
        let all = buckets.map(Bucket::cumulative_count).chain([seen.get_sample_count()]);
        for (place, count) in all.enumerate() {
            match sums.get_mut(place) {
                Some(sum) => *sum += count,
                None => sums.push(count),
            }
        }
    }
    sums
}

fn step(now: &[u64], before: &[u64]) -> Vec<u64> {
    now.iter().zip(before).map(|(now, before)| now.saturating_sub(*before)).collect()
}

/// The value that this part of the observations does not exceed, as far as buckets tell; `None` without observations.
fn quantile(counts: &[u64], bounds: &[f64], part: f64) -> Option<f64> {
    let all = *counts.last()?;
    if all == 0 {
        return None;
    }
    let rank = part * float(all);
    let (mut lower, mut below) = (0.0, 0);
    for (bound, count) in bounds.iter().zip(counts) {
        if float(*count) >= rank {
            let within = float(count.saturating_sub(below).max(1));
            return Some(lower + (bound - lower) * ((rank - float(below)) / within).clamp(0.0, 1.0));
        }
        (lower, below) = (*bound, *count);
    }
    Some(lower)
}

#[cfg(test)]
mod tests {
    use domain::timestamp::Timestamp;

    use super::*;

    #[test]
    fn a_quantile_is_within_its_bucket() {
        let bounds = [1.0, 2.0, 4.0];
        assert_eq!(quantile(&[0, 0, 0, 0], &bounds, 0.5), None);
        assert_eq!(quantile(&[], &bounds, 0.5), None);
        assert_eq!(quantile(&[10, 10, 10, 10], &bounds, 0.5), Some(0.5));
        assert_eq!(quantile(&[0, 10, 10, 10], &bounds, 0.5), Some(1.5));
        assert_eq!(quantile(&[50, 90, 99, 100], &bounds, 0.99), Some(4.0));
        assert_eq!(quantile(&[0, 0, 0, 5], &bounds, 0.5), Some(4.0), "beyond the last bound nothing is known");
    }

    #[test]
    fn an_hour_is_kept_and_each_sample_is_of_its_step() {
        let recent = Recent::default();
        let metrics = Metrics::unread().unwrap();
        let begun = metrics.0.begun;
        let moment = Sample::idle(Timestamp::from_millis(0), 0.25, 1);
        for n in 0..KEPT + 5 {
            let mut totals = metrics.totals(begun + SAMPLE_EVERY * u32::try_from(n).unwrap());
            totals.calls.calls = 20 * u64::try_from(n).unwrap();
            recent.add(totals, moment);
        }
        let samples = recent.samples();
        assert_eq!(samples.len(), KEPT);
        assert!(samples.iter().all(|sample| (sample.calls - 2.0).abs() < 1e-9 && sample.verify_p99.is_none()));
    }
}
