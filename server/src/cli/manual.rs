//! `keystead completions` and `keystead man`: both are made from the commands themselves.

use std::path::Path;
use std::{fs, io};

use clap::{Command, CommandFactory};
use clap_complete::{Shell, generate};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::Cli;
use super::failure::Failure;
use super::output::write;
use super::to::KEY;

/// Prints what completes commands in this shell.
pub(super) fn completions(shell: Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    generate(shell, &mut Cli::command(), "keystead", &mut script);
    write(format_args!("{}", String::from_utf8_lossy(&script)))
}

/// Prints the manual page of a command, which these words name.
pub(super) fn page(of: &[String]) -> Result<(), Failure> {
    let mut command = whole();
    let mut name = "keystead".to_owned();
    for word in of {
        name = format!("{name} {word}");
        let found = command.find_subcommand(word).cloned();
        command = found.ok_or_else(|| Failure::Usage(format!("there is no command {name:?}")))?;
    }
    let (_, page) = rendered(&command)?;
    write(format_args!("{}", String::from_utf8_lossy(&page)))
}

/// Writes the pages of all commands into a folder.
pub(super) fn pages(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder)?;
    Ok(write_below(&whole(), folder)?)
}

/// Writes the page of a command, and those of the commands below it.
fn write_below(command: &Command, folder: &Path) -> io::Result<()> {
    command.get_subcommands().filter(|below| !below.is_hide_set()).try_for_each(|below| write_below(below, folder))?;
    let (name, page) = rendered(command)?;
    fs::write(folder.join(name), page)
}

/// The page of a command, with the name of its file. Its footer names the program and its version.
fn rendered(command: &Command) -> io::Result<(String, Vec<u8>)> {
    let man = Man::new(command.clone()).source(concat!("keystead ", env!("CARGO_PKG_VERSION"))).manual("Keystead");
    let mut page = Vec::new();
    man.render(&mut page)?;
    environment(command).to_writer(&mut page)?;
    Ok((man.get_filename(), page))
}

/// The variables that a command reads: those of its options, and the key for a server elsewhere.
fn environment(command: &Command) -> Roff {
    let of_options = command.get_arguments().filter(|option| !option.is_hide_set()).filter_map(|option| {
        let (name, long) = (option.get_env()?.to_str()?.to_owned(), option.get_long()?);
        let help = option.get_help().map(ToString::to_string).unwrap_or_default();
        Some((name, format!("The same as --{long}: {help}")))
    });
    let asks_elsewhere = command.get_arguments().any(|option| option.get_long() == Some("key-file"));
    let key = asks_elsewhere.then(|| (KEY.to_owned(), "The key for --url, if --key-file names none".to_owned()));
    let mut section = Roff::new();
    section.control("SH", ["ENVIRONMENT"]);
    for (name, about) in key.into_iter().chain(of_options) {
        section.control("TP", []).text([bold(name)]).text([roman(about)]);
    }
    section
}

/// All commands, each with its whole name.
fn whole() -> Command {
    let mut command = Cli::command();
    command.build();
    command
}
