//! The second step of a sign-in: a code of the second factor, or a passkey.

use domain::field::Field;
use domain::passkey::PasskeyUse;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use service::sign_in::WaysOn;

use super::setup::Door;
use crate::components::failed::{Failed, FormProblem};
use crate::components::field::TextField;
use crate::components::passkey_button::PasskeyButton;
use crate::components::title::Title;
use crate::desk::later::later;
use crate::desk::person::{CodeDoor, read_code_door};
use crate::forms::outcome::PostedForm;
use crate::forms::passkey::ANSWER;
use crate::forms::person::{CodeForm, NEXT};

#[component]
pub fn CodePage() -> impl IntoView {
    let posted = PostedForm::<CodeForm>::take();
    let problem = PostedForm::problem(posted.as_ref());
    let next =
        posted.map_or_else(|| use_query_map().get_untracked().get(NEXT).unwrap_or_default(), |posted| posted.form.next);
    let errors = RwSignal::new(problem.fields);
    let page = later(async move {
        match read_code_door().await {
            Ok(CodeDoor::Open(WaysOn { codes, passkeys })) => view! {
                <div class="card">
                    <header><h1>{if passkeys { "Confirm that it is you" } else { "Enter your code" }}</h1></header>
                    <div class="body">
                        <FormProblem problem=problem.whole/>
                        {passkeys.then(|| view! {
                            <form class="stack passkeys-only" method="post" action="/login/code">
                                <input type="hidden" name=NEXT value=next.clone()/>
                                <PasskeyButton used_for=PasskeyUse::Code name=ANSWER words="Use a passkey"/>
                            </form>
                            <p class="soft passkeys-less">
                                "Your passkey cannot be used here: passkeys need JavaScript, and a current browser."
                            </p>
                        })}
                        {(codes || !passkeys).then(|| view! {
                            <form class="stack" method="post" action="/login/code" novalidate>
                                <TextField errors field=Field::Code inputmode="numeric" required=true autofocus=true
                                    autocomplete="one-time-code"
                                    hint="The 6 digits that your authenticator app shows now, or one of your recovery codes."/>
                                <input type="hidden" name=NEXT value=next/>
                                <button class="button primary">"Sign in"</button>
                            </form>
                        })}
                    </div>
                </div>
                <p><a href="/login">"Start over"</a></p>
            }
            .into_any(),
            Ok(CodeDoor::Over) => view! {
                <div class="card">
                    <div class="empty">
                        <h1>"Sign in again"</h1>
                        <p>"A code or a passkey is asked for within five minutes after the password. Begin with your password once more."</p>
                        <a class="button primary" href="/login">"Sign in"</a>
                    </div>
                </div>
            }
            .into_any(),
            Err(error) => view! { <Failed error/> }.into_any(),
        }
    });
    view! { <Title text="Sign in"/> <Door>{page}</Door> }
}
