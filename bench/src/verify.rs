//! (b) Verify calls a second, beside a floor that decides nothing, in turns.

use std::io::Write;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use axum::http::StatusCode;
use serde_json::json;
use tokio::process::Command;

use crate::data::Installation;
use crate::figures::Spread;
use crate::http::{Answer, Connection};
use crate::process::Child;

/// Rounds for each side.
pub(crate) const ROUNDS: u32 = 5;

/// Connections that call at the same time.
pub(crate) const CONNECTIONS: u32 = 32;

/// Before the first round of each side: caches are filled, code pages are read.
const WARM_UP: u32 = 3;

/// What a round gave.
#[derive(Debug, Clone, Copy)]
struct Round {
    requests: u64,
    per_second: f64,
    p50: Duration,
    p99: Duration,
}

/// One side of the comparison.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Side {
    pub per_second: Spread,
    pub p50: Spread,
    pub p99: Spread,
}

/// Both sides.
#[derive(Debug)]
pub(crate) struct Figures {
    pub keystead: Side,
    pub echo: Side,
    /// Keystead's share of the floor's calls, of each pair of rounds.
    pub ratio: Spread,
    /// Bytes of one answer, headers and all; the same on both sides.
    pub answer_bytes: usize,
    /// How many keys were asked about.
    pub keys: usize,
    /// Calls made to Keystead in all.
    pub calls: u64,
}

/// Measures both sides.
pub(crate) async fn measure(on: &Installation, keystead: &Child, round_seconds: u32) -> Result<Figures> {
    let echo = Child::echo().await?;
    let answer_bytes = same_size(on, keystead, &echo).await?;
    let mut requests = tempfile::NamedTempFile::new()?;
    writeln!(requests, "{}", on.verifier)?;
    for key in &on.asked_about {
        writeln!(requests, "{}", body(key))?;
    }
    requests.flush()?;
    let load = async |server: &Child, seconds: u32| load(&server.authority, requests.path(), seconds).await;

    let mut calls = load(keystead, WARM_UP).await?.requests;
    load(&echo, WARM_UP).await?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for number in 1..=ROUNDS {
        let floor = load(&echo, round_seconds).await?;
        let round = load(keystead, round_seconds).await?;
        println!("  round {number}: {:.0} a second, the floor {:.0}", round.per_second, floor.per_second);
        calls += round.requests;
        ours.push(round);
        theirs.push(floor);
    }
    echo.stop().await?;
    let ratio = Spread::of(ours.iter().zip(&theirs).map(|(round, floor)| round.per_second / floor.per_second));
    let keys = on.asked_about.len();
    Ok(Figures { keystead: side(&ours), echo: side(&theirs), ratio, answer_bytes, keys, calls })
}

fn side(rounds: &[Round]) -> Side {
    let spread = |figure: fn(&Round) -> f64| Spread::of(rounds.iter().map(figure));
    Side {
        per_second: spread(|round| round.per_second),
        p50: spread(|round| round.p50.as_secs_f64()),
        p99: spread(|round| round.p99.as_secs_f64()),
    }
}

/// What is asked about a key: one thing of each sort that restricts it.
fn body(key: &str) -> String {
    json!({
        "key": key,
        "clientIp": "203.0.113.9",
        "origin": "https://app.example.com",
        "permissions": "invoices.read AND (invoices.write OR reports.read)",
        "kind": "service",
    })
    .to_string()
}

/// Makes sure that a key passes, and that the floor sends as many bytes.
async fn same_size(on: &Installation, keystead: &Child, echo: &Child) -> Result<usize> {
    let key = on.asked_about.first().context("there is no key to ask about")?;
    let mut sizes = Vec::new();
    for server in [keystead, echo] {
        let mut connection = Connection::open(&server.authority).await?;
        let answer = connection.call("/v1/keys/verify", &on.verifier, body(key)).await?;
        let text = answer.text()?;
        ensure!(answer.status == StatusCode::OK && text.contains(r#""valid":true"#), "not a pass: {text}");
        sizes.push(size(&answer));
    }
    let [ours, theirs] = sizes[..] else { anyhow::bail!("two sides were asked") };
    ensure!(ours == theirs, "an answer has {ours} bytes, the floor's {theirs}");
    Ok(ours)
}

/// Bytes on the wire: the status line, the headers, the body.
fn size(answer: &Answer) -> usize {
    let headers: usize = answer.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    "HTTP/1.1 200 OK\r\n\r\n".len() + headers + answer.body.len()
}

async fn load(authority: &str, requests: &std::path::Path, seconds: u32) -> Result<Round> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/src/verify.lua");
    let output = Command::new("wrk")
        .args(["--threads", "1", "--connections", &CONNECTIONS.to_string()])
        .args(["--duration", &format!("{seconds}s"), "--timeout", "5s", "--latency", "--script", script])
        .arg(format!("http://{authority}"))
        .arg("--")
        .arg(requests)
        .kill_on_drop(true)
        .output();
    let patience = Duration::from_secs(u64::from(seconds) + 30);
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
