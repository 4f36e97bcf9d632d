//! What a form of a key means, and checks that need tables which the browser does not have. It asks the server when a field
//! loses focus.

use domain::caution::Caution;
use domain::draft::KeyDraft;
use domain::field::FieldErrors;
use domain::kind::KeyKind;
use domain::timestamp::Timestamp;
use leptos::prelude::*;
use leptos::server_fn::codec::Json;
use serde::{Deserialize, Serialize};

use crate::error::CallError;

/// What a form means so far, as far as it is right.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Told {
    /// The restrictions of the key, in sentences.
    pub words: String,
    /// When it expires.
    pub until: Option<Timestamp>,
    /// What people should know.
    pub cautions: Vec<Caution>,
}

/// What is wrong with a draft for a new key of this kind, and what it means.
#[server(endpoint = "check_key", input = Json)]
pub async fn check_key(kind: KeyKind, draft: KeyDraft) -> Result<(FieldErrors, Told), CallError> {
    use crate::desk::keys::{check_draft, tell};
    use crate::error::ConsoleError;
    let errors = match check_draft(&draft).await {
        Ok(()) => FieldErrors::default(),
        Err(ConsoleError::Refused(domain::refusal::Refusal::Invalid(errors))) => errors,
        Err(error) => return Err(error.into()),
    };
    Ok((errors, tell(kind, &draft)?))
}
