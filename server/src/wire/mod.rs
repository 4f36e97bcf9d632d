//! The APIs of other products, so that their clients only need a new address. Each has its own folder.

mod qwil;
mod unkey;
pub(crate) mod vchatcloud;

use crate::api::routes::Group;

/// The routes of all of them.
pub(crate) static FAMILIES: [&Group; 3] = [&qwil::ROUTES, &unkey::ROUTES, &vchatcloud::ROUTES];
