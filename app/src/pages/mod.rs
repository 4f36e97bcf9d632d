//! One screen per file.

pub mod acknowledge;
pub mod audit;
pub mod dashboard;
pub mod find;
pub mod frame;
pub mod generate;
mod generate_steps;
mod integration_samples;
pub mod key;
pub mod key_acts;
pub mod key_audit;
pub mod key_edit;
mod key_proxies;
mod key_restrictions;
pub mod keys;
pub mod keys_bulk;
pub mod keys_filters;
mod keys_table;
pub mod keys_views;
pub mod not_found;
mod secret;
pub mod settings;
pub mod setup;
pub mod setup_integration;
pub mod sign_in;
pub mod why;
