//! The audit, a page at a time.

use domain::audit::AuditRow;
use domain::audit_query::{AuditQuery, DayEvents};
use domain::page::Page;

use super::context::Desk;
use crate::error::ConsoleError;

/// The page of the audit that was asked for.
pub async fn read_audit(query: &AuditQuery) -> Result<Page<AuditRow>, ConsoleError> {
    let desk = Desk::from_context()?;
    Ok(desk.service().audit(&desk.caller()?, query).await?)
}

/// How many of these events there were on each day of the strip.
pub async fn read_days(query: &AuditQuery) -> Result<Vec<DayEvents>, ConsoleError> {
    let desk = Desk::from_context()?;
    Ok(desk.service().audit_days(&desk.caller()?, query).await?)
}
