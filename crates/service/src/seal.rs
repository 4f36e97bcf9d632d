//! Sealing: a secret that must come back, encrypted and bound to the place where it is stored.

use std::fmt;

use chacha20poly1305::{
    XChaCha20Poly1305, XNonce,
    aead::{Aead, KeyInit, Payload},
};
use zeroize::Zeroizing;

use crate::entropy::{self, Entropy, EntropyError};

const NONCE: usize = 24;

/// 256 random bits that seal with XChaCha20-Poly1305.
pub(crate) struct SealKey(Zeroizing<[u8; 32]>);

/// It was sealed by another key, for another place, or it is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what is sealed cannot be opened")]
pub(crate) struct OpenError;

impl SealKey {
    pub(crate) fn new(key: Zeroizing<[u8; 32]>) -> Self {
        Self(key)
    }

    /// `nonce ‖ ciphertext`, bound to the place it is stored in.
    pub(crate) fn seal(&self, plain: &[u8], place: &str, entropy: &dyn Entropy) -> Result<Vec<u8>, EntropyError> {
        let nonce: [u8; NONCE] = entropy::bytes(entropy)?;
        let payload = Payload { msg: plain, aad: place.as_bytes() };
        let sealed = self.cipher().encrypt(&XNonce::from(nonce), payload).map_err(|_| EntropyError)?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// What was sealed by this key for this place.
    pub(crate) fn open(&self, sealed: &[u8], place: &str) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE>().ok_or(OpenError)?;
        let payload = Payload { msg: sealed, aad: place.as_bytes() };
        self.cipher().decrypt(&XNonce::from(*nonce), payload).map(Zeroizing::new).map_err(|_| OpenError)
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new((&*self.0).into())
    }
}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SystemEntropy;

    #[test]
    fn what_is_sealed_opens_in_its_place_only() {
        let key = |byte| SealKey::new(Zeroizing::new([byte; 32]));
        let sealed = key(1).seal(b"twenty bytes or more", "second_factor|a|secret|1", &SystemEntropy).unwrap();
        assert_eq!(**key(1).open(&sealed, "second_factor|a|secret|1").unwrap(), *b"twenty bytes or more");
        assert!(key(1).open(&sealed, "second_factor|b|secret|1").is_err());
        assert!(key(2).open(&sealed, "second_factor|a|secret|1").is_err());
        assert!(key(1).open(&sealed[..23], "second_factor|a|secret|1").is_err());
    }
}
