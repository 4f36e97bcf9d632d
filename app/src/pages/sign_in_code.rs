//! The second step of a sign-in: a code of the second factor.

use domain::field::Field;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use super::setup::Door;
use crate::components::failed::{Failed, FormProblem};
use crate::components::field::TextField;
use crate::desk::person::read_code_door;
use crate::forms::outcome::PostedForm;
use crate::forms::person::{CodeForm, NEXT};

#[component]
pub fn CodePage() -> impl IntoView {
    let posted = PostedForm::<CodeForm>::take();
    let problem = PostedForm::problem(posted.as_ref());
    let next =
        posted.map_or_else(|| use_query_map().get_untracked().get(NEXT).unwrap_or_default(), |posted| posted.form.next);
    let errors = RwSignal::new(problem.fields);
    let page = Suspend::new(async move {
        match read_code_door().await {
            Ok(true) => view! {
                <form class="card" method="post" action="/login/code" novalidate>
                    <header><h1>"Enter your code"</h1></header>
                    <div class="body">
                        <FormProblem problem=problem.whole/>
                        <TextField errors field=Field::Code inputmode="numeric" required=true autofocus=true
                            autocomplete="one-time-code"
                            hint="The 6 digits that your authenticator app shows now. Without your phone, use one of your recovery codes."/>
                        <input type="hidden" name=NEXT value=next/>
                        <button class="button primary">"Sign in"</button>
                    </div>
                </form>
                <p><a href="/login">"Start over"</a></p>
            }
            .into_any(),
            Ok(false) => view! {
                <div class="card">
                    <div class="empty">
                        <h1>"Sign in again"</h1>
                        <p>"A code is asked for within five minutes after the password. Begin with your password once more."</p>
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
