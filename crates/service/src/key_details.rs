//! Keys, with what their pages show. They are kept, and read again once they have another revision; what calls change of
//! them is read each time.

use std::{collections::HashMap, fmt, sync::Arc};

use domain::{ids::KeyId, key::KeyDetail};
use quick_cache::{DefaultHashBuilder, Weighter, sync::Cache};
use store::{CalledKey, LastUseRead, Store, StoreError};

use crate::reader::{Found, Reading, Rows};

/// Roughly how many bytes of keys are kept.
const BYTES: u64 = 48 << 20;

/// Roughly how many keys that is. It sizes the tables.
const KEYS: usize = 20_000;

#[derive(Clone)]
struct ByBytes;

impl Weighter<KeyId, Arc<KeyDetail>> for ByBytes {
    fn weight(&self, _: &KeyId, key: &Arc<KeyDetail>) -> u64 {
        let texts = key.row.name.len() + key.row.created_by.len() + key.description.len();
        u64::try_from(size_of::<KeyDetail>() + texts + key.rules.weight()).unwrap_or(u64::MAX)
    }
}

pub(crate) struct Details(Cache<KeyId, Arc<KeyDetail>, ByBytes, DefaultHashBuilder>);

impl Default for Details {
    fn default() -> Self {
        Self(Cache::with_weighter(KEYS, BYTES, ByBytes))
    }
}

impl Details {
    /// These keys in this order, with the last use that lists show. Keys that do not exist, or that this version cannot
    /// read, are skipped.
    pub(crate) async fn listed(&self, store: &Store, ids: &[KeyId]) -> Result<Vec<Arc<KeyDetail>>, StoreError> {
        let found = self.of(store, ids, LastUseRead::Listed).await?;
        let mut found: HashMap<KeyId, Arc<KeyDetail>> =
            found.into_iter().filter_map(|(id, detail)| Some((id, detail.ok()?))).collect();
        Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
    }

    async fn of(&self, store: &Store, ids: &[KeyId], last_use: LastUseRead) -> Result<Vec<Found<Self>>, StoreError> {
        let called = store.called_keys(ids, last_use).await?;
        let mut found = Vec::with_capacity(called.len());
        let mut unknown: HashMap<KeyId, CalledKey> = HashMap::new();
        for (id, called) in called {
            match called {
                Err(error) => found.push((id, Err(error))),
                Ok(called) => match self.0.get(&id).filter(|known| known.revision == called.revision) {
                    Some(known) => found.push((id, Ok(self.called(id, &known, &called)))),
                    None => drop(unknown.insert(id, called)),
                },
            }
        }
        if !unknown.is_empty() {
            let ids: Vec<KeyId> = unknown.keys().copied().collect();
            for (id, detail) in store.current_details(&ids).await? {
                let called = unknown.remove(&id);
                found.push((id, detail.map(|detail| self.keep(id, detail, called))));
            }
        }
        Ok(found)
    }

    /// Keeps a key that was just read; what it is after these calls, unless it was changed in between.
    fn keep(&self, id: KeyId, detail: KeyDetail, called: Option<CalledKey>) -> Arc<KeyDetail> {
        let read = Arc::new(detail);
        self.0.insert(id, Arc::clone(&read));
        match called.filter(|called| called.revision == read.revision) {
            Some(called) => self.called(id, &read, &called),
            None => read,
        }
    }

    /// A key that is kept, after these calls. It is kept as it is then, so that the next reader finds it so.
    fn called(&self, id: KeyId, known: &Arc<KeyDetail>, called: &CalledKey) -> Arc<KeyDetail> {
        let detail = called.detail(known);
        if !Arc::ptr_eq(&detail, known) {
            self.0.insert(id, Arc::clone(&detail));
        }
        detail
    }
}

impl Rows for Details {
    type Id = KeyId;
    type Row = Arc<KeyDetail>;

    fn read<'a>(&'a self, store: &'a Store, ids: &'a [KeyId]) -> Reading<'a, Self> {
        Box::pin(self.of(store, ids, LastUseRead::Newest))
    }
}

impl fmt::Debug for Details {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Details").finish_non_exhaustive()
    }
}
