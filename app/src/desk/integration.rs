//! What a program needs to call Keystead with a key.

use std::sync::Arc;

use super::context::{Desk, Endpoint};
use super::keys::{KeyView, read_key};
use crate::error::ConsoleError;

/// What the page Setup Integration shows: the address to call, and the chosen key, if any.
#[derive(Debug)]
pub struct Integration {
    pub public_url: String,
    /// The addresses that programs call.
    pub endpoints: Arc<[Endpoint]>,
    pub key: Option<KeyView>,
}

/// The address to call and the chosen key. A key that does not exist is `NotFound`.
pub async fn read_integration(key: Option<&str>) -> Result<Integration, ConsoleError> {
    let console = Desk::from_context()?.console;
    let key = match key {
        None => None,
        Some(id) => Some(read_key(id).await?),
    };
    Ok(Integration { public_url: console.public_url, endpoints: console.endpoints, key })
}

/// The address that programs call.
pub fn public_url() -> Result<String, ConsoleError> {
    Ok(Desk::from_context()?.console.public_url)
}
