//! Reads a password or a passphrase from standard input, never from an argument, which other processes can read.

use std::io::{self, Read};

use secrecy::SecretString;

use super::failure::Failure;

/// More than the longest password in any encoding.
const LIMIT: u64 = 4096;

/// Reads `what` it is, as people call it.
pub(super) fn from_stdin(what: &str) -> Result<SecretString, Failure> {
    let mut text = String::new();
    let read = io::stdin().lock().take(LIMIT + 1).read_to_string(&mut text);
    read.map_err(|error| Failure::Usage(format!("the {what} on standard input cannot be read: {error}")))?;
    if text.len() as u64 > LIMIT {
        return Err(Failure::Usage(format!("standard input is too long for a {what}")));
    }
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.is_empty() {
        return Err(Failure::Usage(format!("standard input is empty; pipe a {what} into the command, as one line")));
    }
    if line.contains(['\n', '\r']) {
        return Err(Failure::Usage(format!("standard input has more than one line; a {what} is a single line")));
    }
    Ok(SecretString::from(line.to_owned()))
}
