//! One screen per file.

pub mod acknowledge;
pub mod audit;
pub mod dashboard;
pub mod find;
pub mod frame;
pub mod generate;
mod generate_kinds;
mod generate_link;
mod generate_steps;
pub mod help;
mod integration_samples;
pub mod key;
pub mod key_acts;
pub mod key_audit;
mod key_calls;
pub mod key_edit;
mod key_facts;
mod key_proxies;
mod key_restrictions;
pub mod keys;
pub mod not_found;
mod secret;
pub mod settings;
pub mod setup;
pub mod setup_integration;
pub mod sign_in;
pub mod why;
