//! `keystead completions` and `keystead man`: both are made from the commands themselves.

use std::fs;
use std::path::Path;

use clap::{Command, CommandFactory};
use clap_complete::{Shell, generate};
use clap_mangen::Man;

use super::Cli;
use super::failure::Failure;
use super::output::write;

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
    let mut page = Vec::new();
    Man::new(command).render(&mut page)?;
    write(format_args!("{}", String::from_utf8_lossy(&page)))
}

/// Writes the pages of all commands into a folder.
pub(super) fn pages(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder)?;
    Ok(clap_mangen::generate_to(whole(), folder)?)
}

/// All commands, each with its whole name.
fn whole() -> Command {
    let mut command = Cli::command();
    command.build();
    command
}
