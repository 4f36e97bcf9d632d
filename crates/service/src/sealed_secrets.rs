//! The sealed copies of key secrets. Only the kinds whose secret signs tokens have them: a MAC of such a secret could not
//! check a signature.

use domain::{ids::KeyId, key::SecretNumber};
use store::SealedSecret;

use crate::{
    entropy::{Entropy, EntropyError},
    keyring::Keyring,
    mac::MacKey,
    seal::OpenError,
};

/// A secret of a key as it is shown, sealed for its place.
pub(crate) fn seal(
    keyring: &Keyring,
    entropy: &dyn Entropy,
    (key, number): (&KeyId, SecretNumber),
    secret: &str,
) -> Result<SealedSecret, EntropyError> {
    let (bytes, version) = keyring.seal(secret.as_bytes(), &place(key, number), entropy)?;
    Ok(SealedSecret { bytes, version })
}

/// What `seal` sealed for this place, ready to check signatures.
pub(crate) fn signer(
    keyring: &Keyring,
    (key, number): (&KeyId, SecretNumber),
    sealed: &SealedSecret,
) -> Result<MacKey, OpenError> {
    let secret = keyring.unseal(&sealed.bytes, &place(key, number), sealed.version)?;
    Ok(MacKey::of_text(&secret))
}

/// The place of a sealed secret: table, row and column. It is sealed for the table that it is in once it works, so that it
/// moves there unopened when somebody confirms it.
fn place(key: &KeyId, number: SecretNumber) -> String {
    format!("key_secret|{key}|{}|sealed", number.0)
}
