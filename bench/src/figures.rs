//! Figures out of samples.

use std::time::Duration;

/// Latencies of one case.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Latency {
    pub p50: Duration,
    pub p95: Duration,
    pub worst: Duration,
}

impl Latency {
    pub fn of(mut samples: Vec<Duration>) -> Self {
        samples.sort_unstable();
        Self { p50: rank(&samples, 50), p95: rank(&samples, 95), worst: rank(&samples, 100) }
    }
}

/// The smallest sample that this percentage of all samples does not exceed.
fn rank(sorted: &[Duration], percent: usize) -> Duration {
    let place = (sorted.len() * percent).div_ceil(100);
    sorted.get(place.saturating_sub(1)).copied().unwrap_or_default()
}

/// Median, least and most of a few rounds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spread {
    pub median: f64,
    pub least: f64,
    pub most: f64,
}

impl Spread {
    pub fn of(rounds: impl IntoIterator<Item = f64>) -> Self {
        let mut rounds: Vec<f64> = rounds.into_iter().collect();
        rounds.sort_by(f64::total_cmp);
        let at = |place: usize| rounds.get(place).copied().unwrap_or_default();
        Self { median: at(rounds.len() / 2), least: at(0), most: at(rounds.len().saturating_sub(1)) }
    }
}

/// `1.84`
pub(crate) fn millis(time: Duration) -> String {
    format!("{:.2}", time.as_secs_f64() * 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_samples_that_were_met() {
        let latency = Latency::of((1..=200).rev().map(Duration::from_millis).collect());
        assert_eq!(latency.p50, Duration::from_millis(100));
        assert_eq!(latency.p95, Duration::from_millis(190));
        assert_eq!(latency.worst, Duration::from_millis(200));
        assert_eq!(Latency::of(vec![Duration::from_millis(7)]).p95, Duration::from_millis(7));
    }

    #[test]
    fn the_median_of_five_is_the_third() {
        let spread = Spread::of([5.0, 1.0, 4.0, 2.0, 3.0]);
        assert!((spread.median - 3.0).abs() < f64::EPSILON);
        assert!((spread.least - 1.0).abs() < f64::EPSILON && (spread.most - 5.0).abs() < f64::EPSILON);
    }
}
