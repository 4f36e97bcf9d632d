//! Carries a command out.

use super::client::Client;
use super::failure::Failure;
use super::key_fields::not_blank;
use super::to::To;
use super::{Command, app, audit, backup, check, health, invite, manual, migrate, operator, owner, person, request};
use crate::config::Config;
use crate::start::{self, Opener};

/// Reports everything that can be checked without the database before it is opened.
pub(super) async fn run(config: &Config, command: Command) -> Result<(), Failure> {
    let caller = operator::caller();
    match command {
        Command::Key { to, app, act } => {
            let creates = act.creates();
            let task = act.prepare()?;
            let mut client = client(config, &to, app.as_deref(), creates).await?;
            let done = task.run(&mut client, to.json).await;
            client.close().await;
            done
        }
        Command::App { to, act } => {
            let mut client = client(config, &to, None, false).await?;
            let done = app::run(&mut client, act, to.json).await;
            client.close().await;
            done
        }
        Command::Person { to, act: person::Act::Reset { email } } => {
            to.only_local("a reset link is made at the server's shell")?;
            let opened = start::open_existing(config, Opener::Command).await.map_err(Failure::opening)?;
            let done = person::reset(&opened.service, &caller, &config.origin(), email, to.json).await;
            opened.store.close().await;
            done
        }
        Command::Person { to, act } => {
            act.check()?;
            let mut client = client(config, &to, None, false).await?;
            let done = person::run(&mut client, act, to.json).await;
            client.close().await;
            done
        }
        Command::Invite { to, act } => {
            act.check()?;
            let mut client = client(config, &to, None, false).await?;
            let done = invite::run(&mut client, act, to.json).await;
            client.close().await;
            done
        }
        Command::Request { to, act: request::Act::Approve(ids), .. } => {
            let console = to.target()?.map_or_else(|| config.origin(), |target| target.origin);
            Err(ids.approved_there(&console))
        }
        Command::Request { to, app, act } => {
            let mut client = client(config, &to, app.as_deref(), false).await?;
            let done = request::run(&mut client, act, to.json).await;
            client.close().await;
            done
        }
        Command::Audit { to, app, act: audit::Act::Verify } => {
            to.only_local("the audit is checked in its database")?;
            if app.is_some() {
                return Err(Failure::Usage("the audit is checked whole: leave --app out".to_owned()));
            }
            let opened = start::open_existing(config, Opener::Command).await.map_err(Failure::opening)?;
            let done = audit::verify(&opened.service, &caller, to.json).await;
            opened.store.close().await;
            done
        }
        Command::Audit { to, app, act } => {
            let mut client = client(config, &to, app.as_deref(), false).await?;
            let done = audit::run(&mut client, act, to.json).await;
            client.close().await;
            done
        }
        Command::Health { server } => match server.target()? {
            Some(target) => health::ask_elsewhere(&target).await,
            None => health::ask(&config.listen).await,
        },
        Command::Owner { act } => {
            let change = owner::prepare(act)?;
            let opened = start::open(config, Opener::Command).await?;
            let done = owner::run(&opened.service, &caller, change).await;
            opened.store.close().await;
            done
        }
        Command::Migrate => migrate::run(config).await,
        Command::Backup { folder } => backup::backup(config, &folder, &caller).await,
        Command::Restore { folder } => backup::restore(config, &folder, &caller).await,
        Command::Check => check::run(config, &caller).await,
        Command::Completions { shell } => manual::completions(shell),
        Command::Man { into: Some(folder), .. } => manual::pages(&folder),
        Command::Man { into: None, of } => manual::page(&of),
    }
}

async fn client(config: &Config, to: &To, app: Option<&str>, creates: bool) -> Result<Client, Failure> {
    if let Some(app) = app {
        not_blank("app", &[app.to_owned()])?;
    }
    match to.target()? {
        Some(_) if app.is_some() => {
            Err(Failure::Usage("--app: leave it out with --url, because a key manages its own app".to_owned()))
        }
        Some(target) => Client::elsewhere(to, target),
        None => Client::here(config, app, operator::caller(), creates).await,
    }
}
