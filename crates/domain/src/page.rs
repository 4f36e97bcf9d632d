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

/// A page of a list whose rows nobody has counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uncounted<T> {
    /// What the page shows, in order.
    pub rows: Vec<T>,
    /// The cursor of the next page; `None` on the last page.
    pub next: Option<String>,
    /// The cursor of the previous page; `None` on the first page.
    pub previous: Option<String>,
}

impl<T> From<Page<T>> for Uncounted<T> {
    fn from(page: Page<T>) -> Self {
        Self { rows: page.rows, next: page.next, previous: page.previous }
    }
}

impl<T> Page<T> {
    /// Whether a page that was asked for by a cursor has no rows, though the list has some: those at its place are gone.
    pub fn is_past(&self, by_cursor: bool) -> bool {
        by_cursor && self.rows.is_empty() && self.total.n > 0
    }

    /// The places of its first and last row among all, counted from 1. `number` is the page's own, as far as that is
    /// known: rows may have come and gone since the first page.
    pub fn places(&self, number: Option<u32>, size: u32) -> (u32, u32) {
        let shown = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        let before = match (&self.previous, &self.next) {
            (None, _) => 0,
            (Some(_), None) if !self.total.more => self.total.n.saturating_sub(shown),
            (Some(_), _) => number.unwrap_or(2).saturating_sub(1).saturating_mul(size),
        };
        (before.saturating_add(1), before.saturating_add(shown))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_places_of_rows_are_as_right_as_can_be_known() {
        let page = |shown: usize, next: bool, previous: bool, total: Capped| Page {
            rows: vec![(); shown],
            next: next.then(String::new),
            previous: previous.then(String::new),
            total,
        };
        let of = |n| Capped { n, more: false };
        assert_eq!(page(25, true, false, of(60)).places(Some(7), 25), (1, 25));
        assert_eq!(page(25, true, true, of(60)).places(Some(2), 25), (26, 50));
        assert_eq!(page(10, false, true, of(60)).places(Some(9), 25), (51, 60));
        assert_eq!(page(10, false, true, Capped { n: 10_000, more: true }).places(Some(500), 25), (12_476, 12_485));
        assert_eq!(page(25, true, true, of(60)).places(None, 25), (26, 50));
        assert_eq!(page(1, true, true, of(60)).places(Some(u32::MAX), 100), (u32::MAX, u32::MAX));
    }

    #[test]
    fn a_page_without_rows_is_past_the_end_of_a_list_that_has_some() {
        let page = |rows: usize, n: u32| Page {
            rows: vec![(); rows],
            next: None,
            previous: None,
            total: Capped { n, more: false },
        };
        assert!(page(0, 3).is_past(true));
        assert!(!page(0, 3).is_past(false) && !page(0, 0).is_past(true) && !page(1, 3).is_past(true));
    }

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
