//! The command line: `keystead` serves; the commands act beside a running server. Exit codes: 0 if it is
//! done; 1 if it was refused or failed, with one line on standard error; 2 if it was not understood.

mod audit;
mod backup;
mod check;
mod health;
mod issue;
mod log;
mod migrate;
mod operator;
mod owner;
mod password;
mod person;

use std::error::Error as _;
use std::ffi::OsStr;
use std::fmt;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::{ContextKind, ErrorKind};
use clap::{CommandFactory, Parser, Subcommand};
use domain::refusal::Refusal;

use crate::config::{Config, ConfigError, Settings, UnknownVariable, refuse_unknown};
use crate::console_threads::ConsoleThreads;
use crate::serve::serve;
use crate::site::Site;
use crate::start::{self, Opener, StartError};

const FAILED: u8 = 1;
const NOT_UNDERSTOOD: u8 = 2;

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
    /// Create an owner, or help an owner who is locked out
    Owner {
        #[command(subcommand)]
        act: owner::Act,
    },
    /// Help people who cannot sign in
    Person {
        #[command(subcommand)]
        act: person::Act,
    },
    /// Ask a running server whether it is ready; exit code 0 if it is
    Health,
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
    /// Check the audit
    Audit {
        #[command(subcommand)]
        act: audit::Act,
    },
    /// Issue keys
    Key {
        #[command(subcommand)]
        act: issue::Act,
    },
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Unknown(#[from] UnknownVariable),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("{}", words(.0))]
    Service(#[from] service::Error),
    #[error("no owner has the e-mail address {0}")]
    NoOwner(String),
    #[error("nobody who may sign in has the e-mail address {0}")]
    Nobody(String),
    /// A wrong value that only the command itself can detect.
    #[error("{0}")]
    Usage(String),
    #[error("{0}")]
    System(#[from] io::Error),
    /// A running server is not ready, or none answers.
    #[error("{0}")]
    NotReady(String),
    /// The audit is not intact.
    #[error("{0}")]
    Record(String),
    /// The result could not be printed. `outcome` says what was done.
    #[error("standard output cannot be written ({error}): {outcome}")]
    Unprinted { error: io::Error, outcome: String },
}

impl Failure {
    fn code(&self) -> u8 {
        match self {
            Self::Config(_) | Self::Unknown(_) | Self::Usage(_) => NOT_UNDERSTOOD,
            Self::Start(_)
            | Self::Service(_)
            | Self::NoOwner(_)
            | Self::Nobody(_)
            | Self::System(_)
            | Self::NotReady(_)
            | Self::Record(_)
            | Self::Unprinted { .. } => FAILED,
        }
    }
}

/// The program.
pub fn main(site: Site) -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return explain(&error),
    };
    match run(cli, site) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            tell(format_args!("keystead: {failure}"));
            ExitCode::from(failure.code())
        }
    }
}

fn run(cli: Cli, site: Site) -> Result<(), Failure> {
    refuse_unknown(std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()))?;
    let config = Config::check(cli.settings)?;
    // A command prints its result, and only warnings and errors of the log.
    log::start(&config.log, cli.command.is_some());
    // With a single processor, one worker would wait for itself while it renders a page.
    let workers = std::thread::available_parallelism().map_or(2, |count| count.get().max(2));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build()?;
    let result = match cli.command {
        None => {
            let (console, console_runtime) = ConsoleThreads::start(workers)?;
            let served = runtime.block_on(serve(config, site, console));
            console_runtime.shutdown_background();
            served.map_err(Failure::from)
        }
        Some(command) => runtime.block_on(act(&config, command)),
    };
    // A stream that did not end in time must not keep the process alive.
    runtime.shutdown_background();
    result
}

async fn act(config: &Config, command: Command) -> Result<(), Failure> {
    // Report everything that can be checked without the database before it is opened.
    let task = match command {
        Command::Health => return health::ask(&config.listen).await,
        Command::Migrate => return migrate::run(config).await,
        Command::Backup { folder } => return backup::backup(config, &folder, &operator::caller()).await,
        Command::Restore { folder } => return backup::restore(config, &folder, &operator::caller()).await,
        Command::Check => return check::run(config, &operator::caller()).await,
        Command::Owner { act } => Task::Owner(owner::prepare(act)?),
        Command::Person { act } => Task::Person(act),
        Command::Audit { act } => Task::Audit(act),
        Command::Key { act } => Task::Key(Box::new(issue::prepare(act)?)),
    };
    let opened = match task {
        Task::Audit(audit::Act::Verify) => start::open_existing(config).await?,
        Task::Owner(_) | Task::Person(_) | Task::Key(_) => start::open(config, Opener::Command).await?,
    };
    let caller = operator::caller();
    let result = match task {
        Task::Owner(act) => owner::run(&opened.service, &caller, act).await,
        Task::Person(act) => person::run(&opened.service, &caller, &config.origin(), act).await,
        Task::Audit(act) => audit::run(&opened.service, &caller, act).await,
        Task::Key(draft) => issue::run(&opened.service, &caller, *draft).await,
    };
    opened.store.close().await;
    result
}

enum Task {
    Owner(owner::OwnerChange),
    Person(person::Act),
    Audit(audit::Act),
    Key(Box<issue::NewKey>),
}

/// Reports a clap error on one line.
fn explain(error: &clap::Error) -> ExitCode {
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    ) {
        let printed = error.print();
        let code = if printed.is_err() { i32::from(FAILED) } else { error.exit_code() };
        return ExitCode::from(u8::try_from(code).unwrap_or(FAILED));
    }
    tell(format_args!("keystead: {}. Try 'keystead --help'.", mistake(error)));
    ExitCode::from(NOT_UNDERSTOOD)
}

fn mistake(error: &clap::Error) -> String {
    let said = |kind| error.get(kind).map(ToString::to_string).filter(|said| !said.is_empty());
    let subcommand = said(ContextKind::InvalidSubcommand);
    let mut line = match (error.kind(), said(ContextKind::InvalidArg).or(subcommand), said(ContextKind::InvalidValue)) {
        (_, Some(argument), Some(value)) => format!("{}: {value:?} cannot be used", with_variable(&argument)),
        (ErrorKind::InvalidValue, Some(argument), None) => format!("{} needs a value", with_variable(&argument)),
        (ErrorKind::MissingRequiredArgument, Some(arguments), _) => format!("{arguments} is missing"),
        (ErrorKind::UnknownArgument | ErrorKind::InvalidSubcommand, Some(name), _) => format!("there is no {name:?}"),
        (kind, Some(argument), None) => format!("{argument}: {}", kind.as_str().unwrap_or("it cannot be used")),
        (kind, None, _) => kind.as_str().unwrap_or("this is not understood").to_owned(),
    };
    if let Some(reason) = error.source() {
        line = format!("{line}: {reason}");
    }
    for known in [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue] {
        if let Some(known) = said(known) {
            line = format!("{line}; perhaps {known} is meant");
        }
    }
    line
}

/// An argument's name, and the variable that may have set it.
fn with_variable(argument: &str) -> String {
    let mut command = Cli::command();
    command.build();
    let known = command.get_arguments().find(|known| known.to_string() == argument);
    let variable = known.and_then(|known| known.get_env()).and_then(OsStr::to_str);
    variable.map_or_else(|| argument.to_owned(), |variable| format!("{argument} ({variable})"))
}

/// Prints a result to standard output. `println!` would panic if that is full or closed.
fn print(lines: fmt::Arguments<'_>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{lines}")?;
    out.flush()
}

/// Prints everything else to standard error, and ignores a failure, since nobody could read about it.
fn tell(line: fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// A refusal in words, with a message for each wrong field.
fn words(error: &service::Error) -> String {
    match error {
        service::Error::Refused(Refusal::Invalid(errors)) => {
            let lines: Vec<String> =
                errors.0.iter().map(|error| format!("{}: {}", error.field.as_str(), error.message)).collect();
            lines.join(" ")
        }
        service::Error::Refused(refusal) => refusal.message(),
        other => other.to_string(),
    }
}
