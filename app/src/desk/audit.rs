//! The record of changes, a page at a time.

use domain::audit::{AuditQuery, AuditRow};
use domain::page::Page;

use super::context::Desk;
use super::keys::key_id;
use crate::error::ConsoleError;

/// A page of the record: of one key, or of everything. Cursors are those of the page before.
pub async fn read_audit(
    key: Option<&str>,
    after: Option<String>,
    before: Option<String>,
) -> Result<Page<AuditRow>, ConsoleError> {
    let desk = Desk::from_context()?;
    let query = AuditQuery { key: key.map(key_id).transpose()?, after, before };
    Ok(desk.service().audit(&desk.caller()?, &query).await?)
}
