//! Filters of the key list that a person keeps under a name.

use serde::{Deserialize, Serialize};

use crate::list::KeyQuery;

/// The most views of a person.
pub const VIEWS_MAX: usize = 20;

/// A list with its filters and order, under a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedView {
    /// The name that the person gave it.
    pub name: String,
    /// What it shows.
    pub query: KeyQuery,
}
