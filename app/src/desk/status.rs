//! Whether all is well, and what this node does.

use domain::status::Status;

use super::context::Desk;
use crate::error::ConsoleError;

/// Warnings, nodes and figures; `Forbidden` unless the person may see them.
pub async fn read_status() -> Result<Status, ConsoleError> {
    let desk = Desk::from_context()?;
    Ok(desk.service().status(&desk.caller()?).await?)
}
