//! Revoking and rotating a key by presenting it, without an account.

use domain::field::Field;
use domain::holder::OVERLAP;
use domain::key::ACKNOWLEDGE_WITHIN;
use domain::refusal::Refusal;
use domain::rotation::NoRotation;
use leptos::prelude::*;

use super::collect::Secret;
use super::holder::{key_fields, outside};
use crate::components::failed::FormProblem;
use crate::components::icon::{Drawn, Icon};
use crate::components::problem::FieldProblem;
use crate::components::time::{Time, span};
use crate::error::ConsoleError;
use crate::forms::fields::TICKED;
use crate::forms::hand_over::CollectedSecret;
use crate::forms::holder::{Ended, HolderForm, HolderRevokeForm};
use crate::forms::outcome::{PostedForm, Problem};

#[component]
pub fn HolderRevoke() -> impl IntoView {
    let posted = PostedForm::<HolderRevokeForm, Ended>::take();
    let page = match posted {
        Some(PostedForm { outcome: Ok(ended), .. }) => view! { <Revoked ended/> }.into_any(),
        posted => view! { <AskToRevoke problem=PostedForm::problem(posted.as_ref())/> }.into_any(),
    };
    outside("Revoke your key", page)
}

#[component]
fn AskToRevoke(problem: Problem) -> impl IntoView {
    let errors = RwSignal::new(problem.fields);
    let wrong = errors.get_untracked().of(Field::Acknowledged).next().is_some();
    let id = Field::Acknowledged.as_str();
    view! {
        <form class="card" method="post" action="/holder/revoke" novalidate>
            <header><h1>"Revoke a key"</h1></header>
            <div class="body">
                <FormProblem problem=problem.whole/>
                <p>
                    "Did somebody else get to see your key, or have you found one? Enter it here. From then on every call with \
                     it is refused, everywhere and for good. Whoever issued it sees that it was revoked with the key itself, \
                     and from which address."
                </p>
                {key_fields(errors)}
                <div class="field">
                    <label class="check">
                        <input type="checkbox" name=id id=id value=TICKED required autocomplete="off"
                            aria-invalid=wrong.then_some("true") aria-describedby=wrong.then(|| format!("{id}-error"))/>
                        <span>"Refuse every call with this key. Nobody can undo this."</span>
                    </label>
                    <FieldProblem field=Field::Acknowledged errors/>
                </div>
                <button class="button primary danger">"Revoke this key"</button>
            </div>
        </form>
        <p><a href="/holder">"Look at it first"</a></p>
    }
}

#[component]
fn Revoked(ended: Ended) -> impl IntoView {
    let name = ended.key.row.name.clone();
    let title =
        if ended.already { format!("“{name}” was revoked already") } else { format!("“{name}” is revoked") };
    view! {
        <div class="card">
            <div class="empty" role="status">
                <h1>{title}</h1>
                <p>"Since " <Time at=ended.at/> ", every call with it is refused."</p>
                <p>"If you still need one, ask whoever gave it to you for a new key."</p>
            </div>
        </div>
    }
}

#[component]
pub fn HolderRotate() -> impl IntoView {
    let posted = PostedForm::<HolderForm, CollectedSecret>::take();
    let page = match posted {
        Some(PostedForm { outcome: Ok(collected), .. }) => view! { <Secret collected/> }.into_any(),
        posted => view! { <AskToRotate problem=PostedForm::problem(posted.as_ref())/> }.into_any(),
    };
    outside("Rotate your key", page)
}

/// Why the key cannot be rotated now, where what people in the console do about it is nothing that its holder can do.
fn not_now(problem: Option<&ConsoleError>) -> Option<String> {
    match problem {
        Some(ConsoleError::Refused(Refusal::NoRotation(NoRotation::Waiting))) => Some(format!(
            "A new secret of this key was made and nobody has confirmed it yet. If you made it, confirm it on its page. \
             Otherwise it is dropped within {}: try again then.",
            span(ACKNOWLEDGE_WITHIN)
        )),
        Some(ConsoleError::Refused(Refusal::NoRotation(NoRotation::Running))) => Some(
            "The last rotation is not over, and both secrets work. Rotate the key again when the old one has ended: \
             look at the key to see when. If you cannot wait, ask whoever gave it to you."
                .to_owned(),
        ),
        _ => None,
    }
}

#[component]
fn AskToRotate(problem: Problem) -> impl IntoView {
    let not_now = not_now(problem.whole.as_ref());
    let whole = problem.whole.filter(|_| not_now.is_none());
    let errors = RwSignal::new(problem.fields);
    view! {
        <form class="card" method="post" action="/holder/rotate" novalidate>
            <header><h1>"Rotate your key"</h1></header>
            <div class="body">
                <FormProblem problem=whole/>
                {not_now.map(|words| view! {
                    <div class="note bad" role="alert" tabindex="-1">
                        <Drawn icon=Icon::Alert/>
                        <div><b>{words}</b></div>
                    </div>
                })}
                <p>
                    "The key gets a new secret and keeps everything else. You see the secret once, and have "
                    {span(ACKNOWLEDGE_WITHIN)} " to confirm that you have stored it. Until then nothing changes. From then on, \
                     the old secret works for another " {OVERLAP.words()} "."
                </p>
                {key_fields(errors)}
                <button class="button primary">"Show me the new secret"</button>
            </div>
        </form>
        <p><a href="/holder">"Look at it first"</a></p>
    }
}
