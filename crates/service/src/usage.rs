//! Calls over time: those about all keys of an app, or about one key.

use domain::{
    calls::{Period, Span, by_period},
    ids::{AppId, KeyId},
    role::Act,
};

use crate::{Caller, Result, Service};

impl Service {
    /// The calls of this span about the keys that the caller may see: of the app, or only those about one key.
    pub async fn usage(&self, caller: &Caller, app: &AppId, key: Option<&KeyId>, span: Span) -> Result<Vec<Period>> {
        caller.may(Act::SeeKeys)?;
        let now = self.now();
        let calls = match key {
            Some(id) => {
                self.key(caller, id).await?;
                self.store().key_calls_since(id, span.first(now)).await?
            }
            None => self.store().calls_since(&caller.sight().within(*app), span.first(now), span.step()).await?,
        };
        Ok(by_period(&calls, span, now))
    }
}
