//! Calls servers in turns, so that a disturbance of the machine affects all of them alike.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use axum::http::StatusCode;
use tokio::process::Command;

use crate::calls::{Call, Plan};
use crate::echo::Shape;
use crate::figures::Spread;
use crate::http::Answer;
use crate::process::Child;
use crate::report::{spread, verdict};

/// Rounds for each side.
pub(crate) const ROUNDS: u32 = 5;

/// Connections that call at the same time.
pub(crate) const CONNECTIONS: u32 = 32;

/// Before the first round of each side: caches are filled, code pages are read.
pub(crate) const WARM_UP: u32 = 3;

/// How far the sizes of the floor's and Keystead's answers may differ, since numbers have more or fewer digits from
/// call to call.
const SAME_SIZE: usize = 16;

/// A side before it is measured.
pub(crate) struct Contender<'a> {
    pub label: &'static str,
    pub server: &'a Child,
    pub plan: Plan<'a>,
}

/// What a round gave.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Round {
    pub requests: u64,
    pub per_second: f64,
    pub p50: Duration,
    pub p99: Duration,
}

/// What the rounds of a side gave.
#[derive(Debug)]
pub(crate) struct Side {
    label: &'static str,
    rounds: Vec<Round>,
    /// Calls in all, those of the warm-up among them.
    pub calls: u64,
}

impl Side {
    pub fn per_second(&self) -> Spread {
        self.spread(|round| round.per_second)
    }

    pub fn p99(&self) -> Spread {
        self.spread(|round| round.p99.as_secs_f64())
    }

    fn spread(&self, figure: fn(&Round) -> f64) -> Spread {
        Spread::of(self.rounds.iter().map(figure))
    }

    /// This side's calls as a multiple of the other's, of each pair of rounds.
    pub fn times(&self, other: &Self) -> Spread {
        let pairs = self.rounds.iter().zip(&other.rounds);
        Spread::of(pairs.map(|(this, other)| this.per_second / other.per_second))
    }
}

/// Calls each of them for this many seconds, in turns.
pub(crate) async fn in_turns<const N: usize>(sides: [Contender<'_>; N], seconds: u32) -> Result<[Side; N]> {
    in_turns_by(CONNECTIONS, sides, seconds).await
}

/// The same with so many connections.
pub(crate) async fn in_turns_by<const N: usize>(
    connections: u32,
    mut sides: [Contender<'_>; N],
    seconds: u32,
) -> Result<[Side; N]> {
    let mut measured = sides.each_ref().map(|side| Side { label: side.label, rounds: Vec::new(), calls: 0 });
    for number in 0..=ROUNDS {
        let mut line = String::new();
        for (side, measured) in sides.iter_mut().zip(&mut measured) {
            let seconds = if number == 0 { WARM_UP.min(seconds) } else { seconds };
            let calls = side.plan.write(seconds)?;
            let round =
                load_by(connections, &side.server.authority, calls.path(), seconds).await.context(side.label)?;
            side.plan.made(round.requests);
            measured.calls += round.requests;
            if number > 0 {
                measured.rounds.push(round);
            }
            write!(line, "  {} {:.0}", side.label, round.per_second)?;
        }
        println!("  {}:{line}", if number == 0 { "warm-up".to_owned() } else { format!("round {number}") });
    }
    Ok(measured)
}

/// Calls one server, as fast as it answers.
pub(crate) async fn load(authority: &str, calls: &Path, seconds: u32) -> Result<Round> {
    load_by(CONNECTIONS, authority, calls, seconds).await
}

/// The same with so many connections.
pub(crate) async fn load_by(connections: u32, authority: &str, calls: &Path, seconds: u32) -> Result<Round> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/src/calls.lua");
    let output = Command::new("wrk")
        .args(["--threads", "1", "--connections", &connections.to_string()])
        .args(["--duration", &format!("{seconds}s"), "--timeout", "5s", "--latency", "--script", script])
        .arg(format!("http://{authority}"))
        .arg("--")
        .arg(calls)
        .kill_on_drop(true)
        .output();
    let patience = Duration::from_secs(u64::from(seconds) + 60);
    let output = tokio::time::timeout(patience, output).await.context("wrk does not end")?;
    let output = output.context("wrk cannot be run; scripts/bench.sh installs it")?;
    let text = String::from_utf8(output.stdout)?;
    let line = text.lines().find_map(|line| line.strip_prefix("figures "));
    let line = line.with_context(|| format!("wrk: {text}{}", String::from_utf8_lossy(&output.stderr)))?;
    let figures: Vec<u32> = line.split(' ').map(str::parse).collect::<Result<_, _>>().context("wrk's figures")?;
    let [requests, took, p50, p99, failed] = figures[..] else { anyhow::bail!("wrk gave {line}") };
    ensure!(failed == 0, "{failed} of {requests} calls failed");
    let micros = |number: u32| Duration::from_micros(u64::from(number));
    Ok(Round {
        requests: u64::from(requests),
        per_second: f64::from(requests) / micros(took).as_secs_f64(),
        p50: micros(p50),
        p99: micros(p99),
    })
}

/// The floor of a call: it sends what Keystead sends, which `right` has to find right.
pub(crate) async fn floor(
    keystead: &Child,
    call: &Call,
    token: &str,
    right: fn(&str) -> bool,
) -> Result<(Child, usize)> {
    let sample = call.make(&keystead.authority, token).await?;
    let said = || format!("Keystead said {} {:?} {}", sample.status, sample.headers, sample.text().unwrap_or("?"));
    ensure!(sample.status == StatusCode::OK && right(sample.text()?), said());
    let floor = Child::floor(&Shape::of(&sample)?).await?;
    let echoed = call.make(&floor.authority, token).await?;
    ensure!(echoed.status == StatusCode::OK, "the floor said {}", echoed.status);
    let [ours, theirs] = [size(&sample), size(&echoed)];
    ensure!(ours.abs_diff(theirs) <= SAME_SIZE, "an answer has {ours} bytes, the floor's {theirs}");
    Ok((floor, ours))
}

/// Bytes on the wire: the status line, the headers, the body.
fn size(answer: &Answer) -> usize {
    let headers: usize = answer.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    "HTTP/1.1 200 OK\r\n\r\n".len() + headers + answer.body.len()
}

/// One line for each side.
pub(crate) fn plain_table(out: &mut String, sides: &[Side]) -> Result<()> {
    out.push_str("| side | calls a second | p50, ms | p99, ms |\n|---|--:|--:|--:|\n");
    for side in sides {
        let p50 = side.spread(|round| round.p50.as_secs_f64());
        let [p50, p99] = [p50, side.p99()].map(|figure| spread(figure, 1e3, 2));
        writeln!(out, "| {} | {} | {p50} | {p99} |", side.label, spread(side.per_second(), 1.0, 0))?;
    }
    Ok(())
}

/// One line for each side, and Keystead's share of the floor, which come second and first.
pub(crate) fn table(out: &mut String, sides: &[Side]) -> Result<()> {
    plain_table(out, sides)?;
    if let [floor, keystead, ..] = sides {
        writeln!(out, "| Keystead's share of the floor | {} | | |", spread(keystead.times(floor), 1.0, 2))?;
    }
    if let [_, keystead, others @ ..] = sides {
        for other in others {
            writeln!(
                out,
                "| Keystead as a multiple of {} | {} | | |",
                other.label,
                spread(keystead.times(other), 1.0, 0)
            )?;
        }
    }
    out.push('\n');
    Ok(())
}

/// Whether Keystead reaches its share of the floor's calls.
pub(crate) fn share_verdict(out: &mut String, floor: &Side, keystead: &Side, least: f64) -> Result<()> {
    let share = keystead.times(floor).median;
    verdict(out, &format!("at least {least:.2} of the floor's calls"), share >= least, &format!("{share:.2}"))
}
