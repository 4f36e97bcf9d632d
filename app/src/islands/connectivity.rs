//! The connectivity test: waits for the next call with a key and shows it as it arrives.

use std::cell::Cell;

use domain::page::grouped;
use domain::timestamp::Timestamp;
use domain::verdict::Code;
use futures::{StreamExt, stream};
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

/// A line of the list.
#[derive(Debug, Clone)]
enum Line {
    Call(Call),
    /// How many more calls there were. The server sends a few of many.
    More(u64),
}

/// The state of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Connection {
    Waiting,
    /// The connection broke, and the browser is trying again.
    Broken,
    /// The server refuses, so the browser has stopped trying.
    Lost,
}

impl Connection {
    fn class(self) -> &'static str {
        if self == Self::Waiting { "status waiting" } else { "status bad" }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Waiting => "Waiting for the next call with this key…",
            Self::Broken => "The connection to Keystead was lost. Trying again…",
            Self::Lost => {
                "The connection to Keystead was lost. Reload the page to listen again. At most 5 pages can listen at \
                 once."
            }
        }
    }
}

/// Waits for calls, and shows them newest first.
#[island]
pub fn Connectivity(
    /// The key's id.
    key: String,
) -> impl IntoView {
    let (lines, set_lines) = signal(Vec::<Line>::new());
    let (connection, set_connection) = signal(Connection::Waiting);
    Effect::new(move || listen(&format!("/integrations/setup/events?key={key}"), set_lines, set_connection));
    let shown = move || lines.get().into_iter().map(entry).collect::<Vec<_>>();
    view! {
        <div class="stack alive-only">
            <p role="status">
                <span class=move || connection.get().class()>{move || connection.get().words()}</span>
            </p>
            <ul class="feed ids" aria-live="polite">{shown}</ul>
        </div>
    }
}

fn listen(address: &str, set_lines: WriteSignal<Vec<Line>>, set_connection: WriteSignal<Connection>) {
    let Ok(mut source) = EventSource::new(address) else {
        set_connection.set(Connection::Lost);
        return;
    };
    let (Ok(calls), Ok(more)) = (source.subscribe("call"), source.subscribe("more")) else {
        set_connection.set(Connection::Lost);
        return;
    };
    spawn_local(async move {
        let mut events = stream::select(calls, more);
        while let Some(Ok((kind, message))) = events.next().await {
            let text = message.data().as_string().unwrap_or_default();
            let line = match kind.as_str() {
                "more" => serde_json::from_str(&text).map(Line::More),
                _ => serde_json::from_str(&text).map(Line::Call),
            };
            if let Ok(line) = line {
                set_lines.update(|lines| {
                    lines.insert(0, line);
                    lines.truncate(KEPT);
                });
            }
        }
    });
    // It is dropped with the island, and closed by that.
    let source = StoredValue::new_local(source);
    // There is no error event while the browser tries again, so check the state.
    let connecting = Cell::new(0);
    browser::every_second(move || {
        let Some(state) = source.try_with_value(EventSource::state) else { return };
        connecting.set(if state == State::Connecting { connecting.get() + 1 } else { 0 });
        set_connection.set(match state {
            State::Closed => Connection::Lost,
            State::Connecting if connecting.get() > REOPENS_WITHIN => Connection::Broken,
            State::Connecting | State::Open => Connection::Waiting,
        });
    });
}

fn entry(line: Line) -> impl IntoView {
    let call = match line {
        Line::Call(call) => call,
        Line::More(1) => return view! { <li><span>"And 1 more call."</span></li> }.into_any(),
        Line::More(calls) => {
            return view! { <li><span>"And " {grouped(calls)} " more calls."</span></li> }.into_any();
        }
    };
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
    .into_any()
}
