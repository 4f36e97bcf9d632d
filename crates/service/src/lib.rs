//! The use cases. Each change is one transaction with its audit event. This crate knows no HTTP and no SQL.
#![warn(missing_docs)]

pub mod account;
mod apps;
mod attempt;
pub mod audit;
mod background;
pub mod caller;
pub mod clock;
mod dashboard;
pub mod devices;
pub mod entropy;
pub mod error;
mod invented;
pub mod invites;
mod keyring;
pub mod keys;
mod links;
mod mac;
pub mod mail;
pub mod once;
pub mod passwords;
pub mod people;
mod progress;
mod readiness;
pub mod reset;
pub mod root_key;
mod saved_views;
mod seal;
pub mod second_factor;
mod service;
pub mod sessions;
mod settings;
pub mod setup;
pub mod sign_in;
pub mod streams;
mod throttle;
mod totp;
mod turns;
mod usage;
pub mod verify;

pub use caller::{Authentication, Caller, ClientInfo};
pub use error::{Error, Result};
pub use readiness::NotReady;
pub use service::{Service, Setup, StartError};
