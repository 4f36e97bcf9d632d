//! Writes `docs/benchmarks.md`: the figures of this run, around the part that people write by hand.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

use anyhow::{Context, Result};
use service::clock::{Clock, SystemClock};

use crate::figures::Spread;
use crate::machine;

/// The text between these markers is kept from run to run.
const BEGIN: &str = "<!-- written by hand: begin -->";
const END: &str = "<!-- written by hand: end -->";

/// The result of one measurement.
#[derive(Debug)]
pub(crate) struct Section {
    /// Ends with an empty line.
    pub text: String,
    /// Calls that have passed.
    pub accepted: u64,
    /// Calls that were refused.
    pub refused: u64,
}

impl Section {
    /// Of a measurement that made no calls about keys.
    pub fn without_calls(text: String) -> Self {
        Self { text, accepted: 0, refused: 0 }
    }
}

/// Writes the file; what people wrote in it stays.
pub(crate) fn write(path: &Path, sections: &[Section]) -> Result<()> {
    let by_hand = match fs::read_to_string(path) {
        Ok(text) => between(&text).context("docs/benchmarks.md has lost its markers")?.to_owned(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => "\n".to_owned(),
        Err(error) => return Err(error.into()),
    };
    let mut out = String::new();
    head(&mut out)?;
    out.extend(sections.iter().map(|section| &*section.text));
    write!(out, "## What the profile shows\n\n{BEGIN}{by_hand}{END}\n")?;
    fs::write(path, out)?;
    Ok(())
}

fn head(out: &mut String) -> Result<()> {
    let now = SystemClock::default().now().to_rfc3339();
    let date = now.split('T').next().unwrap_or_default();
    write!(
        out,
        "# Benchmarks\n\n\
         Written by `make bench` on {date}. Everything runs on one machine over loopback, so the clients compete with \
         the servers for the processor.\n\n\
         Machine: {}. Database: SQLite in a temporary folder.\n\n",
        machine::describe()
    )?;
    Ok(())
}

fn between(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once(BEGIN)?;
    Some(rest.split_once(END)?.0)
}

/// Says whether a target is met, on standard output too.
pub(crate) fn verdict(out: &mut String, target: &str, met: bool, figure: &str) -> Result<()> {
    let word = if met { "met" } else { "missed" };
    println!("{word}: {target} ({figure})");
    writeln!(out, "- Target: {target}. **{}**: {figure}.", if met { "Met" } else { "Missed" })?;
    Ok(())
}

/// `1.8 (1.6 to 2.0)`
pub(crate) fn spread(spread: Spread, scale: f64, digits: usize) -> String {
    let [median, least, most] = [spread.median, spread.least, spread.most].map(|figure| figure * scale);
    format!("{median:.digits$} ({least:.digits$} to {most:.digits$})")
}

/// Kilobytes of 1,024 bytes as megabytes of 1,000,000.
pub(crate) fn megabytes(kilobytes: u64) -> String {
    let tenths = (kilobytes * 1_024).div_ceil(100_000);
    format!("{}.{}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_by_hand_is_found_again() {
        let text = format!("# a\n{BEGIN}\nours\n{END}\nb");
        assert_eq!(between(&text), Some("\nours\n"));
        assert_eq!(between("no markers"), None);
    }

    #[test]
    fn megabytes_are_decimal() {
        assert_eq!(megabytes(100_000), "102.4");
    }
}
