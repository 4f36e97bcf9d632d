//! The edges from outside: the router, called as a browser or a program calls it, and the binary.
#![allow(clippy::disallowed_methods, reason = "tests wait for real time")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "what fails here fails the test"
)]

mod account;
mod api_bad_input;
mod api_batch;
mod api_credentials;
mod api_docs;
mod api_limits;
mod api_self_check;
mod api_self_revoke;
mod api_unkey;
mod api_unkey_errors;
mod api_verify;
mod apps;
mod authorize;
mod authorize_bad_input;
mod authorize_options;
mod chat_files;
mod chatrooms;
mod cli_both;
mod cli_elsewhere;
mod client_address;
mod command_line;
mod cookies;
mod csrf;
mod events;
mod events_bad_input;
mod exports;
mod failpoints;
mod failpoints_sending;
mod families;
mod faults;
mod forgot;
mod forms;
mod hand_overs;
mod headers;
mod health;
mod holder;
mod hostile;
mod integration_pages;
mod invites;
mod key_list;
mod key_pages;
mod large_bodies;
mod live;
mod logs;
mod mailbox;
mod manage_integration_keys;
mod manage_keys;
mod manage_many;
mod manage_matrix;
mod manage_people;
mod manage_repeat;
mod manage_requests;
mod manage_rotation;
mod matrix;
mod matrix_rows;
mod metrics;
mod monitoring;
mod operations;
mod packaging;
mod passkeys;
mod process;
mod proof;
mod provider_attacks;
mod provider_of_test;
mod providers;
mod proxies;
mod qwil;
mod qwil_caller;
mod qwil_doors;
mod request_ids;
mod requests;
mod rotation;
mod routes;
mod scope_keys;
mod screens;
mod second_factor;
mod sign_in_guard;
mod site;
mod stale_forms;
mod start_refusals;
mod status;
mod sunshine;
mod sunshine_attachments;
mod sunshine_bad_input;
mod sunshine_caller;
mod sunshine_clients;
mod sunshine_conversations;
mod sunshine_doors;
mod sunshine_messages;
mod support;
mod traces;
mod vchatcloud;
mod vchatcloud_bad_input;
mod vchatcloud_credentials;
mod warnings;
mod webhooks;
mod wizard;
