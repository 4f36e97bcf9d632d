//! A key with what came of its calls.

use domain::{
    calls::{KeyCalls, by_hour, first_hour},
    ids::KeyId,
    key::KeyDetail,
    role::Act,
};

use crate::{Caller, Result, Service};

/// What a key's page shows.
#[derive(Debug)]
pub struct KeyPage {
    /// The key. What is left of its quota includes what this server holds ready.
    pub key: KeyDetail,
    /// Its calls, or why they cannot be told: the key is shown without them.
    pub calls: Result<KeyCalls>,
}

impl Service {
    /// A key, its calls by hour and its last refusals. `NotFound` also for a key that the caller may not see.
    pub async fn key_page(&self, caller: &Caller, id: &KeyId) -> Result<KeyPage> {
        caller.may(Act::SeeKeys)?;
        // Read the calls first, so that the last use, which is read next, is never older than a counted call.
        let calls = self.calls(id).await;
        let mut key = self.key(caller, id).await?;
        let held = self.verifier().unspent(id, key.quota_epoch, key.quota_period);
        key.quota_left = key.quota_left.map(|left| left.saturating_add(held));
        Ok(KeyPage { key, calls })
    }

    async fn calls(&self, id: &KeyId) -> Result<KeyCalls> {
        let now = self.now();
        let calls = self.store().key_calls_since(id, first_hour(now)).await?;
        let refusals = self.store().key_refusals(id).await?;
        Ok(KeyCalls { hours: by_hour(&calls, now), refusals })
    }
}
