//! `docs/benchmarks.md`: tables of this run around the part that people write.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use domain::page::grouped;
use service::clock::{Clock, SystemClock};

use crate::figures::{Spread, millis};
use crate::list::Line;
use crate::process::Resident;
use crate::{machine, verify};

/// What stands between these is kept from run to run.
const BEGIN: &str = "<!-- written by hand: begin -->";
const END: &str = "<!-- written by hand: end -->";

/// What the key list may take, with the most keys.
const LIST_LIMIT: Duration = Duration::from_millis(20);
/// How much more it may take than with few keys.
const LIST_GROWTH: f64 = 1.5;
/// The share of the floor's calls that verify calls have to reach.
const VERIFY_SHARE: f64 = 0.5;

/// Memory of the server with the large installation.
#[derive(Debug)]
pub(crate) struct Memory {
    pub idle: Resident,
    pub after_lists: Resident,
    pub after_verify: Resident,
}

/// Everything that was measured.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    pub lists: &'a [Line],
    pub verify: &'a verify::Figures,
    pub memory: Memory,
    /// Keys in the small and in the large installation.
    pub keys: [u32; 2],
    pub samples: u32,
    pub round_seconds: u32,
}

impl Report<'_> {
    /// Writes the file, and the outcome of each target to standard output.
    pub fn write(&self, path: &Path) -> Result<()> {
        let by_hand = match fs::read_to_string(path) {
            Ok(text) => between(&text).context("docs/benchmarks.md has lost its markers")?.to_owned(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => "\n".to_owned(),
            Err(error) => return Err(error.into()),
        };
        let mut out = String::new();
        head(&mut out)?;
        self.list_table(&mut out)?;
        self.verify_table(&mut out)?;
        self.memory_table(&mut out)?;
        write!(out, "## What the profile shows\n\n{BEGIN}{by_hand}{END}\n")?;
        fs::write(path, out)?;
        Ok(())
    }

    fn list_table(&self, out: &mut String) -> Result<()> {
        let [small, large] = self.keys.map(|keys| grouped(u64::from(keys)));
        write!(
            out,
            "## The key list\n\n\
             Time from the request to the last byte of the answer, in milliseconds: one request after the other over a \
             kept-alive connection, signed in, compressed as a browser asks for it. {} requests for each case, taken in \
             turn with the other cases and in both installations.\n\n\
             | page | {small} keys: p50 | p95 | most | {large} keys: p50 | p95 | most | HTML |\n\
             |---|--:|--:|--:|--:|--:|--:|--:|\n",
            self.samples
        )?;
        self.lines(out, true)?;
        let [few, many] = [0, 1].map(|side| self.worst_p95(side));
        let growth = many.as_secs_f64() / few.as_secs_f64();
        write!(out, "\nWorst p95: {} ms with {small} keys, {} ms with {large}.\n\n", millis(few), millis(many))?;
        verdict(
            out,
            &format!("under {} ms with {large} keys", LIST_LIMIT.as_millis()),
            many < LIST_LIMIT,
            &format!("{} ms", millis(many)),
        )?;
        verdict(
            out,
            &format!("at most {LIST_GROWTH} times that with {small} keys"),
            growth <= LIST_GROWTH,
            &format!("{growth:.2} times"),
        )?;
        write!(
            out,
            "\nOther pages, measured in the same way:\n\n\
             | page | {small} keys: p50 | p95 | most | {large} keys: p50 | p95 | most | HTML |\n\
             |---|--:|--:|--:|--:|--:|--:|--:|\n"
        )?;
        self.lines(out, false)?;
        out.push('\n');
        Ok(())
    }

    fn lines(&self, out: &mut String, counts: bool) -> Result<()> {
        for line in self.lists.iter().filter(|line| line.counts == counts) {
            write!(out, "| {} |", line.label)?;
            for latency in &line.latencies {
                write!(out, " {} | {} | {} |", millis(latency.p50), millis(latency.p95), millis(latency.worst))?;
            }
            writeln!(out, " {} kB |", line.bytes.div_ceil(1_000))?;
        }
        Ok(())
    }

    fn worst_p95(&self, side: usize) -> Duration {
        let counted = self.lists.iter().filter(|line| line.counts);
        counted.filter_map(|line| line.latencies.get(side)).map(|latency| latency.p95).max().unwrap_or_default()
    }

    fn verify_table(&self, out: &mut String) -> Result<()> {
        let verify = self.verify;
        write!(
            out,
            "## Verify calls\n\n\
             `POST /v1/keys/verify`: the asking key, then a key with a CIDR rule, a domain rule and two permissions, all \
             of them asked for. Calls go round {} of {} keys. The floor is axum alone: it parses the same request, reads \
             the same headers, sends {} bytes as Keystead does, and decides nothing. wrk with 1 thread and {} \
             connections; {} rounds of {} s for each side, in turns; median (least to most). Keystead's own count says \
             afterwards that every call passed.\n\n\
             | side | calls a second | p50, ms | p99, ms |\n|---|--:|--:|--:|\n",
            grouped(verify.keys as u64),
            grouped(u64::from(self.keys[1])),
            verify.answer_bytes,
            verify::CONNECTIONS,
            verify::ROUNDS,
            self.round_seconds,
        )?;
        for (label, side) in [("the floor", &verify.echo), ("Keystead", &verify.keystead)] {
            writeln!(
                out,
                "| {label} | {} | {} | {} |",
                spread(side.per_second, 1.0, 0),
                spread(side.p50, 1e3, 2),
                spread(side.p99, 1e3, 2)
            )?;
        }
        writeln!(out, "| Keystead's share | {} | | |\n", spread(verify.ratio, 1.0, 2))?;
        let share = verify.ratio.median;
        verdict(
            out,
            &format!("at least {VERIFY_SHARE} of the floor's calls"),
            share >= VERIFY_SHARE,
            &format!("{share:.2}"),
        )?;
        out.push('\n');
        Ok(())
    }

    fn memory_table(&self, out: &mut String) -> Result<()> {
        let Memory { idle, after_lists, after_verify } = self.memory;
        write!(
            out,
            "## Memory\n\n\
             The server with {} keys stored, in MB of 1,000,000 bytes.\n\n\
             | when | resident | peak so far |\n|---|--:|--:|\n",
            grouped(u64::from(self.keys[1]))
        )?;
        let moments = [
            ("idle, after the start", idle),
            ("after the key list", after_lists),
            ("after the verify calls", after_verify),
        ];
        for (label, memory) in moments {
            writeln!(out, "| {label} | {} | {} |", megabytes(memory.now), megabytes(memory.peak))?;
        }
        out.push('\n');
        Ok(())
    }
}

fn head(out: &mut String) -> Result<()> {
    let now = SystemClock.now().to_rfc3339();
    let date = now.split('T').next().unwrap_or_default();
    write!(
        out,
        "# Benchmarks\n\n\
         Written by `make bench` on {date}. Everything runs on one machine and talks over loopback, so the clients take \
         their share of the processor from the servers.\n\n\
         Machine: {}. Database: SQLite in a temporary folder.\n\n",
        machine::describe()
    )?;
    Ok(())
}

fn between(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once(BEGIN)?;
    Some(rest.split_once(END)?.0)
}

fn verdict(out: &mut String, target: &str, met: bool, figure: &str) -> Result<()> {
    let word = if met { "met" } else { "missed" };
    println!("{word}: {target} ({figure})");
    writeln!(out, "- Target: {target}. **{}**: {figure}.", if met { "Met" } else { "Missed" })?;
    Ok(())
}

fn spread(spread: Spread, scale: f64, digits: usize) -> String {
    let [median, least, most] = [spread.median, spread.least, spread.most].map(|figure| figure * scale);
    format!("{median:.digits$} ({least:.digits$} to {most:.digits$})")
}

fn megabytes(kilobytes: u64) -> String {
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
