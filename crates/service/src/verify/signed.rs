//! Tokens that a caller signs with the secret of a key: a JWT by HS256. Nothing in it says how it is to be checked: the
//! algorithm is ours, the key is the one that `kid` names, and a head that asks for anything else is refused.

use std::{collections::BTreeMap, fmt, time::Duration};

use data_encoding::BASE64URL_NOPAD;
use domain::{
    ids::KeyId,
    kind::KeyKind,
    timestamp::{Millis, Timestamp},
};
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, Visitor},
};
use serde_json::{Number, Value as Json};
use subtle::ConstantTimeEq;

use crate::mac::MacKey;

/// The only algorithm.
const ALGORITHM: &str = "HS256";

/// The only type. A token need not name it.
const TYPE: &str = "JWT";

/// The longest token that is looked at, in bytes.
const LONGEST: usize = 8_192;

/// How far the clock of a caller may be ahead.
const LEEWAY: Millis = Millis::minutes(1);

const LONG_AGO: Timestamp = Timestamp::from_millis(i64::MIN);
const NEVER: Timestamp = Timestamp::from_millis(i64::MAX);

/// What would have a token checked in another way, by another key, or after something was done with it first.
const REFUSED_IN_HEAD: [&str; 8] = ["b64", "crit", "enc", "jku", "jwk", "x5c", "x5u", "zip"];

/// A well-formed token, borrowed from the caller's text. Nothing of it is proved yet.
pub(super) struct SignedToken<'a> {
    /// The beginning of the shown id that it names.
    prefix: String,
    key: KeyId,
    /// The bytes that the signature covers, as the caller sent them.
    signed: &'a [u8],
    signature: [u8; 32],
    scope: String,
    expires: Timestamp,
    begins: Timestamp,
}

impl<'a> SignedToken<'a> {
    /// Reads a token; `None` if it is too long, if its form is wrong, or if its head asks for anything but `HS256`.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let (signed, signature) = text.rsplit_once('.')?;
        let (head, claims) = signed.split_once('.')?;
        let head = Members::read(head)?;
        // Before anything else is believed.
        if head.text("alg")? != ALGORITHM || REFUSED_IN_HEAD.iter().any(|name| head.0.contains_key(*name)) {
            return None;
        }
        if head.0.contains_key("typ") && !head.text("typ")?.eq_ignore_ascii_case(TYPE) {
            return None;
        }
        let (prefix, digits) = head.text("kid")?.rsplit_once('_')?;
        let claims = Members::read(claims)?;
        Some(Self {
            prefix: prefix.to_owned(),
            key: KeyId::from_hex(digits)?,
            signed: signed.as_bytes(),
            signature: BASE64URL_NOPAD.decode(signature.as_bytes()).ok()?.try_into().ok()?,
            scope: claims.text("scope")?.to_owned(),
            expires: claims.moment("exp", NEVER)?,
            begins: claims.moment("nbf", LONG_AGO)?.max(claims.moment("iat", LONG_AGO)?),
        })
    }

    /// The key that it names.
    pub(super) fn key(&self) -> KeyId {
        self.key
    }

    /// Whether it was signed with this secret of the key that it names, which is of this kind, for what such keys call for,
    /// and works at `now`.
    pub(super) fn proves(&self, kind: KeyKind, secret: &MacKey, now: Timestamp) -> bool {
        let rules = kind.rules();
        let names_key = rules.signs() && rules.prefix == Some(&*self.prefix) && self.scope == kind.as_str();
        let signed = secret.mac(&[self.signed]).ct_eq(&self.signature);
        names_key && bool::from(signed) && self.is_live(now)
    }

    fn is_live(&self, now: Timestamp) -> bool {
        now < self.expires && self.begins <= now.plus(LEEWAY)
    }
}

/// The members of an object, each of which comes once.
struct Members(BTreeMap<String, Json>);

impl Members {
    fn read(part: &str) -> Option<Self> {
        serde_json::from_slice(&BASE64URL_NOPAD.decode(part.as_bytes()).ok()?).ok()
    }

    /// A text; `None` if there is none of this name.
    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// The time of this name, or `otherwise` without one; `None` for anything but a number.
    fn moment(&self, name: &str, otherwise: Timestamp) -> Option<Timestamp> {
        match self.0.get(name) {
            None => Some(otherwise),
            Some(Json::Number(seconds)) => Some(moment(seconds)),
            Some(_) => None,
        }
    }
}

/// Seconds since 1970. What no clock shows is always past, or never comes.
fn moment(seconds: &Number) -> Timestamp {
    let millis = match (seconds.as_i64(), seconds.as_f64()) {
        (Some(seconds), _) => seconds.saturating_mul(1_000),
        (None, Some(seconds)) if seconds < 0.0 => i64::MIN,
        (None, seconds) => {
            let passed = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
            passed.and_then(|passed| i64::try_from(passed.as_millis()).ok()).unwrap_or(i64::MAX)
        }
    };
    Timestamp::from_millis(millis)
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;

        impl<'de> Visitor<'de> for Each {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, Json>()? {
                    // Whoever reads the first one and whoever reads the last one would believe different things.
                    if members.insert(name, value).is_some() {
                        return Err(A::Error::custom("a member comes twice"));
                    }
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Each)
    }
}

#[cfg(test)]
mod tests;
