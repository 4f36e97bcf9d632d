//! One-time codes by time (RFC 6238), as every authenticator app makes them: SHA-1, 6 digits, 30 seconds.

use domain::timestamp::{Millis, Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use subtle::ConstantTimeEq;

/// The bytes of a secret, as RFC 4226 recommends.
pub(crate) const SECRET: usize = 20;

/// How long a code is shown.
const STEP: Millis = Millis::seconds(30);

/// How many steps the clock of a phone may be off, either way.
const SKEW: i64 = 1;

/// The step whose code this is: the present one, or one beside it; `None` if it is none of them. A code counts once, so
/// no step up to `used` is looked at.
pub(crate) fn step_of(secret: &[u8], code: u32, now: Timestamp, used: i64) -> Option<i64> {
    let present = now.millis().div_euclid(STEP.0);
    let mut found = None;
    // All of them, in the same time, whichever it is.
    for step in present - SKEW..=present + SKEW {
        let fits = self::code(secret, step).to_be_bytes().ct_eq(&code.to_be_bytes());
        if bool::from(fits) && step > used && found.is_none() {
            found = Some(step);
        }
    }
    found
}

fn code(secret: &[u8], step: i64) -> u32 {
    // A key of any length is fine.
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(secret) else { return u32::MAX };
    mac.update(&step.to_be_bytes());
    let mac = mac.finalize().into_bytes();
    let offset = usize::from(mac.last().copied().unwrap_or_default() & 15);
    let four = mac.get(offset..offset + 4).and_then(|bytes| <[u8; 4]>::try_from(bytes).ok());
    four.map_or(u32::MAX, |four| (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"12345678901234567890";

    #[test]
    fn codes_are_those_of_the_standard() {
        // RFC 6238, appendix B, the last six of eight digits.
        for (seconds, expected) in [
            (59, 287_082),
            (1_111_111_109, 81_804),
            (1_111_111_111, 50_471),
            (1_234_567_890, 5_924),
            (2_000_000_000, 279_037),
            (20_000_000_000, 353_130),
        ] {
            assert_eq!(code(SECRET, seconds / 30), expected, "{seconds}");
        }
    }

    #[test]
    fn a_code_counts_in_its_step_and_those_beside_it_once() {
        let at = |step: i64, second: i64| Timestamp::from_millis((step * 30 + second) * 1000);
        let shown = code(SECRET, 100);
        for now in [at(99, 0), at(100, 0), at(100, 29), at(101, 29)] {
            assert_eq!(step_of(SECRET, shown, now, 0), Some(100));
            assert_eq!(step_of(SECRET, shown, now, 99), Some(100));
            assert_eq!(step_of(SECRET, shown, now, 100), None, "it was used, or a later one was");
        }
        for now in [at(98, 29), at(102, 0)] {
            assert_eq!(step_of(SECRET, shown, now, 0), None);
        }
        assert_eq!(step_of(SECRET, shown ^ 1, at(100, 0), 0), None);
    }
}
