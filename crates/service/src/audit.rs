//! Reading the record.

use domain::{audit::AuditRow, ids::KeyId, page::Page, role::Act};
use store::AuditFilter;

use crate::{Caller, Result, Service};

/// Which part of the record. The cursors are those of a page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// Only what concerns this key, deleted or not.
    pub key: Option<KeyId>,
    /// Older events than this.
    pub after: Option<String>,
    /// Newer events than this.
    pub before: Option<String>,
}

impl Service {
    /// A page of the record, newest first.
    pub async fn audit(&self, caller: &Caller, query: &AuditQuery) -> Result<Page<AuditRow>> {
        caller.may(Act::SeeAudit)?;
        let filter =
            AuditFilter { key: query.key.clone(), app: None, after: query.after.clone(), before: query.before.clone() };
        Ok(self.store().audit_page(&filter).await?)
    }
}
