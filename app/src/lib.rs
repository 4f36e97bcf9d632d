//! The console. Every page is rendered on the server and works as it is; the browser gets only the
//! islands, which add what needs no page: checks while typing, copying, local times, live verdicts.
//!
//! `pages` holds one screen per file, `components` the kit they are made of, `islands` what the
//! browser runs too, `desk` what the pages read and the handlers of their forms.

#![recursion_limit = "256"]
#![allow(clippy::needless_pass_by_value, reason = "components own what they are given")]

mod browser;
mod components;
#[cfg(feature = "ssr")]
pub mod desk;
mod error;
mod fields;
#[cfg(feature = "ssr")]
mod form;
mod islands;
#[cfg(feature = "ssr")]
mod pages;
#[cfg(feature = "ssr")]
mod routes;
#[cfg(feature = "ssr")]
mod shell;

#[cfg(feature = "ssr")]
pub use routes::App;
#[cfg(feature = "ssr")]
pub use shell::shell;
