//! Verify calls on three servers over one Postgres, which share each rate limit, beside one server that has it alone.

use std::fmt::Write as _;

use anyhow::{Context, Result, ensure};
use domain::page::grouped;

use crate::calls::{Call, Plan};
use crate::contest::{CONNECTIONS, ROUNDS, Round, WARM_UP, load_by};
use crate::data::{Engine, Installation, Size};
use crate::figures::Spread;
use crate::machine::has_autogroups;
use crate::process::Child;
use crate::report::{Section, spread, verdict};

/// How many of the calls of one server three have to reach together, on as many processors.
const SHARE: f64 = 0.95;

/// How many keys there are; a tenth of them is asked about.
const KEYS: u32 = 20_000;

/// How many servers there are in place of one.
const NODES: usize = 3;

/// What rounds gave: calls a second in all, and the worst p99.
#[derive(Default)]
struct Rounds {
    rates: Vec<f64>,
    p99: Vec<f64>,
}

impl Rounds {
    fn add(&mut self, rounds: &[Round; NODES]) {
        self.rates.push(rounds.iter().map(|round| round.per_second).sum());
        self.p99.push(rounds.iter().map(|round| round.p99.as_secs_f64()).fold(0.0, f64::max));
    }
}

/// Measures both in turns, each on a database of its own. Whoever is not called has next to nothing to do.
pub(crate) async fn measure(seconds: u32) -> Result<Section> {
    if has_autogroups() {
        println!(
            "  the kernel has autogroups, which keep Postgres from the processors: sysctl kernel.sched_autogroup_enabled=0"
        );
    }
    let for_one = Installation::make(Size::of_keys(KEYS), Engine::Postgres).await?;
    let for_three = Installation::make(Size::of_keys(KEYS), Engine::Postgres).await?;
    let one = Child::keystead(&for_one).await?;
    let three =
        [Child::keystead(&for_three).await?, Child::keystead(&for_three).await?, Child::keystead(&for_three).await?];
    let (mut alone, mut shared) = (Rounds::default(), Rounds::default());
    let mut asked = 0;
    for number in 0..=ROUNDS {
        let seconds = if number == 0 { WARM_UP.min(seconds) } else { seconds };
        let of_one = at_once(&for_one, [&one, &one, &one], seconds).await.context("one server")?;
        let of_three = at_once(&for_three, three.each_ref(), seconds).await.context("three servers")?;
        asked += of_three.iter().map(|round| round.requests).sum::<u64>();
        if number > 0 {
            alone.add(&of_one);
            shared.add(&of_three);
            let [one, three] = [&alone, &shared].map(|side| side.rates.last().copied().unwrap_or_default());
            println!("  round {number}: one {one:.0}, three {three:.0}");
        }
    }
    for server in three.into_iter().chain([one]) {
        server.stop().await?;
    }
    // To wrk, a call that a limit refused is an answer like any other.
    let counted = for_three.counted().await?;
    ensure!(counted.accepted + counted.refused >= asked, "{counted:?} of {asked} calls were answered");
    let refused = counted.refused;
    Ok(Section::without_calls(section(&for_one, &alone, &shared, refused)?))
}

/// Calls them at once, with as many connections in all as elsewhere. One server gets as many clients as three do, because
/// they compete for the processors too.
async fn at_once(on: &Installation, servers: [&Child; NODES], seconds: u32) -> Result<[Round; NODES]> {
    let calls = Plan::round(Call::verify(on), &on.asked_about).write(seconds)?;
    let load = |server: &Child| {
        let (authority, path) = (server.authority.clone(), calls.path().to_owned());
        async move { load_by(CONNECTIONS.div_ceil(3), &authority, &path, seconds).await }
    };
    let [first, second, third] = servers.map(load);
    let (first, second, third) = tokio::try_join!(first, second, third)?;
    Ok([first, second, third])
}

fn section(on: &Installation, alone: &Rounds, shared: &Rounds, refused: u64) -> Result<String> {
    let mut out = format!(
        "## Calls over several servers\n\n\
         The verify call about {} hot keys, each with a rate limit, on one server with a Postgres of its own, and on {NODES} \
         that share another and every limit. All of them are on this machine, so three have no more processors than one. Three \
         wrks with {} connections each call one server, or each another of the three; {ROUNDS} rounds, in turns; median (least \
         to most), and the worst p99 of the three.\n\n\
         | side | calls a second | p99, ms |\n|---|--:|--:|\n",
        grouped(on.asked_about.len() as u64),
        CONNECTIONS.div_ceil(3),
    );
    for (label, side) in [("one server", alone), ("three servers", shared)] {
        let [rate, p99] = [&side.rates, &side.p99].map(|figures| Spread::of(figures.iter().copied()));
        writeln!(out, "| {label} | {} | {} |", spread(rate, 1.0, 0), spread(p99, 1e3, 2))?;
    }
    out.push('\n');
    let pairs = shared.rates.iter().zip(&alone.rates);
    let share = Spread::of(pairs.map(|(shared, alone)| shared / alone)).median;
    let target = format!("three servers make at least {SHARE:.2} of the calls of one");
    verdict(&mut out, &target, share >= SHARE, &format!("{share:.2}"))?;
    verdict(&mut out, "no call within its limits is refused", refused == 0, &format!("{} refused", grouped(refused)))?;
    out.push('\n');
    Ok(out)
}
