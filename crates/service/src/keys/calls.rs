//! What came of a key's calls.

use domain::{
    calls::{KeyCalls, by_hour, first_hour},
    ids::KeyId,
};

use crate::{Caller, Result, Service};

impl Service {
    /// A key's calls by hour and its last refusals, for whoever may see the key.
    pub async fn key_calls(&self, caller: &Caller, id: &KeyId) -> Result<KeyCalls> {
        let key = self.key(caller, id).await?;
        let now = self.now();
        let calls = self.store().key_calls_since(id, first_hour(now)).await?;
        let refusals = self.store().key_refusals(id).await?;
        let held = || self.verifier().unspent(id, key.quota_epoch, key.quota_period);
        let quota_left = key.quota_left.map(|left| left.saturating_add(held()));
        Ok(KeyCalls { hours: by_hour(&calls, now), refusals, quota_left })
    }
}
