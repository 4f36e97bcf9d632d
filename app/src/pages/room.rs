//! The page of a room: its ROOM ID, its participants with their CLIENT KEYs, and its messages as they come.

use domain::field::Field;
use domain::list::search;
use domain::participant::{Participant, Who};
use domain::refusal::Refusal;
use domain::room::{Room, RoomKind};
use domain::text::SEARCH_MAX;
use domain::timestamp::Timestamp;
use leptos::prelude::*;
use leptos_router::components::Outlet;
use leptos_router::hooks::{use_params_map, use_query_map};

use super::keys_filters::{SEARCH_TAKES, secretless};
use crate::components::failed::{Failed, FormProblem, set_status};
use crate::components::field::TextField;
use crate::components::ignored::{NotUnderstood, searched};
use crate::components::messages::{BEFORE, MessageList, Messages, is_place};
use crate::components::public_id::{CLIENT_KEY_HELP, PublicId, ROOM_ID_HELP};
use crate::components::room_status::{joined, state};
use crate::components::time::{Ago, Time};
use crate::components::title::Title;
use crate::desk::later::later;
use crate::desk::rooms::{ParticipantList, RoomView, read_messages, read_participants, read_room, who, who_word};
use crate::error::ConsoleError;
use crate::forms::outcome::{PostedForm, Problem};
use crate::forms::people::PRESS;
use crate::forms::rooms::{NoticeForm, ParticipantAct, ParticipantForm, SHOW};

/// The page, with the dialog that its address opens over it.
#[component]
pub fn RoomPage() -> impl IntoView {
    let id = use_params_map().get_untracked().get("id").unwrap_or_default();
    let map = use_query_map().get_untracked();
    let act = PostedForm::<ParticipantForm>::take();
    let refused = PostedForm::problem(act.as_ref()).whole;
    let shown = act.map(|act| act.form.show).or_else(|| map.get(SHOW)).and_then(|word| who(&word));
    let asked =
        Asked { who: shown.unwrap_or(Who::Joined), find: map.get("q").as_deref().and_then(search).unwrap_or_default() };
    let before = map.get(BEFORE).and_then(|before| before.parse().ok());
    let posted = PostedForm::<NoticeForm>::take();
    let page = later(async move {
        let view = match read_room(&id, &[RoomKind::Room]).await {
            Ok(view) => view,
            Err(error) => return not_there(error, "Room", "/rooms", "All rooms"),
        };
        let users = read_participants(&view.room.id, asked.who, &asked.find).await;
        let messages = read_messages(&view.room, before).await;
        match (users, messages) {
            (Ok(users), Ok(messages)) => view! { <Shown view users asked messages refused posted/> }.into_any(),
            (Err(error), _) | (_, Err(error)) => not_there(error, "Room", "/rooms", "All rooms"),
        }
    });
    view! { {page} <Outlet/> }
}

/// What is in the place of a room or chat that there is not, or that cannot be read.
pub(super) fn not_there(error: ConsoleError, what: &'static str, all: &'static str, link: &'static str) -> AnyView {
    if error != ConsoleError::Refused(Refusal::RoomNotFound) {
        return view! {
            <Title text=what/>
            <div class="head"><div><h1>{what}</h1></div></div>
            <Failed error/>
        }
        .into_any();
    }
    set_status(&error);
    view! {
        <Title text=format!("{what} not found")/>
        <div class="card">
            <div class="empty">
                <h1>{format!("{what} not found")}</h1>
                <p>"Somebody may have deleted it, or the address is mistyped."</p>
                <a class="button primary" href=all>{link}</a>
            </div>
        </div>
    }
    .into_any()
}

/// Which participants the page shows.
#[derive(Debug, Clone)]
struct Asked {
    who: Who,
    find: String,
}

#[component]
fn Shown(
    view: RoomView,
    users: ParticipantList,
    asked: Asked,
    messages: MessageList,
    /// Why an act on a participant was refused.
    #[prop(optional_no_strip)]
    refused: Option<ConsoleError>,
    /// A notice that was refused.
    #[prop(optional_no_strip)]
    posted: Option<PostedForm<NoticeForm>>,
) -> impl IntoView {
    let RoomView { room, app, now, manages } = view;
    let address = format!("/rooms/{}", room.id);
    let link = |path: &str| format!("{address}/{path}");
    let is_open = room.is_open(now).is_ok();
    let acts = manages.then(|| {
        let (path, label) = if is_open { ("close", "Close…") } else { ("open", "Open…") };
        view! {
            {is_open.then(|| view! { <a class="button primary" href=link("join")>"Join"</a> })}
            <a class="button" href=link("edit")>"Modify…"</a>
            <a class="button" href=link(path)>{label}</a>
            <a class="button danger" href=link("delete")>"Delete…"</a>
        }
    });
    let problem = PostedForm::problem(posted.as_ref());
    // Somebody may have closed it while this was written: nothing of that is lost.
    let writes = manages && (is_open || posted.is_some());
    // Where there is no form to say it.
    let refused = refused.or_else(|| problem.whole.clone().filter(|_| !writes));
    let form = posted.map(|posted| posted.form);
    let writer = writes.then(|| view! { <Notice address=link("notice") problem form/> }.into_any());
    view! {
        <Title text=room.name.clone()/>
        <div class="head">
            <div>
                <div class="inline"><h1 dir="auto">{room.name.clone()}</h1> {state(&room, now)}</div>
                <div class="inline">
                    <b>"ROOM ID (Channel Key)"</b>
                    <PublicId id="room-id" value=room.id.to_string() what="the ROOM ID"/>
                </div>
                <p>{ROOM_ID_HELP}</p>
            </div>
            <div class="actions">{acts}</div>
        </div>
        <NotUnderstood filters=&[(SHOW, |word| who(word).is_some()), ("q", searched), (BEFORE, is_place)]/>
        <FormProblem problem=refused/>
        <Participants id=room.id.to_string() users asked manages now/>
        <div class="two wide-left">
            <Messages list=messages address=address.clone() writer/>
            <section class="card">
                <header><h2>"The room"</h2></header>
                <div class="body">
                    <dl class="facts">
                        {app.map(|app| view! {
                            <div><dt>{Field::App.label()}</dt><dd dir="auto">{app.name}{app.archived_at.is_some().then_some(" (archived)")}</dd></div>
                        })}
                        {facts(&room)}
                    </dl>
                </div>
            </section>
        </div>
    }
}

fn facts(room: &Room) -> impl IntoView + use<> {
    let when = |at: Option<Timestamp>, none: &'static str| match at {
        Some(at) => view! { <Time at/> }.into_any(),
        None => none.into_any(),
    };
    view! {
        <div><dt>"Participants"</dt><dd>{joined(room)}</dd></div>
        <div><dt>{Field::OpensAt.label()}</dt><dd>{when(room.opens_at, "At once")}</dd></div>
        <div><dt>{Field::EndsAt.label()}</dt><dd>{when(room.ends_at, "Never by itself")}</dd></div>
        {room.closed_at.map(|at| view! { <div><dt>"Closed"</dt><dd><Time at/></dd></div> })}
        <div><dt>"Password"</dt><dd>{if room.has_password { "Needed to join" } else { "None" }}</dd></div>
        <div><dt>"Messages"</dt><dd>{domain::page::grouped(room.last_seq)}</dd></div>
        <div><dt>"Created"</dt><dd><Time at=room.created_at/></dd></div>
    }
}

#[component]
fn Notice(address: String, problem: Problem, form: Option<NoticeForm>) -> impl IntoView {
    let errors = RwSignal::new(problem.fields);
    let (name, notice) =
        form.map_or_else(|| ("Manager".to_owned(), String::new()), |form| (form.nick_name, form.notice));
    let open = problem.whole.is_some() || errors.with_untracked(|errors| !errors.is_empty());
    view! {
        <details class="fold" open=open>
            <summary>"Write a notice"</summary>
            <form class="stack" method="post" action=address novalidate>
                <FormProblem problem=problem.whole/>
                <div class="pair">
                    <TextField errors field=Field::NickName label="Shown as" value=name required=true/>
                    <TextField errors field=Field::Message label="Notice" value=notice required=true hint="Everybody in the room sees it."/>
                </div>
                <div class="actions"><button class="button primary">"Send the notice"</button></div>
            </form>
        </details>
    }
}

#[component]
fn Participants(id: String, users: ParticipantList, asked: Asked, manages: bool, now: Timestamp) -> impl IntoView {
    let address = format!("/rooms/{id}");
    let tabs: Vec<_> = [(Who::Joined, "In the room"), (Who::Muted, "Muted"), (Who::Banned, "Banned")]
        .into_iter()
        .map(|(who, words)| {
            let link = if who == Who::Joined { address.clone() } else { format!("{address}?{SHOW}={}", who_word(who)) };
            let current = (who == asked.who).then_some("page");
            view! { <li><a class="chip" href=link aria-current=current>{words}</a></li> }
        })
        .collect();
    let ParticipantList { rows, total, found } = users;
    let shown = rows.len();
    let find = (total > shown || !asked.find.is_empty()).then(|| {
        view! {
            <form class="filters" method="get" action=address.clone() role="search">
                {(asked.who != Who::Joined).then(|| view! { <input type="hidden" name=SHOW value=who_word(asked.who)/> })}
                <input type="search" name="q" data-search value=asked.find.clone() maxlength=SEARCH_MAX
                    aria-label="Search by nickname or CLIENT KEY" placeholder="Nickname or CLIENT KEY" aria-keyshortcuts="/"
                    pattern=secretless() title=SEARCH_TAKES autocomplete="off" spellcheck="false"/>
                <button class="button">"Find"</button>
            </form>
        }
    });
    let more =
        (found > shown).then(|| format!("{shown} of {found} participants are shown. Search to find the others."));
    let table = if rows.is_empty() {
        let words = match asked.who {
            _ if !asked.find.is_empty() => {
                "Nobody matches. Search looks at the beginning of nicknames and CLIENT KEYs."
            }
            Who::Joined => "Nobody is in the room.",
            Who::Muted => "Nobody is muted.",
            Who::Banned => "Nobody is banned.",
        };
        view! { <p class="body soft">{words}</p> }.into_any()
    } else {
        let rows: Vec<_> = rows.into_iter().map(|user| user_line(&id, user, asked.who, manages, now)).collect();
        view! {
            <div class="sheet" role="region" aria-label="Table of participants" tabindex="0">
                <table class="blocks apps" role="table">
                    <caption class="visually-hidden">"Participants"</caption>
                    <thead role="rowgroup">
                        <tr role="row">
                            <th role="columnheader">"Nickname"</th>
                            <th role="columnheader">{Field::ClientKey.label()}</th>
                            <th role="columnheader">"Grade"</th>
                            <th role="columnheader">{if asked.who == Who::Banned { "Banned" } else { "Joined" }}</th>
                            {manages.then(|| view! { <th role="columnheader"><span class="visually-hidden">"Actions"</span></th> })}
                        </tr>
                    </thead>
                    <tbody role="rowgroup">{rows}</tbody>
                </table>
            </div>
        }
        .into_any()
    };
    view! {
        <section class="card" aria-labelledby="participants">
            <header><h2 id="participants">"Participants"</h2> <small class="soft">{CLIENT_KEY_HELP}</small></header>
            <div class="body">
                <nav aria-label="Which participants"><ul class="chips">{tabs}</ul></nav>
                {find}
                {more.map(|words| view! { <p class="soft">{words}</p> })}
            </div>
            {table}
        </section>
    }
}

fn user_line(room: &str, user: Participant, who: Who, manages: bool, now: Timestamp) -> impl IntoView + use<> {
    let key = user.client_key.as_str().to_owned();
    let muted = user.muted_at.is_some();
    let offers: &'static [ParticipantAct] = match who {
        Who::Banned => &[ParticipantAct::Admit],
        Who::Muted if user.banned_at.is_some() => &[ParticipantAct::Unmute],
        Who::Joined | Who::Muted if muted => &[ParticipantAct::Unmute, ParticipantAct::Ban],
        Who::Joined | Who::Muted => &[ParticipantAct::Mute, ParticipantAct::Ban],
    };
    let (name, action, kept) = (user.nick_name.clone(), format!("/rooms/{room}/participants"), key.clone());
    let acts = manages.then(move || {
        let buttons: Vec<_> = offers
            .iter()
            .map(|act| {
                let class = if *act == ParticipantAct::Ban { "button quiet danger" } else { "button quiet" };
                let of = match act {
                    ParticipantAct::Mute | ParticipantAct::Ban => " ",
                    ParticipantAct::Unmute | ParticipantAct::Admit => " of ",
                };
                view! {
                    <button class=class name=PRESS value=act.as_str()>
                        {act.label()} <span class="visually-hidden">{of} {name.clone()}</span>
                    </button>
                }
            })
            .collect();
        view! {
            <td role="cell" class="end">
                <form class="inline" method="post" action=action>
                    <input type="hidden" name=Field::ClientKey.as_str() value=kept/>
                    <input type="hidden" name=SHOW value=who_word(who)/>
                    {buttons}
                </form>
            </td>
        }
    });
    let (at, since) = match (who, user.banned_at) {
        (Who::Banned, Some(at)) => (at, "Banned "),
        _ => (user.joined_at, "Joined "),
    };
    view! {
        <tr role="row">
            <td role="cell" class="name">
                <b dir="auto" title=user.nick_name.clone()>{user.nick_name.clone()}</b>
                {(muted && who == Who::Joined).then(|| view! { " " <span class="status disabled">"Muted"</span> })}
                {(who == Who::Muted && !user.is_in()).then(|| view! { " " <span class="status disabled">"Left"</span> })}
            </td>
            <td role="cell">
                <small class="keys-word">{Field::ClientKey.label()}</small>
                <PublicId id=format!("user-{key}") value=key.clone() what=format!("the CLIENT KEY of {}", user.nick_name)/>
            </td>
            <td role="cell">{user.grade.label()}</td>
            <td role="cell" class="soft"><span class="keys-word">{since}</span> <Ago at now/></td>
            {acts}
        </tr>
    }
}
