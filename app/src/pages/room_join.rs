//! Joining a room: the answer is the CLIENT KEY of whoever joined.

use domain::field::Field;
use domain::participant::{Grade, Participant};
use domain::room::RoomKind;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::room::not_there;
use crate::components::failed::FormProblem;
use crate::components::field::TextField;
use crate::components::problem::FieldProblems;
use crate::components::public_id::{CLIENT_KEY_HELP, PublicId};
use crate::components::select_field::SelectField;
use crate::components::title::Title;
use crate::components::warning::Warning;
use crate::desk::later::later;
use crate::desk::rooms::{RoomView, read_room};
use crate::forms::outcome::PostedForm;
use crate::forms::rooms::JoinForm;

#[component]
pub fn JoinRoomPage() -> impl IntoView {
    let id = use_params_map().get_untracked().get("id").unwrap_or_default();
    let posted = PostedForm::<JoinForm, Participant>::take();
    later(async move {
        let RoomView { room, now, .. } = match read_room(&id, &[RoomKind::Room]).await.and_then(RoomView::managed) {
            Ok(view) => view,
            Err(error) => return not_there(error, "Room", "/rooms", "All rooms"),
        };
        if let Some(PostedForm { outcome: Ok(user), .. }) = posted {
            return view! { <Joined name=room.name id user/> }.into_any();
        }
        // If it ended while the form was filled in, nothing of that is lost.
        if let (Err(refusal), None) = (room.is_open(now), &posted) {
            return view! { <NotOpen name=room.name id words=refusal.message()/> }.into_any();
        }
        let problem = PostedForm::problem(posted.as_ref());
        let errors = RwSignal::new(problem.fields);
        let form = posted.map(|posted| posted.form).unwrap_or_default();
        let address = format!("/rooms/{id}/join");
        let grades = Grade::ALL.iter().map(|grade| (grade.as_str(), grade.label())).collect();
        view! {
            <Title text="Join a room"/>
            <div class="head narrow">
                <div>
                    <h1>"Join “" <span dir="auto">{room.name}</span> "”"</h1>
                    <p>"Lets a participant in, as a program does that calls the API. The answer is their CLIENT KEY (User Key)."</p>
                </div>
            </div>
            <form class="narrow stack" method="post" data-address=address.clone() action=address novalidate>
                <FormProblem problem=problem.whole/>
                <FieldProblems errors/>
                <TextField errors field=Field::NickName value=form.nick_name required=true autofocus=true
                    hint="What the others in the room see. 1 to 50 characters."/>
                <TextField errors field=Field::ClientKey aside="optional" value=form.client_key
                    hint="Blank for one that Keystead makes. Otherwise one that nobody has in this room."/>
                <SelectField errors field=Field::Grade options=grades chosen=form.grade/>
                {room.has_password.then(|| view! {
                    <TextField errors field=Field::RoomPassword input="password" required=true/>
                })}
                <div class="actions">
                    <a class="button" href=format!("/rooms/{id}")>"Cancel"</a>
                    <button class="button primary">"Join"</button>
                </div>
            </form>
        }
        .into_any()
    })
}

#[component]
fn NotOpen(name: String, id: String, words: String) -> impl IntoView {
    view! {
        <Title text="Join a room"/>
        <div class="head narrow"><div><h1>"Join “" <span dir="auto">{name}</span> "”"</h1></div></div>
        <div class="narrow stack">
            <Warning words/>
            <div class="actions"><a class="button primary" href=format!("/rooms/{id}")>"Back to the room"</a></div>
        </div>
    }
}

#[component]
fn Joined(name: String, id: String, user: Participant) -> impl IntoView {
    let address = format!("/rooms/{id}/join");
    view! {
        <Title text="Joined"/>
        <div class="head narrow" data-address=address.clone()>
            <div>
                <h1><span dir="auto">{user.nick_name}</span> " is in “" <span dir="auto">{name}</span> "”"</h1>
                <p>{CLIENT_KEY_HELP}</p>
            </div>
        </div>
        <dl class="facts narrow">
            <div>
                <dt>{Field::ClientKey.label()}</dt>
                <dd><PublicId id="client-key" value=user.client_key.as_str() what="the CLIENT KEY"/></dd>
            </div>
            <div><dt>{Field::Grade.label()}</dt><dd>{user.grade.label()}</dd></div>
        </dl>
        <div class="actions narrow">
            <a class="button primary" href=format!("/rooms/{id}")>"Done"</a>
            <a class="button" href=address>"Let another one in"</a>
        </div>
    }
}
