//! Dialogs over the page of an integration: edit and delete.

use domain::field::Field;
use domain::integration::{Integration, IntegrationStatus};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use service::seen::SeenState;

use crate::components::failed::{FormProblem, failed_dialog};
use crate::components::field::TextField;
use crate::components::modal::Modal;
use crate::components::seen::Seen;
use crate::desk::integrations::{IntegrationView, read_one};
use crate::desk::later::later;
use crate::error::ConsoleError;
use crate::forms::fields::TICKED;
use crate::forms::integrations::{ACTIVE, DeleteIntegrationForm, IntegrationChangeForm};
use crate::forms::outcome::PostedForm;

/// The id in the address, and the address of the integration's page.
fn which() -> (String, String) {
    let id = use_params_map().get_untracked().get("id").unwrap_or_default();
    let back = format!("/integrations/{id}");
    (id, back)
}

async fn managed(id: &str) -> Result<Integration, ConsoleError> {
    Ok(read_one(id).await.and_then(IntegrationView::managed)?.integration)
}

/// The form of an integration as it is.
fn filled(integration: &Integration) -> IntegrationChangeForm {
    IntegrationChangeForm {
        name: integration.name.clone().unwrap_or_default(),
        active: integration.status == IntegrationStatus::Active,
    }
}

#[component]
pub fn EditIntegrationModal() -> impl IntoView {
    let (id, back) = which();
    let posted = PostedForm::<IntegrationChangeForm>::take();
    let problem = PostedForm::problem(posted.as_ref());
    later(async move {
        let integration = match managed(&id).await {
            Ok(integration) => integration,
            Err(error) => return failed_dialog("Edit the integration", error, back),
        };
        let seen = PostedForm::seen(posted.as_ref(), SeenState::of(&(&integration.name, integration.status)));
        let form = posted.map_or_else(|| filled(&integration), |posted| posted.form);
        let errors = RwSignal::new(problem.fields);
        let action = format!("{back}/edit");
        view! {
            <Modal title=format!("Edit “{}”", integration.shown_name()) back=back.clone()>
                <form method="post" action=action novalidate>
                    <div class="body">
                        <FormProblem problem=problem.whole/>
                        <Seen state=seen/>
                        <TextField errors field=Field::Name aside="optional" value=form.name autofocus=true
                            hint="Blank to call it by its kind."/>
                        <label class="check">
                            <input type="checkbox" name=ACTIVE value=TICKED checked=form.active/>
                            <span>"Active: its webhooks are told what happens"</span>
                        </label>
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
pub fn DeleteIntegrationModal() -> impl IntoView {
    let (id, back) = which();
    let posted = PostedForm::<DeleteIntegrationForm>::take();
    let problem = PostedForm::problem(posted.as_ref());
    later(async move {
        let integration = match managed(&id).await {
            Ok(integration) => integration,
            Err(error) => return failed_dialog("Delete the integration", error, back),
        };
        let typed = posted.map(|posted| posted.form.confirm_name).unwrap_or_default();
        let errors = RwSignal::new(problem.fields);
        let (name, action) = (integration.shown_name().to_owned(), format!("{back}/delete"));
        let effect = if integration.kind.has_keys() {
            "Every call with one of its keys is refused from now on, and nothing is sent to its webhook any longer. You \
             cannot undo this."
        } else {
            "Nothing is sent to its webhooks any longer. You cannot undo this."
        };
        view! {
            <Modal title=format!("Delete “{name}”?") back=back.clone()>
                <form method="post" action=action novalidate>
                    <div class="body">
                        <FormProblem problem=problem.whole/>
                        <p>{effect}</p>
                        <TextField errors field=Field::ConfirmName value=typed
                            label=format!("To delete the integration, type its name: “{name}”") required=true autofocus=true/>
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
