//! Measures events on both engines, inside this process: how many are taken in, beside messages, and how they are listed.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use domain::draft::KeyDraft;
use domain::event::{EVENT_NAMES, Event, EventQuery};
use domain::ids::{EventId, IntegrationId};
use domain::integration::{IntegrationKind, IntegrationQuery};
use domain::key::KeyRecord;
use domain::page::grouped;
use service::clock::{Clock, SystemClock};
use service::entropy::SystemEntropy;
use service::events::NewEvent;
use service::verify::{Credential, VerifyRequest};
use service::{Caller, Service};
use store::{Store, StoreError};
use testkit::TestDatabase;

use crate::accepted;
use crate::data::{Engine, issue, open, private_folder, service};
use crate::figures::{Latency, millis};
use crate::names::Chance;
use crate::report::{Section, verdict};
use crate::rooms::{WRITERS, joined, per_second, send};

const EVENTS: u64 = 1_000_000;

/// How many events are written together to fill the table.
const TOGETHER: u64 = 500;

/// Among how many CRMs and agents they are spread.
const CRMS: u64 = 20;
const AGENTS: u64 = 5_000;

/// What a page of the list may take.
const READ_LIMIT: Duration = Duration::from_millis(20);

/// The share of the messages in a second that events have to reach.
const PART: f64 = 0.8;

/// What was measured on one engine.
struct Figures {
    engine: Engine,
    reads: Vec<(&'static str, Latency)>,
    /// Events and messages in a second.
    events: f64,
    messages: f64,
}

/// Measures both engines, one after the other.
pub(crate) async fn measure(samples: u32, seconds: u32) -> Result<Section> {
    let mut all = Vec::new();
    for engine in [Engine::Sqlite, Engine::Postgres] {
        all.push(on(engine, samples, Duration::from_secs(seconds.into())).await?);
    }
    let over_http = accepted::measure(seconds).await?;
    Ok(Section::without_calls(section(&all, samples)? + &over_http))
}

async fn on(engine: Engine, samples: u32, round: Duration) -> Result<Figures> {
    println!("Making {} events on {engine:?}", grouped(EVENTS));
    let folder = private_folder()?;
    let database = (engine == Engine::Postgres).then(TestDatabase::postgres);
    let store = open(folder.path(), database.as_ref()).await?;
    let service = service(folder.path(), &store, Arc::new(SystemEntropy)).await?;
    let caller = Caller::command_line("bench");
    let (key, place) = reporter(&service, &caller).await?;
    fill(&store, &key, place).await?;
    if let Some(database) = &database {
        // As Postgres does by itself, minutes after so many rows came.
        database.execute("VACUUM (ANALYZE)").await;
    }
    let reads = reads(&service, &caller, &place, samples).await?;
    let events = report(&service, &key, round).await?;
    let (room, participant) = joined(&service, &caller).await?;
    let messages = send(&service, &caller, &room.id, &participant, round).await?;
    drop(service);
    store.close().await;
    Ok(Figures { engine, reads, events, messages })
}

/// A key that reports events, and the integration at which it does.
async fn reporter(service: &Service, caller: &Caller) -> Result<(KeyRecord, IntegrationId)> {
    let (kind, name) = (Some("open_connect".to_owned()), Some("Desk".to_owned()));
    let token = issue(service, caller, &KeyDraft { kind, name, ..KeyDraft::default() }).await?;
    let verdict = service.verifier().verify(Credential::Token(&token), VerifyRequest::default()).await?;
    let key = verdict.key.context("the key is not known")?.record.as_ref().clone();
    let query = IntegrationQuery { kinds: vec![IntegrationKind::OpenConnect], ..IntegrationQuery::default() };
    let found = service.integrations(caller, service.default_app(), &query).await?.rows;
    Ok((key, found.first().context("the key has no integration")?.id))
}

fn crm(number: u64) -> String {
    format!("crm-{number}.example.com")
}

fn agent(number: u64) -> String {
    format!("agent-{number}@example.com")
}

fn event(key: &KeyRecord, place: IntegrationId, seq: u64) -> Event {
    let mut id = [7_u8; 12];
    if let Some(number) = id.last_chunk_mut() {
        *number = seq.to_be_bytes();
    }
    let name = usize::try_from(seq).ok().and_then(|n| EVENT_NAMES.get(n % EVENT_NAMES.len()));
    Event {
        id: EventId::from_random(id),
        app_id: key.app_id,
        integration_id: place,
        seq,
        kind: key.kind,
        key_id: key.id,
        key_name: key.name.clone(),
        name: name.copied().unwrap_or("On Ring").to_owned(),
        crm_id: crm(seq % CRMS),
        agent_id: Some(agent(seq % AGENTS)),
        data: r#"{"phone":"+49 30 1234","queue":"Support"}"#.to_owned(),
        origin: None,
        address: None,
        at: SystemClock::default().now(),
    }
}

async fn fill(store: &Store, key: &KeyRecord, place: IntegrationId) -> Result<()> {
    for n in 0..EVENTS / TOGETHER {
        let events: Vec<_> = (1..=TOGETHER).map(|seq| event(key, place, n * TOGETHER + seq)).collect();
        let write = store.write(async |tx| {
            tx.insert_events(&events.iter().collect::<Vec<_>>()).await?;
            Ok::<_, StoreError>(())
        });
        write.await?;
    }
    Ok(())
}

/// Times pages of the list one after the other.
async fn reads(
    service: &Service,
    caller: &Caller,
    place: &IntegrationId,
    samples: u32,
) -> Result<Vec<(&'static str, Latency)>> {
    let mut chance = Chance::new(7);
    let mut of = |end: u64| Ok::<_, anyhow::Error>(u64::from(chance.below(u32::try_from(end)?)));
    let names = [
        "the newest events",
        "a page far back",
        "the events of a CRM",
        "the events of an agent",
        "one event of an agent",
    ];
    let mut times: [Vec<Duration>; 5] = Default::default();
    for _ in 0..samples {
        let queries = [
            EventQuery::default(),
            EventQuery { after: Some((of(EVENTS - 1_000)? + 1_000).to_string()), ..EventQuery::default() },
            EventQuery { crm_id: Some(crm(of(CRMS)?)), ..EventQuery::default() },
            EventQuery { agent_id: Some(agent(of(AGENTS)?)), ..EventQuery::default() },
            EventQuery {
                name: Some("On Ring".to_owned()),
                agent_id: Some(agent(of(AGENTS)?)),
                ..EventQuery::default()
            },
        ];
        for (query, times) in queries.iter().zip(&mut times) {
            let begun = Instant::now();
            service.events(caller, place, query).await?;
            times.push(begun.elapsed());
        }
    }
    Ok(names.into_iter().zip(times).map(|(name, times)| (name, Latency::of(times))).collect())
}

/// Events in a second, by many who each wait until theirs is on disk.
async fn report(service: &Service, key: &KeyRecord, round: Duration) -> Result<f64> {
    let taken = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    let writers: Vec<_> = (0..WRITERS)
        .map(|n| {
            let (service, key, taken) = (service.clone(), key.clone(), Arc::clone(&taken));
            tokio::spawn(async move {
                while begun.elapsed() < round {
                    let new = NewEvent {
                        name: "On Ring".to_owned(),
                        crm_id: "example.zendesk.com".to_owned(),
                        agent_id: Some(format!("agent-{n}@example.com")),
                        ..NewEvent::default()
                    };
                    service.accept_event(&key, new).await?;
                    taken.fetch_add(1, Ordering::Relaxed);
                }
                Ok::<_, service::Error>(())
            })
        })
        .collect();
    for writer in writers {
        writer.await??;
    }
    Ok(per_second(taken.load(Ordering::Relaxed), begun.elapsed()))
}

fn section(all: &[Figures], samples: u32) -> Result<String> {
    let mut out = format!(
        "## Events\n\nInside one process, without HTTP: {} events of one integration, {samples} reads of each sort, in \
         milliseconds. {WRITERS} report events, and each waits until theirs is on disk; then as many send messages in a \
         room.\n\n| engine | what | p50 | p95 | most |\n|---|---|--:|--:|--:|\n",
        grouped(EVENTS),
    );
    for figures in all {
        for (what, Latency { p50, p95, worst }) in &figures.reads {
            let engine = figures.engine;
            writeln!(out, "| {engine:?} | {what} | {} | {} | {} |", millis(*p50), millis(*p95), millis(*worst))?;
        }
    }
    out.push('\n');
    for Figures { engine, reads, events, messages } in all {
        let slowest = reads.iter().max_by_key(|(_, latency)| latency.p95).context("nothing was read")?;
        let target = format!("a p95 of at most {} ms for every page on {engine:?}", READ_LIMIT.as_millis());
        let figure = format!("{} ms, {}", millis(slowest.1.p95), slowest.0);
        verdict(&mut out, &target, slowest.1.p95 <= READ_LIMIT, &figure)?;
        let target = format!("events at {PART} of the messages in a second on {engine:?}");
        let figure = format!("{:.2}: {events:.0} events, {messages:.0} messages", events / messages);
        verdict(&mut out, &target, *events >= PART * messages, &figure)?;
    }
    out.push('\n');
    Ok(out)
}
