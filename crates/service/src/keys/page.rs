//! A key, with its calls and their verdicts.

use domain::{
    calls::{KeyCalls, by_hour, first_hour},
    ids::KeyId,
    key::KeyDetail,
    role::Act,
};

use crate::{Caller, Result, Service};

/// The content of a key's page.
#[derive(Debug)]
pub struct KeyPage {
    /// The key. The calls left in its quota include those that this server has reserved.
    pub key: KeyDetail,
    /// Its calls, or why they cannot be shown. The key is shown without them then.
    pub calls: Result<KeyCalls>,
}

impl Service {
    /// A key, its calls by hour and its last refusals. `NotFound` if it does not exist, or if the caller may not see
    /// it.
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
