//! The contract of the store, on SQLite and on Postgres alike.

mod chain;
mod contract;
mod coverage;
mod fixtures;
mod paging;
