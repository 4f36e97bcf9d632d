//! What was delivered to the webhooks of an integration: the latest on its page, all of them, and one.

use domain::delivery::{About, Delivery, DeliveryQuery, DeliveryState, WAITS};
use domain::integration::Integration;
use domain::query_string::ListQuery;
use domain::timestamp::Timestamp;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::integration::not_there;
use crate::addresses::{read_address, with_query};
use crate::components::empty::PastTheEnd;
use crate::components::failed::FormProblem;
use crate::components::ignored::Ignored;
use crate::components::pager::Pager;
use crate::components::time::{Ago, Time};
use crate::components::title::Title;
use crate::desk::deliveries::{
    DeliveryList, DeliveryView, can_send_again, read_deliveries, read_delivery, read_latest, target_of,
};
use crate::desk::integrations::address;
use crate::desk::later::later;
use crate::error::ConsoleError;
use crate::forms::outcome::PostedForm;
use crate::forms::person::Nothing;

/// The name of a filter by how far a delivery is.
const STATE: &str = "state";

/// How far a delivery is, by word and colour.
fn state(state: DeliveryState) -> impl IntoView + use<> {
    let class = match state {
        DeliveryState::Waiting => "status pending",
        DeliveryState::Delivered => "status active",
        DeliveryState::Failed => "status revoked",
    };
    view! { <span class=class>{state.label()}</span> }
}

/// The answer of the webhook in a word, or why there was none.
fn outcome(delivery: &Delivery) -> String {
    match (delivery.status, delivery.failure.as_str()) {
        (Some(status), _) => status.to_string(),
        (None, "") => "None yet".to_owned(),
        (None, failure) => failure.to_owned(),
    }
}

/// What `tries` counts. Whoever sends a delivery again that is over gives it all of them anew.
const TRIES: &str = "Tries used this time";

/// How many of its tries a delivery has used since it was made, or sent again when it was over.
fn tries(delivery: &Delivery) -> String {
    format!("{} of {}", delivery.tries, WAITS.len())
}

#[component]
fn Table(integration: Integration, rows: Vec<Delivery>, now: Timestamp) -> impl IntoView {
    let several = integration.webhooks.len() > 1;
    let back = address(&integration.id);
    let rows: Vec<_> = rows
        .into_iter()
        .map(|delivery| {
            let page = format!("{back}/deliveries/{}", delivery.id);
            let target = several.then(|| target_of(&integration, &delivery).unwrap_or_else(|| "Removed".to_owned()));
            let answer = outcome(&delivery);
            view! {
                <tr role="row">
                    <td role="cell" class="name"><a href=page>{delivery.trigger.label()}</a></td>
                    <td role="cell">{state(delivery.state)}</td>
                    <td role="cell" class="clip"><span class="keys-word">"Answer: "</span> <bdi>{answer}</bdi></td>
                    <td role="cell"><span class="keys-word">{TRIES} ": "</span> {tries(&delivery)}</td>
                    {target.map(|target| view! { <td role="cell" class="clip"><bdi class="mono">{target}</bdi></td> })}
                    <td role="cell" class="soft"><Ago at=delivery.created_at now/></td>
                </tr>
            }
        })
        .collect();
    view! {
        <div class="sheet" role="region" aria-label="Table of deliveries" tabindex="0">
            <table class="blocks apps" role="table">
                <caption class="visually-hidden">"Deliveries"</caption>
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader">"What happened"</th>
                        <th role="columnheader">"Status"</th>
                        <th role="columnheader">"Answer"</th>
                        <th role="columnheader">{TRIES}</th>
                        {several.then(|| view! { <th role="columnheader">"Webhook"</th> })}
                        <th role="columnheader">"When"</th>
                    </tr>
                </thead>
                <tbody role="rowgroup">{rows}</tbody>
            </table>
        </div>
    }
}

/// The latest deliveries, as the page of their integration shows them.
#[component]
pub fn Latest(integration: Integration, now: Timestamp) -> impl IntoView {
    later(async move {
        let page = match read_latest(&integration.id).await {
            Ok(page) => page,
            Err(error) => return view! { <FormProblem problem=Some(error)/> }.into_any(),
        };
        if page.rows.is_empty() && integration.webhooks.is_empty() {
            return ().into_any();
        }
        let all = format!("{}/deliveries", address(&integration.id));
        let table = if page.rows.is_empty() {
            view! { <p class="body soft">"Nothing was delivered in the last 7 days."</p> }.into_any()
        } else {
            view! { <Table integration rows=page.rows now/> }.into_any()
        };
        view! {
            <section class="card" aria-labelledby="deliveries">
                <header>
                    <h2 id="deliveries">"Deliveries"</h2>
                    <a href=all>"All deliveries"</a>
                </header>
                {table}
            </section>
        }
        .into_any()
    })
}

#[component]
pub fn DeliveriesPage() -> impl IntoView {
    let id = use_params_map().get_untracked().get("id").unwrap_or_default();
    let query: DeliveryQuery = read_address();
    later(async move {
        match read_deliveries(&id, &query).await {
            Ok(list) => view! { <Found list query/> }.into_any(),
            Err(error) => not_there(error),
        }
    })
}

#[component]
fn Found(list: DeliveryList, query: DeliveryQuery) -> impl IntoView {
    let DeliveryList { integration, page, now } = list;
    let back = address(&integration.id);
    let path = format!("{back}/deliveries");
    let turn = |after: Option<String>, before: Option<String>| {
        (after.is_some() || before.is_some())
            .then(|| with_query(&path, &DeliveryQuery { after, before, ..query.clone() }.to_query_string()))
    };
    let is_past = page.is_past(query.after.is_some() || query.before.is_some());
    let first = with_query(&path, &DeliveryQuery { after: None, before: None, ..query.clone() }.to_query_string());
    let (previous, next) = (turn(None, page.previous), turn(page.next, None));
    let states: Vec<_> = DeliveryState::ALL
        .iter()
        .map(|one| view! { <option value=one.as_str() selected=query.state == Some(*one)>{one.label()}</option> })
        .collect();
    let is_filtered = query.is_filtered();
    let name = integration.shown_name().to_owned();
    let table = if is_past {
        view! { <PastTheEnd first/> }.into_any()
    } else if page.rows.is_empty() {
        let (heading, words) = if is_filtered {
            ("No deliveries here", "Nothing in this state in the last 7 days.")
        } else {
            ("No deliveries yet", "Whatever the webhooks are told appears here, for 7 days after it is over.")
        };
        view! { <div class="card"><div class="empty"><h2>{heading}</h2><p>{words}</p></div></div> }.into_any()
    } else {
        view! { <div class="card"><Table integration rows=page.rows now/></div> }.into_any()
    };
    view! {
        <Title text="Deliveries"/>
        <div class="head">
            <div>
                <h1>"Deliveries"</h1>
                <p>"What the webhooks of " <a href=back dir="auto">{name}</a> " are told, and what they answered."</p>
            </div>
        </div>
        <Ignored query=query.clone()/>
        <form class="filters" method="get" action=path.clone() role="search" data-submit>
            <select name=STATE aria-label="Status">
                <option value="">"Any status"</option>
                {states}
            </select>
            <button class="button">"Apply"</button>
            {is_filtered.then(|| view! { <a class="button quiet" href=path.clone()>"Clear"</a> })}
        </form>
        {table}
        <Pager total=page.total one="delivery" several="deliveries" previous next/>
    }
}

#[component]
pub fn DeliveryPage() -> impl IntoView {
    let params = use_params_map().get_untracked();
    let param = |name: &str| params.get(name).unwrap_or_default();
    let (id, delivery) = (param("id"), param("delivery"));
    let problem = PostedForm::problem(PostedForm::<Nothing>::take().as_ref()).whole;
    later(async move {
        match read_delivery(&id, &delivery).await {
            Ok(view) => view! { <Shown view problem/> }.into_any(),
            Err(error) => not_there(error),
        }
    })
}

#[component]
fn Shown(
    view: DeliveryView,
    /// Why it was not sent again.
    #[prop(optional_no_strip)]
    problem: Option<ConsoleError>,
) -> impl IntoView {
    let DeliveryView { integration, delivery, about, target } = view;
    let back = address(&integration.id);
    let page = format!("{back}/deliveries/{}", delivery.id);
    // A webhook that is gone is told nothing.
    let again = (can_send_again(&delivery) && target.is_some()).then(|| {
        view! { <form method="post" action=page><button class="button primary">"Send again"</button></form> }
    });
    let waits = delivery.state == DeliveryState::Waiting;
    let answer = if delivery.answer.is_empty() {
        view! { <p class="body soft">{if delivery.status.is_some() { "The answer was empty." } else { "No answer yet." }}</p> }
            .into_any()
    } else {
        view! {
            <div class="body"><figure class="sample"><pre tabindex="0"><code>{delivery.answer.clone()}</code></pre></figure></div>
        }
        .into_any()
    };
    view! {
        <Title text="Delivery"/>
        <div class="head">
            <div>
                <div class="inline"><h1>{delivery.trigger.label()}</h1> {state(delivery.state)}</div>
                <p>
                    "Told to a webhook of " <a href=back.clone() dir="auto">{integration.shown_name().to_owned()}</a> ". "
                    <a href=format!("{back}/deliveries")>"All deliveries"</a>
                </p>
            </div>
            <div class="actions">{again}</div>
        </div>
        <FormProblem problem/>
        <section class="card">
            <header><h2>"Delivery"</h2></header>
            <div class="body">
                <dl class="facts">
                    <div><dt>"Trigger"</dt><dd class="mono">{delivery.trigger.as_str()}</dd></div>
                    <div><dt>"About"</dt><dd>{subject(&integration, &delivery, about)}</dd></div>
                    <div><dt>"Webhook"</dt><dd><bdi class="mono">{target.unwrap_or_else(|| "Removed".to_owned())}</bdi></dd></div>
                    {(!delivery.target.is_empty()).then(|| view! { <div><dt>"Called"</dt><dd><bdi class="mono">{delivery.target.clone()}</bdi></dd></div> })}
                    <div><dt>"Happened"</dt><dd><Time at=delivery.created_at/></dd></div>
                    <div><dt>{TRIES}</dt><dd>{tries(&delivery)}</dd></div>
                    {match delivery.next_try_at {
                        Some(at) => Some(view! { <div><dt>"Next try"</dt><dd><Time at/></dd></div> }.into_any()),
                        None => waits.then(|| view! { <div><dt>"Next try"</dt><dd>"When the delivery before it is over"</dd></div> }.into_any()),
                    }}
                    {delivery.done_at.map(|at| view! { <div><dt>"Over since"</dt><dd><Time at/></dd></div> })}
                    {delivery.status.map(|status| view! { <div><dt>"Last answer"</dt><dd>{status.to_string()}</dd></div> })}
                    {(!delivery.failure.is_empty()).then(|| view! { <div><dt>"Why not"</dt><dd><bdi>{delivery.failure.clone()}</bdi></dd></div> })}
                    <div><dt>"Delivery id"</dt><dd class="mono">{delivery.id.to_string()}</dd></div>
                </dl>
            </div>
        </section>
        <section class="card">
            <header><h2>"Answer"</h2> <small class="soft">"Its first 1,000 characters"</small></header>
            {answer}
        </section>
    }
}

/// What a delivery tells of, with a link to it where there is one.
fn subject(integration: &Integration, delivery: &Delivery, page: Option<(String, String)>) -> AnyView {
    let before = match delivery.about {
        About::Message { seq, .. } => format!("Message {} in ", domain::page::grouped(seq)),
        About::Room(_) => String::new(),
        About::Event(event) if integration.kind.is_chat() => return format!("The event {event}").into_any(),
        About::Event(event) => {
            let page = format!("{}/events/{event}", address(&integration.id));
            return view! { <a href=page>{format!("The event {event}")}</a> }.into_any();
        }
    };
    match page {
        Some((name, page)) => view! { {before} <a href=page dir="auto">{name}</a> }.into_any(),
        None => format!("{before}a chat that is gone").into_any(),
    }
}
