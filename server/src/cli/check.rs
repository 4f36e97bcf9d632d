//! `keystead check`: whether the database is sound, the audit intact, and how much there is.

use service::Caller;
use store::{ChainCheck, Rows, Store};

use super::audit;
use super::failure::Failure;
use super::output::show;
use crate::config::Config;
use crate::start::{self, Opener};

pub(super) async fn run(config: &Config, caller: &Caller) -> Result<(), Failure> {
    let rows = sound(config, Opener::Command, caller).await?;
    show(format_args!("The database is sound: {}.", words(rows)))
}

/// Checks a whole installation. The failure says what is wrong with it.
pub(super) async fn sound(config: &Config, opener: Opener, caller: &Caller) -> Result<Rows, Failure> {
    // Opened first: it says in words what is missing.
    let product = start::open_existing(config, opener).await?;
    let url = config.database_url.expose();
    let checked = async {
        if let Some(fault) = Store::fault(url).await.map_err(start::StartError::Store)? {
            return Err(Failure::Record(format!("the database is damaged: {fault}")));
        }
        match audit::checked(&product.service, caller).await? {
            ChainCheck::Intact { .. } => Ok(product.store.rows().await.map_err(start::StartError::Store)?),
            broken => Err(audit::broken(broken)),
        }
    };
    let checked = checked.await;
    product.store.close().await;
    checked
}

/// `3 keys, 1 person and 12 events`.
pub(super) fn words(rows: Rows) -> String {
    let count = |n: i64, one: &str, more: &str| format!("{n} {}", if n == 1 { one } else { more });
    let Rows { keys, people, events } = rows;
    format!(
        "{}, {} and {}",
        count(keys, "key", "keys"),
        count(people, "person", "people"),
        count(events, "event", "events")
    )
}
