//! Password hashing: slow on purpose, so it runs on the blocking pool, two at a time.

use std::{fmt, sync::Arc};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use crate::error::{Error, Result};

/// Each computation takes 19 MiB: more at once would let sign-in attempts take the memory.
const AT_ONCE: usize = 2;

/// A password hash function. Its methods block.
pub trait PasswordHasher: Send + Sync {
    /// The hash to store, with its parameters and salt in it.
    fn hash(&self, password: &str, salt: &[u8; 16]) -> Result<String, HashError>;
    /// Whether `password` is the one that `hash` was made of. One computation.
    fn verify(&self, password: &str, hash: &str) -> Result<bool, HashError>;
    /// A hash of the same cost that no password matches, for e-mails that nobody has.
    fn decoy(&self) -> &str;
}

/// The hash function failed, or a stored hash is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a password hash could not be computed")]
pub struct HashError;

/// Argon2id with 19 MiB of memory, two passes and one lane.
pub struct Argon2id {
    argon2: Argon2<'static>,
    decoy: String,
}

impl Argon2id {
    /// The parameters that new hashes get.
    pub fn new() -> Result<Self, HashError> {
        let params = Params::new(19 * 1024, 2, 1, Some(32)).map_err(|_| HashError)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        // The output is all zeroes: a password that hashes to it cannot be found.
        let output = "A".repeat(43);
        let decoy = format!("$argon2id$v=19$m=19456,t=2,p=1$a2V5c3RlYWQtZGVjb3k${output}");
        Ok(Self { argon2, decoy })
    }
}

impl PasswordHasher for Argon2id {
    fn hash(&self, password: &str, salt: &[u8; 16]) -> Result<String, HashError> {
        let hash: PasswordHash =
            self.argon2.hash_password_with_salt(password.as_bytes(), salt).map_err(|_| HashError)?;
        Ok(hash.to_string())
    }

    fn verify(&self, password: &str, hash: &str) -> Result<bool, HashError> {
        let hash = PasswordHash::new(hash).map_err(|_| HashError)?;
        match self.argon2.verify_password(password.as_bytes(), &hash) {
            Ok(()) => Ok(true),
            Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
            Err(_) => Err(HashError),
        }
    }

    fn decoy(&self) -> &str {
        &self.decoy
    }
}

impl fmt::Debug for Argon2id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Argon2id").finish_non_exhaustive()
    }
}

/// The hasher behind its two slots.
pub(crate) struct Passwords {
    hasher: Arc<dyn PasswordHasher>,
    slots: Semaphore,
}

impl Passwords {
    pub(crate) fn new(hasher: Arc<dyn PasswordHasher>) -> Self {
        Self { hasher, slots: Semaphore::new(AT_ONCE) }
    }

    pub(crate) async fn hash(&self, password: SecretString, salt: [u8; 16]) -> Result<String> {
        self.run(move |hasher| hasher.hash(password.expose_secret(), &salt)).await
    }

    /// Exactly one computation, whether there is a hash to compare with or not.
    pub(crate) async fn verify(&self, password: SecretString, hash: Option<String>) -> Result<bool> {
        self.run(move |hasher| {
            let known = hash.is_some();
            let hash = hash.unwrap_or_else(|| hasher.decoy().to_owned());
            Ok(hasher.verify(password.expose_secret(), &hash)? && known)
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn PasswordHasher) -> Result<T, HashError> + Send + 'static,
    ) -> Result<T> {
        let _slot = self.slots.acquire().await.map_err(|_| Error::Internal("the password slots are closed"))?;
        let hasher = Arc::clone(&self.hasher);
        tokio::task::spawn_blocking(move || work(hasher.as_ref()))
            .await
            .map_err(|_| Error::Internal("a password computation was cancelled"))?
            .map_err(|_| Error::Internal("a password hash could not be computed"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_verifies_its_own_password_only() {
        let hasher = Argon2id::new().unwrap();
        let hash = hasher.hash("correct horse", &[7; 16]).unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert_eq!(hasher.verify("correct horse", &hash), Ok(true));
        assert_eq!(hasher.verify("correct horsf", &hash), Ok(false));
        assert_eq!(hasher.verify("correct horse", "junk"), Err(HashError));
    }

    #[test]
    fn the_decoy_costs_the_same_and_matches_nothing() {
        let hasher = Argon2id::new().unwrap();
        let hash = hasher.hash("x", &[7; 16]).unwrap();
        let parameters = |text: &str| text.split('$').take(4).collect::<Vec<_>>().join("$");
        assert_eq!(parameters(&hash), parameters(hasher.decoy()));
        assert_eq!(hasher.verify("x", hasher.decoy()), Ok(false));
    }
}
