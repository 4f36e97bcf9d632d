//! Measures the calls of a program that manages keys, on both engines: to issue a key, to read a page of them and to read one.

use std::fmt::Write as _;

use anyhow::{Context, Result, ensure};
use domain::page::grouped;
use serde_json::Value;
use service::clock::{Clock, SystemClock};
use tokio::time::Instant;

use crate::calls::{Call, Plan};
use crate::contest::{self, Contender, Side, floor, in_turns};
use crate::data::{EMAIL, Engine, Installation, Size, open};
use crate::process::Child;
use crate::report::{Section, verdict};

const SIZE: Size = Size::of_keys(100_000);

/// What issuing has to reach of a single writer's commits, and reading of the floor's calls.
const SHARE: f64 = 0.4;

/// Pages of the list that are asked for in turns.
const PAGES: usize = 300;

/// Transactions of the single writer.
const COMMITS: u32 = 2_000;

/// Measures both engines, each with a server of its own.
pub(crate) async fn measure(seconds: u32) -> Result<Section> {
    let sqlite = Installation::make(SIZE, Engine::Sqlite).await?;
    let postgres = Installation::make(SIZE, Engine::Postgres).await?;
    let writer = commits(&sqlite).await?;
    println!("  one writer commits {writer:.0} times a second");
    let mut out = format!(
        "## Calls that manage keys\n\nOn installations with {} keys each. wrk with 1 thread and {} connections; {} rounds for \
         each side, in turns; median (least to most). The floor of reading is an axum route that sends as many bytes and as \
         many headers. Calls for the same page at the same moment share a reading in each of two lanes; of the {} pages that follow each other, \
         each is read for its call.\n\n",
        grouped(SIZE.keys.into()),
        contest::CONNECTIONS,
        contest::ROUNDS,
        PAGES,
    );
    for (engine, on) in [("SQLite", &sqlite), ("Postgres", &postgres)] {
        let server = Child::keystead(on).await?;
        reading(&mut out, engine, on, &server, seconds).await?;
        issuing(&mut out, engine, on, &server, seconds, writer).await?;
        server.stop().await?;
    }
    Ok(Section::without_calls(out))
}

/// How many small transactions one writer commits in a second on SQLite, each of them durable.
async fn commits(on: &Installation) -> Result<f64> {
    let store = open(on.folder(), on.database()).await?;
    let owner = store.person_by_email(EMAIL).await?.context("there is no owner")?;
    let now = SystemClock::default().now();
    let begun = Instant::now();
    for _ in 0..COMMITS {
        store.write(async |tx| tx.set_signed_in(&owner.id, now).await).await?;
    }
    let took = begun.elapsed();
    store.close().await;
    Ok(f64::from(COMMITS) / took.as_secs_f64())
}

async fn reading(out: &mut String, engine: &str, on: &Installation, server: &Child, seconds: u32) -> Result<()> {
    let ids: Vec<String> = on.asked_about.iter().filter_map(|key| key.split('_').nth(1)).map(str::to_owned).collect();
    let id = ids.first().context("there is no key to read")?;
    let finds = |text: &str| text.starts_with('{') && text.contains(r#""status":"active""#);
    let (list_floor, list_bytes) = floor(server, &Call::list(&on.manager), id, finds).await?;
    let (get_floor, get_bytes) = floor(server, &Call::get(&on.manager), id, finds).await?;
    let cursors = cursors(server, &on.manager).await?;
    let list = || Plan::round(Call::list(&on.manager), &ids);
    let page = Plan::round(Call::page(&on.manager), &cursors);
    let get = || Plan::round(Call::get(&on.manager), &ids);
    let [bare_list, our_list, our_pages, bare_get, our_get] = in_turns(
        [
            Contender { label: "the floor of a page", server: &list_floor, plan: list() },
            Contender { label: "the same page of keys", server, plan: list() },
            Contender { label: "one page after the other", server, plan: page },
            Contender { label: "the floor of one key", server: &get_floor, plan: get() },
            Contender { label: "one key", server, plan: get() },
        ],
        seconds,
    )
    .await?;
    list_floor.stop().await?;
    get_floor.stop().await?;
    write!(out, "On {engine}, reading: a page of 25 keys has {list_bytes} bytes, one key {get_bytes}.\n\n")?;
    let shares = [("a page", &bare_list, &our_list), ("one key", &bare_get, &our_get)].map(|(what, bare, ours)| {
        let share = ours.times(bare).median;
        (format!("{what} on {engine} at least {SHARE:.1} of the floor's calls"), share)
    });
    contest::plain_table(out, &[bare_list, our_list, our_pages, bare_get, our_get])?;
    out.push('\n');
    for (target, share) in shares {
        verdict(out, &target, share >= SHARE, &format!("{share:.2}"))?;
    }
    out.push('\n');
    Ok(())
}

/// The cursors of the list's first pages, of which no two calls at the same moment ask for the same.
async fn cursors(server: &Child, manager: &str) -> Result<Vec<String>> {
    let mut cursors = Vec::with_capacity(PAGES);
    let mut answer = Call::list(manager).make(&server.authority, "").await?;
    while cursors.len() < PAGES {
        let page: Value = serde_json::from_str(answer.text()?)?;
        let next = page.get("next").and_then(Value::as_str).context("there are too few pages")?;
        cursors.push(form_urlencoded::byte_serialize(next.as_bytes()).collect::<String>());
        answer = Call::page(manager).make(&server.authority, cursors.last().map_or("", String::as_str)).await?;
    }
    Ok(cursors)
}

async fn issuing(
    out: &mut String,
    engine: &str,
    on: &Installation,
    server: &Child,
    seconds: u32,
    writer: f64,
) -> Result<()> {
    let names: Vec<String> = (0..1_000).map(|number| format!("Nightly export {number:03}")).collect();
    let first = Call::issue(&on.manager).make(&server.authority, "Nightly export").await?;
    ensure!(first.status == 201, "issuing said {} {}", first.status, first.text()?);
    let plan = Plan::round(Call::issue(&on.manager), &names);
    let sides: [Side; 1] = in_turns([Contender { label: "issue", server, plan }], seconds).await?;
    write!(
        out,
        "On {engine}, issuing, beside a single writer on SQLite that commits {writer:.0} small transactions a second:\n\n"
    )?;
    contest::plain_table(out, &sides)?;
    let [issue] = sides;
    let share = issue.per_second().median / writer;
    out.push('\n');
    let target = format!("on {engine} at least {SHARE:.1} of that writer's commits");
    verdict(out, &target, share >= SHARE, &format!("{share:.2}"))?;
    out.push('\n');
    Ok(())
}
