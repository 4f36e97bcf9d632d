//! Adding an integration: its kind, its name and its first webhook.

use domain::field::Field;
use domain::integration::IntegrationKind;
use leptos::prelude::*;

use super::webhooks::{SecretOnce, WebhookFields};
use crate::components::app_switch::{AppField, InApp};
use crate::components::failed::{Failed, FormProblem};
use crate::components::field::TextField;
use crate::components::form_id::FormId;
use crate::components::problem::FieldProblems;
use crate::components::select_field::SelectField;
use crate::components::title::Title;
use crate::desk::integrations::may_create;
use crate::desk::later::later;
use crate::forms::integrations::{IntegrationForm, WebhookSecret};
use crate::forms::outcome::PostedForm;

#[component]
pub fn NewIntegrationPage() -> impl IntoView {
    let posted = PostedForm::<IntegrationForm, WebhookSecret>::take();
    later(async move {
        if let Some(PostedForm { outcome: Ok(made), .. }) = posted {
            return view! { <SecretOnce title="Add an integration" made/> }.into_any();
        }
        if let Err(error) = may_create() {
            return view! {
                <Title text="Add an integration"/>
                <div class="head narrow"><div><h1>"Add an integration"</h1></div></div>
                <Failed error/>
            }
            .into_any();
        }
        let problem = PostedForm::problem(posted.as_ref());
        let form = posted.filter(|_| !problem.is_sent_again()).map(|posted| posted.form).unwrap_or_default();
        let errors = RwSignal::new(problem.fields);
        let within = InApp::read(&form.app).await;
        let chosen = if form.kind.is_empty() { IntegrationKind::Custom.as_str().to_owned() } else { form.kind };
        let kinds = IntegrationKind::chat().map(|kind| (kind.as_str(), kind.label())).collect();
        view! {
            <Title text="Add an integration"/>
            <div class="head narrow">
                <div>
                    <h1>"Add an integration"</h1>
                    <p>
                        "One of your own systems is a custom integration: it has keys, and a webhook that is told what happens. \
                        The other kinds keep what your programs say about a channel; Keystead does not connect to it."
                    </p>
                </div>
            </div>
            <form class="narrow stack" method="post" data-address="/integrations/new" action="/integrations/new" novalidate>
                <FormProblem problem=problem.whole/>
                <FieldProblems errors/>
                <FormId/>
                {within.shown.then(|| view! {
                    <AppField errors within hint="The integration learns only of this app. You cannot change it later."/>
                })}
                <SelectField errors field=Field::Kind options=kinds chosen hint="You cannot change it later."/>
                <TextField errors field=Field::Name aside="optional" value=form.name autofocus=true
                    hint="What people call it, for example: Ticket system."/>
                <h2>"Webhook"</h2>
                <WebhookFields errors form=form.webhook kind=IntegrationKind::Custom aside="of custom integrations; otherwise optional"
                    hint="Keystead sends what happens there, by POST. A custom integration has exactly one."/>
                <div class="actions">
                    <a class="button" href="/integrations">"Cancel"</a>
                    <button class="button primary">"Add"</button>
                </div>
            </form>
        }
        .into_any()
    })
}
