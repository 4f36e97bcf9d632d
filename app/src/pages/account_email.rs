//! Changes the e-mail that one signs in with.

use domain::field::Field;
use leptos::prelude::*;

use crate::components::failed::{Failed, FormProblem};
use crate::components::field::TextField;
use crate::components::title::Title;
use crate::desk::person::read_me;
use crate::forms::account::EmailForm;
use crate::forms::outcome::PostedForm;

#[component]
pub fn AccountEmail() -> impl IntoView {
    let posted = PostedForm::<EmailForm>::take();
    let problem = PostedForm::problem(posted.as_ref());
    let errors = RwSignal::new(problem.fields);
    let form = match read_me() {
        Ok(me) => {
            let email = posted.map_or(me.email, |posted| posted.form.email);
            view! {
                <form class="narrow stack" method="post" action="/account/email" novalidate>
                    <FormProblem problem=problem.whole/>
                    <TextField errors field=Field::Email value=email input="email" required=true autofocus=true
                        autocomplete="username"/>
                    <TextField errors field=Field::CurrentPassword input="password" required=true
                        autocomplete="current-password"/>
                    <div class="actions">
                        <a class="button" href="/account">"Cancel"</a>
                        <button class="button primary">"Change e-mail"</button>
                    </div>
                </form>
            }
            .into_any()
        }
        Err(error) => view! { <Failed error/> }.into_any(),
    };
    view! {
        <Title text="Change e-mail"/>
        <div class="head narrow">
            <div>
                <h1>"Change e-mail"</h1>
                <p>"You sign in with it. What you did so far stays in the audit under the old one."</p>
            </div>
        </div>
        {form}
    }
}
