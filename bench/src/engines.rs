//! The same calls on both database engines.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::http::{Method, StatusCode};
use domain::page::grouped;
use tokio::time::{Instant, sleep};

use crate::calls::{Call, Plan};
use crate::contest::{self, Contender, in_turns};
use crate::data::Installation;
use crate::figures::{Latency, millis};
use crate::http::Connection;
use crate::process::Child;
use crate::report::{Section, megabytes, verdict};

/// How many of SQLite's calls Postgres has to reach. Neither is asked about a key that is hot.
const SHARE: f64 = 0.95;

/// Measures hot calls on an installation of each.
pub(crate) async fn measure(sqlite: &Installation, postgres: &Installation, seconds: u32) -> Result<Section> {
    let servers = [Child::keystead(sqlite).await?, Child::keystead(postgres).await?];
    let [one, other] = &servers;
    let plan = |on| Plan::round(Call::verify(on), &on.asked_about);
    let sides = in_turns(
        [
            Contender { label: "SQLite", server: one, plan: plan(sqlite) },
            Contender { label: "Postgres", server: other, plan: plan(postgres) },
        ],
        seconds,
    )
    .await?;
    let memory = other.memory()?;
    let [on_sqlite, on_postgres] = &sides;
    let mut text = format!(
        "## Hot calls on both engines\n\nThe verify call about {} hot keys, on installations with {} keys each.\n\n",
        grouped(sqlite.asked_about.len() as u64),
        grouped(u64::from(sqlite.keys)),
    );
    contest::plain_table(&mut text, &sides)?;
    let share = on_postgres.times(on_sqlite).median;
    let target = format!("on Postgres at least {SHARE:.2} of the calls on SQLite");
    verdict(&mut text, &target, share >= SHARE, &format!("{share:.2}"))?;
    write!(text, "\nResident on Postgres afterwards: {} MB.\n\n", megabytes(memory.now))?;
    away(&mut text, postgres, other).await?;
    let accepted = on_sqlite.calls;
    for server in servers {
        server.stop().await?;
    }
    Ok(Section { text, accepted, refused: 0 })
}

/// How long the database stays away.
const AWAY: Duration = Duration::from_secs(8);

/// Stops the database, and measures how long a verify call, the readiness check and a page wait for their answers.
async fn away(text: &mut String, on: &Installation, server: &Child) -> Result<()> {
    let database = on.database().context("a database of its own")?;
    let key = on.asked_about.first().context("a key")?;
    database.stop();
    let (mut calls, mut others) = (Vec::new(), Vec::new());
    let begun = Instant::now();
    while begun.elapsed() < AWAY {
        calls.push(Call::verify(on).make(&server.authority, key).await?);
        for path in ["/readyz", "/login"] {
            let mut connection = Connection::open(&server.authority).await?;
            others.push(connection.send(Method::GET, path, &[], String::new()).await?);
        }
        sleep(Duration::from_millis(20)).await;
    }
    database.start();
    let refused = calls.iter().filter(|answer| answer.status == StatusCode::SERVICE_UNAVAILABLE).count();
    let [of_calls, of_others] =
        [&calls, &others].map(|all| Latency::of(all.iter().map(|answer| answer.took).collect()));
    let seconds = AWAY.as_secs();
    write!(
        text,
        "While Postgres refuses connections, for {seconds} seconds: {} verify calls, of which {refused} get 503 and the \
         first ones the verdict that is still known, p50 {} ms, at most {} ms; `/readyz` and the sign-in page p50 {} ms, \
         at most {} ms.\n\n",
        calls.len(),
        millis(of_calls.p50),
        millis(of_calls.worst),
        millis(of_others.p50),
        millis(of_others.worst),
    )?;
    Ok(())
}
