//! The connectivity test: waits for the next call with a key and shows it as it arrives.

use std::cell::Cell;

use domain::timestamp::Timestamp;
use domain::verdict::Code;
use futures::StreamExt;
use gloo_net::eventsource::State;
use gloo_net::eventsource::futures::EventSource;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde::Deserialize;

use crate::browser;

/// How many calls stay on the page.
const KEPT: usize = 20;

/// The server ends a stream from time to time. Within this many seconds the browser has a new one.
const REOPENS_WITHIN: u32 = 2;

/// One call with the key, as the server sends it.
#[derive(Debug, Clone, Deserialize)]
struct Call {
    at: Timestamp,
    code: Code,
    address: Option<String>,
}

/// The state of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    Waiting,
    /// The connection broke, and the browser is trying again.
    Broken,
    /// The server refuses, so the browser has stopped trying.
    Lost,
}

impl Line {
    fn class(self) -> &'static str {
        if self == Self::Waiting { "status waiting" } else { "status bad" }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Waiting => "Waiting for the next call with this key…",
            Self::Broken => "The connection to Keystead was lost. Trying again…",
            Self::Lost => "The connection to Keystead was lost. Reload the page to listen again.",
        }
    }
}

/// Waits for calls, and shows them newest first.
#[island]
pub fn Connectivity(
    /// The key's id.
    key: String,
) -> impl IntoView {
    let (calls, set_calls) = signal(Vec::<Call>::new());
    let (line, set_line) = signal(Line::Waiting);
    Effect::new(move || listen(&format!("/integrations/setup/events?key={key}"), set_calls, set_line));
    let shown = move || calls.get().into_iter().map(entry).collect::<Vec<_>>();
    view! {
        <div class="stack alive-only">
            <p role="status">
                <span class=move || line.get().class()>{move || line.get().words()}</span>
            </p>
            <ul class="feed" aria-live="polite">{shown}</ul>
        </div>
    }
}

fn listen(address: &str, set_calls: WriteSignal<Vec<Call>>, set_line: WriteSignal<Line>) {
    let Ok(mut source) = EventSource::new(address) else {
        set_line.set(Line::Lost);
        return;
    };
    let Ok(mut events) = source.subscribe("call") else {
        set_line.set(Line::Lost);
        return;
    };
    spawn_local(async move {
        while let Some(Ok((_, message))) = events.next().await {
            let call = message.data().as_string().and_then(|text| serde_json::from_str(&text).ok());
            if let Some(call) = call {
                set_calls.update(|calls| {
                    calls.insert(0, call);
                    calls.truncate(KEPT);
                });
            }
        }
    });
    // There is no error event while the browser tries again, so check the state.
    let connecting = Cell::new(0);
    browser::every_second(move || {
        let state = source.state();
        connecting.set(if state == State::Connecting { connecting.get() + 1 } else { 0 });
        set_line.set(match state {
            State::Closed => Line::Lost,
            State::Connecting if connecting.get() > REOPENS_WITHIN => Line::Broken,
            State::Connecting | State::Open => Line::Waiting,
        });
    });
}

fn entry(call: Call) -> impl IntoView {
    let class = if call.code == Code::Valid { "status good" } else { "status bad" };
    view! {
        <li>
            <span>
                <span class=class>{call.code.as_str()}</span>
                " " {call.code.words()}
                {call.address.map(|address| view! { " From " <code>{address}</code> "." })}
            </span>
            <time datetime=call.at.to_rfc3339()>{browser::local_time(call.at)}</time>
        </li>
    }
}
