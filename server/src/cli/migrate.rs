//! `keystead migrate`: updates the database, for whoever does not want that to happen at the start of a server.

use super::failure::Failure;
use super::output::show;
use crate::config::Config;
use crate::start::{self, Opener};

pub(super) async fn run(config: &Config) -> Result<(), Failure> {
    let opened = start::open(config, Opener::Server).await?;
    opened.store.close().await;
    show(format_args!("The database is up to date."))
}
