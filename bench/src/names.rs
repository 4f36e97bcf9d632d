//! Realistic names for keys, and numbers that look random but are the same on each run.

/// The beginning of half of the names.
pub(crate) const COMMON: &str = "Acme";

/// A word in the middle of one name in twelve.
pub(crate) const INSIDE_MANY: &str = "export";

/// No name begins like this.
pub(crate) const NOBODY: &str = "Zebra";

const TEAMS: [&str; 16] = [
    "Billing",
    "Checkout",
    "CRM",
    "Data warehouse",
    "Fraud desk",
    "Invoicing",
    "Kiosk",
    "Loyalty",
    "Mobile app",
    "Newsletter",
    "Orders",
    "Payments",
    "Reporting",
    "Shipping",
    "Support chat",
    "Web shop",
];

const ACTS: [&str; 12] = [
    "create a chat",
    "export invoices",
    "import contacts",
    "nightly sync",
    "push notifications",
    "read orders",
    "refresh prices",
    "send receipts",
    "staging tests",
    "status page",
    "update stock",
    "write events",
];

/// The name of the key with this number; no two are alike.
pub(crate) fn name(number: u32, common: bool, chance: &mut Chance) -> String {
    let team = if common { COMMON } else { chance.one_of(&TEAMS) };
    format!("{team}: {} {number:07}", chance.one_of(&ACTS))
}

/// Numbers that look random (`SplitMix64`).
#[derive(Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to just below `end`.
    pub fn below(&mut self, end: u32) -> u32 {
        u32::try_from(self.next() % u64::from(end.max(1))).unwrap_or_default()
    }

    pub fn one_of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        let place = self.below(u32::try_from(words.len()).unwrap_or(1));
        words.get(place as usize).copied().unwrap_or_default()
    }

    /// Puts them into another order.
    pub fn shuffle<T>(&mut self, things: &mut [T]) {
        for end in (1..things.len()).rev() {
            let place = self.below(u32::try_from(end + 1).unwrap_or(u32::MAX));
            things.swap(end, place as usize);
        }
    }

    pub fn bytes(&mut self) -> [u8; 16] {
        let (high, low) = (self.next(), self.next());
        ((u128::from(high) << 64) | u128::from(low)).to_be_bytes()
    }
}
