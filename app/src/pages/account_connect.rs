//! Connects a provider with one's own account, to sign in by it from then on.

use domain::field::Field;
use domain::refusal::Refusal;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use crate::components::failed::{Failed, FormProblem, set_status};
use crate::components::field::TextField;
use crate::components::problem::FieldProblem;
use crate::components::title::Title;
use crate::desk::account::{Connection, read_connection};
use crate::desk::later::later;
use crate::error::ConsoleError;
use crate::forms::account::ConnectForm;
use crate::forms::outcome::{PostedForm, Problem};

#[component]
pub fn AccountConnect() -> impl IntoView {
    let id = use_params_map().get_untracked().get("provider").unwrap_or_default();
    let problem = PostedForm::problem(PostedForm::<ConnectForm>::take().as_ref());
    let page = later(async move {
        match read_connection(&id).await {
            Ok(connection) => view! { <Connect connection problem/> }.into_any(),
            Err(error @ ConsoleError::Refused(Refusal::NotConnected)) => {
                set_status(&error);
                view! {
                    <div class="card">
                        <div class="empty">
                            <h1>"There is no such provider"</h1>
                            <p>"Nobody can sign in here by a provider of this name."</p>
                            <a class="button primary" href="/account">"Your account"</a>
                        </div>
                    </div>
                }
                .into_any()
            }
            Err(error) => view! { <Failed error/> }.into_any(),
        }
    });
    view! { <Title text="Connect a provider"/> {page} }
}

#[component]
fn Connect(connection: Connection, problem: Problem) -> impl IntoView {
    let Connection { provider, has_password, email } = connection;
    let errors = RwSignal::new(problem.fields);
    let name = provider.name.clone();
    let proof = if has_password {
        view! {
            <input type="hidden" autocomplete="username" value=email/>
            <TextField errors field=Field::CurrentPassword input="password" required=true autofocus=true
                autocomplete="current-password"/>
        }
        .into_any()
    } else {
        view! { <div role="alert"><FieldProblem field=Field::CurrentPassword errors/></div> }.into_any()
    };
    view! {
        <div class="head narrow">
            <div>
                <h1>"Connect " <bdi>{name.clone()}</bdi></h1>
                <p>
                    "You sign in there once, and come back. From then on you can sign in here with " <bdi>{name}</bdi> ", too."
                </p>
            </div>
        </div>
        <form class="narrow stack" method="post" action=format!("/account/connect/{}", provider.id) novalidate>
            <FormProblem problem=problem.whole/>
            {proof}
            <div class="actions">
                <a class="button" href="/account">"Cancel"</a>
                <button class="button primary">"Continue to " <bdi>{provider.name}</bdi></button>
            </div>
        </form>
    }
}
