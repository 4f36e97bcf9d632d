//! A command line that was not understood, in one line.

use std::error::Error as _;
use std::ffi::OsStr;
use std::process::ExitCode;

use clap::CommandFactory;
use clap::error::{ContextKind, ErrorKind};

use super::Cli;
use super::failure::{NOT_UNDERSTOOD, REFUSED};
use super::output::tell;

/// What other programs call the start of their server.
const STARTS: [&str; 7] = ["serve", "server", "start", "run", "up", "daemon", "console"];

/// Reports a clap error on one line.
pub(super) fn explain(error: &clap::Error) -> ExitCode {
    if matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    ) {
        let printed = error.print();
        let code = if printed.is_err() { i32::from(REFUSED) } else { error.exit_code() };
        return ExitCode::from(u8::try_from(code).unwrap_or(REFUSED));
    }
    tell(format_args!("keystead: {}. Try 'keystead --help'.", mistake(error)));
    ExitCode::from(NOT_UNDERSTOOD)
}

fn mistake(error: &clap::Error) -> String {
    let said = |kind| error.get(kind).map(ToString::to_string).filter(|said| !said.is_empty());
    let subcommand = said(ContextKind::InvalidSubcommand);
    if let Some(name) = subcommand.as_deref().filter(|name| STARTS.contains(name)) {
        return format!("there is no {name:?}: keystead without a command starts the console");
    }
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
    // From the table that reads the value.
    if let Some(words) = said(ContextKind::ValidValue) {
        line = format!("{line}; use one of {words}");
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

#[cfg(test)]
mod tests {
    use clap::Parser;
    use domain::list::StatusFilter;
    use domain::person::PersonFilter;
    use domain::request::RequestFilter;
    use domain::role::Role;

    use super::*;

    fn told(arguments: &str) -> String {
        mistake(&Cli::try_parse_from(arguments.split(' ')).unwrap_err())
    }

    #[test]
    fn whoever_writes_a_wrong_word_reads_which_there_are() {
        fn words<T: Copy>(all: &[T], word: fn(T) -> &'static str) -> String {
            all.iter().map(|one| word(*one)).collect::<Vec<_>>().join(", ")
        }
        for (arguments, words) in [
            ("key list --status", words(StatusFilter::ALL, StatusFilter::as_str)),
            ("person list --role", words(Role::ALL, Role::as_str)),
            ("person list --status", words(PersonFilter::ALL, PersonFilter::as_str)),
            ("request list --show", words(RequestFilter::ALL, RequestFilter::as_str)),
            ("key list --dir", "asc, desc".to_owned()),
        ] {
            for arguments in [format!("keystead {arguments} wrong"), format!("keystead {arguments}")] {
                let line = told(&arguments);
                assert!(line.contains(&format!("; use one of {words}")), "{line}");
                assert!(line.contains(arguments.split(' ').nth(3).unwrap()), "{line}");
            }
        }
        let line = told("keystead key list --status disable");
        assert!(line.contains("\"disable\" cannot be used") && line.ends_with("perhaps disabled is meant"), "{line}");
        assert!(!told("keystead key list --limit 0").contains("use one of"));
    }
}
