//! The page of a contact: who they are, the chats they are in, and what others can do about them.

use domain::contact::{Contact, ContactDraft, ContactStatus};
use domain::field::Field;
use domain::participant::Participant;
use domain::refusal::Refusal;
use domain::room::{Room, RoomKind};
use leptos::prelude::*;
use leptos_router::components::Outlet;
use leptos_router::hooks::use_params_map;
use service::seen::SeenState;

use super::contacts::{ContactInputs, state};
use crate::components::failed::{Failed, FormProblem, failed_dialog, set_status};
use crate::components::modal::Modal;
use crate::components::public_id::PublicId;
use crate::components::seen::Seen;
use crate::components::time::{Ago, Time};
use crate::components::title::Title;
use crate::desk::contacts::{ContactView, read_contact};
use crate::desk::later::later;
use crate::error::ConsoleError;
use crate::forms::contacts::ContactForm;
use crate::forms::outcome::PostedForm;
use crate::forms::person::Nothing;

/// How many chats the page names.
const NAMED: usize = 50;

/// The page, with the dialog that its address opens over it.
#[component]
pub fn ContactPage() -> impl IntoView {
    let id = use_params_map().get_untracked().get("id").unwrap_or_default();
    let page = later(async move {
        match read_contact(&id).await {
            Ok(view) => view! { <Shown view/> }.into_any(),
            Err(error @ ConsoleError::Refused(Refusal::ContactNotFound)) => {
                set_status(&error);
                view! {
                    <Title text="Contact not found"/>
                    <div class="card">
                        <div class="empty">
                            <h1>"Contact not found"</h1>
                            <p>"Somebody may have removed them. What they wrote stays in its chats."</p>
                            <a class="button primary" href="/contacts">"All contacts"</a>
                        </div>
                    </div>
                }
                .into_any()
            }
            Err(error) => view! {
                <Title text="Contact"/>
                <div class="head"><div><h1>"Contact"</h1></div></div>
                <Failed error/>
            }
            .into_any(),
        }
    });
    view! { {page} <Outlet/> }
}

#[component]
fn Shown(view: ContactView) -> impl IntoView {
    let ContactView { contact, app, rooms, now, manages } = view;
    let (name, address) = (contact.name(), format!("/contacts/{}", contact.id));
    let link = |path: &str| format!("{address}/{path}");
    let acts = manages.then(|| {
        let (path, label) = match contact.status {
            ContactStatus::Inactive => ("enable", "Enable…"),
            ContactStatus::Active | ContactStatus::Invited => ("disable", "Disable…"),
        };
        view! {
            <a class="button" href=link("edit")>"Edit…"</a>
            <a class="button" href=link(path)>{label}</a>
            <a class="button danger" href=link("remove")>"Remove…"</a>
        }
    });
    let none = || "None".into_any();
    view! {
        <Title text=name.clone()/>
        <div class="head">
            <div>
                <div class="inline"><h1 dir="auto">{name}</h1> {state(contact.status)}</div>
                <p>{contact.kind.label()} {contact.is_admin.then_some(", admin: may invite other contacts")}</p>
            </div>
            <div class="actions">{acts}</div>
        </div>
        <section class="card">
            <header><h2>"Contact"</h2></header>
            <div class="body">
                <dl class="facts">
                    <div>
                        <dt>"UUID"</dt>
                        <dd>
                            <PublicId id="contact-uuid" value=contact.id.to_uuid() what="the UUID of the contact"/>
                            <small class="soft">"A Master User key sends it as on-behalf-of, and names participants by it."</small>
                        </dd>
                    </div>
                    <div>
                        <dt>{Field::Identifier.label()}</dt>
                        <dd>{contact.identifier.clone().map_or_else(none, |text| view! { <bdi class="mono">{text}</bdi> }.into_any())}</dd>
                    </div>
                    <div>
                        <dt>{Field::Email.label()}</dt>
                        <dd>{contact.email.clone().map_or_else(none, |text| view! { <bdi>{text}</bdi> }.into_any())}</dd>
                    </div>
                    {app.map(|app| view! { <div><dt>{Field::App.label()}</dt><dd dir="auto">{app.name}</dd></div> })}
                    <div><dt>"Added"</dt><dd><Time at=contact.created_at/></dd></div>
                </dl>
            </div>
        </section>
        <Chats rooms now/>
    }
}

#[component]
fn Chats(rooms: Vec<(Room, Participant)>, now: domain::timestamp::Timestamp) -> impl IntoView {
    let total = rooms.len();
    let rows: Vec<_> = rooms
        .into_iter()
        .take(NAMED)
        .map(|(room, _)| {
            let path = if room.kind == RoomKind::Room { "rooms" } else { "chats" };
            let kind =
                (room.kind == RoomKind::Butler).then(|| view! { " " <small class="soft">{room.kind.label()}</small> });
            view! {
                <li>
                    <span><a href=format!("/{path}/{}", room.id) dir="auto">{room.name}</a>{kind}</span>
                    <span class="soft">
                        {match room.last_message_at {
                            Some(at) => view! { <Ago at now/> }.into_any(),
                            None => "No messages".into_any(),
                        }}
                    </span>
                </li>
            }
        })
        .collect();
    let more = (total > NAMED).then(|| format!("And {} more.", total.saturating_sub(NAMED)));
    view! {
        <section class="card">
            <header><h2>"Chats"</h2></header>
            {if rows.is_empty() {
                view! { <p class="body soft">"This contact is in no chat."</p> }.into_any()
            } else {
                view! { <ul class="feed ids">{rows} {more.map(|words| view! { <li class="soft">{words}</li> })}</ul> }.into_any()
            }}
        </section>
    }
}

/// What sets one confirmation apart from the others.
#[derive(Debug, Clone, Copy)]
struct Confirmation {
    path: &'static str,
    verb: &'static str,
    /// What will be true afterwards.
    effect: &'static str,
    grave: bool,
}

const DISABLE: Confirmation = Confirmation {
    path: "disable",
    verb: "Disable",
    effect: "From the next call on, no key can act on their behalf, and the Butler leaves them out. They stay in their chats.",
    grave: true,
};
const ENABLE: Confirmation = Confirmation {
    path: "enable",
    verb: "Enable",
    effect: "Keys can act on their behalf again, and the Butler writes to them.",
    grave: false,
};
const REMOVE: Confirmation = Confirmation {
    path: "remove",
    verb: "Remove",
    effect: "They are gone for good, and out of every chat. What they wrote stays there, under their name. You cannot undo this.",
    grave: true,
};

#[component]
pub fn DisableContactModal() -> impl IntoView {
    confirm(DISABLE)
}

#[component]
pub fn EnableContactModal() -> impl IntoView {
    confirm(ENABLE)
}

#[component]
pub fn RemoveContactModal() -> impl IntoView {
    confirm(REMOVE)
}

/// The id in the address, and the address of the contact's page.
fn which() -> (String, String) {
    let id = use_params_map().get_untracked().get("id").unwrap_or_default();
    let back = format!("/contacts/{id}");
    (id, back)
}

async fn managed(id: &str) -> Result<Contact, ConsoleError> {
    Ok(read_contact(id).await.and_then(ContactView::managed)?.contact)
}

fn failed(verb: &'static str, error: ConsoleError, back: String) -> AnyView {
    failed_dialog(format!("{verb} the contact"), error, back)
}

fn confirm(asked: Confirmation) -> impl IntoView {
    let (id, back) = which();
    let problem = PostedForm::problem(PostedForm::<Nothing>::take().as_ref());
    later(async move {
        let contact = match managed(&id).await {
            Ok(contact) => contact,
            Err(error) => return failed(asked.verb, error, back),
        };
        let button = if asked.grave { "button primary danger" } else { "button primary" };
        let address = format!("{back}/{}", asked.path);
        view! {
            <Modal title=format!("{} {}?", asked.verb, contact.name()) back=back.clone()>
                <form method="post" action=address>
                    <div class="body">
                        <FormProblem problem=problem.whole/>
                        <p>{asked.effect}</p>
                    </div>
                    <footer>
                        <a class="button" href=back>"Cancel"</a>
                        <button class=button>{asked.verb}</button>
                    </footer>
                </form>
            </Modal>
        }
        .into_any()
    })
}

#[component]
pub fn EditContactModal() -> impl IntoView {
    let (id, back) = which();
    let posted = PostedForm::<ContactForm>::take();
    let problem = PostedForm::problem(posted.as_ref());
    later(async move {
        let contact = match managed(&id).await {
            Ok(contact) => contact,
            Err(error) => return failed("Edit", error, back),
        };
        let seen = PostedForm::seen(posted.as_ref(), SeenState::of(&ContactDraft::from_contact(&contact)));
        let draft = posted.map_or_else(|| ContactDraft::from_contact(&contact), |posted| posted.form.draft);
        let errors = RwSignal::new(problem.fields);
        let address = format!("{back}/edit");
        view! {
            <Modal title=format!("Edit {}", contact.name()) back=back.clone()>
                <form method="post" action=address novalidate>
                    <div class="body">
                        <FormProblem problem=problem.whole/>
                        <Seen state=seen/>
                        <ContactInputs errors draft/>
                    </div>
                    <footer>
                        <a class="button" href=back>"Cancel"</a>
                        <button class="button primary">"Save"</button>
                    </footer>
                </form>
            </Modal>
        }
        .into_any()
    })
}
