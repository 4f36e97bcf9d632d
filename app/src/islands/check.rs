//! Checks that need tables which the browser does not have. It asks the server when a field loses focus.

use domain::draft::KeyDraft;
use domain::field::FieldErrors;
use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use crate::error::ConsoleError;

/// What is wrong with a draft for a new key.
#[server(endpoint = "check_key", input = Json)]
pub async fn check_key(draft: KeyDraft) -> Result<FieldErrors, ConsoleError> {
    match crate::desk::keys::check_draft(&draft).await {
        Ok(()) => Ok(FieldErrors::default()),
        Err(ConsoleError::Refused(domain::refusal::Refusal::Invalid(errors))) => Ok(errors),
        Err(error) => Err(error),
    }
}
