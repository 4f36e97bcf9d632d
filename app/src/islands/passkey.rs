//! What a button for a passkey asks the server for. frontend/js/passkeys.js gives it to the browser.

use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use crate::error::CallError;

/// What a passkey is to sign, as JSON. The word says what for.
#[server(endpoint = "passkey", input = Json)]
pub async fn passkey(used_for: String) -> Result<String, CallError> {
    Ok(crate::desk::passkeys::read_options(&used_for).await?)
}
