//! Tokens: `prefix_id_secret` with a checksum, so that mistyped and made-up tokens are refused without a look-up.

#[cfg(feature = "server")]
use std::borrow::Cow;
use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::base62;
use crate::environment::Environment;
use crate::ids::KeyId;
use crate::member_key::{self, MemberKey};

#[cfg(feature = "server")]
mod found;

/// Characters of the secret: 256 bits in base 62.
pub const SECRET_LEN: usize = 43;
/// Characters of the checksum: a CRC-32 of everything before it, in base 62.
pub const CHECKSUM_LEN: usize = 6;
/// The most characters of an installation's prefix.
pub const PREFIX_MAX: usize = 10;

/// A pasted text counts as a token only if at least this many characters follow the id. Otherwise it may be a name with
/// two underscores.
const PASTED_SECRET_MIN: usize = 16;

/// A well-formed token with a correct checksum, borrowed from the caller's text. `Debug` hides the secret.
#[derive(Clone, Copy)]
pub struct Token<'a> {
    prefix: &'a str,
    id: KeyId,
    whole: &'a str,
}

impl fmt::Debug for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}_…", self.prefix, self.id)
    }
}

impl<'a> Token<'a> {
    /// Reads a token, without allocating. `None` if its form or checksum is wrong, or if white space surrounds it.
    pub fn parse(whole: &'a str) -> Option<Self> {
        let (head, secret) = whole.rsplit_once('_')?;
        let (prefix, id) = head.rsplit_once('_')?;
        if secret.len() != SECRET_LEN + CHECKSUM_LEN || !base62::is_base62(secret) || !is_token_prefix(prefix) {
            return None;
        }
        let id = KeyId::parse(id)?;
        let (body, sum) = whole.split_at_checked(whole.len().checked_sub(CHECKSUM_LEN)?)?;
        (checksum(body).as_slice() == sum.as_bytes()).then_some(Self { prefix, id, whole })
    }

    /// Its beginning: the installation's prefix, followed by `_test` in the test environment.
    pub fn prefix(&self) -> &'a str {
        self.prefix
    }

    /// The id of its key.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// The bytes that its MAC covers: the whole token, as the caller sent it.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.whole.as_bytes()
    }

    /// The shown id of a key that is presented as id and secret: `mk_7Qm2xVbN4tRa`.
    pub fn pair_id(&self) -> String {
        format!("{}_{}", self.prefix, self.id)
    }

    /// The id, as a key is shown that is presented as Basic: `int_` and 24 hexadecimal digits.
    pub fn basic_id(&self) -> String {
        format!("{}_{}", self.prefix, self.id.to_hex())
    }

    /// The shown secret of a key that is presented as id and secret, with the checksum.
    pub fn pair_secret(&self) -> &'a str {
        self.whole.rsplit_once('_').map_or("", |(_, secret)| secret)
    }

    /// The last four characters, which lists show.
    pub fn last4(&self) -> &'a str {
        self.whole.split_at_checked(self.whole.len().saturating_sub(4)).map_or("", |(_, end)| end)
    }
}

/// A whole token that Keystead made. It is wiped from memory when dropped, and hidden from `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct PlainToken(Zeroizing<String>);

impl PlainToken {
    /// A new token; `secret` is `SECRET_LEN` base 62 digits.
    pub fn compose(prefix: &str, id: &KeyId, secret: &str) -> Self {
        let mut whole = Zeroizing::new(String::with_capacity(prefix.len() + secret.len() + CHECKSUM_LEN + 16));
        for part in [prefix, "_", id.as_str(), "_", secret] {
            whole.push_str(part);
        }
        let sum = checksum(&whole);
        whole.extend(sum.map(char::from));
        Self(whole)
    }

    /// Joins an id and a secret, as they are shown, to a whole token; `None` unless they belong together.
    pub fn from_pair(id: &str, secret: &str) -> Option<Self> {
        if id.len() > PREFIX_MAX + Environment::SUFFIX_MAX + 1 + KeyId::LEN || secret.len() != SECRET_LEN + CHECKSUM_LEN
        {
            return None;
        }
        let whole = Zeroizing::new(format!("{id}_{secret}"));
        Token::parse(&whole).is_some().then_some(Self(whole))
    }

    /// Joins the user name and password of Basic to a whole token; `None` unless they belong together. The user name is
    /// `prefix_` and 24 hexadecimal digits, which stand for the 12 characters of the id.
    pub fn from_basic(id: &str, secret: &str) -> Option<Self> {
        let (prefix, hex) = id.rsplit_once('_')?;
        Self::from_pair(&format!("{prefix}_{}", KeyId::from_hex(hex)?), secret)
    }

    /// The token inside; `None` if it was composed with an invalid prefix.
    pub fn token(&self) -> Option<Token<'_>> {
        Token::parse(&self.0)
    }

    /// The text, to show once.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PlainToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlainToken(..)")
    }
}

/// The MAC of a token, all that Keystead keeps of it. It is compared in constant time and hidden from `Debug`.
#[derive(Clone, Copy)]
pub struct TokenMac(pub [u8; 32]);

impl PartialEq for TokenMac {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_slice().ct_eq(other.0.as_slice()).into()
    }
}

impl Eq for TokenMac {}

impl fmt::Debug for TokenMac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenMac(..)")
    }
}

/// The secret half of a token, from uniform bytes.
pub fn secret_from_random(bytes: &[u8; 32]) -> String {
    base62::text(&base62::encode_256(bytes))
}

/// The id in a pasted text that holds a token, whole, cut short or masked, the id of a key that is presented as Basic, or a
/// whole API KEY; `None` if it holds none. Search does this before the text reaches a URL or a log.
pub fn cut_to_id(text: &str) -> Option<KeyId> {
    let id = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '…').find_map(|word| {
        let (prefix, rest) = word.split_once('_')?;
        if let Some(id) = KeyId::from_hex(rest).filter(|_| is_prefix(prefix)) {
            return Some(id);
        }
        let (id, rest) = Environment::strip(rest).split_once('_')?;
        let secret = rest.starts_with('…') || (rest.len() >= PASTED_SECRET_MIN && base62::is_base62(rest));
        KeyId::parse(id).filter(|_| secret && is_prefix(prefix))
    });
    id.or_else(|| MemberKey::find_in(text).map(|key| key.id()))
}

/// Whether a text contains a whole token, the id and the secret of a key that is presented in two parts, or a whole API KEY.
pub fn stands_in(text: &str) -> bool {
    token_stands_in(text) || MemberKey::find_in(text).is_some()
}

/// Also one with letters glued to it, as in `%20ks_…`: a reader takes the key out of them.
#[cfg(feature = "server")]
fn token_stands_in(text: &str) -> bool {
    !found::secrets(text).is_empty()
}

/// The browser looks at words only, and leaves the rest to the server: it would make its programs larger.
#[cfg(not(feature = "server"))]
fn token_stands_in(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| Token::parse(word).is_some())
}

/// Removes every API KEY, and every run of letters and digits that is as long as a secret with its checksum. A run of
/// small hexadecimal digits is left: it is the digest of something, and no secret of ours looks like it.
pub fn without_secrets(text: &str) -> String {
    let separates = |c: char| !c.is_ascii_alphanumeric();
    let is_harmless = |run: &&str| !may_be_secret(run.trim_end_matches(separates));
    let text: String = text.split_inclusive(separates).filter(is_harmless).collect();
    member_key::cut_from(&text)
}

/// Whether a run of letters and digits is as long as a secret with its checksum, and no digest.
pub fn may_be_secret(run: &str) -> bool {
    run.len() >= SECRET_LEN + CHECKSUM_LEN && !run.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// A text without the secrets of whole tokens and without API KEYs, and otherwise byte for byte as it is: what is shown
/// again to whoever typed it.
#[cfg(feature = "server")]
pub fn without_keys(text: &str) -> Cow<'_, str> {
    let mut left = Cow::Borrowed(text);
    for _ in 0..CUTS {
        match cut(&left) {
            Some(cut) => left = Cow::Owned(cut),
            None => return left,
        }
    }
    Cow::Owned(without_secrets(&left))
}

/// How often keys are cut from a text. What is left may be one that had another in its middle; somebody wrote a text with
/// more of that to hide one.
#[cfg(feature = "server")]
const CUTS: usize = 4;

/// A text without the secrets in it; `None` if it has none.
#[cfg(feature = "server")]
fn cut(text: &str) -> Option<String> {
    let secrets = found::secrets(text);
    if secrets.is_empty() && MemberKey::find_in(text).is_none() {
        return None;
    }
    let (mut left, mut from) = (String::with_capacity(text.len()), 0);
    for secret in secrets {
        // Of two that overlap, the second one has nothing before it.
        left.push_str(text.get(from..secret.start).unwrap_or_default());
        from = secret.end;
    }
    left.push_str(text.get(from..).unwrap_or_default());
    Some(member_key::cut_from(&left))
}

/// What lists show of a token: `ks_7Qm2xVbN4tRa_…9fKd`.
pub fn masked(prefix: &str, id: &KeyId, last4: &str) -> String {
    format!("{prefix}_{id}_…{last4}")
}

/// The part of a search that may be an id. `7Qm…`, `ks_7Qm…`, `ks_test_7Qm…` and `ks_7Qm2xVbN4tRa_…` all give what
/// begins with `7Qm`.
pub fn id_part(text: &str) -> &str {
    match text.split_once('_') {
        Some((_, rest)) => {
            let rest = Environment::strip(rest);
            rest.split_once('_').map_or(rest, |(id, _)| id)
        }
        None => text,
    }
}

/// Whether a text can be the prefix of an installation.
pub fn is_prefix(text: &str) -> bool {
    (1..=PREFIX_MAX).contains(&text.len()) && text.bytes().all(is_prefix_letter)
}

fn is_prefix_letter(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

/// Whether a token can begin with this text: a prefix, followed by `_test` in the test environment.
fn is_token_prefix(text: &str) -> bool {
    is_prefix(text.strip_suffix(Environment::Test.suffix()).unwrap_or(text))
}

fn checksum(body: &str) -> [u8; CHECKSUM_LEN] {
    base62::encode(u128::from(crc32(body.as_bytes())))
}

/// With tables, because the server checks one per call.
#[cfg(feature = "server")]
fn crc32(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}

/// Bit by bit, because the browser checks one at a time, and the tables are 16 kB that do not compress.
#[cfg(not(feature = "server"))]
fn crc32(bytes: &[u8]) -> u32 {
    crc32_bit_by_bit(bytes)
}

#[cfg(any(test, not(feature = "server")))]
fn crc32_bit_by_bit(bytes: &[u8]) -> u32 {
    let step = |sum: u32, _| (sum >> 1) ^ (0xedb8_8320 & (sum & 1).wrapping_neg());
    !bytes.iter().fold(u32::MAX, |sum, byte| (0..8).fold(sum ^ u32::from(*byte), step))
}

#[cfg(test)]
mod tests;
