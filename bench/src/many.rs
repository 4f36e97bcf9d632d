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
const ISSUED: u32 = 500;

/// Measures both installations. Each act is undone by the next.
pub(crate) async fn measure(sqlite: &Installation, postgres: &Installation) -> Result<Section> {
    let mut text = format!(
        "## Many keys at once\n\nOne act on {} of {} keys, each a single transaction with an event for each key. Then {} \
         keys are issued one after the other, each in its own transaction.\n\n\
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
    for (engine, issued) in [("SQLite", issued), ("Postgres", issued_on_postgres)] {
        write!(text, "\nTo issue a key on {engine}: p50 {} ms, p95 {} ms.\n", millis(issued.p50), millis(issued.p95))?;
    }
    text.push('\n');
    Ok(Section::without_calls(text))
}

async fn acts(on: &Installation) -> Result<(Vec<(&'static str, Duration)>, Latency)> {
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
        ensure!(done.taken == BULK_MAX, "{} keys instead of {BULK_MAX}", done.taken);
    }
    let mut issued = Vec::new();
    for number in 0..ISSUED {
        let draft = draft(&format!("Nightly export {number:03}"));
        let begun = Instant::now();
        issue(&service, &caller, &draft).await?;
        issued.push(begun.elapsed());
    }
    drop(service);
    store.close().await;
    Ok((taken, Latency::of(issued)))
}
