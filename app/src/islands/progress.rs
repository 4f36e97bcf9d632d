//! What a form that is under way asks the server for. frontend/js/signs.js shows the answer.

use domain::page::grouped;
use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use crate::error::CallError;

/// How far an act on many keys is, for people; `None` unless it is under way.
#[server(endpoint = "progress", input = Json)]
#[allow(clippy::unused_async, reason = "the browser waits for it")]
pub async fn progress(form_id: String) -> Result<Option<String>, CallError> {
    let done = crate::desk::keys::read_progress(&form_id)?;
    Ok(done.map(|(done, of)| format!("{} of {}", grouped(done.into()), grouped(of.into()))))
}
