//! The command line: `keystead` serves; the commands act beside a running server. What the management API can do, they do
//! by its calls: to a server elsewhere, or to the same router in their own process. Exit codes: 0 if it is done; 1 if it was
//! refused or failed, with a line on standard error; 2 if it was not understood; 3 if a server or database is away.

mod act;
mod app;
mod audit;
mod backup;
mod call;
mod check;
mod client;
mod failure;
mod find;
mod hand_over;
mod health;
mod invite;
mod json;
mod key;
mod key_fields;
mod list;
mod log;
mod manual;
mod many;
mod migrate;
mod mistake;
mod offered;
mod operator;
mod output;
mod owner;
mod password;
mod person;
mod request;
mod rotation;
mod secret;
mod show;
mod table;
mod tail;
mod to;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use clap_complete::Shell;
use domain::ids::KeyId;
use domain::token::cut_to_id;

use crate::call_threads::CallThreads;
use crate::config::{Config, Settings, refuse_unknown};
use crate::console_threads::ConsoleThreads;
use crate::serve::serve;
use crate::site::Site;
use crate::traces::Traces;
use crate::traces::settings::TraceSettings;
use failure::Failure;
use output::tell;
use to::{Server, To};

/// Keystead, the API key console that you run yourself. Without a command, it runs the server.
#[derive(Debug, Parser)]
#[command(name = "keystead", version, disable_help_subcommand = true)]
struct Cli {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Issue, list and change keys
    Key {
        #[command(flatten)]
        to: To,
        /// Name or id of the app that owns the keys, in the local database [default: the first app]
        #[arg(long, global = true)]
        app: Option<String>,
        #[command(subcommand)]
        act: key::Act,
    },
    /// List and change the apps that own keys
    App {
        #[command(flatten)]
        to: To,
        #[command(subcommand)]
        act: app::Act,
    },
    /// List and change people, and help those who cannot sign in
    Person {
        #[command(flatten)]
        to: To,
        #[command(subcommand)]
        act: person::Act,
    },
    /// Invite people
    Invite {
        #[command(flatten)]
        to: To,
        #[command(subcommand)]
        act: invite::Act,
    },
    /// List the keys that people asked for and a second person must approve, and decline them
    Request {
        #[command(flatten)]
        to: To,
        /// Name or id of an app, in the local database: only its requests [default: all requests]
        #[arg(long, global = true)]
        app: Option<String>,
        #[command(subcommand)]
        act: request::Act,
    },
    /// Read, follow and check the audit
    Audit {
        #[command(flatten)]
        to: To,
        /// Name or id of an app, in the local database: only its events [default: all events]
        #[arg(long, global = true)]
        app: Option<String>,
        #[command(subcommand)]
        act: audit::Act,
    },
    /// Ask a running server whether it is ready; exit code 0 if it is
    Health {
        #[command(flatten)]
        server: Server,
    },
    /// Create an owner, or help an owner who is locked out
    Owner {
        #[command(subcommand)]
        act: owner::Act,
    },
    /// Update the database to this version, as the start of the server does
    Migrate,
    /// Copy the database and the root key into a new folder, while the server runs
    Backup {
        /// The new folder
        folder: PathBuf,
    },
    /// Put a backup back, in the place of what is in the data folder; the server must not run
    Restore {
        /// The folder of the backup
        folder: PathBuf,
    },
    /// Check the whole database, and count what is in it
    Check,
    /// Print what completes commands in a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page of a command
    Man {
        /// Write the pages of all commands into this folder
        #[arg(long, value_name = "FOLDER", conflicts_with = "of")]
        into: Option<PathBuf>,
        /// Words of the command, for example key issue [default: keystead itself]
        #[arg(value_name = "COMMAND")]
        of: Vec<String>,
    },
}

impl Command {
    /// Whether it calls a server elsewhere, and needs no settings of its own.
    fn is_elsewhere(&self) -> bool {
        match self {
            Self::Key { to, .. }
            | Self::App { to, .. }
            | Self::Person { to, .. }
            | Self::Invite { to, .. }
            | Self::Request { to, .. }
            | Self::Audit { to, .. } => to.server.url.is_some(),
            Self::Health { server } => server.url.is_some(),
            Self::Completions { .. } | Self::Man { .. } => true,
            Self::Owner { .. } | Self::Migrate | Self::Backup { .. } | Self::Restore { .. } | Self::Check => false,
        }
    }
}

/// The program.
pub fn main(site: Site) -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return mistake::explain(&error),
    };
    match run(cli, site) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) if failure.is_unread() => ExitCode::SUCCESS,
        Err(failure) => {
            tell(format_args!("keystead: {failure}"));
            ExitCode::from(failure.code())
        }
    }
}

fn run(cli: Cli, site: Site) -> Result<(), Failure> {
    refuse_unknown(std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()))?;
    let settings = match &cli.command {
        // What is wrong with settings for a server here does not matter there.
        Some(command) if command.is_elsewhere() => {
            Settings { log: cli.settings.log, log_format: cli.settings.log_format, ..Settings::default() }
        }
        _ => cli.settings,
    };
    let config = Config::check(settings)?;
    let sent = if cli.command.is_none() { traces()? } else { None };
    // A command prints its result, and only warnings and errors of the log.
    let tracer = sent.as_ref().map(Traces::tracer);
    log::start(&config, cli.command.is_some(), tracer.clone());
    // With a single processor, one worker would wait for itself while it renders a page.
    let workers = std::thread::available_parallelism().map_or(2, |count| count.get().max(2));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build()?;
    let result = match cli.command {
        None => {
            let (calls, call_threads) = CallThreads::start(workers)?;
            let (console, console_runtime) = ConsoleThreads::start(workers)?;
            let served = runtime.block_on(async {
                let sending = sent.map(Traces::start);
                let served = Box::pin(serve(config, site, calls, console, tracer)).await;
                if let Some(sending) = sending {
                    sending.stop().await;
                }
                served
            });
            drop(call_threads);
            console_runtime.shutdown_background();
            served.map_err(Failure::from)
        }
        Some(command) => runtime.block_on(act::run(&config, command)),
    };
    // A stream that did not end in time must not keep the process alive.
    runtime.shutdown_background();
    result
}

/// What makes traces, if OpenTelemetry's variables name a collector. Only the server makes any.
fn traces() -> Result<Option<Traces>, Failure> {
    let settings = TraceSettings::read(|name| std::env::var(name).ok()).map_err(Failure::Usage)?;
    settings.map(Traces::of).transpose().map_err(Failure::Usage)
}

/// The id of a key. A whole token is cut to its id: it must not get into an address.
fn key_id(text: &str) -> Result<String, String> {
    let id = KeyId::parse(text.trim()).or_else(|| cut_to_id(text));
    let id = id.or_else(|| text.trim().split('_').find_map(KeyId::parse));
    id.map(|id| id.to_string()).ok_or_else(|| "an id has 12 letters and digits, as the list shows it".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_commands_fit_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn an_id_is_taken_from_what_people_paste() {
        for pasted in ["7Qm2xVbN4tRa", " 7Qm2xVbN4tRa\n", "ks_7Qm2xVbN4tRa_…f3Kd", "ks_test_7Qm2xVbN4tRa_x"] {
            assert_eq!(key_id(pasted).unwrap(), "7Qm2xVbN4tRa", "{pasted}");
        }
        for wrong in ["", "7Qm2xVbN4tR", "name", "../apps"] {
            assert!(key_id(wrong).is_err(), "{wrong}");
        }
    }
}
