//! A key, with its calls and their verdicts.

use std::sync::Arc;

use domain::{
    calls::{KeyCalls, Span, by_period},
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
    /// A key, its calls over a span and its last refusals. `NotFound` if it does not exist, or if the caller may not see
    /// it.
    pub async fn key_page(&self, caller: &Caller, id: &KeyId, span: Span) -> Result<KeyPage> {
        caller.may(Act::SeeKeys)?;
        // Read the calls first, so that the last use, which is read next, is never older than a counted call.
        let calls = self.calls(id, span).await;
        let mut key = Arc::unwrap_or_clone(self.key(caller, id).await?);
        let held = self.verifier().unspent(id, key.quota_epoch, key.quota_period);
        key.quota_left = key.quota_left.map(|left| left.saturating_add(held));
        Ok(KeyPage { key, calls })
    }

    async fn calls(&self, id: &KeyId, span: Span) -> Result<KeyCalls> {
        let now = self.now();
        let calls = self.store().key_calls_since(id, span.first(now)).await?;
        let refusals = self.store().key_refusals(id).await?;
        Ok(KeyCalls { span, periods: by_period(&calls, span, now), refusals })
    }
}
