//! The kit that pages are made of: native elements with the product's look.

#[cfg(feature = "ssr")]
pub mod audit_table;
#[cfg(feature = "ssr")]
pub mod calls_chart;
#[cfg(feature = "ssr")]
pub mod copy;
#[cfg(feature = "ssr")]
pub mod failed;
pub mod field;
#[cfg(feature = "ssr")]
pub mod hidden_draft;
pub mod key_fields;
#[cfg(feature = "ssr")]
pub mod key_status;
#[cfg(feature = "ssr")]
pub mod modal;
#[cfg(feature = "ssr")]
pub mod pager;
pub mod problem;
#[cfg(feature = "ssr")]
pub mod refusals;
#[cfg(feature = "ssr")]
pub mod shortcuts;
#[cfg(feature = "ssr")]
pub mod time;
pub mod warning;
