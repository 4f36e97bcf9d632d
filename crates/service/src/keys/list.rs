//! Reading keys for people.

use std::{collections::HashMap, sync::Arc};

use domain::{
    calls::{Period, Span, by_period},
    ids::{AppId, KeyId},
    key::{KeyDetail, KeyRow},
    list::{KeyQuery, Rows},
    page::{Page, Uncounted},
    refusal::Refusal,
    role::Act,
    sight::{Scope, Sight},
    text::name_key,
    timestamp::Timestamp,
    usage::HourCalls,
};

use crate::verify::Watch;
use crate::{Caller, Result, Service};

impl Service {
    /// A page of the apps' keys that the caller may see.
    pub async fn keys(&self, caller: &Caller, apps: impl Into<Scope<AppId>>, query: &KeyQuery) -> Result<Page<KeyRow>> {
        caller.may(Act::SeeKeys)?;
        let sight = caller.sight().in_apps(&apps.into());
        Ok(self.store().list_keys(&sight, query, self.now()).await?)
    }

    /// The same with all that is known of each key, as `show` puts it down, and not counted. Callers who ask for the same
    /// page at the same moment share a reading in each lane, so all of them name the same `show`. The quotas do not include
    /// what other servers have reserved.
    pub async fn keys_in_full(
        &self,
        caller: &Caller,
        apps: impl Into<Scope<AppId>>,
        query: &KeyQuery,
        show: fn(Uncounted<Arc<KeyDetail>>, Timestamp) -> Arc<[u8]>,
    ) -> Result<Arc<[u8]>> {
        caller.may(Act::SeeKeys)?;
        let (sight, service) = (caller.sight().in_apps(&apps.into()), self.clone());
        let read = move |(sight, query): (Sight, KeyQuery)| {
            let service = service.clone();
            async move {
                let now = service.now();
                let Uncounted { rows, next, previous } = service.store().list_page_ids(&sight, &query, now).await?;
                let keys = service.detail_reader().rows().listed(service.store(), &rows).await?;
                let rows = keys.into_iter().map(|key| key.refilled(now)).collect();
                Ok(show(Uncounted { rows, next, previous }, now))
            }
        };
        Ok(self.pages_of_keys().ask((sight, query.clone()), read).await??)
    }

    /// Those of these keys that the caller may see, whatever their app, by name; as many as a page has.
    pub async fn some_keys(&self, caller: &Caller, ids: &[KeyId]) -> Result<Vec<KeyRow>> {
        caller.may(Act::SeeKeys)?;
        let most = usize::try_from(Rows::Most.count()).unwrap_or(usize::MAX);
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        ids.dedup();
        ids.truncate(most);
        let keys = self.store().key_details(&ids).await?;
        let mut rows: Vec<_> = keys.into_iter().filter(|key| caller.may_see(key).is_ok()).map(|key| key.row).collect();
        rows.sort_by_cached_key(|row| (name_key(&row.name), row.id));
        Ok(rows)
    }

    /// The last day of each of these keys, which were read for the caller, in their order.
    pub async fn last_day(&self, caller: &Caller, keys: &[KeyRow]) -> Result<Vec<Vec<Period>>> {
        caller.may(Act::SeeKeys)?;
        let (now, span) = (self.now(), Span::Day);
        let ids: Vec<_> = keys.iter().map(|key| key.id).collect();
        let mut calls: HashMap<KeyId, Vec<HourCalls>> = HashMap::new();
        for (key, counted) in self.store().calls_of_keys(&ids, span.first(now)).await? {
            calls.entry(key).or_default().push(counted);
        }
        let of = |id| calls.get(id).map_or(&[][..], Vec::as_slice);
        Ok(ids.iter().map(|id| by_period(of(id), span, now)).collect())
    }

    /// One key. `NotFound` if it does not exist, or if the caller may not see it.
    pub async fn key(&self, caller: &Caller, id: &KeyId) -> Result<Arc<KeyDetail>> {
        caller.may(Act::SeeKeys)?;
        let key = self.detail_reader().read(*id).await?.ok_or(Refusal::NotFound)?;
        caller.may_see(&key)?;
        Ok(key.refilled(self.now()))
    }

    /// The calls of a key from now on. It fails like [`Service::key`]: only a caller who may see the key may watch it.
    pub async fn watch(&self, caller: &Caller, id: &KeyId) -> Result<Watch> {
        self.key(caller, id).await?;
        Ok(self.verifier().watch(id))
    }
}
