//! The console. The server renders every page, and pages work without scripts. The browser runs only the islands, which
//! add checks while typing, copying, local times and live verdicts.
//!
//! `pages` holds one screen per file, `components` the kit they are made of, `islands` what the
//! browser runs too, `forms` what is posted, `desk` what the pages read and what their forms do.

#![recursion_limit = "256"]
#![allow(clippy::needless_pass_by_value, reason = "components own what they are given")]

#[cfg(feature = "ssr")]
mod addresses;
mod browser;
mod components;
#[cfg(feature = "ssr")]
pub mod desk;
mod error;
mod forms;
mod islands;
#[cfg(feature = "ssr")]
mod pages;
#[cfg(feature = "ssr")]
mod routes;
#[cfg(feature = "ssr")]
mod shell;
