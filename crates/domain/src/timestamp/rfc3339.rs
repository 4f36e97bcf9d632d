//! Times as programs write them.

use super::{Millis, Timestamp, below, digits};

impl Timestamp {
    /// Reads a date and time with a zone, as RFC 3339 has them: `2026-11-21T11:30:02.25+02:00`. What is less than a second is
    /// cut off, and a leap second is the first one of the next day. `None` for anything else.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let (date, rest) = text.split_at_checked(10)?;
        let (minute, rest) = rest.strip_prefix(['T', 't', ' '])?.split_at_checked(5)?;
        let (second, rest) = rest.strip_prefix(':')?.split_at_checked(2)?;
        let is_leap = second == "60";
        let second = if is_leap { 59 } else { below(digits(second, 2)?, 60)? };
        let local = Self::parse_input(&format!("{date}T{minute}"))?.plus_seconds(i64::from(second));
        let at = local.plus(Millis(-offset(without_fraction(rest)?)?.0));
        if !is_leap {
            return Some(at);
        }
        let next = at.plus_seconds(1);
        (next == next.midnight()).then_some(next)
    }
}

fn without_fraction(text: &str) -> Option<&str> {
    let Some(fraction) = text.strip_prefix('.') else { return Some(text) };
    let zone = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
    (zone.len() < fraction.len()).then_some(zone)
}

/// How far the clocks of a zone are ahead of UTC.
fn offset(zone: &str) -> Option<Millis> {
    let (behind, clock) = match zone.split_at_checked(1)? {
        ("Z" | "z", "") => return Some(Millis(0)),
        ("+", clock) => (1, clock),
        ("-", clock) => (-1, clock),
        _ => return None,
    };
    let (hours, minutes) = clock.split_once(':')?;
    let minutes = below(digits(hours, 2)?, 24)? * 60 + below(digits(minutes, 2)?, 60)?;
    Some(Millis::minutes(i64::from(minutes) * behind))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_form_of_the_standard_is_read() {
        for (text, utc) in [
            ("2026-11-21T09:30:02Z", "2026-11-21T09:30:02Z"),
            ("2026-11-21t09:30:02z", "2026-11-21T09:30:02Z"),
            ("2026-11-21 09:30:02Z", "2026-11-21T09:30:02Z"),
            ("2026-11-21T09:30:02+02:00", "2026-11-21T07:30:02Z"),
            ("2026-11-21T09:30:02-00:00", "2026-11-21T09:30:02Z"),
            ("2026-11-21T22:30:02-03:30", "2026-11-22T02:00:02Z"),
            ("2026-01-01T00:15:00+14:00", "2025-12-31T10:15:00Z"),
            ("2026-11-21T09:30:02.9Z", "2026-11-21T09:30:02Z"),
            ("2026-11-21T09:30:02.123456789012345678901234567890+01:00", "2026-11-21T08:30:02Z"),
            ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"),
            ("2016-12-31T15:59:60.5-08:00", "2017-01-01T00:00:00Z"),
        ] {
            assert_eq!(Timestamp::parse_rfc3339(text).map(Timestamp::to_rfc3339).as_deref(), Some(utc), "{text}");
        }
    }

    #[test]
    fn what_the_standard_does_not_have_is_refused() {
        for text in [
            "",
            "2026-11-21",
            "2026-11-21T09:30Z",
            "2026-11-21T09:30:02",
            "2026-11-21T09:30:02.Z",
            "2026-11-21T09:30:02,5Z",
            "2026-11-21T09:30:02+2:00",
            "2026-11-21T09:30:02+0200",
            "2026-11-21T09:30:02+24:00",
            "2026-11-21T09:30:02+02:60",
            "2026-11-21T09:30:02 Z",
            "2026-11-21T09:30:02ZZ",
            "2026-11-21T12:30:60Z",
            "2026-11-21T23:59:60+01:00",
            "2026-11-21T09:30:61Z",
            "2026-11-21T24:00:00Z",
            "2026-02-30T00:00:00Z",
            "2026-11-21T09:30:02−02:00",
        ] {
            assert_eq!(Timestamp::parse_rfc3339(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in any::<String>()) {
            let _ = Timestamp::parse_rfc3339(&text);
        }

        #[test]
        fn what_is_written_is_read(millis in 0_i64..253_402_300_800_000) {
            let at = Timestamp::from_millis(millis).whole_second();
            prop_assert_eq!(Timestamp::parse_rfc3339(&at.to_rfc3339()), Some(at));
        }
    }
}
