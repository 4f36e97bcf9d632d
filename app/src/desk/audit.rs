//! The audit, a page at a time.

use domain::audit::{AuditQuery, AuditRow};
use domain::page::Page;

use super::context::Desk;
use crate::error::ConsoleError;

/// The page of the audit that was asked for.
pub async fn read_audit(query: &AuditQuery) -> Result<Page<AuditRow>, ConsoleError> {
    let desk = Desk::from_context()?;
    Ok(desk.service().audit(&desk.caller()?, query).await?)
}
