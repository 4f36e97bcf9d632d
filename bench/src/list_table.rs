//! The figures of the key list as tables.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Result;
use domain::page::grouped;

use crate::figures::millis;
use crate::list::Line;
use crate::report::{Section, verdict};

/// What a page may take, with the most keys.
const LIST_LIMIT: Duration = Duration::from_millis(5);
/// How much more it may take than with few keys.
const LIST_GROWTH: f64 = 1.5;

/// Every line, and what it was measured with.
#[derive(Debug)]
pub(crate) struct Tables {
    pub lines: Vec<Line>,
    /// Keys in the small and in the large installation.
    pub keys: [u32; 2],
    pub samples: u32,
}

impl Tables {
    pub fn section(&self) -> Result<Section> {
        let mut out = String::new();
        self.write(&mut out)?;
        Ok(Section::without_calls(out))
    }

    fn write(&self, out: &mut String) -> Result<()> {
        let [small, large] = self.keys.map(|keys| grouped(u64::from(keys)));
        let head = format!(
            "| page | {small} keys: p50 | p95 | most | {large} keys: p50 | p95 | most | {large} on Postgres: p50 | p95 | \
             most | HTML |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n"
        );
        write!(
            out,
            "## The key list\n\n\
             Time from the request to the last byte of the answer, in milliseconds. The requests run one after the \
             other over a kept-alive connection, signed in, with the compression that a browser asks for. Each case \
             has {} requests, interleaved with the other cases and installations. Two are on SQLite, and one is on a \
             Postgres of this machine, behind a Unix socket and vacuumed.\n\n\
             {head}",
            self.samples
        )?;
        self.rows(out, true)?;
        let [few, many, other] = [0, 1, 2].map(|side| self.worst_p95(side));
        let growth = many.as_secs_f64() / few.as_secs_f64();
        let [shown_few, shown_many, shown_other] = [few, many, other].map(millis);
        write!(
            out,
            "\nWorst p95: {shown_few} ms with {small} keys, {shown_many} ms with {large}, {shown_other} ms with {large} on \
             Postgres.\n\n"
        )?;
        for (engine, worst) in [("SQLite", many), ("Postgres", other)] {
            let limit = LIST_LIMIT.as_millis();
            let target = format!("at most {limit} ms with {large} keys on {engine}");
            verdict(out, &target, worst <= LIST_LIMIT, &format!("{} ms", millis(worst)))?;
        }
        verdict(
            out,
            &format!("at most {LIST_GROWTH} times that with {small} keys"),
            growth <= LIST_GROWTH,
            &format!("{growth:.2} times"),
        )?;
        write!(
            out,
            "\nOther pages, measured in the same way:\n\n\
             {head}"
        )?;
        self.rows(out, false)?;
        out.push('\n');
        Ok(())
    }

    fn rows(&self, out: &mut String, counts: bool) -> Result<()> {
        for line in self.lines.iter().filter(|line| line.counts == counts) {
            write!(out, "| {} |", line.label)?;
            for latency in &line.latencies {
                write!(out, " {} | {} | {} |", millis(latency.p50), millis(latency.p95), millis(latency.worst))?;
            }
            writeln!(out, " {} kB |", line.bytes.div_ceil(1_000))?;
        }
        Ok(())
    }

    fn worst_p95(&self, side: usize) -> Duration {
        let counted = self.lines.iter().filter(|line| line.counts);
        counted.filter_map(|line| line.latencies.get(side)).map(|latency| latency.p95).max().unwrap_or_default()
    }
}
