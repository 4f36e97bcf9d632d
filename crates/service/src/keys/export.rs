//! All keys of a list, a piece at a time. Between two pieces no connection is held, so a slow reader holds up nobody.

use domain::{
    export::ExportedKey,
    ids::AppId,
    list::{KeyQuery, KeySort},
    role::Act,
    sight::{Scope, Sight},
    timestamp::Timestamp,
};

use crate::{Caller, Result, Service};

/// Keys in a piece.
const PIECE: u32 = 500;

/// An export of keys that has begun.
#[derive(Debug)]
pub struct KeyExport {
    service: Service,
    sight: Sight,
    query: KeyQuery,
    /// When it began. Filters and statuses go by this time.
    now: Timestamp,
    /// The end of the last piece; `None` before the first one.
    after: Option<String>,
    is_over: bool,
}

impl Service {
    /// Begins an export of the apps' keys that the caller may see and the query asks for, whatever its page. What is in the order
    /// of last use comes in that of issue, the newest first.
    pub fn export_keys(&self, caller: &Caller, apps: impl Into<Scope<AppId>>, query: &KeyQuery) -> Result<KeyExport> {
        caller.may(Act::SeeKeys)?;
        let (service, sight) = (self.clone(), caller.sight().in_apps(&apps.into()));
        let mut query = query.first_page();
        if query.sort == KeySort::LastUsed {
            // A key that is used meanwhile would change its place, and be left out or told twice.
            query = KeyQuery { sort: KeySort::Created, descending: true, ..query };
        }
        Ok(KeyExport { service, sight, query, now: self.now(), after: None, is_over: false })
    }
}

impl KeyExport {
    /// The next keys in the order of the list; none at its end.
    pub async fn next(&mut self) -> Result<Vec<ExportedKey>> {
        let store = self.service.store();
        while !self.is_over {
            let after = self.after.as_deref();
            let (ids, next) = store.list_key_ids(&self.sight, &self.query, after, PIECE, self.now).await?;
            self.is_over = next.is_none();
            self.after = next;
            let keys = store.key_details(&ids).await?;
            // All keys of a piece may have been deleted meanwhile.
            if !keys.is_empty() {
                return Ok(keys.into_iter().map(|key| ExportedKey::at(key, self.now)).collect());
            }
        }
        Ok(Vec::new())
    }
}
