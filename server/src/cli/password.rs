//! Reads a password from standard input, never from an argument, which other processes can read.

use std::io::{self, Read};

use secrecy::SecretString;

use super::failure::Failure;

/// More than the longest password in any encoding.
const LIMIT: u64 = 4096;

pub(super) fn from_stdin() -> Result<SecretString, Failure> {
    let mut text = String::new();
    let read = io::stdin().lock().take(LIMIT + 1).read_to_string(&mut text);
    read.map_err(|error| Failure::Usage(format!("the password on standard input cannot be read: {error}")))?;
    if text.len() as u64 > LIMIT {
        return Err(Failure::Usage("standard input is too long for a password".to_owned()));
    }
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.is_empty() {
        return Err(Failure::Usage(
            "standard input is empty; pipe a password into the command, as one line".to_owned(),
        ));
    }
    if line.contains(['\n', '\r']) {
        return Err(Failure::Usage("standard input has more than one line; a password is a single line".to_owned()));
    }
    Ok(SecretString::from(line.to_owned()))
}
