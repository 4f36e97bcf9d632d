//! Verdicts in batches: many keys in one call, so that HTTP is paid once for all of them.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use domain::page::grouped;

use crate::calls::{Call, Plan, batches};
use crate::contest::{CONNECTIONS, ROUNDS, WARM_UP, load};
use crate::data::{Engine, Installation, Size};
use crate::figures::{Spread, millis};
use crate::process::Child;
use crate::report::{Section, spread, verdict};

/// Keys in a call, the most there may be.
const SIZE: u32 = 100;

/// Verdicts a second.
const LEAST: f64 = 1_000_000.0;

/// How many keys there are; a tenth of them is asked about.
const KEYS: u32 = 100_000;

/// Measures both engines, each with a server of its own.
pub(crate) async fn measure(seconds: u32) -> Result<Section> {
    let mut out = format!(
        "## Verdicts in batches\n\n\
         `POST /v1/keys/verify-batch` about {SIZE} keys of {} hot ones, with all restrictions and a question of each sort. wrk with 1 \
         thread and {CONNECTIONS} connections; {ROUNDS} rounds; median (least to most).\n\n\
         | engine | verdicts a second | p99 of a call, ms |\n|---|--:|--:|\n",
        grouped(u64::from(KEYS / 10)),
    );
    let mut reached = Vec::new();
    for (name, engine) in [("SQLite", Engine::Sqlite), ("Postgres", Engine::Postgres)] {
        let on = Installation::make(Size::of_keys(KEYS), engine).await?;
        let bodies = batches(&on.asked_about, SIZE as usize);
        let server = Child::keystead(&on).await?;
        let first = bodies.first().context("there is no key to ask about")?;
        let sample = Call::verify_batch(&on).make(&server.authority, first).await?;
        let valid = sample.text()?.matches(r#""valid":true"#).count();
        ensure!(valid == SIZE as usize, "{valid} of {SIZE} keys pass");
        let plan = Plan::round(Call::verify_batch(&on), &bodies);
        load(&server.authority, plan.write(WARM_UP)?.path(), WARM_UP).await?;
        let calls = plan.write(seconds)?;
        let (mut rates, mut worst) = (Vec::new(), Duration::ZERO);
        for number in 1..=ROUNDS {
            let round = load(&server.authority, calls.path(), seconds).await?;
            let rate = round.per_second * f64::from(SIZE);
            println!("  {name}, round {number}: {rate:.0} verdicts a second");
            rates.push(rate);
            worst = worst.max(round.p99);
        }
        server.stop().await?;
        let rate = Spread::of(rates);
        writeln!(out, "| {name} | {} | {} |", spread(rate, 1.0, 0), millis(worst))?;
        reached.push((name, rate.median));
    }
    out.push('\n');
    for (name, rate) in reached {
        let target = format!("at least {LEAST:.0} verdicts a second on {name}");
        verdict(&mut out, &target, rate >= LEAST, &format!("{rate:.0}"))?;
    }
    out.push('\n');
    Ok(Section::without_calls(out))
}
