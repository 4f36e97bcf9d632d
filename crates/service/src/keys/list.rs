//! Reading keys for people.

use domain::{
    ids::{AppId, KeyId},
    key::{KeyDetail, KeyRow},
    list::KeyQuery,
    page::Page,
    refusal::Refusal,
    role::Act,
};

use crate::verify::Watch;
use crate::{Caller, Result, Service};

impl Service {
    /// A page of the app's keys that the caller may see.
    pub async fn keys(&self, caller: &Caller, app: &AppId, query: &KeyQuery) -> Result<Page<KeyRow>> {
        caller.may(Act::SeeKeys)?;
        let sight = caller.sight().within(*app);
        Ok(self.store().list_keys(&sight, query, self.now()).await?)
    }

    /// One key. `NotFound` if it does not exist, or if the caller may not see it.
    pub async fn key(&self, caller: &Caller, id: &KeyId) -> Result<KeyDetail> {
        caller.may(Act::SeeKeys)?;
        let key = self.store().key_detail(id).await?.ok_or(Refusal::NotFound)?;
        caller.may_see(&key)?;
        Ok(key.refilled(self.now()))
    }

    /// The calls of a key from now on. It fails like [`Service::key`]: only a caller who may see the key may watch it.
    pub async fn watch(&self, caller: &Caller, id: &KeyId) -> Result<Watch> {
        self.key(caller, id).await?;
        Ok(self.verifier().watch(id))
    }
}
