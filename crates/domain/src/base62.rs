//! Base 62 over `0-9A-Za-z`, most significant digit first, zero-padded to a fixed width.

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Whether every byte is one of the 62 digits. True for the empty text.
pub fn is_base62(text: &str) -> bool {
    // Always checks every byte: without an early return, the compiler checks many at once.
    text.bytes().fold(true, |all, b| all & b.is_ascii_alphanumeric())
}

/// The lowest `N` digits of `n`.
pub fn encode<const N: usize>(mut n: u128) -> [u8; N] {
    let mut out = [b'0'; N];
    for slot in out.iter_mut().rev() {
        *slot = digit(n % 62);
        n /= 62;
    }
    out
}

/// The number with these digits; `None` if they are none, or more than 32 bits.
#[cfg(feature = "server")]
pub(crate) fn decode(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0_u32, |number, digit| {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'A'..=b'Z' => digit - b'A' + 10,
            b'a'..=b'z' => digit - b'a' + 36,
            _ => return None,
        };
        number.checked_mul(62)?.checked_add(u32::from(value))
    })
}

/// 256 bits as 43 digits; every value has its own text, because 62^43 is more than 2^256.
pub fn encode_256(bytes: &[u8; 32]) -> [u8; 43] {
    let mut number = *bytes;
    let mut out = [b'0'; 43];
    for slot in out.iter_mut().rev() {
        let mut rest: u32 = 0;
        for byte in &mut number {
            let value = (rest << 8) | u32::from(*byte);
            *byte = u8::try_from(value / 62).unwrap_or(0);
            rest = value % 62;
        }
        *slot = digit(u128::from(rest));
    }
    out
}

fn digit(n: u128) -> u8 {
    usize::try_from(n).ok().and_then(|n| ALPHABET.get(n)).copied().unwrap_or(b'0')
}

/// Digits as text. They are always ASCII.
pub(crate) fn text(digits: &[u8]) -> String {
    digits.iter().copied().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pads_and_orders_digits() {
        assert_eq!(&encode::<6>(0), b"000000");
        assert_eq!(&encode::<6>(61), b"00000z");
        assert_eq!(&encode::<6>(62), b"000010");
        assert_eq!(&encode::<6>(u128::from(u32::MAX)), b"4gfFC3");
    }

    #[cfg(feature = "server")]
    #[test]
    fn digits_are_read_again() {
        for number in [0, 1, 61, 62, 123_456_789, u32::MAX] {
            assert_eq!(decode(&encode::<6>(u128::from(number))), Some(number));
        }
        for digits in [&b"4gfFC4"[..], b"zzzzzz", b"00-000", b"00000\xc3"] {
            assert_eq!(decode(digits), None, "{digits:?}");
        }
    }

    #[test]
    fn the_largest_256_bit_number_fits() {
        assert_eq!(text(&encode_256(&[0; 32])), "0".repeat(43));
        let mut one = [0; 32];
        one[31] = 1;
        assert_eq!(text(&encode_256(&one)), format!("{}1", "0".repeat(42)));
        assert_ne!(encode_256(&[0xff; 32])[0], b'0');
    }

    #[test]
    fn wide_and_narrow_encoders_agree() {
        let mut bytes = [0; 32];
        bytes[16..].copy_from_slice(&0x0123_4567_89ab_cdef_0011_2233_4455_6677_u128.to_be_bytes());
        assert_eq!(encode_256(&bytes), encode::<43>(0x0123_4567_89ab_cdef_0011_2233_4455_6677));
    }
}
