//! The contract of the store, on SQLite and on Postgres alike.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "what fails here fails the test")]

mod chain;
mod contract;
mod coverage;
mod fixtures;
mod giving_up;
mod later_version;
mod name_parts;
mod paging;
