//! What the palette asks the server for. frontend/js/palette.js shows the answer.

use leptos::prelude::*;
use leptos::server_fn::codec::Json;
use serde::{Deserialize, Serialize};

use crate::error::CallError;

/// A place to go to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    /// What it is called.
    pub words: String,
    /// What kind of thing it is.
    pub note: String,
    /// Where it is.
    pub address: String,
}

/// The pages, keys and acts that fit what was typed.
#[server(endpoint = "find", input = Json)]
pub async fn find(typed: String) -> Result<Vec<Hit>, CallError> {
    Ok(crate::pages::find::hits(&typed).await?)
}
