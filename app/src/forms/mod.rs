//! What is posted: the fields of each form, and what came of it.

pub mod fields;
#[cfg(feature = "ssr")]
pub mod key;
#[cfg(feature = "ssr")]
pub mod outcome;
#[cfg(feature = "ssr")]
pub mod person;
