//! What a page showed of a thing that its form changes. A page that is out of date takes nothing back.

use data_encoding::BASE64URL_NOPAD;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// The state of a thing as a form carries it: the same text for the same state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenState(String);

impl SeenState {
    /// The state of what a form changes.
    pub fn of(state: &impl Serialize) -> Self {
        let text = serde_json::to_vec(state).unwrap_or_default();
        Self(BASE64URL_NOPAD.encode(&Sha256::digest(text)))
    }

    /// The state that a form carried; `None` if it carried none.
    pub fn read(sent: String) -> Option<Self> {
        (!sent.is_empty()).then_some(Self(sent))
    }

    /// The text that a form carries.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
