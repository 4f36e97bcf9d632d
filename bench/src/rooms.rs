//! Measures rooms on both engines, inside this process: what the families of chat platforms are thin forms over.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use domain::ids::RoomId;
use domain::message::{Author, Message, MessageKind};
use domain::page::grouped;
use domain::participant::{ClientKey, Grade};
use domain::room::{Room, RoomKind, RoomQuery, RoomRules, RoomStatus};
use service::chat::messages::NewMessage;
use service::chat::people::Join;
use service::chat::rooms::NewRoom;
use service::clock::{Clock, SystemClock};
use service::entropy::SystemEntropy;
use service::{Caller, Service};
use store::{RoomEnd, Store, StoreError};
use testkit::TestDatabase;

use crate::data::{Engine, open, private_folder, service};
use crate::figures::{Latency, millis};
use crate::names::Chance;
use crate::report::{Section, verdict};

const MESSAGES: u64 = 1_000_000;
const ROOMS: u16 = 10_000;

/// How many write at the same time, and how many messages a commit takes together.
pub(crate) const WRITERS: usize = 512;
const TOGETHER: u64 = 500;

const VIEWERS: usize = 1_000;

/// What a read may take, and what a message may take to all who watch.
const READ_LIMIT: Duration = Duration::from_millis(10);
const WATCH_LIMIT: Duration = Duration::from_secs(1);

/// What a batched writer commits, of which sending has to reach this part.
const PART: f64 = 0.5;

const TEXT: &str = "The parcel was left with the neighbours on the second floor, who are in until six.";

/// What was measured on one engine.
struct Figures {
    engine: Engine,
    reads: Vec<(&'static str, Latency)>,
    /// Messages in a second.
    sent: f64,
    batched: f64,
    watched: Latency,
}

/// Measures both engines, one after the other.
pub(crate) async fn measure(samples: u32, seconds: u32) -> Result<Section> {
    let mut all = Vec::new();
    for engine in [Engine::Sqlite, Engine::Postgres] {
        all.push(on(engine, samples, Duration::from_secs(seconds.into())).await?);
    }
    Ok(Section::without_calls(section(&all, samples)?))
}

async fn on(engine: Engine, samples: u32, round: Duration) -> Result<Figures> {
    println!("Making a room with {} messages on {engine:?}", grouped(MESSAGES));
    let folder = private_folder()?;
    let database = (engine == Engine::Postgres).then(TestDatabase::postgres);
    let store = open(folder.path(), database.as_ref()).await?;
    let service = service(folder.path(), &store, Arc::new(SystemEntropy)).await?;
    let caller = Caller::command_line("bench");
    let large = room(&service, &caller, "Large").await?;
    fill(&store, &large).await?;
    if let Some(database) = &database {
        // As Postgres does by itself, minutes after so many rows came.
        database.execute("VACUUM (ANALYZE)").await;
    }
    let reads = reads(&service, &caller, &large.id, samples).await?;
    let (small, key) = joined(&service, &caller).await?;
    let sent = send(&service, &caller, &small.id, &key, round).await?;
    let batched = batched(&store, &service, &caller, round).await?;
    let watched = watch(&service, &caller, &small.id, &key).await?;
    drop(service);
    store.close().await;
    Ok(Figures { engine, reads, sent, batched, watched })
}

async fn room(service: &Service, caller: &Caller, name: &str) -> Result<Room> {
    let rules = RoomRules { name: name.to_owned(), opens_at: None, ends_at: None, max_users: None };
    let new = NewRoom { kind: RoomKind::Room, rules, password: None, creator: None, contacts: Vec::new() };
    Ok(service.create_room(caller, service.default_app(), new).await?)
}

/// A new room with somebody in it.
pub(crate) async fn joined(service: &Service, caller: &Caller) -> Result<(Room, ClientKey)> {
    let small = room(service, caller, "Small").await?;
    let key = ClientKey::parse("ana").context("a client key")?;
    let join = Join { client_key: Some(key.clone()), nick_name: "Ana".to_owned(), grade: Grade::User, password: None };
    service.join(caller, &small.id, join).await?;
    Ok((small, key))
}

fn message(room: RoomId, seq: u64) -> Message {
    Message {
        room_id: room,
        seq,
        kind: MessageKind::Text,
        author: Author::manager("Bench"),
        text: TEXT.to_owned(),
        reply_to: None,
        to: None,
        attachment: None,
        extra: String::new(),
        created_at: SystemClock::default().now(),
    }
}

/// Writes the next messages of a room, as many as a commit takes together.
async fn write(store: &Store, room: RoomId, from: u64) -> Result<(), StoreError> {
    let messages: Vec<_> = (from..from + TOGETHER).map(|seq| message(room, seq)).collect();
    let last_seq = from + TOGETHER - 1;
    store
        .write(async |tx| {
            let end = RoomEnd { room_id: room, last_seq, at: SystemClock::default().now() };
            tx.insert_messages(&messages.iter().collect::<Vec<_>>(), &[end]).await
        })
        .await
}

async fn fill(store: &Store, large: &Room) -> Result<()> {
    for n in 0..MESSAGES / TOGETHER {
        write(store, large.id, n * TOGETHER + 1).await?;
    }
    let numbers: Vec<u16> = (0..ROOMS).collect();
    for some in numbers.chunks(1_000) {
        store
            .write(async |tx| {
                for n in some {
                    let [a, b] = n.to_be_bytes();
                    let id = RoomId::from_random([a, b, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7]);
                    let room = Room { id, name: format!("Room {n:05}"), ..large.clone() };
                    tx.insert_room(&room, "").await?;
                }
                Ok::<_, StoreError>(())
            })
            .await?;
    }
    Ok(())
}

/// Times reads one after the other, each at a place of its own.
async fn reads(
    service: &Service,
    caller: &Caller,
    room: &RoomId,
    samples: u32,
) -> Result<Vec<(&'static str, Latency)>> {
    let mut chance = Chance::new(7);
    let mut latencies = Vec::new();
    let mut range = Vec::new();
    let mut latest = Vec::new();
    let mut lists = [Vec::new(), Vec::new(), Vec::new()];
    let queries = [
        RoomQuery::default(),
        RoomQuery { status: Some(RoomStatus::Open), ..RoomQuery::default() },
        RoomQuery { search: Some("room 05".to_owned()), ..RoomQuery::default() },
    ];
    for _ in 0..samples {
        let from = u64::from(chance.below(u32::try_from(MESSAGES)? - 100)) + 1;
        let begun = Instant::now();
        let read = service.messages(caller, room, from, None, 100).await?;
        range.push(begun.elapsed());
        anyhow::ensure!(read.len() == 100, "a range has gaps");
        let begun = Instant::now();
        service.latest(caller, room, 100).await?;
        latest.push(begun.elapsed());
        for (query, times) in queries.iter().zip(&mut lists) {
            let begun = Instant::now();
            service.rooms(caller, query).await?;
            times.push(begun.elapsed());
        }
    }
    let [all, open, found] = lists;
    let names =
        ["100 messages from any number", "the last 100 messages", "the list of rooms", "open rooms", "a search"];
    for (name, times) in names.into_iter().zip([range, latest, all, open, found]) {
        latencies.push((name, Latency::of(times)));
    }
    Ok(latencies)
}

/// Messages in a second, by many who each wait until theirs is on disk.
pub(crate) async fn send(
    service: &Service,
    caller: &Caller,
    room: &RoomId,
    key: &ClientKey,
    round: Duration,
) -> Result<f64> {
    let sent = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    let writers: Vec<_> = (0..WRITERS)
        .map(|_| {
            let (service, caller, room, key) = (service.clone(), caller.clone(), *room, key.clone());
            let sent = Arc::clone(&sent);
            tokio::spawn(async move {
                while begun.elapsed() < round {
                    service.send(&caller, &room, says(&key)).await?;
                    sent.fetch_add(1, Ordering::Relaxed);
                }
                Ok::<_, service::Error>(())
            })
        })
        .collect();
    for writer in writers {
        writer.await??;
    }
    Ok(per_second(sent.load(Ordering::Relaxed), begun.elapsed()))
}

fn says(key: &ClientKey) -> NewMessage {
    NewMessage {
        kind: MessageKind::Text,
        author: Author::participant(key),
        text: TEXT.to_owned(),
        reply_to: None,
        to: None,
        attachment: None,
    }
}

/// Messages in a second, by one writer that does nothing but commit as many as it can.
async fn batched(store: &Store, service: &Service, caller: &Caller, round: Duration) -> Result<f64> {
    let room = room(service, caller, "Batched").await?.id;
    let begun = Instant::now();
    let mut written = 0;
    while begun.elapsed() < round {
        write(store, room, written + 1).await?;
        written += TOGETHER;
    }
    Ok(per_second(written, begun.elapsed()))
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
pub(crate) fn per_second(count: u64, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}

/// From sending a message to its arrival at the last of many who watch.
async fn watch(service: &Service, caller: &Caller, room: &RoomId, key: &ClientKey) -> Result<Latency> {
    let last = service.room(caller, room).await?.last_seq;
    let (told, mut arrivals) = tokio::sync::mpsc::unbounded_channel();
    for _ in 0..VIEWERS {
        let mut watch = service.watch_room(caller, room, last).await?;
        let told = told.clone();
        tokio::spawn(async move {
            while let Some(message) = watch.next().await {
                let form = message.form(|message| message.text.clone());
                if told.send((message.seq, form.len())).is_err() {
                    return;
                }
            }
        });
    }
    let mut times = Vec::new();
    for _ in 0..50 {
        let begun = Instant::now();
        service.send(caller, room, says(key)).await?;
        for _ in 0..VIEWERS {
            arrivals.recv().await.context("those who watch are gone")?;
        }
        times.push(begun.elapsed());
    }
    Ok(Latency::of(times))
}

fn section(all: &[Figures], samples: u32) -> Result<String> {
    let mut out = format!(
        "## Rooms\n\nInside one process, without HTTP: a room with {} messages among {} rooms, {samples} reads of each sort, \
         in milliseconds. {WRITERS} send messages, and each waits until theirs is on disk; beside that, one writer commits \
         {TOGETHER} messages at a time and does nothing else. {} watch a room, and the time is that from sending a \
         message to its arrival at the last of them.\n\n\
         | engine | what | p50 | p95 | most |\n|---|---|--:|--:|--:|\n",
        grouped(MESSAGES),
        grouped(ROOMS.into()),
        grouped(u64::try_from(VIEWERS)?),
    );
    for figures in all {
        let engine = figures.engine;
        for (what, latency) in figures.reads.iter().chain([&("a message to all who watch", figures.watched)]) {
            let Latency { p50, p95, worst } = latency;
            writeln!(out, "| {engine:?} | {what} | {} | {} | {} |", millis(*p50), millis(*p95), millis(*worst))?;
        }
    }
    out.push('\n');
    for Figures { engine, reads, sent, batched, watched } in all {
        let slowest = reads.iter().max_by_key(|(_, latency)| latency.p95).context("nothing was read")?;
        let target = format!("a p95 of at most {} ms for every read on {engine:?}", READ_LIMIT.as_millis());
        let figure = format!("{} ms, {}", millis(slowest.1.p95), slowest.0);
        verdict(&mut out, &target, slowest.1.p95 <= READ_LIMIT, &figure)?;
        let target = format!("sending at {PART} of a batched writer on {engine:?}");
        let figure = format!("{:.2}: {sent:.0} of {batched:.0} messages in a second", sent / batched);
        verdict(&mut out, &target, *sent >= PART * batched, &figure)?;
        let target = format!("a message reaches {VIEWERS} who watch within a second on {engine:?}");
        verdict(&mut out, &target, watched.worst <= WATCH_LIMIT, &format!("{} ms at most", millis(watched.worst)))?;
    }
    out.push('\n');
    Ok(out)
}
