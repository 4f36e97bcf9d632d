//! Whether a text is a cursor of a list. The lists themselves begin at their first page if it is none.

/// A list with pages, as somebody asked for it.
pub trait Paged {
    /// Whether the list could have given this text as the cursor of a next page or, with `backwards`, of a previous one.
    fn is_cursor(&self, text: &str, backwards: bool) -> bool;
}

/// The number that is a cursor, from 1. Nothing but its plain digits gives it.
pub(crate) fn number(text: &str) -> Option<i64> {
    text.parse().ok().filter(|n: &i64| *n > 0 && n.to_string() == text)
}

/// A name in a cursor: the hexadecimal digits of its bytes, which an address takes as they are.
pub(crate) fn digits_of(name: &str) -> String {
    let halves = name.bytes().flat_map(|byte| [byte >> 4, byte & 0xf]);
    halves.filter_map(|half| char::from_digit(u32::from(half), 16)).collect()
}

/// The name with these digits; `None` if it is none.
pub(crate) fn name_of(digits: &str) -> Option<String> {
    let half = |digit: u8| char::from(digit).to_digit(16).and_then(|half| u8::try_from(half).ok());
    let byte = |pair: &[u8]| match pair {
        [high, low] => Some((half(*high)? << 4) | half(*low)?),
        _ => None,
    };
    let bytes: Vec<u8> = digits.as_bytes().chunks(2).map(byte).collect::<Option<_>>()?;
    String::from_utf8(bytes).ok().filter(|name| !name.contains(char::is_control))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_survives_an_address() {
        for name in ["", "a", "zoë & co~#?", "李"] {
            let digits = digits_of(name);
            assert!(digits.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{digits}");
            assert_eq!(name_of(&digits).as_deref(), Some(name));
        }
        for wrong in ["6", "6g", "ff", "00", "+1", "é"] {
            assert_eq!(name_of(wrong), None, "{wrong}");
        }
    }
}
