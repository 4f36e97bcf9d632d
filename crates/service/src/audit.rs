//! Reading the audit.

use domain::{
    audit::AuditRow,
    audit_query::{AuditQuery, DAYS_SHOWN, DayEvents},
    export::ExportedEvent,
    page::Page,
    role::Act,
    sight::Sight,
    timestamp::Millis,
};
use store::ChainCheck;

use crate::{Caller, Result, Service};

/// Events in a piece of an export.
const PIECE: u32 = 1_000;

/// An export of the audit that has begun. Between two pieces no connection is held.
#[derive(Debug)]
pub struct AuditExport {
    service: Service,
    sight: Sight,
    query: AuditQuery,
    /// The last event of the last piece; `None` before the first one.
    before: Option<i64>,
}

impl AuditExport {
    /// The next events, newest first; none at the end.
    pub async fn next(&mut self) -> Result<Vec<ExportedEvent>> {
        let events = self.service.store().audit_before(&self.sight, &self.query, self.before, PIECE).await?;
        self.before = events.last().map(|event| event.seq).or(self.before);
        Ok(events.into_iter().map(ExportedEvent::from).collect())
    }
}

impl Service {
    /// Begins an export of the events that the caller may see and the query asks for, whatever its page.
    pub fn export_audit(&self, caller: &Caller, query: &AuditQuery) -> Result<AuditExport> {
        caller.may(Act::ExportAudit)?;
        let (sight, query) = (caller.sight().clone(), query.clone());
        Ok(AuditExport { service: self.clone(), sight, query, before: None })
    }

    /// A page of the audit, newest first: the caller's own acts, or those of all without the events of keys that the caller
    /// may not see.
    pub async fn audit(&self, caller: &Caller, query: &AuditQuery) -> Result<Page<AuditRow>> {
        caller.may(Act::SeeOwnActs)?;
        Ok(self.store().audit_page(caller.sight(), query).await?)
    }

    /// How many of these events there were on each day that the strip shows, beginning with the first of them.
    pub async fn audit_days(&self, caller: &Caller, query: &AuditQuery) -> Result<Vec<DayEvents>> {
        caller.may(Act::SeeOwnActs)?;
        let first = query.first_shown(self.now());
        let counted = self.store().audit_days(caller.sight(), query, first).await?;
        let of = |day| counted.iter().find(|counted| counted.day == day).map_or(0, |counted| counted.events);
        let days = (0..DAYS_SHOWN).map(|n| first.plus(Millis::days(n)));
        Ok(days.map(|day| DayEvents { day, events: of(day) }).collect())
    }

    /// Checks the whole audit, and finds the first event that does not match its link. `told` hears from time to time up to
    /// which event it is checked, and which is the last one.
    pub async fn check_record(&self, caller: &Caller, told: &(dyn Fn(i64, i64) + Sync)) -> Result<ChainCheck> {
        caller.may(Act::SeeAudit)?;
        let mac = |version, bytes: &[u8]| self.keyring().audit_version(version).map(|key| key.mac(&[bytes]));
        Ok(self.store().verify_chain(&mac, told).await?)
    }
}
