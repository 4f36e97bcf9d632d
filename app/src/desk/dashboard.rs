//! The numbers of the first page.

use domain::dashboard::Dashboard;

use super::context::Desk;
use crate::error::ConsoleError;

/// Counts, the last changes and the next steps.
pub async fn read_dashboard() -> Result<Dashboard, ConsoleError> {
    let desk = Desk::from_context()?;
    Ok(desk.service().dashboard(&desk.caller()?, &desk.app()).await?)
}
