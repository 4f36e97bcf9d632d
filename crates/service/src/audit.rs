//! Reading the audit.

use domain::{
    audit::AuditRow,
    audit_query::{AuditQuery, DAYS_SHOWN, DayEvents},
    page::Page,
    role::Act,
    timestamp::Millis,
};
use store::ChainCheck;

use crate::{Caller, Result, Service};

impl Service {
    /// A page of the audit, newest first, without the events of keys that the caller may not see.
    pub async fn audit(&self, caller: &Caller, query: &AuditQuery) -> Result<Page<AuditRow>> {
        caller.may(Act::SeeAudit)?;
        Ok(self.store().audit_page(caller.sight(), query).await?)
    }

    /// How many of these events there were on each day that the strip shows, beginning with the first of them.
    pub async fn audit_days(&self, caller: &Caller, query: &AuditQuery) -> Result<Vec<DayEvents>> {
        caller.may(Act::SeeAudit)?;
        let first = query.first_shown(self.now());
        let counted = self.store().audit_days(caller.sight(), query, first).await?;
        let of = |day| counted.iter().find(|counted| counted.day == day).map_or(0, |counted| counted.events);
        let days = (0..DAYS_SHOWN).map(|n| first.plus(Millis::days(n)));
        Ok(days.map(|day| DayEvents { day, events: of(day) }).collect())
    }

    /// Checks the whole audit, and finds the first event that does not match its link.
    pub async fn check_record(&self, caller: &Caller) -> Result<ChainCheck> {
        caller.may(Act::SeeAudit)?;
        let mac = |version, bytes: &[u8]| self.keyring().audit_version(version).map(|key| key.mac(&[bytes]));
        Ok(self.store().verify_chain(&mac).await?)
    }
}
