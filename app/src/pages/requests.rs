//! Keys that a second person must approve: those that wait, those to collect, and what became of the others.

use domain::query_string::ListQuery;
use domain::request::{Decision, RequestFilter, RequestQuery, RequestState};
use domain::timestamp::Timestamp;
use leptos::prelude::*;
use leptos_router::components::Outlet;

use super::request::life;
use crate::addresses::{read_address, with_query};
use crate::components::empty::PastTheEnd;
use crate::components::failed::Failed;
use crate::components::ignored::Ignored;
use crate::components::pager::Pager;
use crate::components::time::{Ago, Time};
use crate::components::title::Title;
use crate::desk::apps::name_in_full;
use crate::desk::later::later;
use crate::desk::requests::{RequestList, RequestView, read_requests};
use crate::forms::bulk::{ACT, KEY};

/// The id of the form that the boxes of the list belong to.
const FORM: &str = "many";

#[component]
pub fn RequestsPage() -> impl IntoView {
    let query: RequestQuery = read_address();
    let asked = query.clone();
    let list = later(async move {
        match read_requests(&asked).await {
            Ok(list) => view! { <Found list query=asked/> }.into_any(),
            Err(error) => view! { <Failed error/> }.into_any(),
        }
    });
    view! {
        <Title text="Requests"/>
        <div class="head">
            <div>
                <h1>"Requests"</h1>
                <p>"Keys that a second person must approve. None of them exists before whoever asked collects it."</p>
            </div>
        </div>
        <Lists query=query.clone()/>
        <Ignored query/>
        {list}
        <Outlet/>
    }
}

fn address(query: &RequestQuery) -> String {
    with_query("/requests", &query.to_query_string())
}

/// Which list, and whether only of one's own: each a link.
#[component]
fn Lists(query: RequestQuery) -> impl IntoView {
    let link = |to: RequestQuery, label: &'static str, current: bool| {
        view! { <a class="chip" href=address(&to) aria-current=current.then_some("true")>{label}</a> }
    };
    let plain = RequestQuery { after: None, before: None, ..query.clone() };
    let lists: Vec<_> = RequestFilter::ALL
        .iter()
        .map(|show| link(RequestQuery { show: *show, ..plain.clone() }, show.label(), query.show == *show))
        .collect();
    view! {
        <nav class="chips" aria-label="Which requests">
            {lists}
            {link(RequestQuery { mine: !query.mine, ..plain.clone() }, "Only mine", query.mine)}
        </nav>
    }
}

#[component]
fn Found(list: RequestList, query: RequestQuery) -> impl IntoView {
    let RequestList { page, only } = list;
    let only = only.map(|app| {
        view! {
            <p class="soft">
                "Only requests for keys of the app " <bdi>{name_in_full(&app)}</bdi> ". To see the others, show all apps."
            </p>
        }
    });
    let turn = |after: Option<String>, before: Option<String>| {
        (after.is_some() || before.is_some()).then(|| address(&RequestQuery { after, before, ..query.clone() }))
    };
    let is_past = page.is_past(query.after.is_some() || query.before.is_some());
    let (previous, next) = (turn(None, page.previous), turn(page.next, None));
    if is_past {
        let first = address(&RequestQuery { after: None, before: None, ..query.clone() });
        return view! {
            {only}
            <PastTheEnd first/>
            <Pager total=page.total one="request" previous next/>
        }
        .into_any();
    }
    if page.rows.is_empty() && previous.is_none() {
        let (title, words) = match query.show {
            RequestFilter::Waiting => (
                "No request waits",
                "If the settings ask for a second person, the wizard ends with a request in place of the key.",
            ),
            RequestFilter::Approved => ("Nothing waits to be collected", "Approved keys wait here for whoever asked."),
            RequestFilter::Ended => ("Nothing has ended", "Requests are shown here for 30 days. The audit keeps them."),
        };
        return view! {
            {only}
            <div class="card">
                <div class="empty">
                    <h2>{title}</h2>
                    <p>{words}</p>
                    <a class="button primary" href="/keys/new">"Generate New Key"</a>
                </div>
            </div>
        }
        .into_any();
    }
    let ticks = page.rows.iter().any(|view| view.may_decide);
    let rows: Vec<_> = page.rows.into_iter().map(|view| row(view, ticks)).collect();
    view! {
        {only}
        <div class="card sheet" role="region" aria-label="Requests" tabindex="0">
            // The roles keep it a table for screen readers when the style no longer lays it out as one.
            <table class="blocks requests" role="table">
                <caption class="visually-hidden">"Requests"</caption>
                <thead role="rowgroup">
                    <tr role="row">
                        {ticks.then(|| view! {
                            <th role="columnheader" class="tick">
                                <input class="alive-only" type="checkbox" data-tick-all aria-label="Tick all on this page"/>
                            </th>
                        })}
                        <th role="columnheader">"Key"</th>
                        <th role="columnheader">"Asked for by"</th>
                        <th role="columnheader">"Reason"</th>
                        <th role="columnheader">"Status"</th>
                        <th role="columnheader"><span class="visually-hidden">"Actions"</span></th>
                    </tr>
                </thead>
                <tbody role="rowgroup">{rows}</tbody>
            </table>
        </div>
        {ticks.then(|| view! { <Bar/> })}
        <Pager total=page.total one="request" previous next/>
    }
    .into_any()
}

/// What can be done with the ticked requests. Shown once one is ticked.
#[component]
fn Bar() -> impl IntoView {
    let buttons: Vec<_> = Decision::ALL
        .iter()
        .map(|decision| {
            let class = if *decision == Decision::Decline { "button danger" } else { "button" };
            view! { <button class=class name=ACT value=decision.as_str()>{decision.label()} "…"</button> }
        })
        .collect();
    view! {
        <form class="bulk" id=FORM method="get" action="/requests/many" aria-label="Ticked requests">
            <b>"Ticked requests"</b>
            <div class="inline">{buttons}</div>
        </form>
    }
}

fn row(view: RequestView, ticks: bool) -> impl IntoView {
    let (is_ready, may_decide, is_own, now) = (view.is_ready(), view.may_decide, view.is_own, view.now);
    let life = life(&view);
    let (request, means, app) = (view.request, view.means, view.app);
    let page = format!("/requests/{}", request.key);
    let name = request.key_name.clone();
    let tick = may_decide.then(|| {
        view! {
            <input type="checkbox" form=FORM name=KEY value=request.key.as_str().to_owned()
                aria-label=format!("Tick {name}")/>
        }
    });
    let act = |act: &str, label: &'static str, class: &'static str| {
        let (address, name) = (format!("{page}/{act}"), name.clone());
        view! { <a class=class href=address>{label} <span class="visually-hidden">" " {name}</span></a> }.into_any()
    };
    let mut acts = Vec::new();
    if may_decide {
        acts.push(act("approve", "Approve…", "button quiet"));
        acts.push(act("decline", "Decline…", "button quiet danger"));
    } else if is_ready {
        acts.push(act("collect", "Collect your key", "button quiet"));
    }
    if is_own && request.state.is_open() && now < request.until {
        acts.push(act("withdraw", "Withdraw…", "button quiet danger"));
    }
    view! {
        <tr role="row">
            {ticks.then(|| view! { <td role="cell" class="tick">{tick}</td> })}
            <td role="cell" class="name wrap">
                <a href=page.clone() dir="auto">{request.key_name}</a>
                <small class="soft">
                    {app.map(|app| view! { <bdi>{app}</bdi> ": " })} {request.kind.label()} ". " {means.words} {life}
                </small>
            </td>
            <td role="cell" class="by"><bdi>{request.asked_by.1}</bdi></td>
            <td role="cell" class="wrap why" dir="auto">{request.reason}</td>
            <td role="cell" class="state">
                <State state=request.state created_at=request.created_at until=request.until now
                    by=request.decided.map(|decided| decided.by.1)/>
            </td>
            <td role="cell" class="acts"><span class="inline">{acts}</span></td>
        </tr>
    }
}

/// What has become of a request, since when, and by whom.
#[component]
pub fn State(
    state: RequestState,
    created_at: Timestamp,
    until: Timestamp,
    now: Timestamp,
    /// Who approved or declined it.
    #[prop(optional_no_strip)]
    by: Option<String>,
) -> impl IntoView {
    // The next sweep says so.
    let is_over = state.is_open() && until <= now;
    let (state, class) = if is_over { (RequestState::Expired, "expired") } else { (state, class(state)) };
    let since = match state {
        RequestState::Waiting => view! { <Ago at=created_at now/> }.into_any(),
        RequestState::Approved => view! { "until " <Time at=until/> }.into_any(),
        _ => view! { <Ago at=until now/> }.into_any(),
    };
    view! {
        <span class=format!("status {class}")>{state.label()}</span> " "
        <small class="soft">{by.map(|by| view! { "by " <bdi>{by}</bdi> ", " })} {since}</small>
    }
}

const fn class(state: RequestState) -> &'static str {
    match state {
        RequestState::Waiting => "pending",
        RequestState::Approved => "good",
        RequestState::Declined => "bad",
        RequestState::Withdrawn | RequestState::Expired => "expired",
        RequestState::Collected | RequestState::HandedOver => "active",
    }
}
