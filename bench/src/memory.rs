//! Memory of a server that is asked about many keys, and the speed of the key list at the same time.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Result, ensure};
use domain::page::grouped;
use tokio::time::sleep;

use crate::calls::{Call, Plan};
use crate::contest::{CONNECTIONS, ROUNDS, load};
use crate::data::{EMAIL, Installation, PASSWORD};
use crate::figures::{Latency, Spread};
use crate::http::Connection;
use crate::process::{Child, Resident};
use crate::report::{Section, megabytes, spread, verdict};

/// How many keys are asked about.
const HOT: usize = 100_000;

/// What the server may have resident before anybody calls, in megabytes.
const IDLE: u64 = 30;
/// What it may ever have.
const PEAK: u64 = 200;
/// How long the key list may take at the same time.
const LIST: Duration = Duration::from_millis(50);

/// How long the server is left alone before its idle memory is read.
const SETTLE: Duration = Duration::from_secs(5);

/// Between two looks at the list.
const PAUSE: Duration = Duration::from_millis(25);

/// Measures a separate server.
pub(crate) async fn measure(on: &Installation, seconds: u32) -> Result<Section> {
    let server = Child::keystead(on).await?;
    sleep(SETTLE).await;
    let idle = server.memory()?;
    let mut reader = Connection::open(&server.authority).await?;
    reader.sign_in(EMAIL, PASSWORD).await?;
    let tokens = on.restricted.get(..HOT.min(on.restricted.len())).unwrap_or_default();
    ensure!(!tokens.is_empty(), "there is no key to ask about");
    let calls = Plan::round(Call::verify(on), tokens).write(seconds)?;

    let (mut made, mut rates, mut lists) = (0, Vec::new(), Vec::new());
    for number in 1..=ROUNDS {
        let (authority, path) = (server.authority.clone(), calls.path().to_owned());
        let calling = tokio::spawn(async move { load(&authority, &path, seconds).await });
        let mut taken = Vec::new();
        while !calling.is_finished() {
            sleep(PAUSE).await;
            taken.push(reader.page_as_browser("/keys").await?.took);
        }
        // The last look may have come after the calls had ended.
        taken.pop();
        let round = calling.await??;
        let list = Latency::of(taken).p95.as_secs_f64();
        println!("  round {number}: {:.0} a second, the key list {:.1} ms p95", round.per_second, list * 1e3);
        made += round.requests;
        rates.push(round.per_second);
        lists.push(list);
    }
    let busy = server.memory()?;
    server.stop().await?;
    let figures = Figures { idle, busy, rate: Spread::of(rates), list: Spread::of(lists), keys: tokens.len() };
    Ok(Section { text: figures.section(on)?, accepted: made, refused: 0 })
}

struct Figures {
    idle: Resident,
    busy: Resident,
    rate: Spread,
    /// The p95 of each round, in seconds.
    list: Spread,
    keys: usize,
}

impl Figures {
    fn section(&self, on: &Installation) -> Result<String> {
        let mut out = String::new();
        write!(
            out,
            "## Memory, and the key list at the same time\n\n\
             A separate server on the {} keys. wrk makes the verify call from above about {} keys with all restrictions, \
             with {CONNECTIONS} connections in {ROUNDS} rounds, while one person asks for the first page of the key list \
             again and again. In MB of 1,000,000 bytes.\n\n\
             | when | resident | peak so far |\n|---|--:|--:|\n",
            grouped(u64::from(on.keys)),
            grouped(self.keys as u64),
        )?;
        for (label, memory) in [("idle, after the start", self.idle), ("after the rounds", self.busy)] {
            writeln!(out, "| {label} | {} | {} |", megabytes(memory.now), megabytes(memory.peak))?;
        }
        let (rate, list) = (spread(self.rate, 1.0, 0), spread(self.list, 1e3, 1));
        write!(out, "\nCalls a second: {rate}. The key list's p95: {list} ms.\n\n")?;
        let [idle, peak] = [self.idle.now, self.busy.peak].map(|kilobytes| kilobytes * 1_024);
        verdict(
            &mut out,
            &format!("at most {IDLE} MB idle"),
            idle <= IDLE * 1_000_000,
            &format!("{} MB", megabytes(self.idle.now)),
        )?;
        verdict(
            &mut out,
            &format!("at most {PEAK} MB peak with {} hot keys", grouped(self.keys as u64)),
            peak <= PEAK * 1_000_000,
            &format!("{} MB", megabytes(self.busy.peak)),
        )?;
        verdict(
            &mut out,
            &format!("the key list under {} ms p95 at the same time", LIST.as_millis()),
            self.list.median < LIST.as_secs_f64(),
            &format!("{:.1} ms", self.list.median * 1e3),
        )?;
        out.push('\n');
        Ok(out)
    }
}
