//! The connectivity test: waits for the next call with a key and shows it as it arrives.

use domain::timestamp::Timestamp;
use domain::verdict::Code;
use futures::StreamExt;
use gloo_net::eventsource::futures::EventSource;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde::Deserialize;

use crate::browser;

/// How many calls stay on the page.
const KEPT: usize = 20;

/// One call with the key, as the server tells it.
#[derive(Debug, Clone, Deserialize)]
struct Call {
    at: Timestamp,
    code: Code,
    address: Option<String>,
}

/// Waits, shows the calls, newest first.
#[island]
pub fn Connectivity(
    /// The key's id.
    key: String,
) -> impl IntoView {
    let (calls, set_calls) = signal(Vec::<Call>::new());
    let (lost, set_lost) = signal(false);
    Effect::new(move || listen(format!("/integrations/setup/events?key={key}"), set_calls, set_lost));
    let shown = move || calls.get().into_iter().map(line).collect::<Vec<_>>();
    view! {
        <div class="stack alive-only">
            <p role="status">
                {move || if lost.get() {
                    view! { <span class="status bad">"The connection to Keystead was lost. Reload the page to listen again."</span> }
                } else {
                    view! { <span class="status waiting">"Waiting for the next call with this key…"</span> }
                }}
            </p>
            <ul class="feed" aria-live="polite">{shown}</ul>
        </div>
    }
}

fn listen(address: String, set_calls: WriteSignal<Vec<Call>>, set_lost: WriteSignal<bool>) {
    spawn_local(async move {
        let Ok(mut source) = EventSource::new(&address) else {
            set_lost.set(true);
            return;
        };
        let Ok(mut events) = source.subscribe("call") else { return };
        while let Some(event) = events.next().await {
            let Ok((_, message)) = event else { break };
            let call = message.data().as_string().and_then(|text| serde_json::from_str(&text).ok());
            if let Some(call) = call {
                set_calls.update(|calls| {
                    calls.insert(0, call);
                    calls.truncate(KEPT);
                });
            }
        }
        set_lost.set(true);
    });
}

fn line(call: Call) -> impl IntoView {
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
