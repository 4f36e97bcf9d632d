//! Pages of a list, and counts with an upper bound.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The number at which counting stops.
pub const COUNT_CAP: u32 = 10_000;

/// Where more than `COUNT_CAP` keys are in sight, counting those that have to be looked for stops at this number.
pub const FOUND_CAP: u32 = 1_000;

/// A count with an upper bound.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capped {
    /// The count, at most the bound.
    pub n: u32,
    /// Whether there are more than `n`.
    pub more: bool,
}

impl Capped {
    /// Builds it from a count that went to `cap + 1` or further.
    pub fn at(cap: u32, count: u64) -> Self {
        match u32::try_from(count) {
            Ok(n) if n <= cap => Self { n, more: false },
            _ => Self { n: cap, more: true },
        }
    }
}

impl fmt::Display for Capped {
    /// Writes `0`, `1,234` or `10,000+`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&grouped(u64::from(self.n)))?;
        if self.more { f.write_str("+") } else { Ok(()) }
    }
}

/// A number with a comma between groups of three digits.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// One page of a list, with the cursors of its neighbours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    /// What the page shows, in order.
    pub rows: Vec<T>,
    /// The cursor of the next page; `None` on the last page.
    pub next: Option<String>,
    /// The cursor of the previous page; `None` on the first page.
    pub previous: Option<String>,
    /// How many rows all pages have.
    pub total: Capped,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_read_well_and_stop() {
        for (count, text) in
            [(0, "0"), (999, "999"), (1_000, "1,000"), (10_000, "10,000"), (10_001, "10,000+"), (u64::MAX, "10,000+")]
        {
            assert_eq!(Capped::at(COUNT_CAP, count).to_string(), text);
        }
        assert_eq!(grouped(1_234_567), "1,234,567");
    }
}
