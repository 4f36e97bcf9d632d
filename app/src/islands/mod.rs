//! The islands, which run in the browser too. Pages work without them.

pub mod acknowledge;
pub mod check;
pub mod connectivity;
pub mod find;
pub mod key_form;
pub mod page;
#[cfg(feature = "ssr")]
pub mod passkey;
#[cfg(feature = "ssr")]
pub mod progress;
#[cfg(feature = "ssr")]
pub mod rows;

/// An exact time as the document has it, before scripts run.
#[cfg(feature = "ssr")]
pub(crate) use crate::components::time::exact;
#[cfg(not(feature = "ssr"))]
pub(crate) fn exact(at: domain::timestamp::Timestamp) -> String {
    at.to_text()
}
