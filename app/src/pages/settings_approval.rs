//! Which keys a second person must approve: the card of the settings that changes it.

use domain::approval::{ApprovalRules, Pattern};
use domain::field::Field;
use domain::kind::KeyKind;
use leptos::prelude::*;
use service::seen::SeenState;

use crate::components::failed::{Failed, FormProblem};
use crate::components::field::TextField;
use crate::components::problem::FieldProblem;
use crate::components::seen::Seen;
use crate::desk::later::later;
use crate::desk::settings::read_approval_rules;
use crate::forms::fields::{TICKED, lines};
use crate::forms::outcome::PostedForm;
use crate::forms::settings::ApprovalForm;

#[component]
pub fn Approval() -> impl IntoView {
    let posted = PostedForm::<ApprovalForm>::take();
    later(async move {
        match read_approval_rules().await {
            Ok(rules) => view! { <Card rules posted/> }.into_any(),
            Err(error) => view! { <Failed error/> }.into_any(),
        }
    })
}

#[component]
fn Card(rules: ApprovalRules, posted: Option<PostedForm<ApprovalForm>>) -> impl IntoView {
    let problem = PostedForm::problem(posted.as_ref());
    let saved = posted.as_ref().is_some_and(|posted| posted.outcome.is_ok());
    let posted = posted.filter(|_| !saved);
    let seen = PostedForm::seen(posted.as_ref(), SeenState::of(&rules.to_setting()));
    let form = posted.map_or_else(|| typed(&rules), |posted| posted.form);
    let errors = RwSignal::new(problem.fields);
    let (kinds, endless) = (Field::ApprovalKinds, Field::ApprovalNoExpiry);
    let boxes: Vec<_> = KeyKind::ALL
        .iter()
        .filter(|kind| kind.rules().issuable_now)
        .map(|kind| {
            let ticked = form.kinds.iter().any(|word| word == kind.as_str());
            view! {
                <label class="check">
                    <input type="checkbox" name=kinds.as_str() value=kind.as_str() checked=ticked/>
                    <span>{kind.label()}</span>
                </label>
            }
        })
        .collect();
    view! {
        <form class="card" method="post" data-address="/settings" action="/settings/approval" novalidate>
            <header><h2>"Approval"</h2></header>
            <div class="body">
                <FormProblem problem=problem.whole/>
                <Seen state=seen/>
                {saved.then(|| view! { <div class="toast good" role="status"><p>"Saved. This counts for keys from now on."</p></div> })}
                <p class="soft">
                    "A second person, an owner or admin, must approve these keys before they are made. Nobody approves their own, so there must be two. The command line is not asked."
                </p>
                <fieldset class="field" id=kinds.as_str() tabindex="-1">
                    <legend>{kinds.label()}</legend>
                    <div class="checks">{boxes}</div>
                    <FieldProblem field=kinds errors/>
                </fieldset>
                <TextField errors field=Field::ApprovalPermissions aside="one per line" lines=2 value=lines(&form.permissions)
                    hint="For example invoices.write, or invoices.* for all of its kind. Those that administer Keystead itself are keystead.*, and any at all is *."/>
                <label class="check">
                    <input type="checkbox" id=endless.as_str() name=endless.as_str() value=TICKED checked=form.without_expiry/>
                    <span>{endless.label()} " " <small class="soft">"if they could expire"</small></span>
                </label>
            </div>
            <footer><button class="button primary">"Save"</button></footer>
        </form>
    }
}

/// The rules as they would be typed.
fn typed(rules: &ApprovalRules) -> ApprovalForm {
    ApprovalForm {
        kinds: rules.kinds.iter().map(|kind| kind.as_str().to_owned()).collect(),
        permissions: rules.permissions.iter().map(Pattern::as_str).map(str::to_owned).collect(),
        without_expiry: rules.without_expiry,
    }
}
