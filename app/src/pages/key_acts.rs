//! Dialogs for disable, enable, revoke, restore and delete. Each says what will change.

use domain::field::{Field, FieldErrors};
use domain::key::{KeyRow, RESTORE_WITHIN, RevokeReason};
use domain::refusal::Refusal;
use domain::role::Act;
use domain::timestamp::Timestamp;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use crate::addresses::{back_of, dialog_address};
use crate::components::failed::{Failed, FormProblem};
use crate::components::field::TextField;
use crate::components::modal::Modal;
use crate::components::problem::FieldProblem;
use crate::components::time::{LastUsed, span};
use crate::desk::keys::{KeyView, read_key};
use crate::desk::later::later;
use crate::forms::key::{ActForm, BACK};
use crate::forms::outcome::PostedForm;

/// What sets one confirmation apart from the others.
#[derive(Debug, Clone, Copy)]
struct Confirmation {
    path: &'static str,
    verb: &'static str,
    /// What will be true afterwards.
    effect: &'static str,
    grave: bool,
    /// The act that the visitor must be allowed with the key.
    needs: Act,
}

const DISABLE: Confirmation = Confirmation {
    path: "disable",
    verb: "Disable",
    effect: "From the next call on, every call with this key is refused until you enable it again.",
    grave: false,
    needs: Act::StopKeys,
};
const ENABLE: Confirmation = Confirmation {
    path: "enable",
    verb: "Enable",
    effect: "Calls with this key are accepted again, within its restrictions and dates.",
    grave: false,
    needs: Act::ChangeKeys,
};
const REVOKE: Confirmation = Confirmation {
    path: "revoke",
    verb: "Revoke",
    effect: "From the next call on, every call with this key is refused.",
    grave: true,
    needs: Act::RevokeKeys,
};
const RESTORE: Confirmation = Confirmation {
    path: "restore",
    verb: "Restore",
    effect: "The key returns to its status before it was revoked, with the same secret. Do this only if you are sure that nobody else has the secret.",
    grave: false,
    needs: Act::RestoreKey,
};
const DELETE: Confirmation = Confirmation {
    path: "delete",
    verb: "Delete",
    effect: "The key is gone for good. You cannot undo this. Its history stays in the audit.",
    grave: true,
    needs: Act::StopKeys,
};

#[component]
pub fn DisableModal() -> impl IntoView {
    confirm(DISABLE)
}

#[component]
pub fn EnableModal() -> impl IntoView {
    confirm(ENABLE)
}

#[component]
pub fn RevokeModal() -> impl IntoView {
    confirm(REVOKE)
}

#[component]
pub fn RestoreModal() -> impl IntoView {
    confirm(RESTORE)
}

#[component]
pub fn DeleteModal() -> impl IntoView {
    confirm(DELETE)
}

fn confirm(asked: Confirmation) -> impl IntoView {
    let id = use_params_map().get_untracked().get("id").unwrap_or_default();
    let posted = PostedForm::<ActForm>::take();
    let back = back_of(posted.as_ref().map(|posted| posted.form.back.as_str()));
    later(async move {
        match read_key(&id).await.and_then(|view| view.allowing(asked.needs)) {
            Ok(view) => match not_possible(asked, &view) {
                Some(why) => refusal(asked, &view.key.row, why, posted.as_ref(), back).into_any(),
                None => dialog(asked, view.key.row, view.now, posted, back).into_any(),
            },
            Err(error) => view! {
                <Modal title=format!("{} key", asked.verb) back=back.clone()>
                    <div class="body"><Failed error/></div>
                    <footer><a class="button primary" href=back>"Close"</a></footer>
                </Modal>
            }
            .into_any(),
        }
    })
}

/// Why the act is not possible, if that is certain. The list offers Restore without knowing.
fn not_possible(asked: Confirmation, view: &KeyView) -> Option<String> {
    if asked.path != RESTORE.path {
        return None;
    }
    let Some(revoked) = &view.key.revoked else { return Some("This key is not revoked.".to_owned()) };
    match revoked.restorable_until {
        Some(until) if view.now < until => None,
        Some(_) => Some(format!("This key cannot be restored: it was revoked more than {} ago.", span(RESTORE_WITHIN))),
        None => Some(Refusal::StaysRevoked(revoked.reason).message()),
    }
}

fn refusal(
    asked: Confirmation,
    row: &KeyRow,
    why: String,
    posted: Option<&PostedForm<ActForm>>,
    back: String,
) -> impl IntoView + use<> {
    let problem = PostedForm::problem(posted);
    view! {
        <Modal title=format!("{} “{}”", asked.verb, row.name) back=back.clone()>
            <div class="body">
                <FormProblem problem=problem.whole/>
                <p>{why}</p>
            </div>
            <footer><a class="button" href=back>"Close"</a></footer>
        </Modal>
    }
}

fn dialog(
    asked: Confirmation,
    row: KeyRow,
    now: Timestamp,
    posted: Option<PostedForm<ActForm>>,
    back: String,
) -> impl IntoView {
    let problem = PostedForm::problem(posted.as_ref());
    let typed = posted.map(|posted| posted.form).unwrap_or_default();
    let errors = RwSignal::new(problem.fields);
    let address = dialog_address(row.id.as_str(), asked.path, &back);
    let effect = if asked.path == REVOKE.path {
        format!("{} An owner can restore the key within {}, unless it leaked.", asked.effect, span(RESTORE_WITHIN))
    } else {
        asked.effect.to_owned()
    };
    let button = if asked.grave { "button primary danger" } else { "button primary" };
    view! {
        <Modal title=format!("{} “{}”?", asked.verb, row.name) back=back.clone()>
            <form method="post" action=address novalidate>
                <div class="body">
                    <FormProblem problem=problem.whole/>
                    <p>{effect}</p>
                    <dl class="facts">
                        <div><dt>"Key"</dt><dd class="mono">{row.masked()}</dd></div>
                        <div><dt>"Last used"</dt><dd><LastUsed at=row.last_used_at now/></dd></div>
                    </dl>
                    {(asked.path == REVOKE.path).then(|| reasons(errors, &typed.reason, typed.note.clone()))}
                    {(asked.path == DELETE.path).then(|| view! {
                        <TextField errors field=Field::ConfirmName value=typed.confirm_name.clone()
                            label=format!("To delete the key, type its name: “{}”", row.name)
                            required=true autofocus=true/>
                    })}
                    <input type="hidden" name=BACK value=back.clone()/>
                </div>
                <footer>
                    <a class="button" href=back>"Cancel"</a>
                    <button class=button>{asked.verb}</button>
                </footer>
            </form>
        </Modal>
    }
}

/// The reasons of a revoke, and a note.
pub fn reasons(errors: RwSignal<FieldErrors>, chosen: &str, note: String) -> impl IntoView + use<> {
    let id = Field::Reason.as_str();
    let wrong = errors.with_untracked(|errors| errors.of(Field::Reason).next().is_some());
    let options: Vec<_> = RevokeReason::ALL
        .iter()
        .map(|reason| {
            let ticked = chosen == reason.as_str();
            view! {
                <label class="check">
                    <input type="radio" name=id value=reason.as_str() checked=ticked
                        aria-invalid=wrong.then_some("true") aria-describedby=wrong.then(|| format!("{id}-error"))/>
                    <span>{reason.label()}</span>
                </label>
            }
        })
        .collect();
    view! {
        <fieldset class="field" id=id>
            <legend>"Why?"</legend>
            <div class="checks">{options}</div>
            <FieldProblem field=Field::Reason errors/>
        </fieldset>
        <TextField errors field=Field::Note aside="optional, shown in the audit" value=note/>
    }
}
