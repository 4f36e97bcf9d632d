//! Letting somebody else collect the new secret of a key: the form, and the page that shows the link, once.

use domain::field::Field;
use domain::rotation::{NoRotation, OverlapChoice};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::hand_over::{Link, recipient_fields};
use super::key_rotate::{not_possible, overlap_fields};
use crate::components::failed::{Failed, FormProblem};
use crate::components::problem::FieldProblems;
use crate::components::title::Title;
use crate::desk::hand_overs::read_rotation_hand_over;
use crate::desk::keys::{KeyView, new_form};
use crate::desk::later::later;
use crate::desk::rotation::read_rotating;
use crate::error::ConsoleError;
use crate::forms::hand_over::{NewHandOver, RecipientFields};
use crate::forms::outcome::PostedForm;
use crate::forms::rotation::RotationHandOverForm;

#[component]
pub fn RotationHandOver() -> impl IntoView {
    let id = use_params_map().get_untracked().get("id").unwrap_or_default();
    let page = match PostedForm::<RotationHandOverForm, NewHandOver>::take() {
        Some(PostedForm { outcome: Ok(made), .. }) => return view! { <Link made/> }.into_any(),
        posted => later(async move {
            match read(&id).await {
                Ok((view, None, form_id)) => form(view, form_id, posted).into_any(),
                Ok((view, Some(why), _)) => refusal(&view, why).into_any(),
                Err(error) => view! { <Failed error/> }.into_any(),
            }
        }),
    };
    view! { <Title text="Hand the new secret over"/> {page} }.into_any()
}

/// The key, why it cannot be rotated now, and the id of a form.
async fn read(id: &str) -> Result<(KeyView, Option<NoRotation>, String), ConsoleError> {
    let (view, rotation) = read_rotating(id).await?;
    let waits = read_rotation_hand_over(&view.key.row.id).await?.map(|_| NoRotation::HandedOver);
    let why = not_possible(&view, &rotation).or(waits);
    Ok((view, why, new_form()?))
}

fn refusal(view: &KeyView, why: NoRotation) -> impl IntoView + use<> {
    let row = &view.key.row;
    view! {
        <div class="head narrow">
            <div>
                <h1>{format!("Nobody can collect a new secret of “{}” now", row.name)}</h1>
                <p>{why.message()}</p>
            </div>
        </div>
        <div class="actions narrow"><a class="button primary" href=format!("/keys/{}", row.id)>"View the key"</a></div>
    }
}

fn form(
    view: KeyView,
    form_id: String,
    posted: Option<PostedForm<RotationHandOverForm, NewHandOver>>,
) -> impl IntoView {
    let row = view.key.row;
    let problem = PostedForm::problem(posted.as_ref());
    let typed = posted.map(|posted| posted.form);
    let typed = typed.unwrap_or_else(|| RotationHandOverForm { to: RecipientFields::usual(), ..Default::default() });
    let errors = RwSignal::new(problem.fields);
    let signed_out = problem.whole == Some(ConsoleError::SignedOut);
    view! {
        <div class="head narrow">
            <div>
                <h1>{format!("Let somebody else collect the new secret of “{}”", row.name)}</h1>
                <p>
                    "They get a link that works once. The secret is made when they open it and ask for it, and only they see \
                     it. Until they confirm it, nothing changes."
                </p>
            </div>
        </div>
        <form class="narrow stack" method="post" action=format!("/keys/{}/rotate/handover", row.id) novalidate>
            <FormProblem problem=problem.whole/>
            <FieldProblems errors/>
            {recipient_fields(errors, typed.to.draft, !signed_out)}
            {overlap_fields(errors, &typed.overlap, OverlapChoice::ALL, "Once they confirm it, the old secret works for")}
            <input type="hidden" name=Field::FormId.as_str() value=form_id/>
            <div class="actions">
                <a class="button" href=format!("/keys/{}", row.id)>"Cancel"</a>
                <button class="button primary">"Make the link"</button>
            </div>
        </form>
    }
}
