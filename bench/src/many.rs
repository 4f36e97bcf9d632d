//! Measures acts on many keys at once, and the issue of single ones, on both engines.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use domain::bulk::{BULK_MAX, BulkAct, BulkChange, Selection};
use domain::list::{KeyQuery, StatusFilter};
use domain::page::grouped;
use domain::role::Rights;
use domain::sight::Sight;
use service::Caller;
use service::clock::{Clock, SystemClock};
use service::entropy::SystemEntropy;
use tokio::time::Instant;

use crate::data::{Installation, issue, open, service};
use crate::figures::{Latency, millis};
use crate::report::{Section, verdict};
use crate::restrictions::draft;

/// What an act on as many keys as it may take can take.
const LIMIT: Duration = Duration::from_secs(5);

/// Keys issued one after the other.
const ISSUED: u32 = 1_000;

/// Measures both installations. Each act is undone by the next.
pub(crate) async fn measure(sqlite: &Installation, postgres: &Installation) -> Result<Section> {
    let mut text = format!(
        "## Many keys at once\n\nOne act on {} of {} keys, each a single transaction with an event for each key. Then {} \
         keys are issued one after the other, each in its own transaction: with names of one word and of three in turns. \
         What is left of a name from its second and third word on is written, too, so that a search finds them.\n\n\
         | act | SQLite, s | Postgres, s |\n|---|--:|--:|\n",
        grouped(BULK_MAX.into()),
        grouped(sqlite.keys.into()),
        grouped(ISSUED.into()),
    );
    let (on_sqlite, issued) = acts(sqlite).await?;
    let (on_postgres, issued_on_postgres) = acts(postgres).await?;
    for ((act, one), (_, other)) in on_sqlite.iter().zip(&on_postgres) {
        writeln!(text, "| {act} | {:.2} | {:.2} |", one.as_secs_f64(), other.as_secs_f64())?;
    }
    text.push('\n');
    for (engine, acts) in [("SQLite", &on_sqlite), ("Postgres", &on_postgres)] {
        let worst = acts.iter().map(|(_, took)| *took).max().unwrap_or_default();
        let target = format!("at most {} s on {engine}", LIMIT.as_secs());
        verdict(&mut text, &target, worst <= LIMIT, &format!("{:.2} s", worst.as_secs_f64()))?;
    }
    text.push_str(
        "\n| name of the issued key | SQLite, ms: p50 | p95 | Postgres, ms: p50 | p95 |\n|---|--:|--:|--:|--:|\n",
    );
    for ((words, one), other) in ["one word", "three words"].into_iter().zip(&issued).zip(&issued_on_postgres) {
        let [a, b, c, d] = [one.p50, one.p95, other.p50, other.p95].map(millis);
        writeln!(text, "| {words} | {a} | {b} | {c} | {d} |")?;
    }
    text.push('\n');
    Ok(Section::without_calls(text))
}

async fn acts(on: &Installation) -> Result<(Vec<(&'static str, Duration)>, [Latency; 2])> {
    let store = open(on.folder(), on.database()).await?;
    let service = service(on.folder(), &store, Arc::new(SystemEntropy)).await?;
    let caller = Caller::command_line("bench");
    let app = *service.default_app();
    let sight = Sight::of_rights(Rights::all()).within(app);
    let active = KeyQuery { status: Some(StatusFilter::Active), ..KeyQuery::default() };
    let now = SystemClock::default().now();
    let (ids, _) = store.list_key_ids(&sight, &active, None, BULK_MAX, now).await?;
    ensure!(ids.len() == BULK_MAX as usize, "{} active keys are too few", ids.len());
    let selection = Selection::Keys(ids);
    let tag = |act| BulkChange::tag(act, "bench").ok().context("a tag");
    let changes = [BulkChange::Disable, BulkChange::Enable, tag(BulkAct::AddTag)?, tag(BulkAct::RemoveTag)?];
    let mut taken = Vec::new();
    for change in changes {
        let form = service.new_form_id()?;
        let begun = Instant::now();
        let done = service.bulk(&caller, &app, &selection, &change, &form).await?.context("a new form")?;
        taken.push((change.act().label(), begun.elapsed()));
        ensure!(done.count.taken == BULK_MAX, "{} keys instead of {BULK_MAX}", done.count.taken);
    }
    let mut issued = [Vec::new(), Vec::new()];
    for number in 0..ISSUED / 2 {
        let names = [format!("Nightly{number:03}"), format!("Nightly export {number:03}")];
        for (name, issued) in names.iter().zip(&mut issued) {
            let draft = draft(name);
            let begun = Instant::now();
            issue(&service, &caller, &draft).await?;
            issued.push(begun.elapsed());
        }
    }
    drop(service);
    store.close().await;
    Ok((taken, issued.map(Latency::of)))
}
