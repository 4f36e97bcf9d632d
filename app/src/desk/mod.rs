//! What pages read and what their forms do. Each function authorises, calls the service and maps the error.

pub mod account;
mod account_forms;
pub mod apps;
pub mod audit;
pub mod context;
pub mod dashboard;
mod exports;
mod form_routes;
pub mod hand_overs;
pub mod holder;
pub mod integration;
pub mod invites;
mod key_forms;
pub mod keys;
pub mod later;
pub mod mount;
pub mod named;
pub mod onward;
pub mod passkeys;
pub mod people;
mod people_forms;
pub mod person;
mod person_forms;
pub mod provider_routes;
pub mod render;
pub mod requests;
pub mod rotation;
pub mod session_cookie;
pub mod settings;
mod settings_forms;
pub mod why;

pub use crate::error::ConsoleError;
