//! The only SQL of Keystead: one `Store` over SQLite or Postgres, one file per aggregate.
//! Reads are methods of [`Store`] and, inside a transaction, of [`Tx`]. Every change is a method of `Tx`, and only
//! [`Store::write`] gives a `Tx`.
#![warn(missing_docs)]

#[macro_use]
mod store;

mod api_answers;
mod apps;
mod audit;
mod audit_chain;
mod audit_search;
mod bulk_acts;
mod calls;
mod conn;
mod dialect;
mod drafts;
mod error;
mod grants;
mod hand_overs;
mod identities;
mod invites;
mod key_arms;
mod key_bulk;
mod key_changes;
mod key_counts;
mod key_cursor;
mod key_found;
mod key_list;
mod key_moment;
mod key_range;
mod key_request_list;
mod key_requests;
mod key_rules;
mod key_search;
mod key_worst;
mod keys;
mod last_use;
mod links;
mod look;
mod meta;
mod name_parts;
mod passkeys;
mod patience;
mod people;
mod people_list;
mod permissions;
mod postgres;
mod quota;
mod reach;
mod rotation;
mod saved_views;
mod schema;
mod second_factors;
mod secret_use;
mod sessions;
mod sql;
mod sqlite;
mod throttle;
mod usage;
mod whole;

pub use api_answers::{ApiAnswer, KeptAnswer, SealedPart};
pub use audit_chain::{ChainCheck, ChainMac};
pub use bulk_acts::TakenKey;
pub use error::{StoreError, Unique};
pub use identities::IdentityRow;
pub use key_bulk::Retagged;
pub use key_changes::NewKey;
pub use key_counts::KeyCounts;
pub use key_list::KeyIds;
pub use keys::{NewSecret, ReadKey, SecretVersion, StoredKey};
pub use last_use::{KeyUse, LastUsed, UsePlace};
pub use links::Link;
pub use meta::DataKey;
pub use passkeys::{ChallengeRow, PasskeyRow};
pub use people::PersonRow;
pub use people_list::Lock;
pub use quota::{QuotaBlock, QuotaReturn};
pub use schema::Schema;
pub use second_factors::FactorRow;
pub use secret_use::SecretCalls;
pub use sessions::SessionRow;
pub use store::{Changes, Opening, Seen, Store, Tx};
pub use throttle::Failures;
pub use usage::{KeyCalls, UsageBatch};
pub use whole::Rows;
