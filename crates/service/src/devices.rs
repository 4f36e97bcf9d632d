//! Browsers that somebody has signed in with. Such a browser holds a cookie that proves it, and its failed sign-ins are
//! counted apart: whoever guesses at an account cannot keep its owner out.

use domain::{ids::PersonId, timestamp::Millis};
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use crate::{Result, Service, entropy};

/// How long a browser is remembered after its last sign-in.
pub const REMEMBERED: Millis = Millis::days(90);

/// The hexadecimal digits of a cookie's random part.
const NONCE: usize = 32;

impl Service {
    /// The random part of a browser's cookie, if this person has signed in with that browser before.
    pub(crate) fn known_device<'c>(
        &self,
        cookie: Option<&'c SecretString>,
        person: Option<&PersonId>,
    ) -> Option<&'c str> {
        let (nonce, mac) = cookie?.expose_secret().split_at_checked(NONCE)?;
        let shown: [u8; 32] = hex::decode(mac).ok()?.try_into().ok()?;
        let right = self.keyring().device_mac(person?.as_str(), nonce);
        bool::from(right.ct_eq(&shown)).then_some(nonce)
    }

    /// The value of the cookie for a browser with which a person has just signed in. A known browser keeps its own.
    pub(crate) fn device_cookie(&self, person: &PersonId, known: Option<&str>) -> Result<SecretString> {
        let nonce = match known {
            Some(nonce) => nonce.to_owned(),
            None => hex::encode(entropy::bytes::<16>(self.entropy())?),
        };
        let mac = self.keyring().device_mac(person.as_str(), &nonce);
        Ok(format!("{nonce}{}", hex::encode(mac)).into())
    }
}
