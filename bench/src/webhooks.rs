//! Measures webhooks on both engines, inside this process: from sending a message to its arrival at those who are told of
//! it, alone and beside a thousand webhooks of a receiver that never answers.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use domain::delivery::Reply;
use domain::ids::{AppId, ContactId, RoomId};
use domain::integration::IntegrationKind;
use domain::message::{Author, MessageKind};
use domain::page::grouped;
use domain::participant::NamedContact;
use domain::room::{RoomKind, RoomRules};
use domain::webhook::WebhookRules;
use service::chat::messages::NewMessage;
use service::chat::rooms::NewRoom;
use service::deliveries::{Deliver, Delivering, Parcel};
use service::entropy::SystemEntropy;
use service::integrations::NewIntegration;
use service::{Caller, Service};
use testkit::TestDatabase;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::data::{Engine, open, private_folder, service};
use crate::figures::{Latency, millis};
use crate::report::{Section, verdict};

/// How many webhooks an integration has, and how many integrations there are of each sort.
const EACH: usize = 10;
const SLOW: usize = 100;
const QUICK: usize = 1;

/// How many apps have the slow ones: each may have a hundred webhooks that are told of its chats.
const SLOW_APPS: usize = 10;

/// How many messages wait for the slow ones.
const BACKLOG: usize = 20;

/// How long a receiver that never answers takes a place.
const NEVER: Duration = Duration::from_secs(10);

const SLOW_HOST: &str = "slow.example.com";

/// What a message may take to all who are told, beside the slow ones.
const LIMIT: Duration = Duration::from_millis(500);

/// Receivers: one host never answers, and the others do at once.
struct Receivers(mpsc::UnboundedSender<()>);

impl Receivers {
    async fn answer(&self, parcel: &Parcel) -> Reply {
        if parcel.webhook.target.contains(SLOW_HOST) {
            sleep(NEVER).await;
            return Reply::none("there was no answer in time");
        }
        // An error means that the measurement is over.
        let _ = self.0.send(());
        Reply::answered(200, "")
    }
}

impl Deliver for Receivers {
    fn deliver<'a>(&'a self, _: &'a Service, parcel: &'a Parcel) -> Delivering<'a> {
        Box::pin(self.answer(parcel))
    }
}

/// What was measured on one engine.
struct Figures {
    engine: Engine,
    alone: Latency,
    beside: Latency,
}

/// Measures both engines, one after the other.
pub(crate) async fn measure(samples: u32) -> Result<Section> {
    let mut all = Vec::new();
    for engine in [Engine::Sqlite, Engine::Postgres] {
        all.push(on(engine, samples).await?);
    }
    Ok(Section::without_calls(section(&all, samples)?))
}

async fn on(engine: Engine, samples: u32) -> Result<Figures> {
    println!("Making {} webhooks on {engine:?}", (SLOW + QUICK) * EACH);
    let folder = private_folder()?;
    let database = (engine == Engine::Postgres).then(TestDatabase::postgres);
    let store = open(folder.path(), database.as_ref()).await?;
    let service = service(folder.path(), &store, Arc::new(SystemEntropy)).await?;
    let caller = Caller::command_line("bench");
    let (sender, mut arrivals) = mpsc::unbounded_channel();
    service.delivers_by(Arc::new(Receivers(sender)));
    let stop = CancellationToken::new();
    let running = tokio::spawn({
        let (service, stop) = (service.clone(), stop.clone());
        async move { service.run(stop).await }
    });

    let app = *service.default_app();
    hooks(&service, &caller, &app, QUICK, "quick.example.com").await?;
    let quick = chat(&service, &caller, &app).await?;
    let alone = told(&service, &caller, &quick, samples, &mut arrivals).await?;
    let mut slow = Vec::new();
    for n in 0..SLOW_APPS {
        let other = service.create_app(&caller, &format!("Slow {n}")).await?.id;
        hooks(&service, &caller, &other, SLOW / SLOW_APPS, SLOW_HOST).await?;
        slow.push(chat(&service, &caller, &other).await?);
    }
    for _ in 0..BACKLOG {
        for room in &slow {
            say(&service, &caller, room).await?;
        }
    }
    let beside = told(&service, &caller, &quick, samples, &mut arrivals).await?;
    stop.cancel();
    running.await?;
    drop(service);
    store.close().await;
    Ok(Figures { engine, alone, beside })
}

async fn hooks(service: &Service, caller: &Caller, app: &AppId, integrations: usize, host: &str) -> Result<()> {
    let rules =
        |n: usize| WebhookRules::checked(&format!("https://{host}/{n}"), &["conversation:message"], false, false);
    for _ in 0..integrations {
        let webhooks = (0..EACH).map(rules).collect::<Result<Vec<_>, _>>();
        let webhooks = webhooks.map_err(|errors| anyhow::anyhow!("{errors:?}"))?;
        let new = NewIntegration { kind: IntegrationKind::Web, name: None, extra: String::new(), webhooks };
        service.create_integration(caller, app, new).await?;
    }
    Ok(())
}

fn ana() -> NamedContact {
    NamedContact { id: ContactId::from_random([7; 12]), name: "Ana".to_owned() }
}

async fn chat(service: &Service, caller: &Caller, app: &AppId) -> Result<RoomId> {
    let rules = RoomRules { name: "Support".to_owned(), opens_at: None, ends_at: None, max_users: None };
    let new = NewRoom { kind: RoomKind::Chat, rules, password: None, creator: None, contacts: vec![ana()] };
    Ok(service.create_room(caller, app, new).await?.id)
}

async fn say(service: &Service, caller: &Caller, chat: &RoomId) -> Result<()> {
    let message = NewMessage {
        kind: MessageKind::Text,
        author: Author::contact(&ana().id),
        text: "The parcel was left with the neighbours.".to_owned(),
        reply_to: None,
        to: None,
        attachment: None,
    };
    service.send(caller, chat, message).await?;
    Ok(())
}

/// From sending a message to its arrival at the last of those who answer.
async fn told(
    service: &Service,
    caller: &Caller,
    chat: &RoomId,
    samples: u32,
    arrivals: &mut mpsc::UnboundedReceiver<()>,
) -> Result<Latency> {
    let mut times = Vec::new();
    for _ in 0..samples {
        let begun = Instant::now();
        say(service, caller, chat).await?;
        for _ in 0..QUICK * EACH {
            let arrived = timeout(Duration::from_secs(30), arrivals.recv()).await.context("a message is not told")?;
            arrived.context("the receivers are gone")?;
        }
        times.push(begun.elapsed());
    }
    ensure!(arrivals.try_recv().is_err(), "a message was told twice");
    Ok(Latency::of(times))
}

fn section(all: &[Figures], samples: u32) -> Result<String> {
    let slow = grouped(u64::try_from(SLOW * EACH)?);
    let mut out = format!(
        "## Webhooks\n\nInside one process, with receivers inside it too: {samples} messages, one after the other, each told \
         to {} webhooks that answer at once. The time is that from sending a message to its arrival at the last of them, in \
         milliseconds: first alone, then while {BACKLOG} messages wait for each of {slow} webhooks of one host that never \
         answers.\n\n\
         | engine | what | p50 | p95 | most |\n|---|---|--:|--:|--:|\n",
        QUICK * EACH,
    );
    for Figures { engine, alone, beside } in all {
        for (what, Latency { p50, p95, worst }) in [("alone", alone), ("beside the slow ones", beside)] {
            writeln!(out, "| {engine:?} | {what} | {} | {} | {} |", millis(*p50), millis(*p95), millis(*worst))?;
        }
    }
    out.push('\n');
    for Figures { engine, beside, .. } in all {
        let target = format!("a p95 of at most {} ms beside {slow} slow webhooks on {engine:?}", LIMIT.as_millis());
        verdict(&mut out, &target, beside.p95 <= LIMIT, &format!("{} ms", millis(beside.p95)))?;
    }
    out.push('\n');
    Ok(out)
}
