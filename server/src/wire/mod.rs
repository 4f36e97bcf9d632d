//! The APIs of other products, so that their clients need another address and nothing else: one folder for each.

mod unkey;

use crate::api::routes::Group;

/// The routes of each.
pub(crate) static FAMILIES: [&Group; 1] = [&unkey::ROUTES];
