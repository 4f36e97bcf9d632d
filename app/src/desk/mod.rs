//! What the pages read, and what their forms do. Each authorises, calls the service, maps the error.

pub mod audit;
pub mod calls;
pub mod context;
pub mod dashboard;
mod form_routes;
pub mod integration;
pub mod key_forms;
pub mod keys;
pub mod mount;
pub mod person;
pub mod person_forms;
pub mod settings;
pub mod why;

pub use crate::error::ConsoleError;
