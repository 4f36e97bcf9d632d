//! The last hour of a node in steps of two minutes, made of its samples of ten seconds.

use domain::page::grouped;
use domain::status::Sample;
use domain::timestamp::{Millis, Timestamp};

/// How many steps there are, and how long each is.
const STEPS: i64 = 30;
const STEP: Millis = Millis::minutes(2);

/// Two minutes.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    pub starts: Timestamp,
    /// What the node did; `None` if nobody measured.
    pub did: Option<Sample>,
}

/// The steps up to this moment, oldest first.
pub fn steps(samples: &[Sample], now: Timestamp) -> Vec<Step> {
    let last = now.millis() - now.millis().rem_euclid(STEP.0);
    (0..STEPS)
        .map(|n| {
            let starts = Timestamp::from_millis(last).plus(Millis(-STEP.0 * (STEPS - 1 - n)));
            let ends = starts.plus(STEP);
            // A sample has the time of its end.
            let of_step: Vec<_> = samples.iter().filter(|sample| sample.at > starts && sample.at <= ends).collect();
            Step { starts, did: merged(&of_step) }
        })
        .collect()
}

/// Several samples as one: the mean of what is counted by the second, and the worst of what is measured.
fn merged(samples: &[&Sample]) -> Option<Sample> {
    let last = samples.last()?;
    let count = u32::try_from(samples.len()).map_or(1.0, f64::from);
    let mean = |of: fn(&Sample) -> f64| samples.iter().map(|sample| of(sample)).sum::<f64>() / count;
    let worst = |of: fn(&Sample) -> Option<f64>| samples.iter().filter_map(|sample| of(sample)).reduce(f64::max);
    Some(Sample {
        at: last.at,
        calls: mean(|sample| sample.calls),
        refused: mean(|sample| sample.refused),
        unreadable: mean(|sample| sample.unreadable),
        verify_median: worst(|sample| sample.verify_median),
        verify_p99: worst(|sample| sample.verify_p99),
        store_wait_p99: worst(|sample| sample.store_wait_p99),
        freshness_age: worst(|sample| Some(sample.freshness_age)).unwrap_or_default(),
        resident_bytes: samples.iter().map(|sample| sample.resident_bytes).max().unwrap_or_default(),
        console_requests: mean(|sample| sample.console_requests),
    })
}

/// What a picture counts in, so that its bars are whole numbers, and how people read such a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Hundredths of one a second.
    Rate,
    /// Microseconds.
    Time,
    /// Bytes.
    Memory,
}

impl Unit {
    /// A figure in this unit: of times a second, of seconds, or of bytes.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "what does not fit is cut to what does"
    )]
    pub fn of(self, figure: f64) -> u64 {
        let fine = match self {
            Self::Rate => figure * 100.0,
            Self::Time => figure * 1_000_000.0,
            Self::Memory => figure,
        };
        // What happens at all is seen.
        if fine > 0.0 { fine.round().max(1.0) as u64 } else { 0 }
    }

    /// The number for people, without more digits than they read.
    pub fn words(self, number: u64) -> String {
        match self {
            Self::Rate => decimal(number, 100),
            Self::Time if number < 1_000 => format!("{number} µs"),
            Self::Time if number < 1_000_000 => format!("{} ms", decimal(number, 1_000)),
            Self::Time => format!("{} s", decimal(number, 1_000_000)),
            Self::Memory if number < 1_000_000 => format!("{} kB", decimal(number, 1_000)),
            Self::Memory => format!("{} MB", decimal(number, 1_000_000)),
        }
    }
}

/// A number of parts of a whole: below ten with two digits behind the point, below a hundred with one.
fn decimal(number: u64, parts: u64) -> String {
    let (whole, rest) = (number / parts, number % parts);
    let digits = match whole {
        0..10 => 2,
        10..100 => 1,
        _ => 0,
    };
    let hundredths = format!("{:02}", u128::from(rest) * 100 / u128::from(parts.max(1)));
    let shown = hundredths.get(..digits).unwrap_or_default().trim_end_matches('0');
    if shown.is_empty() { grouped(whole) } else { format!("{}.{shown}", grouped(whole)) }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A sample that ends so many seconds after the epoch.
    pub fn sample(at: i64) -> Sample {
        Sample::idle(Timestamp::from_millis(at * 1_000), 0.1, 30_000_000)
    }

    #[test]
    fn samples_are_merged_in_the_step_in_which_they_end() {
        let samples = [
            Sample { calls: 9.0, ..sample(7_200) },
            Sample { calls: 4.0, verify_p99: Some(0.002), ..sample(7_210) },
            Sample { calls: 2.0, verify_p99: Some(0.001), resident_bytes: 31_000_000, ..sample(7_320) },
        ];
        let steps = steps(&samples, Timestamp::from_millis(7_325_000));
        assert_eq!(steps.len(), 30);
        let measured: Vec<_> =
            steps.iter().filter(|step| step.did.is_some()).map(|step| step.starts.millis()).collect();
        assert_eq!(measured, [7_080_000, 7_200_000]);
        let last = steps[28].did.unwrap();
        assert_eq!((last.calls, last.verify_p99, last.resident_bytes), (3.0, Some(0.002), 31_000_000));
        assert_eq!(steps[29], Step { starts: Timestamp::from_millis(7_320_000), did: None });
        assert!(super::steps(&[], Timestamp::from_millis(0)).iter().all(|step| step.did.is_none()));
    }

    #[test]
    fn figures_are_written_as_people_read_them() {
        for (unit, figure, words) in [
            (Unit::Rate, 0.0, "0"),
            (Unit::Rate, 0.000_1, "0.01"),
            (Unit::Rate, 0.1, "0.1"),
            (Unit::Rate, 12.34, "12.3"),
            (Unit::Rate, 250_000.4, "250,000"),
            (Unit::Time, 0.000_05, "50 µs"),
            (Unit::Time, 0.002_5, "2.5 ms"),
            (Unit::Time, 0.25, "250 ms"),
            (Unit::Time, 1.0, "1 s"),
            (Unit::Memory, 0.0, "0 kB"),
            (Unit::Memory, 30_500_000.0, "30.5 MB"),
            (Unit::Memory, 1_200_000_000.0, "1,200 MB"),
        ] {
            assert_eq!(unit.words(unit.of(figure)), words);
        }
        assert_eq!(Unit::Rate.of(-1.0), 0);
        assert_eq!(Unit::Rate.of(f64::NAN), 0);
        assert_eq!(Unit::Time.of(f64::INFINITY), u64::MAX);
    }
}
