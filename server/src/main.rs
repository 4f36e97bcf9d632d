//! `keystead`: the server, and the command line beside it.

use std::process::ExitCode;

fn main() -> ExitCode {
    server::cli::main()
}
