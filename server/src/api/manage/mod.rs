//! The management API: what the console can do, for programs. Each route names the one permission that it needs.

mod access;
mod acts;
mod answer;
mod apps;
mod audit;
mod bodies;
mod bounds;
pub(super) mod call;
mod delete;
mod hand_overs;
mod if_match;
mod invites;
mod key_body;
mod key_members;
mod key_shown;
mod keys;
mod limits;
mod many;
mod people;
pub(crate) mod query;
pub(super) mod repeat;
mod requests;
mod rotation;
mod routes;
mod settings;
mod usage;

pub(super) use acts::Revoke;
pub(super) use bodies::MaybeBody;
pub(super) use routes::{ROUTES, TAGS};
