//! The edges of Keystead around `service`: the listener, the console's middleware, the API for programs and the command
//! line.

#![recursion_limit = "256"]

mod api;
mod api_docs;
mod call_threads;
pub mod cli;
pub mod client_address;
pub mod config;
mod connections;
mod console;
pub mod console_threads;
mod data_folder;
mod dispatch;
mod firewall;
mod health;
mod json;
mod lingering;
mod listen;
mod listener;
mod live;
pub mod mail;
mod metrics;
pub mod oidc;
mod outbound;
mod paths;
mod policy_report;
mod public_address;
pub mod public_url;
mod reading;
mod request_id;
mod responses;
pub mod router;
mod seldom;
pub mod serve;
pub mod site;
pub mod start;
pub mod state;
mod timed;
mod traces;
mod uploads;
pub mod webhooks;
mod wire;
