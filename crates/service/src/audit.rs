//! Reading the record.

use domain::{
    audit::{AuditQuery, AuditRow},
    page::Page,
    role::Act,
};

use crate::{Caller, Result, Service};

impl Service {
    /// A page of the record, newest first, without the events of keys that the caller may not see.
    pub async fn audit(&self, caller: &Caller, query: &AuditQuery) -> Result<Page<AuditRow>> {
        caller.may(Act::SeeAudit)?;
        Ok(self.store().audit_page(caller.sight(), query).await?)
    }
}
