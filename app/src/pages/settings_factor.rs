//! Who needs a second factor: the card of the settings that changes it.

use domain::field::Field;
use domain::second_factor::{FactorPolicy, FactorRules};
use leptos::prelude::*;
use service::seen::SeenState;

use crate::components::failed::{Failed, FormProblem};
use crate::components::field::TextField;
use crate::components::seen::Seen;
use crate::components::select_field::SelectField;
use crate::desk::later::later;
use crate::desk::settings::read_factor_rules;
use crate::forms::outcome::PostedForm;
use crate::forms::settings::FactorRulesForm;

#[component]
pub fn SecondFactors() -> impl IntoView {
    let posted = PostedForm::<FactorRulesForm>::take();
    later(async move {
        match read_factor_rules().await {
            Ok(rules) => view! { <Card rules posted/> }.into_any(),
            Err(error) => view! { <Failed error/> }.into_any(),
        }
    })
}

#[component]
fn Card(rules: FactorRules, posted: Option<PostedForm<FactorRulesForm>>) -> impl IntoView {
    let problem = PostedForm::problem(posted.as_ref());
    let saved = posted.as_ref().is_some_and(|posted| posted.outcome.is_ok());
    let posted = posted.filter(|_| !saved);
    let seen = PostedForm::seen(posted.as_ref(), SeenState::of(&rules.to_setting()));
    let (policy, days) = match posted {
        Some(posted) => (posted.form.policy, posted.form.grace_days),
        None => (rules.policy.as_str().to_owned(), rules.grace_days.to_string()),
    };
    let errors = RwSignal::new(problem.fields);
    let policies = FactorPolicy::ALL.iter().map(|known| (known.as_str(), known.label())).collect();
    view! {
        <form class="card" method="post" data-address="/settings" action="/settings/second-factor">
            <header><h2>"Sign-in"</h2></header>
            <div class="body">
                <FormProblem problem=problem.whole/>
                <Seen state=seen/>
                {saved.then(|| view! { <div class="toast good" role="status"><p>"Saved. This counts from now on."</p></div> })}
                <div class="pair">
                    <SelectField errors field=Field::FactorPolicy options=policies chosen=policy
                        hint="A passkey, or codes of an authenticator app. If off, those who have one are still asked for it, and nobody can set one up."/>
                    <TextField errors field=Field::GraceDays value=days inputmode="numeric"
                        hint="How long people may sign in without one after it became required, or after they were added. After that they must set it up before anything else."/>
                </div>
            </div>
            <footer><button class="button primary">"Save"</button></footer>
        </form>
    }
}
