//! Looking at keys.

use domain::{
    ids::{AppId, KeyId},
    key::{KeyDetail, KeyRow},
    kind::KeyKind,
    list::KeyQuery,
    page::Page,
    refusal::Refusal,
    role::Act,
};

use crate::{Caller, Result, Service};

impl Service {
    /// A page of the app's keys, of the kinds that the caller may see.
    pub async fn keys(&self, caller: &Caller, app: &AppId, query: &KeyQuery) -> Result<Page<KeyRow>> {
        caller.may(Act::SeeKeys)?;
        let kinds = visible_kinds(caller);
        let page = self.store().list_keys(app, query, self.now(), &kinds);
        Ok(page.await?)
    }

    /// One key. `NotFound` also for a key of a kind that the caller may not see.
    pub async fn key(&self, caller: &Caller, id: &KeyId) -> Result<KeyDetail> {
        caller.may(Act::SeeKeys)?;
        let key = self.store().key_detail(id).await?;
        let seen = key.filter(|key| caller.role.may_see_kind(key.row.kind));
        Ok(seen.ok_or(Refusal::NotFound)?.refilled(self.now()))
    }
}

/// The kinds that the caller's role may see.
pub(crate) fn visible_kinds(caller: &Caller) -> Vec<KeyKind> {
    let kinds = KeyKind::ALL.iter().copied();
    kinds.filter(|kind| caller.role.may_see_kind(*kind)).collect()
}
