//! Where randomness comes from.

use rand::{TryRng, rngs::SysRng};
use secrecy::SecretString;
use zeroize::Zeroizing;

/// A source of unpredictable bytes.
pub trait Entropy: Send + Sync {
    /// Fills `bytes`, or fails and leaves them unusable.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError>;
}

/// The source of randomness failed. Whatever needed it must stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub struct EntropyError;

/// The operating system's random number generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        SysRng.try_fill_bytes(bytes).map_err(|_| EntropyError)
    }
}

/// `N` random bytes; fails if the source does.
pub(crate) fn bytes<const N: usize>(entropy: &dyn Entropy) -> Result<[u8; N], EntropyError> {
    let mut out = [0; N];
    entropy.fill(&mut out)?;
    Ok(out)
}

/// 32 random bytes in hexadecimal, for a cookie or a link.
pub(crate) fn token(entropy: &dyn Entropy) -> Result<SecretString, EntropyError> {
    Ok(hex::encode(*Zeroizing::new(bytes::<32>(entropy)?)).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_draws_differ() {
        let first: [u8; 16] = bytes(&SystemEntropy).unwrap();
        let second: [u8; 16] = bytes(&SystemEntropy).unwrap();
        assert_ne!(first, second);
    }
}
