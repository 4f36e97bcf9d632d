//! What came of a key's calls.

use domain::calls::KeyCalls;

use super::context::Desk;
use super::keys::key_id;
use crate::error::ConsoleError;

/// A key's calls by hour and its last refusals.
pub async fn read_calls(id: &str) -> Result<KeyCalls, ConsoleError> {
    let desk = Desk::from_context()?;
    Ok(desk.service().key_calls(&desk.caller()?, &key_id(id)?).await?)
}
