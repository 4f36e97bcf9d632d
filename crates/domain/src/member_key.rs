//! The API KEY of an app: `AAAAAA-BBBBBB-CCCCCC-DDDDDD-YYYYMMDDHHMMSS`. The first two groups are the id of the key, the
//! next two its secret, and the last one says when it was issued, in UTC.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::base62;
use crate::ids::KeyId;
use crate::timestamp::Timestamp;

/// The name of these keys, on screens and on record.
pub const NAME: &str = "API KEY";

/// Characters of the secret: 71 bits in base 62.
pub const SECRET_LEN: usize = 12;

/// Characters of each of the four groups before the time.
const GROUP: usize = 6;
/// Characters of the time of issue.
const TIME: usize = 14;
/// Where the time begins.
const TIME_AT: usize = 4 * (GROUP + 1);
const WHOLE: usize = TIME_AT + TIME;

/// A well-formed API KEY, borrowed from the caller's text. `Debug` hides the secret.
#[derive(Clone, Copy)]
pub struct MemberKey<'a> {
    id: KeyId,
    whole: &'a str,
}

impl fmt::Debug for MemberKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemberKey({})", self.id)
    }
}

impl<'a> MemberKey<'a> {
    /// Reads an API KEY; `None` if its form is wrong, or if white space surrounds it.
    pub fn parse(whole: &'a str) -> Option<Self> {
        if !has_form(whole.as_bytes()) {
            return None;
        }
        let (first, second) = whole.split_once('-')?;
        let mut id = [0; KeyId::LEN];
        for (place, byte) in id.iter_mut().zip(first.bytes().chain(second.bytes())) {
            *place = byte;
        }
        let id = KeyId::parse(std::str::from_utf8(&id).ok()?)?;
        Some(Self { id, whole })
    }

    /// The first API KEY in a text, whatever is around it; `None` if there is none.
    pub fn find_in(text: &'a str) -> Option<Self> {
        parted(text).map(|(_, key, _)| key)
    }

    /// The id of its key.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// The bytes that its MAC covers: the whole text, as the caller sent it.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.whole.as_bytes()
    }
}

/// A whole API KEY that Keystead made. It is wiped from memory when dropped, and hidden from `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct PlainMemberKey(Zeroizing<String>);

impl PlainMemberKey {
    /// A new one; `secret` is `SECRET_LEN` base 62 digits.
    pub fn compose(id: &KeyId, secret: &str, issued_at: Timestamp) -> Self {
        let (first, second) = halves(id.as_str());
        let (third, fourth) = halves(secret);
        let mut whole = Zeroizing::new(String::with_capacity(WHOLE));
        for part in [first, "-", second, "-", third, "-", fourth, "-", &*time(issued_at)] {
            whole.push_str(part);
        }
        Self(whole)
    }

    /// The text, which `reveal` and a re-issue show.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PlainMemberKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlainMemberKey(..)")
    }
}

/// The API KEY of an app as people see it. Never its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberKeyRow {
    /// The id of the key: a re-issued one has another.
    pub key_id: KeyId,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// Who issued it.
    pub issued_by: String,
}

impl MemberKeyRow {
    /// What screens and the audit show: `7Qm2xV-bN4tRa-••••••-••••••-20261121093002`.
    pub fn masked(&self) -> String {
        masked(&self.key_id, self.issued_at)
    }
}

/// What screens and the audit show of the key with this id.
pub fn masked(id: &KeyId, issued_at: Timestamp) -> String {
    let (first, second) = halves(id.as_str());
    format!("{first}-{second}-••••••-••••••-{}", time(issued_at))
}

/// A text without the API KEYs in it.
pub fn cut_from(text: &str) -> String {
    let (mut left, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, _, after)) = parted(rest) {
        left.push_str(before);
        rest = after;
    }
    left.push_str(rest);
    left
}

/// The first API KEY in a text, between what is before and after it.
fn parted(text: &str) -> Option<(&str, MemberKey<'_>, &str)> {
    let at = text.as_bytes().windows(WHOLE).position(has_form)?;
    let (before, rest) = text.split_at_checked(at)?;
    let (whole, after) = rest.split_at_checked(WHOLE)?;
    Some((before, MemberKey::parse(whole)?, after))
}

/// Whether these bytes are four groups of base 62 digits and a time, with hyphens between them.
fn has_form(text: &[u8]) -> bool {
    let fits = |(place, byte): (usize, &u8)| match place {
        TIME_AT.. => byte.is_ascii_digit(),
        _ if place % (GROUP + 1) == GROUP => *byte == b'-',
        _ => byte.is_ascii_alphanumeric(),
    };
    text.len() == WHOLE && text.iter().enumerate().all(fits)
}

/// The secret half, from uniform bytes.
pub fn secret_from_random(bytes: [u8; 16]) -> String {
    base62::text(&base62::encode::<SECRET_LEN>(u128::from_be_bytes(bytes)))
}

fn halves(text: &str) -> (&str, &str) {
    text.split_at_checked(GROUP).unwrap_or((text, ""))
}

/// `20261121093002`: whole seconds in UTC.
fn time(at: Timestamp) -> String {
    at.to_input().chars().filter(char::is_ascii_digit).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const AT: Timestamp = Timestamp::from_millis(1_795_253_402_000);

    #[test]
    fn it_has_the_form_that_clients_know() {
        let id = KeyId::parse("7Qm2xVbN4tRa").unwrap();
        let plain = PlainMemberKey::compose(&id, "abcdef012345", AT);
        assert_eq!(plain.expose(), "7Qm2xV-bN4tRa-abcdef-012345-20261121093002");
        let read = MemberKey::parse(plain.expose()).unwrap();
        assert_eq!((read.id(), read.as_bytes()), (id, plain.expose().as_bytes()));
        let row = MemberKeyRow { key_id: id, issued_at: AT, issued_by: String::new() };
        assert_eq!(row.masked(), "7Qm2xV-bN4tRa-••••••-••••••-20261121093002");
        for shown in [format!("{read:?}{plain:?}"), row.masked()] {
            assert!(!shown.contains("abcdef") && !shown.contains("012345"), "{shown}");
        }
    }

    #[test]
    fn other_forms_are_refused() {
        for text in [
            "",
            "7Qm2xV-bN4tRa-abcdef-012345-2026112109300",
            "7Qm2xV-bN4tRa-abcdef-012345-202611210930021",
            "7Qm2xV-bN4tRa-abcdef-012345-2026112109300x",
            "7Qm2xVb-N4tRa-abcdef-012345-20261121093002",
            "7Qm2xV_bN4tRa_abcdef_012345_20261121093002",
            "7Qm2xV-bN4tR*-abcdef-012345-20261121093002",
            "7Qm2xV-bN4té-abcdef-012345-20261121093002",
            " Qm2xV-bN4tRa-abcdef-012345-20261121093002",
            "7Qm2xV-bN4tRa-abcdef-01-345-20261121093002",
        ] {
            assert!(MemberKey::parse(text).is_none(), "{text}");
        }
        assert!(MemberKey::parse(&"-".repeat(WHOLE)).is_none());
    }

    #[test]
    fn it_is_no_token_and_a_token_is_none() {
        let id = KeyId::from_random([7; 16]);
        let plain = PlainMemberKey::compose(&id, &secret_from_random([9; 16]), AT);
        assert!(crate::token::Token::parse(plain.expose()).is_none());
        let token = crate::token::PlainToken::compose("ks", &id, &"s".repeat(43));
        assert!(MemberKey::parse(token.expose()).is_none());
    }

    #[test]
    fn one_is_found_wherever_it_is_in_a_text() {
        let whole = "7Qm2xV-bN4tRa-abcdef-012345-20261121093002";
        for (text, left) in [
            (whole.to_owned(), ""),
            (format!("KEY={whole}\n"), "KEY=\n"),
            (format!("é{whole}é"), "éé"),
            (format!("a-{whole}-b"), "a--b"),
            (format!("x{whole}0"), "x0"),
            (format!("{whole} {whole}"), " "),
        ] {
            assert_eq!(
                MemberKey::find_in(&text).map(|key| key.id().to_string()).as_deref(),
                Some("7Qm2xVbN4tRa"),
                "{text}"
            );
            assert_eq!(cut_from(&text), left, "{text}");
        }
        for text in [
            "",
            "2026-11-21T09:30:02Z",
            "20261121093002",
            "7Qm2xV-bN4tRa",
            "7Qm2xV-bN4tRa-••••••-••••••-20261121093002",
            "01234567-89ab-8cde-8f01-234567000000",
            "orange-yellow-purple-silver",
            "orange-yellow-purple-silver-2026-11-21",
        ] {
            assert!(MemberKey::find_in(text).is_none(), "{text}");
            assert_eq!(cut_from(text), text);
        }
    }

    proptest! {
        #[test]
        fn every_one_that_is_made_is_read_again(id: [u8; 16], secret: [u8; 16], at in 0_i64..4_000_000_000_000) {
            let id = KeyId::from_random(id);
            let plain = PlainMemberKey::compose(&id, &secret_from_random(secret), Timestamp::from_millis(at));
            let read = MemberKey::parse(plain.expose()).unwrap();
            prop_assert_eq!(read.id(), id);
        }

        #[test]
        fn no_text_is_too_odd_to_be_read(text in "\\PC{0,60}") {
            let _ = MemberKey::parse(&text);
            prop_assert_eq!(cut_from(&text), text);
        }
    }
}
