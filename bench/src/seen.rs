//! What it costs verify calls that somebody looks: that they are counted, and that monitoring collects the counts.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use axum::http::{Method, StatusCode};
use domain::page::grouped;
use service::clock::SystemClock;
use service::metrics::Metrics;
use tokio::time::sleep;

use crate::calls::{Call, Plan};
use crate::contest::{CONNECTIONS, load};
use crate::data::{Engine, Installation, Size};
use crate::figures::Spread;
use crate::http::Connection;
use crate::process::Child;
use crate::report::{Section, spread, verdict};

/// How much of a call either may cost, in percent.
const MOST: f64 = 1.0;

/// How many keys there are; a tenth of them is asked about.
const KEYS: u32 = 20_000;

/// Rounds with monitoring and as many without. A hundredth is less than two rounds alike differ by.
const PAIRS: u32 = 10;

/// Monitoring usually comes every 15 seconds.
const EVERY: Duration = Duration::from_secs(1);

/// How many calls are counted to time it.
const COUNTED: u32 = 10_000_000;

/// Measures both, with a log in JSON and traces switched on.
pub(crate) async fn measure(seconds: u32) -> Result<Section> {
    let on = Installation::make(Size::of_keys(KEYS), Engine::Sqlite).await?;
    let address = free_address()?;
    let settings = [
        ("KEYSTEAD_METRICS_LISTEN", &*address),
        ("KEYSTEAD_LOG_FORMAT", "json"),
        // Nobody is there, as where the collector is away.
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9"),
    ];
    let server = Child::keystead_with(&on, &settings).await?;
    let calls = Plan::round(Call::verify(&on), &on.asked_about).write(seconds)?;
    let round = || load(&server.authority, calls.path(), seconds);
    round().await?;
    let before = processor(&scraped(&address).await?)?;
    let (mut alone, mut seen, mut made) = (Vec::new(), Vec::new(), 0);
    for pair in 1..=PAIRS {
        // Each is first in every other pair: a machine that gets slower is in favour of neither.
        for collects in [pair % 2 == 0, pair % 2 == 1] {
            let round = if collects {
                tokio::select! {
                    round = round() => round?,
                    failed = collect(&address) => match failed? {},
                }
            } else {
                round().await?
            };
            made += round.requests;
            let rates = if collects { &mut seen } else { &mut alone };
            rates.push(round.per_second);
        }
        println!("  pair {pair}: {:.0} alone, {:.0} seen", last(&alone), last(&seen));
    }
    let used = processor(&scraped(&address).await?)? - before;
    server.stop().await?;
    let each = used / f64::from(u32::try_from(made).context("too many calls")?);
    Ok(Section::without_calls(section(&on, &alone, &seen, each, counting()?)?))
}

fn last(rates: &[f64]) -> f64 {
    rates.last().copied().unwrap_or_default()
}

/// An address that nobody listens on just now.
fn free_address() -> Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}

/// Collects again and again, as monitoring does.
async fn collect(address: &str) -> Result<Infallible> {
    loop {
        scraped(address).await?;
        sleep(EVERY).await;
    }
}

async fn scraped(address: &str) -> Result<String> {
    let mut connection = Connection::open(address).await?;
    let answer = connection.send(Method::GET, "/metrics", &[], String::new()).await?;
    ensure!(answer.status == StatusCode::OK, "/metrics gave {}", answer.status);
    Ok(answer.text()?.to_owned())
}

/// The seconds of processors that the server has used.
fn processor(metrics: &str) -> Result<f64> {
    let line = metrics.lines().find_map(|line| line.strip_prefix("keystead_process_cpu_seconds_total "));
    Ok(line.context("there is no time of the processor")?.parse()?)
}

/// The seconds that counting a call takes.
fn counting() -> Result<f64> {
    let (metrics, clock) = (Metrics::unread()?, SystemClock::default());
    metrics.count_calls(COUNTED / 10, &clock);
    let begun = Instant::now();
    metrics.count_calls(COUNTED, &clock);
    Ok(begun.elapsed().as_secs_f64() / f64::from(COUNTED))
}

fn section(on: &Installation, alone: &[f64], seen: &[f64], each: f64, counting: f64) -> Result<String> {
    let [of_alone, of_seen] = [alone, seen].map(|rates| spread(Spread::of(rates.iter().copied()), 1.0, 0));
    let share = Spread::of(seen.iter().zip(alone).map(|(seen, alone)| seen / alone));
    let mut out = format!(
        "## Calls that are looked at\n\n\
         The verify call about {} hot keys on SQLite, with {CONNECTIONS} connections, in {PAIRS} pairs of rounds: with nobody \
         at `/metrics`, and with monitoring that collects them every {} s. Each call is counted in both. The log is in JSON, and \
         traces go to a collector that is away. \
         What counting a call takes is measured by itself, {} times, beside the time of processors that the server takes for \
         a call: {:.0} ns of {:.1} µs.\n\n\
         | calls a second, alone | with monitoring | share |\n|--:|--:|--:|\n",
        grouped(on.asked_about.len() as u64),
        EVERY.as_secs(),
        grouped(u64::from(COUNTED)),
        counting * 1e9,
        each * 1e6,
    );
    write!(out, "| {of_alone} | {of_seen} | {} |\n\n", spread(share, 1.0, 3))?;
    let (lost, counted) = ((1.0 - share.median) * 100.0, counting / each * 100.0);
    verdict(
        &mut out,
        &format!("collecting costs at most {MOST} % of the calls"),
        lost <= MOST,
        &format!("{lost:.2} %"),
    )?;
    let target = format!("counting costs at most {MOST} % of a call");
    verdict(&mut out, &target, counted <= MOST, &format!("{counted:.2} %"))?;
    out.push('\n');
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_the_processor_is_one_of_the_metrics() {
        let text = "# TYPE keystead_process_cpu_seconds_total counter\nkeystead_process_cpu_seconds_total 1.5\n";
        assert!((processor(text).unwrap() - 1.5).abs() < f64::EPSILON);
        assert!(processor("").is_err());
    }
}
