//! The page of a chat: its participants, and its messages as they come.

use domain::field::Field;
use domain::page::grouped;
use domain::participant::Participant;
use domain::room::{Room, RoomKind};
use leptos::prelude::*;
use leptos_router::components::Outlet;
use leptos_router::hooks::{use_params_map, use_query_map};
use service::seen::SeenState;

use super::room::not_there;
use crate::components::contact_fields::ContactFields;
use crate::components::failed::{FormProblem, failed_dialog};
use crate::components::field::TextField;
use crate::components::grant_fields::EnterPresses;
use crate::components::ignored::NotUnderstood;
use crate::components::messages::{BEFORE, MessageList, Messages, is_place};
use crate::components::modal::Modal;
use crate::components::public_id::PublicId;
use crate::components::seen::Seen;
use crate::components::time::Time;
use crate::components::title::Title;
use crate::desk::chats::{CHATS, file_max, read_chat_to_change, read_participants};
use crate::desk::contacts::read_contact_choices;
use crate::desk::later::later;
use crate::desk::rooms::{RoomView, read_messages, read_room};
use crate::error::ConsoleError;
use crate::forms::contacts::{ChatMessageForm, ChatNameForm, ContactChoice};
use crate::forms::outcome::{PostedForm, Problem};
use crate::forms::person::Nothing;

/// How many participants the page names.
const NAMED: usize = 100;

/// The page, with the dialog that its address opens over it.
#[component]
pub fn ChatPage() -> impl IntoView {
    let id = use_params_map().get_untracked().get("id").unwrap_or_default();
    let before = use_query_map().get_untracked().get(BEFORE).and_then(|before| before.parse().ok());
    let posted = PostedForm::<ChatMessageForm>::take();
    let page = later(async move {
        let view = match read_room(&id, &CHATS).await {
            Ok(view) => view,
            Err(error) => return not_there(error, "Chat", "/chats", "All chats"),
        };
        let people = read_participants(&view.room.id).await;
        match (people, read_messages(&view.room, before).await) {
            (Ok(people), Ok(messages)) => view! { <Shown view people messages posted/> }.into_any(),
            (Err(error), _) | (_, Err(error)) => not_there(error, "Chat", "/chats", "All chats"),
        }
    });
    view! { {page} <Outlet/> }
}

#[component]
fn Shown(
    view: RoomView,
    people: Vec<Participant>,
    messages: MessageList,
    /// A message that was refused.
    #[prop(optional_no_strip)]
    posted: Option<PostedForm<ChatMessageForm>>,
) -> impl IntoView {
    let RoomView { room, app, manages, .. } = view;
    let problem = PostedForm::problem(posted.as_ref());
    let address = format!("/chats/{}", room.id);
    let link = |path: &str| format!("{address}/{path}");
    let is_chat = room.kind == RoomKind::Chat;
    let acts = (manages && is_chat).then(|| match room.archived_at {
        Some(_) => view! { <a class="button" href=link("restore")>"Bring back…"</a> }.into_any(),
        None => view! {
            <a class="button" href=link("invite")>"Add contacts…"</a>
            <a class="button" href=link("rename")>"Rename…"</a>
            <a class="button danger" href=link("archive")>"Archive…"</a>
        }
        .into_any(),
    });
    // Somebody may have archived it while this was written: nothing of that is lost.
    let writes = manages && is_chat && (room.archived_at.is_none() || posted.is_some());
    // Where there is no form to say it.
    let refused = problem.whole.clone().filter(|_| !writes);
    let text = posted.map(|posted| posted.form.message).unwrap_or_default();
    let writer = writes.then(|| view! { <WriteMessage address=link("write") problem text/> }.into_any());
    view! {
        <Title text=room.name.clone()/>
        <div class="head">
            <div>
                <div class="inline">
                    <h1 dir="auto">{room.name.clone()}</h1>
                    {room.archived_at.is_some().then(|| view! { <span class="status disabled">"Archived"</span> })}
                </div>
                <p>{about(is_chat, room.archived_at.is_some())}</p>
            </div>
            <div class="actions">{acts}</div>
        </div>
        <NotUnderstood filters=&[(BEFORE, is_place)]/>
        <FormProblem problem=refused/>
        <div class="two wide-left">
            <div class="stack"><Messages list=messages address=address.clone() writer/></div>
            <div class="stack">
                <People people/>
                <section class="card">
                    <header><h2>"The chat"</h2></header>
                    <div class="body">
                        <dl class="facts">
                            <div><dt>"Chat UUID"</dt><dd><PublicId id="chat-uuid" value=room.id.to_uuid() what="the UUID of the chat"/></dd></div>
                            {app.map(|app| view! { <div><dt>{Field::App.label()}</dt><dd dir="auto">{app.name}</dd></div> })}
                            <div><dt>"Messages"</dt><dd>{grouped(room.last_seq)}</dd></div>
                            <div><dt>"Created"</dt><dd><Time at=room.created_at/></dd></div>
                            {room.archived_at.map(|at| view! { <div><dt>"Archived"</dt><dd><Time at/></dd></div> })}
                        </dl>
                    </div>
                </section>
            </div>
        </div>
    }
}

/// Who writes here.
const fn about(is_chat: bool, is_archived: bool) -> &'static str {
    match (is_chat, is_archived) {
        (true, false) => "Programs write here, on behalf of contacts, and so do those who manage chats.",
        (true, true) => "Nobody writes here until somebody brings it back.",
        (false, _) => "What the Butler writes to one contact. Nobody answers it.",
    }
}

/// What writes a message, with a file or without one.
#[component]
fn WriteMessage(address: String, problem: Problem, text: String) -> impl IntoView {
    let errors = RwSignal::new(problem.fields);
    let open = problem.whole.is_some() || errors.with_untracked(|errors| !errors.is_empty());
    let most = file_max().map(|most| format!("At most {} bytes.", grouped(most))).unwrap_or_default();
    view! {
        <details class="fold" open=open>
            <summary>"Write a message"</summary>
            <form class="stack" method="post" enctype="multipart/form-data" action=address novalidate>
                <FormProblem problem=problem.whole/>
                <TextField errors field=Field::Message value=text lines=3
                    hint="Everybody in the chat sees it, as written by the manager. With a file, you can leave it blank."/>
                <TextField errors field=Field::Attachment aside="optional" input="file" hint=most/>
                <div class="actions"><button class="button primary">"Send"</button></div>
            </form>
        </details>
    }
}

#[component]
fn People(people: Vec<Participant>) -> impl IntoView {
    let total = people.len();
    let rows: Vec<_> = people
        .into_iter()
        .take(NAMED)
        .map(|one| match one.contact {
            Some(id) => {
                view! { <li><span><a href=format!("/contacts/{id}") dir="auto">{one.nick_name}</a></span></li> }
                    .into_any()
            }
            None => view! { <li><span dir="auto">{one.nick_name}</span></li> }.into_any(),
        })
        .collect();
    let more = (total > NAMED).then(|| format!("And {} more.", total.saturating_sub(NAMED)));
    view! {
        <section class="card">
            <header><h2>"Participants"</h2> <small class="soft">{total.to_string()}</small></header>
            {if rows.is_empty() {
                view! { <p class="body soft">"Nobody is in the chat."</p> }.into_any()
            } else {
                view! { <ul class="feed ids">{rows} {more.map(|words| view! { <li class="soft">{words}</li> })}</ul> }.into_any()
            }}
        </section>
    }
}

/// The id in the address, and the address of the chat's page.
fn which() -> (String, String) {
    let id = use_params_map().get_untracked().get("id").unwrap_or_default();
    let back = format!("/chats/{id}");
    (id, back)
}

#[component]
pub fn RenameChatModal() -> impl IntoView {
    let (id, back) = which();
    let posted = PostedForm::<ChatNameForm>::take();
    let problem = PostedForm::problem(posted.as_ref());
    later(async move {
        let room = match read_chat_to_change(&id).await {
            Ok(view) => view.room,
            Err(error) => return failed_dialog("Rename the chat", error, back),
        };
        let errors = RwSignal::new(problem.fields);
        let seen = PostedForm::seen(posted.as_ref(), SeenState::of(&room.rules()));
        let name = posted.map_or_else(|| room.name.clone(), |posted| posted.form.name);
        let address = format!("{back}/rename");
        view! {
            <Modal title=format!("Rename “{}”", room.name) back=back.clone()>
                <form method="post" action=address novalidate>
                    <div class="body">
                        <FormProblem problem=problem.whole/>
                        <Seen state=seen/>
                        <TextField errors field=Field::Name label="Title" value=name required=true autofocus=true
                            hint="A message in the chat says that it has a new title."/>
                    </div>
                    <footer>
                        <a class="button" href=back>"Cancel"</a>
                        <button class="button primary">"Rename"</button>
                    </footer>
                </form>
            </Modal>
        }
        .into_any()
    })
}

#[component]
pub fn AddContactsModal() -> impl IntoView {
    let (id, back) = which();
    let posted = PostedForm::<ContactChoice>::take();
    let problem = PostedForm::problem(posted.as_ref());
    later(async move {
        let choice = posted.map(|posted| posted.form).unwrap_or_default();
        let read = async {
            let room: Room = read_chat_to_change(&id).await?.room;
            let choices = read_contact_choices(&room.app_id, &choice).await?;
            Ok::<_, ConsoleError>((room, choices))
        };
        let (room, choices) = match read.await {
            Ok(found) => found,
            Err(error) => return failed_dialog("Add contacts", error, back),
        };
        let address = format!("{back}/invite");
        view! {
            <Modal title=format!("Add contacts to “{}”", room.name) back=back.clone()>
                <form method="post" action=address novalidate>
                    <EnterPresses/>
                    <div class="body">
                        <FormProblem problem=problem.whole/>
                        <ContactFields choices find=choice.find autofocus=choice.searches none_ticked=!problem.fields.is_empty()/>
                        <p class="soft">"They see what was written before. Whoever is in the chat already stays."</p>
                    </div>
                    <footer>
                        <a class="button" href=back>"Cancel"</a>
                        <button class="button primary">"Add"</button>
                    </footer>
                </form>
            </Modal>
        }
        .into_any()
    })
}

#[component]
pub fn ArchiveChatModal() -> impl IntoView {
    confirm(
        "archive",
        "Archive",
        "Nobody can write in the chat, and lists leave it out. Its messages stay. You can bring it back.",
    )
}

#[component]
pub fn RestoreChatModal() -> impl IntoView {
    confirm("restore", "Bring back", "The chat is in the lists again, and its participants can write in it.")
}

fn confirm(path: &'static str, verb: &'static str, effect: &'static str) -> impl IntoView {
    let (id, back) = which();
    let problem = PostedForm::problem(PostedForm::<Nothing>::take().as_ref());
    later(async move {
        let room = match read_chat_to_change(&id).await {
            Ok(view) => view.room,
            Err(error) => return failed_dialog(verb, error, back),
        };
        let button = if path == "archive" { "button primary danger" } else { "button primary" };
        let address = format!("{back}/{path}");
        view! {
            <Modal title=format!("{verb} “{}”?", room.name) back=back.clone()>
                <form method="post" action=address>
                    <div class="body">
                        <FormProblem problem=problem.whole/>
                        <p>{effect}</p>
                    </div>
                    <footer>
                        <a class="button" href=back>"Cancel"</a>
                        <button class=button>{verb}</button>
                    </footer>
                </form>
            </Modal>
        }
        .into_any()
    })
}
