//! What an open list asks the server for. frontend/js/rows.js shows the answer.

use domain::ids::KeyId;
use domain::list::KeyQuery;
use domain::query_string::ListQuery;
use leptos::prelude::*;
use leptos::server_fn::codec::Json;
use serde::{Deserialize, Serialize};

use crate::error::CallError;

/// A row of the key list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The id of its key.
    pub id: String,
    /// The row, as the page shows it.
    pub html: String,
}

/// A page has no more.
const MOST: usize = 100;

/// A list as the address that a browser shows has it.
#[cfg(feature = "ssr")]
fn as_sent(query: &str) -> KeyQuery {
    let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    KeyQuery::from_pairs(pairs.iter().map(|(name, value)| (&**name, &**value)))
}

/// The rows of these keys as they are now, in a list with this query. Watching a list does not prolong a session.
#[server(endpoint = "rows", input = Json)]
pub async fn rows(ids: Vec<String>, list: String) -> Result<Vec<Row>, CallError> {
    let ids: Vec<KeyId> = ids.iter().take(MOST).filter_map(|id| KeyId::parse(id)).collect();
    Ok(crate::pages::keys_table::rows_now(&ids, &as_sent(&list)).await?)
}
