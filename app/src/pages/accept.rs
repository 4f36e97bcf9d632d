//! Where an invite's link leads: whoever was invited sets a name and a password.

use domain::field::Field;
use domain::invite::Invite;
use domain::text::PASSWORD_MIN;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::frame::Mark;
use super::sign_in::Closed;
use crate::components::dead_link::DeadLink;
use crate::components::failed::{Failed, FormProblem};
use crate::components::field::{TextField, password_hint};
use crate::components::providers::Providers;
use crate::components::title::Title;
use crate::desk::invites::{InviteDoor, read_invite_door};
use crate::desk::later::later;
use crate::forms::invite::AcceptForm;
use crate::forms::outcome::PostedForm;

#[component]
pub fn AcceptPage() -> impl IntoView {
    let token = use_params_map().get_untracked().get("token").unwrap_or_default();
    let posted = PostedForm::<AcceptForm>::take();
    let page = later(async move {
        match read_invite_door(&token).await {
            Ok(InviteDoor::Open(invite, providers)) => view! {
                <Join token invite=*invite posted/>
                <Providers providers next="/"/>
            }
            .into_any(),
            Ok(InviteDoor::Dead) => view! { <Dead/> }.into_any(),
            Ok(InviteDoor::Plain) => view! { <Closed/> }.into_any(),
            Err(error) => view! { <Failed error/> }.into_any(),
        }
    });
    view! {
        <Title text="Invite"/>
        <main class="door" id="main">
            <Mark/>
            {page}
        </main>
    }
}

#[component]
fn Join(token: String, invite: Invite, posted: Option<PostedForm<AcceptForm>>) -> impl IntoView {
    let problem = PostedForm::problem(posted.as_ref());
    let name = posted.map_or_else(|| invite.name.clone(), |posted| posted.form.name);
    let errors = RwSignal::new(problem.fields);
    view! {
        <form class="card" method="post" action=format!("/invite/{token}") novalidate>
            <header><h1>"Join Keystead"</h1></header>
            <div class="body">
                <p class="soft">
                    <bdi>{invite.made_by.1}</bdi> " invites you as " {invite.role.label()} ": " {invite.role.summary_for_them()} "."
                </p>
                <FormProblem problem=problem.whole/>
                <TextField errors field=Field::PersonName value=name required=true autocomplete="name"/>
                <div class="field">
                    <label for="invited-email">"E-mail"</label>
                    <input id="invited-email" type="email" value=invite.email readonly autocomplete="username"
                        aria-describedby="invited-email-hint"/>
                    <span class="hint" id="invited-email-hint">"You sign in with this address."</span>
                </div>
                <TextField errors field=Field::Password input="password"
                    hint=password_hint(PASSWORD_MIN)
                    required=true autocomplete="new-password"/>
                <button class="button primary">"Join"</button>
            </div>
        </form>
    }
}

/// The one page of links that do not work, whatever the reason.
#[component]
fn Dead() -> impl IntoView {
    let words = "An invite works once, and only for some days. Yours was used, replaced or revoked, or its time is over. \
                     Ask whoever invited you to send it again.";
    view! { <DeadLink title="This link does not work" words signs_in=true/> }
}
