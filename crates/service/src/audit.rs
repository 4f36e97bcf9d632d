//! Reading the audit.

use domain::{
    audit::{AuditQuery, AuditRow},
    page::Page,
    role::Act,
};
use store::ChainCheck;

use crate::{Caller, Result, Service};

impl Service {
    /// A page of the audit, newest first, without the events of keys that the caller may not see.
    pub async fn audit(&self, caller: &Caller, query: &AuditQuery) -> Result<Page<AuditRow>> {
        caller.may(Act::SeeAudit)?;
        Ok(self.store().audit_page(caller.sight(), query).await?)
    }

    /// Checks the whole audit, and finds the first event that does not match its link.
    pub async fn check_record(&self, caller: &Caller) -> Result<ChainCheck> {
        caller.may(Act::SeeAudit)?;
        let mac = |version, bytes: &[u8]| self.keyring().audit_version(version).map(|key| key.mac(&[bytes]));
        Ok(self.store().verify_chain(&mac).await?)
    }
}
