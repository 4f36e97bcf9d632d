//! Times in a picture. Scripts change them to the reader's own: `data-time` is the moment, `data-as` its parts.

use domain::timestamp::Timestamp;

/// The date, the clock, or both, in UTC: `27 Nov`, `05:00`, `27 Nov, 05:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parts {
    Date,
    Clock,
    Both,
}

impl Parts {
    /// The value of `data-as`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Date => "d",
            Self::Clock => "c",
            Self::Both => "dc",
        }
    }

    pub fn of(self, at: Timestamp) -> String {
        match self {
            Self::Date => date(at),
            Self::Clock => clock(at),
            Self::Both => format!("{}, {}", date(at), clock(at)),
        }
    }
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

fn date(at: Timestamp) -> String {
    let text = at.to_rfc3339();
    let number = |from: usize| text.get(from..from + 2).and_then(|digits| digits.parse::<usize>().ok());
    let month = number(5).and_then(|month| MONTHS.get(month.checked_sub(1)?));
    format!("{} {}", number(8).unwrap_or_default(), month.copied().unwrap_or_default())
}

fn clock(at: Timestamp) -> String {
    at.to_rfc3339().get(11..16).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_in_parts() {
        let at = Timestamp::parse_input("2026-11-07T05:00").unwrap();
        assert_eq!(Parts::Date.of(at), "7 Nov");
        assert_eq!(Parts::Clock.of(at), "05:00");
        assert_eq!(Parts::Both.of(at), "7 Nov, 05:00");
        assert_eq!(Parts::Date.of(Timestamp::from_millis(i64::MAX)), "31 Dec");
    }
}
