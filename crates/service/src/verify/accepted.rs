//! A key that was accepted for a call, the rest of which is still to come.

use std::sync::Arc;

use domain::{
    ids::KeyId,
    key::{KeyRecord, SecretNumber},
};

use super::{Verdict, Verifier};
use crate::Result;

/// What was accepted: a key as it was then, and one of its secrets.
#[derive(Debug, Clone)]
pub struct Accepted {
    verifier: Verifier,
    record: Arc<KeyRecord>,
    secret: SecretNumber,
}

impl Accepted {
    /// Which key it is.
    pub fn key(&self) -> &KeyId {
        &self.record.id
    }

    /// Whether it would be accepted now, too: the key is as it was, it has not ended, and neither has the secret. Counts
    /// nothing.
    pub async fn still_holds(&self) -> Result<bool> {
        let now = self.verifier.0.clock.now();
        let has_ended = self.record.expires_at.is_some_and(|at| at <= now);
        let key = self.verifier.key(self.record.id).await?;
        Ok(!has_ended && key.is_some_and(|key| key.record == self.record && key.has_live(self.secret, now)))
    }
}

impl Verifier {
    /// The key of a verdict, for whoever waits for the rest of its call.
    pub fn accepted(&self, verdict: &Verdict) -> Option<Accepted> {
        let (key, secret) = (verdict.key.as_ref()?, verdict.secret?);
        Some(Accepted { verifier: self.clone(), record: Arc::clone(&key.record), secret })
    }
}
