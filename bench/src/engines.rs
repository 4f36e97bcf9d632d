//! The same calls on both database engines.

use std::fmt::Write as _;

use anyhow::Result;
use domain::page::grouped;

use crate::calls::{Call, Plan};
use crate::contest::{self, Contender, in_turns};
use crate::data::Installation;
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
    let accepted = on_sqlite.calls;
    for server in servers {
        server.stop().await?;
    }
    Ok(Section { text, accepted, refused: 0 })
}
