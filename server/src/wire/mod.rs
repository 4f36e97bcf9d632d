//! The APIs of other products, so that their clients only need a new address. Each has its own folder.

mod unkey;

use crate::api::routes::Group;

/// The routes of all of them.
pub(crate) static FAMILIES: [&Group; 1] = [&unkey::ROUTES];
