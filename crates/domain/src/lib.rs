//! The words and rules of Keystead: key kinds, allow-lists, permissions, tokens, roles, verdicts.
//!
//! No I/O, no clock, no async: the browser and the server run the same code. The feature `server` adds the rules
//! that need Unicode tables or word lists (IDNA, public suffixes, NFC and NFKC, common passwords).
#![warn(missing_docs)]

#[macro_use]
pub mod names;

pub mod access_token;
pub mod app;
pub mod app_profile;
pub mod approval;
pub mod attachment;
pub mod audit;
pub mod audit_query;
pub mod base62;
pub mod bulk;
pub mod calls;
pub mod caution;
pub mod cidr;
pub mod contact;
pub mod contradiction;
pub mod dashboard;
pub mod delegation;
pub mod delivery;
pub mod device;
pub mod draft;
pub mod environment;
pub mod event;
pub mod expiry;
#[cfg(feature = "server")]
pub mod export;
pub mod field;
pub mod forwarded;
pub mod grant;
pub mod hand_over;
pub mod holder;
pub mod ids;
pub mod integration;
pub mod invite;
pub mod key;
pub mod kind;
pub mod labels;
pub mod life;
pub mod limit;
pub mod list;
#[cfg(feature = "server")]
pub mod look;
pub mod member_key;
pub mod message;
pub mod node;
pub mod origin;
pub mod page;
pub mod participant;
pub mod passkey;
pub mod permission;
pub mod permission_query;
pub mod person;
pub mod prefill;
pub mod preset;
pub mod profile;
pub mod proof;
pub mod provider;
pub mod query_string;
pub mod quota;
pub mod refusal;
pub mod release;
pub mod request;
pub mod restrictions;
pub mod role;
pub mod room;
pub mod rotation;
pub mod rules;
#[cfg(test)]
mod sample;
pub mod saved_view;
pub mod second_factor;
pub mod share;
pub mod shown_once;
pub mod sight;
pub mod spec;
pub mod status;
pub mod text;
pub mod timestamp;
pub mod token;
pub mod usage;
pub mod verdict;
pub mod webhook;
#[cfg(feature = "server")]
pub mod zone;
