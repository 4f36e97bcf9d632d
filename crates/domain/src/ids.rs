//! Identifiers: public, safe in URLs and logs.

use std::fmt;

use crate::base62;
use crate::timestamp::Timestamp;

macro_rules! id {
    ($(#[$meta:meta])* $name:ident, $len:literal, $valid:expr) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $len]);

        impl $name {
            /// The number of characters of the text.
            pub const LEN: usize = $len;

            /// Reads an id; `None` if the text does not have the right length and characters.
            pub fn parse(text: &str) -> Option<Self> {
                let bytes = text.as_bytes().try_into().ok()?;
                let valid: fn(&str) -> bool = $valid;
                valid(text).then_some(Self(bytes))
            }

            /// The id as text, safe in URLs and logs.
            pub fn as_str(&self) -> &str {
                // Never empty; the characters are ASCII.
                std::str::from_utf8(&self.0).unwrap_or_default()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
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

id!(
    /// A passkey: 24 lower-case hexadecimal digits.
    PasskeyId, 24, is_lower_hex
);

id!(
    /// A room: 24 lower-case hexadecimal digits.
    RoomId, 24, is_lower_hex
);
id!(
    /// A contact of an app: 24 lower-case hexadecimal digits.
    ContactId, 24, is_lower_hex
);
id!(
    /// A file in a room: 24 lower-case hexadecimal digits.
    AttachmentId, 24, is_lower_hex
);

id!(
    /// An integration of an app: 24 lower-case hexadecimal digits. Those made later are greater.
    IntegrationId, 24, is_lower_hex
);
id!(
    /// A webhook of an integration: 24 lower-case hexadecimal digits.
    WebhookId, 24, is_lower_hex
);
id!(
    /// What a program reported: 24 lower-case hexadecimal digits.
    EventId, 24, is_lower_hex
);
id!(
    /// One thing that is told to one webhook: 24 lower-case hexadecimal digits.
    DeliveryId, 24, is_lower_hex
);

id!(
    /// A running server of an installation: 24 lower-case hexadecimal digits.
    NodeId, 24, is_lower_hex
);

/// Ids that some clients know as UUIDs.
macro_rules! uuid_form {
    ($($name:ident),+) => {
        $(
            impl $name {
                /// An id from uniform random bytes.
                pub fn from_random(bytes: [u8; 12]) -> Self {
                    Self(hex(bytes))
                }

                /// The id as a UUID of version 8 (RFC 9562), in lower case. Its last 24 bits are zero.
                pub fn to_uuid(self) -> String {
                    to_uuid(self.as_str())
                }

                /// The id with this UUID, in either case; `None` for one that no id has.
                pub fn from_uuid(uuid: &str) -> Option<Self> {
                    Self::parse(&of_uuid(uuid)?)
                }
            }
        )+
    };
}

uuid_form!(RoomId, ContactId, AttachmentId);

/// 24 digits between those of a UUID that are fixed: version 8, variant 8, and six zeros at the end.
fn to_uuid(digits: &str) -> String {
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    format!("{}-{}-8{}-8{}-{}000000", part(0, 8), part(8, 12), part(12, 15), part(15, 18), part(18, 24))
}

fn of_uuid(uuid: &str) -> Option<String> {
    let uuid = uuid.to_ascii_lowercase();
    let mut parts = uuid.split('-');
    let (first, second) = (parts.next()?, parts.next()?);
    let (third, fourth) = (parts.next()?.strip_prefix('8')?, parts.next()?.strip_prefix('8')?);
    let digits = format!("{first}{second}{third}{fourth}{}", parts.next()?.strip_suffix("000000")?);
    // Nothing else writes the same UUID.
    (digits.is_ascii() && digits.len() == 24 && to_uuid(&digits) == uuid).then_some(digits)
}

impl KeyId {
    /// An id from uniform random bytes, taken modulo 62^12. This favours some ids by less than one part in 2^56.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(base62::encode(u128::from_be_bytes(bytes)))
    }

    /// The characters as 24 lower-case hexadecimal digits, the form of ids in some families of keys.
    pub fn to_hex(self) -> String {
        hex(self.0).iter().copied().map(char::from).collect()
    }

    /// The id with these digits; `None` if they are not an id.
    pub fn from_hex(digits: &str) -> Option<Self> {
        if digits.len() != 2 * Self::LEN || !is_lower_hex(digits) {
            return None;
        }
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        let bytes: Vec<u8> = digits.as_bytes().chunks_exact(2).filter_map(byte).collect();
        Self::parse(std::str::from_utf8(&bytes).ok()?)
    }
}

impl AppId {
    /// An id from uniform random bytes.
    pub fn from_random(bytes: [u8; 12]) -> Self {
        Self(hex(bytes))
    }
}

impl PersonId {
    /// An id from uniform random bytes.
    pub fn from_random(bytes: [u8; 12]) -> Self {
        Self(hex(bytes))
    }
}

impl PasskeyId {
    /// An id from uniform random bytes.
    pub fn from_random(bytes: [u8; 12]) -> Self {
        Self(hex(bytes))
    }
}

impl IntegrationId {
    /// An id from uniform random bytes.
    pub fn from_random(bytes: [u8; 12]) -> Self {
        Self(hex(bytes))
    }

    /// An id from when it is made and uniform random bytes, greater than all that were made in an earlier millisecond.
    pub fn made_at(now: Timestamp, random: [u8; 6]) -> Self {
        let mut bytes = [0; 12];
        let (time, rest) = bytes.split_at_mut(6);
        // The last 48 bits of the milliseconds last until the year 10889.
        time.copy_from_slice(now.millis().to_be_bytes().last_chunk::<6>().unwrap_or(&[0; 6]));
        rest.copy_from_slice(&random);
        Self(hex(bytes))
    }
}

impl WebhookId {
    /// An id from uniform random bytes.
    pub fn from_random(bytes: [u8; 12]) -> Self {
        Self(hex(bytes))
    }
}

impl EventId {
    /// An id from uniform random bytes.
    pub fn from_random(bytes: [u8; 12]) -> Self {
        Self(hex(bytes))
    }
}

impl DeliveryId {
    /// An id from uniform random bytes.
    pub fn from_random(bytes: [u8; 12]) -> Self {
        Self(hex(bytes))
    }
}

impl NodeId {
    /// An id from uniform random bytes.
    pub fn from_random(bytes: [u8; 12]) -> Self {
        Self(hex(bytes))
    }
}

fn is_lower_hex(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn hex(bytes: [u8; 12]) -> [u8; 24] {
    let digit = |nibble: u8| if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
    let mut out = [0; 24];
    for (pair, byte) in out.chunks_exact_mut(2).zip(bytes) {
        pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
    }
    out
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
    fn an_integration_made_later_has_a_greater_id() {
        let at = |millis, fill| IntegrationId::made_at(Timestamp::from_millis(millis), [fill; 6]);
        assert!(at(1_795_000_000_000, 0xff) < at(1_795_000_000_001, 0));
        assert_eq!(at(0x0102_0304_0506, 0xab).as_str(), "010203040506abababababab");
        let random = IntegrationId::from_random([7; 12]);
        assert_eq!(IntegrationId::parse(random.as_str()), Some(random));
        assert_eq!(WebhookId::from_random([1; 12]).as_str(), EventId::from_random([1; 12]).as_str());
        assert_eq!(DeliveryId::parse(&"0a".repeat(12)), Some(DeliveryId::from_random([10; 12])));
    }

    #[test]
    fn an_id_has_one_uuid() {
        let room = RoomId::parse("0123456789abcdef01234567").unwrap();
        assert_eq!(room.to_uuid(), "01234567-89ab-8cde-8f01-234567000000");
        for fill in [0, 1, 0x7f, 0xff] {
            let contact = ContactId::from_random([fill; 12]);
            assert_eq!(ContactId::from_uuid(&contact.to_uuid()), Some(contact));
            assert_eq!(ContactId::from_uuid(&contact.to_uuid().to_uppercase()), Some(contact));
        }
        for uuid in [
            "",
            "01234567-89ab-8cde-8f01-234567000001",
            "01234567-89ab-4cde-8f01-234567000000",
            "01234567-89ab-8cde-9f01-234567000000",
            "0123456-789ab-8cde-8f01-234567000000",
            "0123456789ab8cde8f01234567000000",
            "01234567-89ab-8cde-8f01-234567000000-",
            "0123456é-89ab-8cde-8f01-23456000000",
        ] {
            assert_eq!(RoomId::from_uuid(uuid), None, "{uuid}");
        }
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
