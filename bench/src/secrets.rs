//! Secrets of keys that never went through the service. Their MACs are computed as the service does, under the same
//! pepper. The pepper is among the bytes that the service drew for its data keys.

use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use domain::ids::KeyId;
use domain::token::{PlainToken, TokenMac, secret_from_random};
use hmac::{Hmac, KeyInit, Mac};
use service::entropy::{Entropy, EntropyError, SystemEntropy};
use sha2::Sha256;
use store::{NewSecret, SecretVersion};

use crate::names::Chance;

/// The system's randomness, which remembers what was drawn as keys are: 32 bytes at once.
#[derive(Debug, Default)]
pub(crate) struct Remembering(Mutex<Vec<[u8; 32]>>);

impl Entropy for Remembering {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        SystemEntropy.fill(bytes)?;
        if let Ok(drawn) = (&*bytes).try_into() {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(drawn);
        }
        Ok(())
    }
}

/// What MACs are made with.
#[derive(Clone)]
pub(crate) struct Pepper {
    key: Hmac<Sha256>,
    version: i64,
}

impl Pepper {
    /// The one of the drawn keys under which `token` has the MAC that the store keeps of it.
    pub fn behind(stored: &SecretVersion, token: &str, drawn: &Remembering) -> Result<Self> {
        let drawn = drawn.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut peppers = drawn.iter().filter_map(|key| {
            let key = Hmac::new_from_slice(key).ok()?;
            Some(Self { key, version: stored.pepper_version })
        });
        peppers.find(|pepper| pepper.mac(token) == stored.mac).context("the service makes its MACs in another way")
    }

    /// The token of a key, and what is stored of it.
    pub fn mint(&self, prefix: &str, id: &KeyId, chance: &mut Chance) -> (String, NewSecret) {
        let token = random_token(prefix, id, chance);
        let last4 = token.get(token.len() - 4..).unwrap_or_default().to_owned();
        let secret = NewSecret { mac: self.mac(&token), pepper_version: self.version, last4, sealed: None };
        (token, secret)
    }

    fn mac(&self, token: &str) -> TokenMac {
        let mut mac = self.key.clone();
        mac.update(token.as_bytes());
        TokenMac(mac.finalize().into_bytes().into())
    }
}

/// A well-formed token with a right checksum.
pub(crate) fn random_token(prefix: &str, id: &KeyId, chance: &mut Chance) -> String {
    let mut bits = [0; 32];
    for (half, bytes) in bits.chunks_exact_mut(16).zip([chance.bytes(), chance.bytes()]) {
        half.copy_from_slice(&bytes);
    }
    PlainToken::compose(prefix, id, &secret_from_random(&bits)).expose().to_owned()
}

#[cfg(test)]
mod tests {
    use domain::key::SecretNumber;
    use domain::token::Token;

    use super::*;

    #[test]
    fn the_pepper_is_found_among_what_was_drawn() {
        let drawn = Remembering::default();
        let (mut key, mut nonce) = ([0; 32], [0; 24]);
        drawn.fill(&mut [0; 32]).unwrap();
        drawn.fill(&mut nonce).unwrap();
        drawn.fill(&mut key).unwrap();
        let pepper = Pepper { key: Hmac::new_from_slice(&key).unwrap(), version: 1 };
        let id = KeyId::parse("7Qm2xVbN4tRa").unwrap();
        let (token, secret) = pepper.mint("ks", &id, &mut Chance::new(1));
        assert_eq!(Token::parse(&token).unwrap().last4(), secret.last4);
        let stored = SecretVersion {
            number: SecretNumber::FIRST,
            mac: secret.mac,
            pepper_version: 1,
            expires_at: None,
            sealed: None,
        };
        assert!(Pepper::behind(&stored, &token, &drawn).is_ok());
        assert!(Pepper::behind(&stored, "another", &drawn).is_err());
    }
}
