//! Keys, with what their pages show. They are kept, and read again once they have another revision. What calls change of
//! them is read each time for a list, and for a single key once the stamp of all keys is another.

use std::{collections::HashMap, fmt, sync::Arc};

use domain::{ids::KeyId, key::KeyDetail};
use quick_cache::{DefaultHashBuilder, Weighter, sync::Cache};
use store::{CalledKey, KeyStamp, LastUseRead, Store, StoreError};

use crate::{
    reader::{Found, Reading, Rows},
    verify::flushes::Flushes,
};

/// Roughly how many bytes of keys are kept.
const BYTES: u64 = 48 << 20;

/// Roughly how many keys that is. It sizes the tables.
const KEYS: usize = 20_000;

/// A key that is kept.
#[derive(Clone)]
struct Kept {
    detail: Arc<KeyDetail>,
    /// The stamp at which it was so, with the newest use of it; `None` if its last use may be an older one.
    at: Option<KeyStamp>,
}

#[derive(Clone)]
struct ByBytes;

impl Weighter<KeyId, Kept> for ByBytes {
    fn weight(&self, _: &KeyId, kept: &Kept) -> u64 {
        let key = &kept.detail;
        let texts = key.row.name.len() + key.row.created_by.len() + key.description.len();
        u64::try_from(size_of::<Kept>() + size_of::<KeyDetail>() + texts + key.rules.weight()).unwrap_or(u64::MAX)
    }
}

pub(crate) struct Details {
    kept: Cache<KeyId, Kept, ByBytes, DefaultHashBuilder>,
    flushes: Arc<Flushes>,
}

impl Details {
    pub(crate) fn new(flushes: Arc<Flushes>) -> Self {
        Self { kept: Cache::with_weighter(KEYS, BYTES, ByBytes), flushes }
    }

    /// These keys in this order, with the last use that lists show. Keys that do not exist, or that this version cannot
    /// read, are skipped.
    pub(crate) async fn listed(&self, store: &Store, ids: &[KeyId]) -> Result<Vec<Arc<KeyDetail>>, StoreError> {
        let found = self.of(store, ids, LastUseRead::Listed, None).await?;
        let mut found: HashMap<KeyId, Arc<KeyDetail>> =
            found.into_iter().filter_map(|(id, detail)| Some((id, detail.ok()?))).collect();
        Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
    }

    /// These keys with their newest use. If no key was changed since one was read, it is still so.
    async fn newest(&self, store: &Store, ids: &[KeyId]) -> Result<Vec<Found<Self>>, StoreError> {
        // First: whatever is read from now on is no older.
        let now = store.key_stamp().await?;
        let (mut found, mut others) = (Vec::with_capacity(ids.len()), Vec::new());
        for id in ids {
            match self.still(id, now) {
                Some(detail) => found.push((*id, Ok(detail))),
                None => others.push(*id),
            }
        }
        if !others.is_empty() {
            found.extend(self.of(store, &others, LastUseRead::Newest, Some(now)).await?);
        }
        Ok(found)
    }

    /// A key that is kept, if it is still so now.
    fn still(&self, id: &KeyId, now: KeyStamp) -> Option<Arc<KeyDetail>> {
        let Kept { detail, at } = self.kept.get(id)?;
        if at == Some(now) {
            return Some(detail);
        }
        self.flushes.spared(id, at?, now).then(|| {
            self.kept.insert(*id, Kept { detail: Arc::clone(&detail), at: Some(now) });
            detail
        })
    }

    async fn of(
        &self,
        store: &Store,
        ids: &[KeyId],
        last_use: LastUseRead,
        at: Option<KeyStamp>,
    ) -> Result<Vec<Found<Self>>, StoreError> {
        let called = store.called_keys(ids, last_use).await?;
        let mut found = Vec::with_capacity(called.len());
        let mut unknown: HashMap<KeyId, CalledKey> = HashMap::new();
        for (id, called) in called {
            match called {
                Err(error) => found.push((id, Err(error))),
                Ok(called) => match self.kept.get(&id).filter(|kept| kept.detail.revision == called.revision) {
                    Some(kept) => found.push((id, Ok(self.called(id, &kept, &called, at)))),
                    None => drop(unknown.insert(id, called)),
                },
            }
        }
        if !unknown.is_empty() {
            let ids: Vec<KeyId> = unknown.keys().copied().collect();
            for (id, detail) in store.current_details(&ids).await? {
                let called = unknown.remove(&id);
                found.push((id, detail.map(|detail| self.keep(id, detail, called, at))));
            }
        }
        Ok(found)
    }

    /// Keeps a key that was just read; what it is after these calls, unless it was changed in between.
    fn keep(&self, id: KeyId, detail: KeyDetail, called: Option<CalledKey>, at: Option<KeyStamp>) -> Arc<KeyDetail> {
        let read = Kept { detail: Arc::new(detail), at: None };
        self.kept.insert(id, read.clone());
        match called.filter(|called| called.revision == read.detail.revision) {
            Some(called) => self.called(id, &read, &called, at),
            None => read.detail,
        }
    }

    /// A key that is kept, after these calls. It is kept as it is then, so that the next reader finds it so.
    fn called(&self, id: KeyId, known: &Kept, called: &CalledKey, at: Option<KeyStamp>) -> Arc<KeyDetail> {
        let detail = called.detail(&known.detail);
        if at.is_some() || !Arc::ptr_eq(&detail, &known.detail) {
            self.kept.insert(id, Kept { detail: Arc::clone(&detail), at });
        }
        detail
    }
}

impl Rows for Details {
    type Id = KeyId;
    type Row = Arc<KeyDetail>;

    fn read<'a>(&'a self, store: &'a Store, ids: &'a [KeyId]) -> Reading<'a, Self> {
        Box::pin(self.newest(store, ids))
    }
}

impl fmt::Debug for Details {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Details").finish_non_exhaustive()
    }
}
