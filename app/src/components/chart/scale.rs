//! From numbers to places in a picture.

/// Where the numbers of a chart go: from 0 at the bottom to `top`, a round number that none exceeds.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    pub top: u64,
    tall: u64,
    least: u64,
}

/// The least height of a bar in pixels, so that a single call is visible beside a million.
const SEEN: u64 = 2;

impl Scale {
    /// For numbers up to `most`, in a picture `tall` pixels high.
    pub fn new(most: u64, tall: u64) -> Self {
        Self { top: round_up(most), tall, least: SEEN }
    }

    /// For a picture without numbers, in units of which each is visible.
    pub fn exact(most: u64, tall: u64) -> Self {
        Self { top: most, tall, least: 1 }
    }

    /// The height of a bar, at least visible unless there is nothing to show.
    pub fn height(self, number: u64) -> u64 {
        // In 128 bits, because a count may be any size.
        let tall = u128::from(number) * u128::from(self.tall) / u128::from(self.top.max(1));
        match u64::try_from(tall).unwrap_or(self.tall) {
            _ if number == 0 => 0,
            tall => tall.clamp(self.least, self.tall),
        }
    }
}

/// The next 2, 4, 6, 8 or 10 of the number's size. Its half is a whole number, too.
fn round_up(most: u64) -> u64 {
    let mut size = 1_u64;
    while most > size.saturating_mul(10) && size < u64::MAX / 10 {
        size *= 10;
    }
    [2, 4, 6, 8, 10].into_iter().map(|n| size.saturating_mul(n)).find(|top| *top >= most).unwrap_or(u64::MAX)
}

/// A share of the width, in hundredths of a per cent, as SVG writes it.
pub fn per_cent(part: u64, whole: u64) -> String {
    let hundredths = u128::from(part) * 10_000 / u128::from(whole.max(1));
    match (hundredths / 100, hundredths % 100) {
        (whole, 0) => format!("{whole}%"),
        (whole, rest) => format!("{whole}.{rest:02}%"),
    }
}

/// Whether words that begin at the bar `n` of `count` stay in the picture, on a phone too.
pub const fn words_fit(n: u64, count: u64) -> bool {
    n * 20 <= count * 17
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_top_is_round_and_high_enough() {
        for (most, top) in [(0, 2), (1, 2), (3, 4), (10, 10), (11, 20), (412, 600), (1_000, 1_000), (8_001, 10_000)] {
            assert_eq!(round_up(most), top, "{most}");
        }
        assert_eq!(round_up(u64::MAX), u64::MAX);
    }

    #[test]
    fn every_call_is_seen_and_none_leaves_the_picture() {
        let million = Scale::new(1_000_000, 120);
        assert_eq!([0, 1, 500_000, 1_000_000].map(|n| million.height(n)), [0, 2, 60, 120]);
        assert_eq!(Scale::new(u64::MAX, 120).height(u64::MAX), 120);
        assert_eq!(Scale::new(0, 120).height(0), 0);
    }

    #[test]
    fn shares_are_exact_to_a_hundredth() {
        assert_eq!((per_cent(1, 4), per_cent(1, 3), per_cent(3, 49)), ("25%".into(), "33.33%".into(), "6.12%".into()));
        assert_eq!((per_cent(1, 1), per_cent(0, 0)), ("100%".into(), "0%".into()));
    }

    #[test]
    fn words_near_the_end_do_not_fit() {
        assert!(words_fit(0, 1) && words_fit(26, 31) && words_fit(17, 20));
        assert!(!words_fit(27, 31) && !words_fit(28, 30) && !words_fit(24, 25) && !words_fit(18, 20));
    }
}
