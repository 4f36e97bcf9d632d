//! Whoever presents a key, whatever its state: a key that is off can still be looked at and revoked by its holder.

use domain::{ids::KeyId, key::SecretNumber};

use super::{Credential, Found, Verifier};
use crate::Result;

/// A key whose secret was presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// The key.
    pub id: KeyId,
    /// Which of its secrets was presented.
    pub(crate) number: SecretNumber,
}

impl Verifier {
    /// The key that a credential proves; `None` for any other credential. Decides and counts nothing.
    pub async fn held(&self, credential: Credential<'_>) -> Result<Option<Held>> {
        let found = self.find(credential, self.0.clock.now()).await?;
        let Some(Found { key, secret: Some(number) }) = found else { return Ok(None) };
        Ok(Some(Held { id: key.record.id, number }))
    }
}
