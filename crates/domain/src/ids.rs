//! Identifiers: public, safe in URLs and logs.

use std::borrow::Borrow;
use std::fmt;

use crate::base62;

macro_rules! id {
    ($(#[$meta:meta])* $name:ident, $len:literal, $valid:expr) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Length of the text.
            pub const LEN: usize = $len;

            /// The id with exactly this text; `None` if it has another shape.
            pub fn parse(text: &str) -> Option<Self> {
                let valid: fn(&str) -> bool = $valid;
                (text.len() == $len && valid(text)).then(|| Self(text.to_owned()))
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        // A map keyed by ids is asked with the text that a caller sent, without a copy of it.
        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        serde_as_text!($name);
    };
}

id!(
    /// A key: 12 base 62 digits, the public part of its token.
    KeyId, 12, base62::is_base62
);
id!(
    /// An app: 24 lower-case hexadecimal digits.
    AppId, 24, is_lower_hex
);
id!(
    /// A person: 24 lower-case hexadecimal digits.
    PersonId, 24, is_lower_hex
);

impl KeyId {
    /// From uniform bytes. Taken modulo 62^12, which favours some ids by less than one part in 2^56.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(base62::text(&base62::encode::<12>(u128::from_be_bytes(bytes))))
    }
}

impl AppId {
    /// From uniform bytes.
    pub fn from_random(bytes: [u8; 12]) -> Self {
        Self(hex(&bytes))
    }
}

impl PersonId {
    /// From uniform bytes.
    pub fn from_random(bytes: [u8; 12]) -> Self {
        Self(hex(&bytes))
    }
}

fn is_lower_hex(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|b| [b >> 4, b & 15]).filter_map(|nibble| char::from_digit(u32::from(nibble), 16)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_ids_parse() {
        for fill in [0, 1, 0x7f, 0xff] {
            let key = KeyId::from_random([fill; 16]);
            assert_eq!(KeyId::parse(key.as_str()), Some(key));
            let app = AppId::from_random([fill; 12]);
            assert_eq!(AppId::parse(app.as_str()), Some(app));
        }
        assert_eq!(PersonId::from_random([0xab; 12]).as_str(), "ab".repeat(12));
    }

    #[test]
    fn other_shapes_are_refused() {
        for text in ["", "7Qm2xVbN4tR", "7Qm2xVbN4tRaa", "7Qm2xVbN4tR_", "7Qm2xVbN4tRé", "7Qm2xVbN4tR "] {
            assert_eq!(KeyId::parse(text), None, "{text}");
        }
        assert_eq!(AppId::parse(&"AB".repeat(12)), None);
        assert!(serde_json::from_str::<KeyId>("\"../../etc\"").is_err());
    }
}
