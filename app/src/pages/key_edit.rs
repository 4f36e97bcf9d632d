//! The edit dialog: the fields that can be changed for the key's kind.

use domain::draft::KeyDraft;
use domain::role::Act;
use domain::text::joined;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use crate::addresses::{back_of, dialog_address};
use crate::components::failed::{Failed, FormProblem};
use crate::components::key_fields::KeyHints;
use crate::components::modal::Modal;
use crate::components::problem::{UnshownProblems, part};
use crate::desk::keys::{KeyView, read_hints, read_key, tell};
use crate::desk::later::later;
use crate::forms::key::{BACK, EditForm, REVISION};
use crate::forms::outcome::PostedForm;
use crate::islands::key_form::{KeyForm, Purpose};

#[component]
pub fn EditModal() -> impl IntoView {
    let id = use_params_map().get_untracked().get("id").unwrap_or_default();
    let posted = PostedForm::<EditForm>::take();
    let back = back_of(posted.as_ref().map(|posted| posted.form.back.as_str()));
    later(async move {
        match read_key(&id).await.and_then(|view| view.allowing(Act::ChangeKeys)) {
            Ok(view) => {
                let hints = read_hints(&view.key.app_id).await.unwrap_or_default();
                view! { <Edit view posted back hints/> }.into_any()
            }
            Err(error) => view! {
                <Modal title="Edit key" back=back.clone()>
                    <div class="body"><Failed error/></div>
                    <footer><a class="button primary" href=back>"Close"</a></footer>
                </Modal>
            }
            .into_any(),
        }
    })
}

#[component]
fn Edit(view: KeyView, posted: Option<PostedForm<EditForm>>, back: String, hints: KeyHints) -> impl IntoView {
    let key = view.key;
    let (kind, address) = (key.row.kind, dialog_address(key.row.id.as_str(), "edit", &back));
    let problem = PostedForm::problem(posted.as_ref());
    let (title, cancel) = (format!("Edit “{}”", key.row.name), back.clone());
    // Keep the old revision, so that sending a stale form twice does not overwrite a newer state.
    let (draft, revision) = match posted {
        Some(posted) => (posted.form.draft, posted.form.revision),
        None => (KeyDraft::from_detail(&key), key.revision.to_string()),
    };
    let told = tell(kind, &draft).unwrap_or_default();
    let rules = kind.rules();
    let (fields, unshown) = part(problem.fields, rules.editable);
    let mut fixed = vec!["Kind"];
    fixed.extend(rules.asked.iter().filter(|field| !rules.allows_edit(**field)).map(|field| field.label()));
    view! {
        <Modal title back>
            <form method="post" action=address novalidate>
                <div class="body">
                    <FormProblem problem=problem.whole/>
                    <UnshownProblems errors=unshown/>
                    <input type="hidden" name=REVISION value=revision/>
                    <input type="hidden" name=BACK value=cancel.clone()/>
                    <KeyForm kind purpose=Purpose::Edit draft errors=fields hints told/>
                    <p class="soft">
                        "Cannot be changed: " {joined(fixed)} ". Generate a new key instead."
                    </p>
                </div>
                <footer>
                    <a class="button" href=cancel>"Cancel"</a>
                    <button class="button primary">"Save"</button>
                </footer>
            </form>
        </Modal>
    }
}
