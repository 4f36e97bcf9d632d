//! Call quotas: how many calls a key may make in all, or until the next refill.

use serde::{Deserialize, Serialize};
use time::{Date, Month, OffsetDateTime, Time};

use crate::page::grouped;
use crate::text::quote;
use crate::timestamp::{Millis, Timestamp};

/// The smallest call quota, in calls.
pub const QUOTA_MIN: u64 = 1;
/// The largest call quota, in calls.
pub const QUOTA_MAX: u64 = 1_000_000_000_000;

names! {
    /// When a call quota refills.
    #[derive(Default)]
    pub enum Refill {
        #[default]
        Never = "never",
        Daily = "daily",
        Monthly = "monthly",
    }
}

impl Refill {
    /// The name that people see.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Never => "Never refills",
            Self::Daily => "Refills every day at 00:00 UTC",
            Self::Monthly => "Refills on the first of each month at 00:00 UTC",
        }
    }

    /// The number of the period that contains `now`. Later periods have greater numbers.
    pub fn period(self, now: Timestamp) -> i64 {
        match self {
            Self::Never => 0,
            Self::Daily => now.millis().div_euclid(Millis::days(1).0),
            Self::Monthly => {
                date(now).map_or(0, |date| i64::from(date.year()) * 12 + i64::from(u8::from(date.month())))
            }
        }
    }

    /// When the next period begins; `None` if the quota never refills.
    pub fn next(self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Never => None,
            Self::Daily => Some(Timestamp::from_millis((self.period(now) + 1).checked_mul(Millis::days(1).0)?)),
            Self::Monthly => {
                let today = date(now)?;
                let year = if today.month() == Month::December { today.year() + 1 } else { today.year() };
                let first = Date::from_calendar_date(year, today.month().next(), 1).ok()?;
                let at = OffsetDateTime::new_utc(first, Time::MIDNIGHT).unix_timestamp();
                Some(Timestamp::from_millis(at.checked_mul(1_000)?))
            }
        }
    }
}

fn date(now: Timestamp) -> Option<Date> {
    OffsetDateTime::from_unix_timestamp(now.millis().div_euclid(1_000)).ok().map(OffsetDateTime::date)
}

/// A call quota: how many calls a key may make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// How many calls in all, or from one refill to the next.
    pub total: u64,
    /// When it refills.
    pub refill: Refill,
}

impl Quota {
    /// Reads a number of calls, with or without separators between thousands; blank means no quota. The error says what
    /// to write.
    pub fn parse_total(text: &str) -> Result<Option<u64>, String> {
        let mut digits = text.trim().replace(['_', '\'', ' '], "");
        // "1,5" is not a number of calls.
        if digits.split(',').skip(1).all(|thousands| thousands.len() == 3) {
            digits = digits.replace(',', "");
        }
        if digits.is_empty() {
            return Ok(None);
        }
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(format!("{} is not a number of calls: write one like 10000.", quote(text)));
        }
        let total = digits.parse().ok().filter(|total| (QUOTA_MIN..=QUOTA_MAX).contains(total));
        total.map(Some).ok_or_else(|| format!("A call quota is {QUOTA_MIN} to {} calls.", grouped(QUOTA_MAX)))
    }

    /// `10,000 calls in all`, `10,000 calls a day`.
    pub fn words(self) -> String {
        let calls = if self.total == 1 { "1 call".to_owned() } else { format!("{} calls", grouped(self.total)) };
        match self.refill {
            Refill::Never => format!("{calls} in all"),
            Refill::Daily => format!("{calls} a day"),
            Refill::Monthly => format!("{calls} a month"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_begin_at_midnight() {
        let at = |text: &str| Timestamp::parse_input(text).unwrap();
        for (refill, now, next) in [
            (Refill::Daily, "2026-11-21T23:59:59", "2026-11-22"),
            (Refill::Daily, "2026-11-22", "2026-11-23"),
            (Refill::Monthly, "2026-11-21T12:00", "2026-12-01"),
            (Refill::Monthly, "2026-12-31T23:59:59", "2027-01-01"),
            (Refill::Monthly, "2028-02-29", "2028-03-01"),
        ] {
            let (now, next) = (at(now), at(next));
            assert_eq!(refill.next(now), Some(next));
            assert_eq!(refill.period(next), refill.period(now) + 1);
            assert_eq!(refill.period(next.plus(Millis(-1))), refill.period(now));
        }
        assert_eq!(Refill::Never.next(at("2026-11-21")), None);
        for refill in Refill::ALL {
            for wild in [i64::MIN, i64::MAX] {
                let wild = Timestamp::from_millis(wild);
                let _ = (refill.period(wild), refill.next(wild));
            }
        }
    }

    #[test]
    fn totals_are_numbers_of_calls() {
        assert_eq!(Quota::parse_total("  "), Ok(None));
        assert_eq!(Quota::parse_total("10'000"), Ok(Some(10_000)));
        assert_eq!(Quota::parse_total("1,000,000"), Ok(Some(1_000_000)));
        assert_eq!(Quota::parse_total("1"), Ok(Some(1)));
        for text in [
            "0",
            "1,5",
            "1,0000",
            ",",
            "1,,000",
            "-1",
            "1.5",
            "1e6",
            "1000000000001",
            "99999999999999999999999",
            "many",
        ] {
            assert!(Quota::parse_total(text).is_err(), "{text}");
        }
    }
}
