//! The audit, a page at a time.

use domain::audit::AuditRow;
use domain::audit_query::{AuditQuery, DayEvents};
use domain::page::Page;
use service::Caller;

use super::context::Desk;
use crate::error::ConsoleError;

/// The page of the audit that was asked for.
pub async fn read_audit(query: &AuditQuery) -> Result<Page<AuditRow>, ConsoleError> {
    let desk = Desk::from_context()?;
    Ok(desk.service().audit(&looking(&desk, query).await?, query).await?)
}

/// The visitor, who looks at the chosen app alone, unless they ask about one key.
pub(super) async fn looking(desk: &Desk, query: &AuditQuery) -> Result<Caller, ConsoleError> {
    let caller = desk.caller()?;
    if query.key.is_some() { Ok(caller) } else { Ok(desk.apps().await?.narrowed(caller)) }
}

/// How many of these events there were on each day of the strip.
pub async fn read_days(query: &AuditQuery) -> Result<Vec<DayEvents>, ConsoleError> {
    let desk = Desk::from_context()?;
    Ok(desk.service().audit_days(&looking(&desk, query).await?, query).await?)
}
