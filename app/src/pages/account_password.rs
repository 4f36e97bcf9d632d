//! Changes one's own password.

use domain::field::Field;
use leptos::prelude::*;

use crate::components::failed::{Failed, FormProblem};
use crate::components::field::{TextField, password_hint};
use crate::components::title::Title;
use crate::components::warning::Warning;
use crate::desk::account::{owes_password, read_password_min};
use crate::desk::later::later;
use crate::desk::person::read_me;
use crate::forms::account::PasswordForm;
use crate::forms::outcome::PostedForm;

#[component]
pub fn AccountPassword() -> impl IntoView {
    let posted = PostedForm::<PasswordForm>::take();
    let problem = PostedForm::problem(posted.as_ref());
    let errors = RwSignal::new(problem.fields);
    // The answer to the form that has changed it is another page.
    let is_owed = owes_password().unwrap_or_default();
    let form = later(async move {
        let (me, least) = match (read_me(), read_password_min().await) {
            (Ok(me), Ok(least)) => (me, least),
            (Err(error), _) | (_, Err(error)) => return view! { <Failed error/> }.into_any(),
        };
        view! {
            <form class="narrow stack" method="post" action="/account/password" novalidate>
                <FormProblem problem=problem.whole/>
                // For password managers.
                <input type="hidden" autocomplete="username" value=me.email/>
                <TextField errors field=Field::CurrentPassword input="password" required=true autofocus=true
                    autocomplete="current-password"/>
                <TextField errors field=Field::NewPassword input="password" required=true
                    hint=password_hint(least) autocomplete="new-password"/>
                <div class="actions">
                    {(!is_owed).then(|| view! { <a class="button" href="/account">"Cancel"</a> })}
                    <button class="button primary">"Change password"</button>
                </div>
            </form>
        }
        .into_any()
    });
    view! {
        <Title text="Change password"/>
        <div class="head narrow">
            <div>
                <h1>"Change password"</h1>
                <p>"You stay signed in here, and are signed out everywhere else."</p>
            </div>
        </div>
        {is_owed.then(|| view! { <Warning words=OWED.to_owned()/> })}
        {form}
    }
}

const OWED: &str = "Without a second factor, your password is too short. Choose a longer one to go on.";
