//! The APIs of other products, so that their clients only need a new address. Each has its own folder.

pub(crate) mod cors;
pub(crate) mod openmethods;
mod qwil;
pub(crate) mod sunshine;
mod unkey;
pub(crate) mod vchatcloud;

use crate::api::routes::Group;

/// The routes of those that servers call.
pub(crate) static FAMILIES: [&Group; 3] = [&qwil::ROUTES, &sunshine::ROUTES, &unkey::ROUTES];

/// The routes of those that pages of other origins call, too.
pub(crate) static FOR_PAGES: [&Group; 2] = [&openmethods::ROUTES, &vchatcloud::ROUTES];
