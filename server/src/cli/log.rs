//! The log goes to standard error, because standard output is for results.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Starts it. `directives` were checked with the configuration.
pub(super) fn start(directives: &str, only_warnings: bool) {
    let directives = if only_warnings && directives == "info" { "warn" } else { directives };
    let started = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(directives))
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        // It would report a failed write with `eprintln!`, which panics where the log is a full disk or a closed pipe.
        .log_internal_errors(false)
        .try_init();
    if started.is_err() {
        super::tell(format_args!("keystead: a log is already running; this one is not used"));
    }
}
