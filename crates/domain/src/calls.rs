//! Calls over time, as charts show them.

use serde::{Deserialize, Serialize};

use crate::timestamp::{Millis, Timestamp};
use crate::usage::{HourCalls, RefusedCall};
use crate::verdict::Code;

names! {
    /// How far back a chart goes.
    #[derive(Default)]
    pub enum Span {
        #[default]
        Day = "24h",
        TwoDays = "48h",
        Week = "7d",
        Month = "30d",
    }
}

impl Span {
    /// What the dashboard offers.
    pub const OF_ALL_KEYS: [Self; 3] = [Self::Day, Self::Week, Self::Month];
    /// What the page of a key offers.
    pub const OF_ONE_KEY: [Self; 3] = [Self::TwoDays, Self::Week, Self::Month];

    /// The name that people see.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Day => "24 hours",
            Self::TwoDays => "48 hours",
            Self::Week => "7 days",
            Self::Month => "30 days",
        }
    }

    const fn length(self) -> Millis {
        match self {
            Self::Day => Millis::hours(24),
            Self::TwoDays => Millis::hours(48),
            Self::Week => Millis::days(7),
            Self::Month => Millis::days(30),
        }
    }

    /// How much time one bar covers: whole hours.
    pub const fn step(self) -> Millis {
        match self {
            Self::Day | Self::TwoDays => Millis::hours(1),
            Self::Week => Millis::hours(6),
            Self::Month => Millis::days(1),
        }
    }

    /// The start of the bar that a moment belongs to, in milliseconds since 1970.
    fn start(self, at: Timestamp) -> i64 {
        at.millis().saturating_sub(at.millis().rem_euclid(self.step().0))
    }

    /// The start of the first bar, in milliseconds since 1970. Counts are kept by the hour, so the first bar reaches a
    /// little further back than the span.
    pub fn first(self, now: Timestamp) -> i64 {
        self.start(now.plus(Millis(-self.length().0)))
    }
}

/// What a key's page shows of its calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyCalls {
    /// How far back they go.
    pub span: Span,
    /// The calls, oldest first, including periods without calls.
    pub periods: Vec<Period>,
    /// The last refused calls, newest first.
    pub refusals: Vec<RefusedCall>,
}

impl KeyCalls {
    /// Whether a use at this moment is in no count. A call of Keystead's own API only marks its key as used: a check counts
    /// for the key that it asks about.
    pub fn leave_out(&self, used: Timestamp) -> bool {
        self.periods.iter().any(|period| period.has(used) && period.all() == 0)
    }
}

/// The calls of one bar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    /// When it starts.
    pub starts: Timestamp,
    /// When the next one starts.
    pub ends: Timestamp,
    /// How many calls were accepted.
    pub accepted: u64,
    /// How many calls were refused, by verdict.
    pub refused: Vec<(Code, u64)>,
}

impl Period {
    /// The number of refused calls, whatever their verdict; stops at `u64::MAX`.
    pub fn all_refused(&self) -> u64 {
        self.refused.iter().fold(0, |sum, (_, calls)| sum.saturating_add(*calls))
    }

    /// The number of calls, accepted and refused; stops at `u64::MAX`.
    pub fn all(&self) -> u64 {
        self.accepted.saturating_add(self.all_refused())
    }

    /// Whether a moment is within.
    pub fn has(&self, at: Timestamp) -> bool {
        (self.starts..self.ends).contains(&at)
    }

    fn add(&mut self, code: Code, calls: u64) {
        if code == Code::Valid {
            self.accepted = self.accepted.saturating_add(calls);
            return;
        }
        match self.refused.iter_mut().find(|(known, _)| *known == code) {
            Some((_, sum)) => *sum = sum.saturating_add(calls),
            None => self.refused.push((code, calls)),
        }
    }
}

/// Sorts counts into the bars of a span, and skips all others.
pub fn by_period(calls: &[HourCalls], span: Span, now: Timestamp) -> Vec<Period> {
    let (first, step) = (span.first(now), span.step());
    let bars = span.start(now).saturating_sub(first) / step.0 + 1;
    let mut periods: Vec<Period> = (0..bars)
        .map(|n| {
            let starts = Timestamp::from_millis(first).plus(Millis(n.saturating_mul(step.0)));
            Period { starts, ends: starts.plus(step), accepted: 0, refused: Vec::new() }
        })
        .collect();
    for counted in calls {
        let place = usize::try_from(counted.hour.saturating_sub(first).div_euclid(step.0)).ok();
        if let Some(period) = place.and_then(|place| periods.get_mut(place)) {
            period.add(counted.code, counted.calls);
        }
    }
    periods
}

/// The sum of some periods.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sum {
    /// How many calls were accepted.
    pub accepted: u64,
    /// How many calls were refused.
    pub refused: u64,
    /// The refused calls by verdict, most first.
    pub reasons: Vec<(Code, u64)>,
}

/// Adds up periods; each number stops at `u64::MAX`.
pub fn sum<'a>(periods: impl IntoIterator<Item = &'a Period>) -> Sum {
    let start = Timestamp::from_millis(0);
    let mut all = Period { starts: start, ends: start, accepted: 0, refused: Vec::new() };
    for period in periods {
        all.add(Code::Valid, period.accepted);
        period.refused.iter().for_each(|(code, calls)| all.add(*code, *calls));
    }
    all.refused.sort_by_key(|(code, calls)| (std::cmp::Reverse(*calls), code.as_str()));
    Sum { accepted: all.accepted, refused: all.all_refused(), reasons: all.refused }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_input(text).unwrap()
    }

    fn calls(hour: &str, code: Code, calls: u64) -> HourCalls {
        HourCalls { hour: at(hour).millis(), code, calls }
    }

    #[test]
    fn counts_are_in_their_hours_and_the_current_one_is_the_last() {
        let now = at("2026-11-21T09:30");
        let counted = [
            calls("2026-11-19T08:00", Code::Valid, 7),
            calls("2026-11-19T09:00", Code::Valid, 1),
            calls("2026-11-21T09:00", Code::Valid, 5),
            calls("2026-11-21T09:00", Code::Expired, u64::MAX),
            calls("2026-11-21T09:00", Code::RateLimited, 3),
            calls("2026-11-21T10:00", Code::Valid, 9),
        ];
        let periods = by_period(&counted, Span::TwoDays, now);
        assert_eq!(periods.len(), 49);
        assert_eq!(Span::TwoDays.first(now), at("2026-11-19T09:00").millis());
        let (first, last) = (periods.first().unwrap(), periods.last().unwrap());
        assert_eq!((first.starts, first.ends), (at("2026-11-19T09:00"), at("2026-11-19T10:00")));
        assert_eq!((first.accepted, first.all()), (1, 1));
        assert_eq!((last.starts, last.accepted), (at("2026-11-21T09:00"), 5));
        assert_eq!(last.refused, [(Code::Expired, u64::MAX), (Code::RateLimited, 3)]);
        assert_eq!((last.all_refused(), last.all()), (u64::MAX, u64::MAX));
        assert_eq!(periods.iter().filter(|period| period.all() > 0).count(), 2);
        assert!(last.has(now) && !last.has(last.ends) && !first.has(now));
    }

    #[test]
    fn a_use_is_left_out_if_nothing_was_counted_beside_it() {
        let now = at("2026-11-21T09:30");
        let counted = [calls("2026-11-20T08:00", Code::Valid, 1), calls("2026-11-21T08:00", Code::Expired, 1)];
        let periods = by_period(&counted, Span::TwoDays, now);
        let calls = KeyCalls { span: Span::TwoDays, periods, refusals: Vec::new() };
        for used in ["2026-11-21T09:30", "2026-11-20T09:00"] {
            assert!(calls.leave_out(at(used)), "{used}");
        }
        for used in ["2026-11-20T08:59", "2026-11-21T08:00", "2026-11-18T09:00"] {
            assert!(!calls.leave_out(at(used)), "{used}");
        }
    }

    #[test]
    fn a_longer_span_has_longer_bars() {
        let now = at("2026-11-21T09:30");
        let counted = [calls("2026-11-21T06:00", Code::Valid, 2), calls("2026-11-21T09:00", Code::Valid, 3)];
        for (span, bars, starts) in
            [(Span::Day, 25, "2026-11-21T09:00"), (Span::Week, 29, "2026-11-21T06:00"), (Span::Month, 31, "2026-11-21")]
        {
            let periods = by_period(&counted, span, now);
            let last = periods.last().unwrap();
            assert_eq!((periods.len(), last.starts), (bars, at(starts)), "{span:?}");
            assert_eq!(last.accepted, if span == Span::Day { 3 } else { 5 });
            assert!(periods.windows(2).all(|pair| pair[0].ends == pair[1].starts));
        }
    }

    #[test]
    fn sums_name_the_commonest_reason_first() {
        let now = at("2026-11-21T09:30");
        let counted = [
            calls("2026-11-21T08:00", Code::Valid, 2),
            calls("2026-11-21T08:00", Code::Expired, 1),
            calls("2026-11-21T09:00", Code::RateLimited, 4),
            calls("2026-11-21T09:00", Code::Expired, 1),
        ];
        let all = sum(&by_period(&counted, Span::Day, now));
        assert_eq!((all.accepted, all.refused), (2, 6));
        assert_eq!(all.reasons, [(Code::RateLimited, 4), (Code::Expired, 2)]);
        assert_eq!(sum(&[]), Sum::default());
    }
}
