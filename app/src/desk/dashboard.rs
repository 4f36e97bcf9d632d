//! The numbers of the first page.

use domain::calls::Span;
use domain::dashboard::Dashboard;
use domain::timestamp::Timestamp;

use super::context::Desk;
use crate::error::ConsoleError;

/// Counts, the calls of this span, the last changes and the next steps, and the time that they are of.
pub async fn read_dashboard(span: Span) -> Result<(Dashboard, Timestamp), ConsoleError> {
    let desk = Desk::from_context()?;
    let view = desk.apps().await?;
    let caller = view.narrowed(desk.caller()?);
    Ok((desk.service().dashboard(&caller, view.scope()?, span).await?, desk.service().now()))
}
