//! The use cases over real databases, with a clock that the tests set and a hasher that counts.
#![allow(clippy::disallowed_methods, reason = "tests wait for real time")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests, which clippy does not take for tests"
)]

#[macro_use]
mod world;

// The first in the alphabet is the first to run, and this one takes longest.
mod account;
mod app_profiles;
mod apps;
mod at_once;
mod beside_pages;
mod bulk;
mod chat;
mod contacts;
mod delegation;
mod deliveries;
mod drafts;
mod edit;
mod events;
mod factor_policy;
mod hand_overs;
mod holder;
mod integrations;
mod invites;
mod issue;
mod key_details;
mod labels;
mod limited;
mod limits;
mod looking;
mod member;
mod metrics;
mod nodes;
mod once;
mod other_process;
mod passkey_attacks;
mod passkeys;
mod people;
mod proof;
mod provider_accounts;
mod provider_door;
mod providers;
mod quota;
mod record;
mod request_rules;
mod requests;
mod reset;
mod reset_asks;
mod roles;
mod rotation;
mod rotation_calls;
mod rotation_hand_overs;
mod rotation_overdue;
mod rotation_use;
mod scoped_keys;
mod second_factor;
mod sessions;
mod settings;
mod setup;
mod sign_in;
mod signed_keys;
mod start;
mod state;
mod usage;
mod verify;
