//! Events over HTTP, beside messages of a conversation.

use std::fmt::Write as _;
use std::sync::Arc;

use anyhow::Result;
use domain::draft::KeyDraft;
use domain::kind::KeyKind;
use domain::room::{RoomKind, RoomRules};
use serde_json::json;
use service::Caller;
use service::chat::rooms::NewRoom;
use service::entropy::SystemEntropy;

use crate::calls::{Call, Plan};
use crate::contest::{self, Contender, in_turns_by, plain_table};
use crate::data::{Engine, Installation, Size, issue, open, service};
use crate::process::Child;
use crate::report::verdict;
use crate::sunshine::client;

/// How many call at the same time.
const CONNECTIONS: u32 = 512;

/// Among how many agents and texts they are spread.
const BODIES: u32 = 5_000;

/// The share of the messages in a second that events have to reach.
const SHARE: f64 = 1.0;

/// Measures both engines, each with a server of its own.
pub(crate) async fn measure(seconds: u32) -> Result<String> {
    let mut out = format!(
        "Over HTTP: `POST /openconnect` with an event of one of {BODIES} agents, and `POST …/messages` of a conversation of \
         Sunshine with Basic. Each call waits until its event or message is on disk. wrk with 1 thread and {CONNECTIONS} \
         connections; {} rounds for each side, in turns; median (least to most).\n\n",
        contest::ROUNDS,
    );
    for engine in [Engine::Sqlite, Engine::Postgres] {
        on(&mut out, engine, seconds).await?;
    }
    Ok(out)
}

async fn on(out: &mut String, engine: Engine, seconds: u32) -> Result<()> {
    let on = Installation::make(Size::of_keys(1_000), engine).await?;
    let client = client(&on).await?;
    let (key, conversation) = made(&on).await?;
    let event =
        |n| json!({"jwt": &key, "crmId": "example.zendesk.com", "agentId": format!("agent-{n}"), "event": "On Ring"});
    let events: Vec<_> = (0..BODIES).map(|n| event(n).to_string()).collect();
    let message =
        |n| json!({"author": {"type": "business"}, "content": {"type": "text", "text": format!("Parcel {n}")}});
    let messages: Vec<_> = (0..BODIES).map(|n| message(n).to_string()).collect();
    let server = Child::keystead(&on).await?;
    let say = Call::message(&client.app, &conversation, &client.basic);
    let sides = in_turns_by(
        CONNECTIONS,
        [
            Contender { label: "messages", server: &server, plan: Plan::round(say, &messages) },
            Contender { label: "events", server: &server, plan: Plan::round(Call::event(), &events) },
        ],
        seconds,
    )
    .await?;
    server.stop().await?;
    write!(out, "On {engine:?}:\n\n")?;
    plain_table(out, &sides)?;
    out.push('\n');
    let [messages, events] = &sides;
    let share = events.times(messages).median;
    let target = format!("events at the rate of messages over HTTP on {engine:?}");
    verdict(out, &target, share >= SHARE, &format!("{share:.2}"))?;
    out.push('\n');
    Ok(())
}

/// A key that reports events, and a conversation.
async fn made(on: &Installation) -> Result<(String, String)> {
    let store = open(on.folder(), on.database()).await?;
    let service = service(on.folder(), &store, Arc::new(SystemEntropy)).await?;
    let caller = Caller::command_line("bench");
    let kind = Some(KeyKind::OpenConnect.as_str().to_owned());
    let key =
        issue(&service, &caller, &KeyDraft { kind, name: Some("Desk".to_owned()), ..KeyDraft::default() }).await?;
    let rules = RoomRules { name: "Parcels".to_owned(), opens_at: None, ends_at: None, max_users: None };
    let new = NewRoom { kind: RoomKind::Chat, rules, password: None, creator: None, contacts: Vec::new() };
    let room = service.create_room(&caller, service.default_app(), new).await?;
    drop(service);
    store.close().await;
    Ok((key, room.id.to_string()))
}
