//! The settings of the log.

use std::str::FromStr;

use tracing_subscriber::EnvFilter;

/// The form of a line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One object of JSON, for programs.
    Json,
}

impl FromStr for LogFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(format!("{text:?} is not known; text and json are")),
        }
    }
}

/// Checks the levels. A misspelt level would count as the name of a module, and silence everything.
pub(super) fn check(text: &str) -> Result<(), String> {
    for directive in text.split(',') {
        let level = directive.rsplit('=').next().unwrap_or_default().trim().to_ascii_lowercase();
        if !["off", "error", "warn", "info", "debug", "trace"].contains(&level.as_str()) {
            return Err(format!("{directive:?} is not a level (error, warn, info, debug, trace, off) or module=level"));
        }
    }
    EnvFilter::try_new(text).map(drop).map_err(|error| error.to_string())
}
