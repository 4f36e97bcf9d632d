//! Who needs a second factor: the card of the settings that changes it.

use domain::field::Field;
use domain::second_factor::{FactorPolicy, FactorRules};
use leptos::prelude::*;

use crate::components::failed::{Failed, FormProblem};
use crate::components::field::TextField;
use crate::components::problem::FieldProblem;
use crate::desk::settings::read_factor_rules;
use crate::forms::outcome::PostedForm;
use crate::forms::settings::FactorRulesForm;

#[component]
pub fn SecondFactors() -> impl IntoView {
    let posted = PostedForm::<FactorRulesForm>::take();
    Suspend::new(async move {
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
    let (policy, days) = match posted.filter(|_| !saved) {
        Some(posted) => (posted.form.policy, posted.form.grace_days),
        None => (rules.policy.as_str().to_owned(), rules.grace_days.to_string()),
    };
    let errors = RwSignal::new(problem.fields);
    let id = Field::FactorPolicy.as_str();
    let wrong = errors.with_untracked(|errors| errors.of(Field::FactorPolicy).next().is_some());
    let described = if wrong { format!("{id}-hint {id}-error") } else { format!("{id}-hint") };
    let options: Vec<_> = FactorPolicy::ALL
        .iter()
        .map(|known| view! { <option value=known.as_str() selected=policy == known.as_str()>{known.label()}</option> })
        .collect();
    view! {
        <form class="card" method="post" data-address="/settings" action="/settings/second-factor">
            <header><h2>"Sign-in"</h2></header>
            <div class="body">
                <FormProblem problem=problem.whole/>
                {saved.then(|| view! { <div class="toast good" role="status"><p>"Saved. This counts from now on."</p></div> })}
                <div class="pair">
                    <div class="field">
                        <label for=id>{Field::FactorPolicy.label()}</label>
                        <select id=id name=id aria-describedby=described aria-invalid=wrong.then_some("true")>{options}</select>
                        <span class="hint" id=format!("{id}-hint")>
                            "Codes of an authenticator app. If off, those who have one are still asked for it, and nobody can set one up."
                        </span>
                        <FieldProblem field=Field::FactorPolicy errors/>
                    </div>
                    <TextField errors field=Field::GraceDays value=days inputmode="numeric"
                        hint="How long people may sign in without one after it became required, or after they were added. After that they must set it up before anything else."/>
                </div>
            </div>
            <footer><button class="button primary">"Save"</button></footer>
        </form>
    }
}
