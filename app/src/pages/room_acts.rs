//! Dialogs over the page of a room: modify, open, close and delete.

use domain::field::{Field, FieldErrors};
use domain::room::{Room, RoomKind};
use domain::timestamp::Timestamp;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use service::seen::SeenState;

use crate::components::failed::{FormProblem, failed_dialog};
use crate::components::field::TextField;
use crate::components::modal::Modal;
use crate::components::seen::Seen;
use crate::desk::context::chosen_zone;
use crate::desk::later::later;
use crate::desk::rooms::{RoomView, read_room};
use crate::error::ConsoleError;
use crate::forms::fields::TICKED;
use crate::forms::outcome::PostedForm;
use crate::forms::person::Nothing;
use crate::forms::rooms::{DeleteRoomForm, OPEN_TO_ALL, RoomForm};

/// What sets one confirmation apart from the other.
#[derive(Debug, Clone, Copy)]
struct Confirmation {
    path: &'static str,
    verb: &'static str,
    /// What will be true afterwards.
    effect: &'static str,
    grave: bool,
}

const OPEN: Confirmation = Confirmation {
    path: "open",
    verb: "Open",
    effect: "Participants can join the room and write in it at once. A later start becomes now, and an end that is over is taken away.",
    grave: false,
};
const CLOSE: Confirmation = Confirmation {
    path: "close",
    verb: "Close",
    effect: "Nobody can join the room or write in it, until you open it again. Its messages stay.",
    grave: true,
};

#[component]
pub fn OpenRoomModal() -> impl IntoView {
    confirm(OPEN)
}

#[component]
pub fn CloseRoomModal() -> impl IntoView {
    confirm(CLOSE)
}

/// The id in the address, and the address of the room's page.
fn which() -> (String, String) {
    let id = use_params_map().get_untracked().get("id").unwrap_or_default();
    let back = format!("/rooms/{id}");
    (id, back)
}

async fn managed(id: &str) -> Result<Room, ConsoleError> {
    Ok(read_room(id, &[RoomKind::Room]).await.and_then(RoomView::managed)?.room)
}

fn failed(verb: &'static str, error: ConsoleError, back: String) -> AnyView {
    failed_dialog(format!("{verb} the room"), error, back)
}

fn confirm(asked: Confirmation) -> impl IntoView {
    let (id, back) = which();
    let problem = PostedForm::problem(PostedForm::<Nothing>::take().as_ref());
    later(async move {
        let room = match managed(&id).await {
            Ok(room) => room,
            Err(error) => return failed(asked.verb, error, back),
        };
        let button = if asked.grave { "button primary danger" } else { "button primary" };
        let address = format!("{back}/{}", asked.path);
        view! {
            <Modal title=format!("{} “{}”?", asked.verb, room.name) back=back.clone()>
                <form method="post" action=address>
                    <div class="body">
                        <FormProblem problem=problem.whole/>
                        <p>{asked.effect}</p>
                        <dl class="facts">
                            <div><dt>"In the room"</dt><dd>{room.joined.to_string()}</dd></div>
                        </dl>
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

/// What can be said about a room.
#[component]
pub fn RoomFields(
    errors: RwSignal<FieldErrors>,
    form: RoomForm,
    /// Whether the room has a password now.
    has_password: bool,
) -> impl IntoView {
    let password = if has_password {
        "Blank leaves the password as it is."
    } else {
        "Whoever joins must know it. Blank for none."
    };
    let zone = chosen_zone();
    let hint = match &zone {
        Some(zone) => format!("Time zone: {}.", zone.name()),
        None => "Time zone: UTC.".to_owned(),
    };
    // What a script sent in UTC is shown as it would be without one.
    let time = |typed: String| typed.trim().trim_end_matches('Z').to_owned();
    let (opens, ends) = (time(form.opens_at), time(form.ends_at));
    view! {
        <TextField errors field=Field::Name value=form.name required=true autofocus=true
            hint="What its participants see, for example: Lobby."/>
        // Where the reader chose no zone, scripts change these to the browser's.
        <div class="pair" data-local-times=zone.is_none().then_some("")>
            <TextField errors field=Field::OpensAt aside="optional" value=opens input="datetime-local" hint=hint.clone()/>
            <TextField errors field=Field::EndsAt aside="optional" value=ends input="datetime-local" hint/>
        </div>
        <div class="pair">
            <TextField errors field=Field::MaxUsers aside="optional" value=form.max_users inputmode="numeric"
                hint="1 to 10,000. Blank for any number."/>
            <TextField errors field=Field::RoomPassword aside="optional" input="password" autocomplete="new-password" hint=password/>
        </div>
        {has_password.then(|| view! {
            <label class="check">
                <input type="checkbox" name=OPEN_TO_ALL value=TICKED checked=form.no_password/>
                <span>"Take the password away"</span>
            </label>
        })}
    }
}

/// The form of a room as it is.
fn filled(room: &Room) -> RoomForm {
    let zone = chosen_zone();
    let wall = |at: Timestamp| zone.as_ref().map_or(at, |zone| zone.wall(at)).to_input();
    let time = |at: Option<Timestamp>| at.map(wall).unwrap_or_default();
    RoomForm {
        name: room.name.clone(),
        opens_at: time(room.opens_at),
        ends_at: time(room.ends_at),
        max_users: room.max_users.map(|most| most.to_string()).unwrap_or_default(),
        ..RoomForm::default()
    }
}

#[component]
pub fn EditRoomModal() -> impl IntoView {
    let (id, back) = which();
    let posted = PostedForm::<RoomForm>::take();
    let problem = PostedForm::problem(posted.as_ref());
    later(async move {
        let room = match managed(&id).await {
            Ok(room) => room,
            Err(error) => return failed("Modify", error, back),
        };
        let seen = PostedForm::seen(posted.as_ref(), SeenState::of(&room.rules()));
        let form = posted.map_or_else(|| filled(&room), |posted| posted.form);
        let errors = RwSignal::new(problem.fields);
        let address = format!("{back}/edit");
        view! {
            <Modal title=format!("Modify “{}”", room.name) back=back.clone()>
                <form method="post" action=address novalidate>
                    <div class="body">
                        <FormProblem problem=problem.whole/>
                        <Seen state=seen/>
                        <RoomFields errors form has_password=room.has_password/>
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

#[component]
pub fn DeleteRoomModal() -> impl IntoView {
    let (id, back) = which();
    let posted = PostedForm::<DeleteRoomForm>::take();
    let problem = PostedForm::problem(posted.as_ref());
    later(async move {
        let room = match managed(&id).await {
            Ok(room) => room,
            Err(error) => return failed("Delete", error, back),
        };
        let typed = posted.map(|posted| posted.form.confirm_name).unwrap_or_default();
        let errors = RwSignal::new(problem.fields);
        let address = format!("{back}/delete");
        view! {
            <Modal title=format!("Delete “{}”?", room.name) back=back.clone()>
                <form method="post" action=address novalidate>
                    <div class="body">
                        <FormProblem problem=problem.whole/>
                        <p>
                            "The room is gone for good, with its messages, its files and its list of participants. Calls with its ROOM ID \
                            are told that there is no such room. You cannot undo this."
                        </p>
                        <TextField errors field=Field::ConfirmName value=typed
                            label=format!("To delete the room, type its name: “{}”", room.name) required=true autofocus=true/>
                    </div>
                    <footer>
                        <a class="button" href=back>"Cancel"</a>
                        <button class="button primary danger">"Delete"</button>
                    </footer>
                </form>
            </Modal>
        }
        .into_any()
    })
}
