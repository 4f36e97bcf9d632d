//! Dialogs over the page of a person. Each says what will change.

use domain::field::{Field, FieldErrors};
use domain::grant::KeyGrant;
use domain::person::PersonListed;
use domain::refusal::Refusal;
use domain::role::Role;
use domain::timestamp::Timestamp;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use service::seen::SeenState;

use crate::components::app_fields::AppFields;
use crate::components::failed::{FormProblem, failed_dialog};
use crate::components::field::TextField;
use crate::components::grant_fields::{EnterPresses, GrantFields};
use crate::components::modal::Modal;
use crate::components::roles::Roles;
use crate::components::seen::Seen;
use crate::desk::apps::read_app_choices;
use crate::desk::later::later;
use crate::desk::people::{Choice, PersonView, read_choices, read_person};
use crate::error::ConsoleError;
use crate::forms::apps::AppChoice;
use crate::forms::outcome::{PostedForm, Problem};
use crate::forms::people::{GuestForm, KeyChoice, RoleForm};
use crate::forms::person::Nothing;

/// What sets one confirmation apart from the others.
#[derive(Debug, Clone, Copy)]
struct Confirmation {
    path: &'static str,
    verb: &'static str,
    /// What of them it is done to, before their name; empty for all.
    part: &'static str,
    /// What will be true afterwards.
    effect: &'static str,
    grave: bool,
    /// Whether only owners may do it.
    by_owners: bool,
}

const DISABLE: Confirmation = Confirmation {
    path: "disable",
    verb: "Disable",
    part: "",
    effect: "They are signed out at once, and cannot sign in until you enable them. Keystead revokes the invites that they sent. The keys that they issued keep working.",
    grave: true,
    by_owners: false,
};
const ENABLE: Confirmation = Confirmation {
    path: "enable",
    verb: "Enable",
    part: "",
    effect: "They can sign in again, with the same password and role.",
    grave: false,
    by_owners: false,
};
const UNLOCK: Confirmation = Confirmation {
    path: "unlock",
    verb: "Unlock",
    part: "",
    effect: "Keystead forgets the failed sign-ins, so they can try again at once. So can whoever was guessing.",
    grave: false,
    by_owners: false,
};
const SIGN_OUT: Confirmation = Confirmation {
    path: "sign-out",
    verb: "Sign out",
    part: "",
    effect: "All their browsers are signed out at once, and what they did not save there is lost. They can sign in again: to keep them out, disable them.",
    grave: true,
    by_owners: false,
};
const RESET_FACTOR: Confirmation = Confirmation {
    path: "factor",
    verb: "Remove",
    part: " the second factor of",
    effect: "For somebody who lost the phone and the recovery codes. They are signed out at once, and sign in with the password alone until they set a second factor up again. A password that is too short for that has to be changed first. Make sure that it is really them who asks.",
    grave: true,
    by_owners: true,
};

#[component]
pub fn DisablePersonModal() -> impl IntoView {
    confirm(DISABLE)
}

#[component]
pub fn EnablePersonModal() -> impl IntoView {
    confirm(ENABLE)
}

#[component]
pub fn UnlockPersonModal() -> impl IntoView {
    confirm(UNLOCK)
}

#[component]
pub fn SignOutPersonModal() -> impl IntoView {
    confirm(SIGN_OUT)
}

#[component]
pub fn ResetFactorModal() -> impl IntoView {
    confirm(RESET_FACTOR)
}

/// The id in the address, and the address of the person's page.
pub(super) fn whom() -> (String, String) {
    let id = use_params_map().get_untracked().get("id").unwrap_or_default();
    let back = format!("/people/{id}");
    (id, back)
}

pub(super) fn failed(verb: &'static str, error: ConsoleError, back: String) -> AnyView {
    failed_dialog(format!("{verb} person"), error, back)
}

fn confirm(asked: Confirmation) -> impl IntoView {
    let (id, back) = whom();
    let problem = PostedForm::problem(PostedForm::<Nothing>::take().as_ref());
    later(async move {
        let allowed = if asked.by_owners { PersonView::for_owners } else { PersonView::managed };
        let person = match read_person(&id).await.and_then(allowed) {
            Ok(view) => view.detail.person,
            Err(error) => return failed(asked.verb, error, back),
        };
        let button = if asked.grave { "button primary danger" } else { "button primary" };
        let address = format!("{back}/{}", asked.path);
        view! {
            <Modal title=format!("{}{} {}?", asked.verb, asked.part, person.name) back=back.clone()>
                <form method="post" action=address>
                    <div class="body">
                        <FormProblem problem=problem.whole/>
                        <p>{asked.effect}</p>
                        <dl class="facts">
                            <div><dt>"E-mail"</dt><dd><bdi>{person.email}</bdi></dd></div>
                            <div><dt>"Role"</dt><dd>{person.role.label()}</dd></div>
                        </dl>
                    </div>
                    <footer>
                        <a class="button" href=back>"Cancel"</a>
                        <button class=button>{asked.verb}</button>
                    </footer>
                </form>
            </Modal>
        }
        .into_any()
    })
}

#[component]
pub fn RoleModal() -> impl IntoView {
    let (id, back) = whom();
    let posted = PostedForm::<RoleForm>::take();
    let problem = PostedForm::problem(posted.as_ref());
    later(async move {
        let (person, rights) = match read_person(&id).await.and_then(PersonView::for_owners) {
            Ok(view) => (view.detail.person, view.rights),
            Err(error) => return failed("Change role of", error, back),
        };
        let seen = PostedForm::seen(posted.as_ref(), SeenState::of(&person.role));
        let chosen = posted.map_or_else(|| person.role.as_str().to_owned(), |posted| posted.form.role);
        let errors = RwSignal::new(problem.fields);
        let address = format!("{back}/role");
        view! {
            <Modal title=format!("Change the role of {}?", person.name) back=back.clone()>
                <form method="post" action=address novalidate>
                    <div class="body">
                        <FormProblem problem=problem.whole/>
                        <Seen state=seen/>
                        <Roles errors rights chosen/>
                        <p class="soft">
                            "The new role counts from their next request on. Keystead revokes invites that they sent and may \
                             no longer send. Whoever becomes a guest sees no key until you name some."
                        </p>
                    </div>
                    <footer>
                        <a class="button" href=back>"Cancel"</a>
                        <button class="button primary">"Change role"</button>
                    </footer>
                </form>
            </Modal>
        }
        .into_any()
    })
}

#[component]
pub fn PersonKeysModal() -> impl IntoView {
    let (id, back) = whom();
    let posted = PostedForm::<GuestForm>::take();
    let mut problem = PostedForm::problem(posted.as_ref());
    later(async move {
        let is_guest = |view: PersonView| match view.detail.person.role {
            Role::Guest => Ok(view),
            _ => Err(ConsoleError::Refused(Refusal::Forbidden)),
        };
        let view = match read_person(&id).await.and_then(PersonView::managed).and_then(is_guest) {
            Ok(view) => view,
            Err(error) => return failed("Keys of", error, back),
        };
        let granted = view.detail.keys.into_iter().map(|(key, acts)| KeyGrant { key: key.id, acts });
        let mut grants: Vec<_> = granted.collect();
        grants.sort_by_key(|grant| grant.key);
        let PersonListed { name, apps, access_ends_at: end, .. } = view.detail.person;
        let seen = PostedForm::seen(posted.as_ref(), SeenState::of(&(&grants, end)));
        let as_it_is = || GuestForm {
            keys: KeyChoice { grants, ..KeyChoice::default() },
            access_ends_at: end.map(Timestamp::to_input).unwrap_or_default(),
        };
        let form = posted.map_or_else(as_it_is, |posted| posted.form);
        let choices = read_choices(&form.keys.grants, &form.keys.find, &apps).await;
        match choices {
            Ok((choices, of_search)) => {
                problem.fields.0.extend(of_search.0);
                dialog(name, form, problem, choices, seen, back).into_any()
            }
            Err(error) => failed("Keys of", error, back),
        }
    })
}

#[component]
pub fn PersonAppsModal() -> impl IntoView {
    let (id, back) = whom();
    let posted = PostedForm::<AppChoice>::take();
    let problem = PostedForm::problem(posted.as_ref());
    later(async move {
        let is_limited = |view: PersonView| match view.detail.person.role {
            Role::Owner => Err(ConsoleError::Refused(Refusal::Forbidden)),
            _ => Ok(view),
        };
        let person = match read_person(&id).await.and_then(PersonView::managed).and_then(is_limited) {
            Ok(view) => view.detail.person,
            Err(error) => return failed("Apps of", error, back),
        };
        let seen = PostedForm::seen(posted.as_ref(), SeenState::of(&person.apps));
        let choice = posted.map_or_else(|| AppChoice::of(&person.apps), |posted| posted.form);
        let choices = match read_app_choices(&choice).await {
            Ok(choices) => choices.unwrap_or_default(),
            Err(error) => return failed("Apps of", error, back),
        };
        let errors = RwSignal::new(problem.fields);
        let address = format!("{back}/apps");
        view! {
            <Modal title=format!("Apps of {}", person.name) back=back.clone()>
                <form method="post" action=address novalidate>
                    <EnterPresses/>
                    <div class="body">
                        <FormProblem problem=problem.whole/>
                        <Seen state=seen/>
                        <AppFields errors choices find=choice.find autofocus=true/>
                        <p class="soft">
                            "This counts from their next request on. Keystead revokes invites that they sent and may no longer send."
                        </p>
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

fn dialog(
    name: String,
    form: GuestForm,
    problem: Problem,
    choices: Vec<Choice>,
    seen: SeenState,
    back: String,
) -> impl IntoView {
    let errors = RwSignal::new(problem.fields);
    let address = format!("{back}/keys");
    view! {
        <Modal title=format!("Keys of {name}") back=back.clone() broad=true>
            <form method="post" action=address novalidate>
                <EnterPresses/>
                <div class="body">
                    <FormProblem problem=problem.whole/>
                    <Seen state=seen/>
                    <GrantFields errors choices find=form.keys.find autofocus=true/>
                    <EndOfAccess errors value=form.access_ends_at/>
                </div>
                <footer>
                    <a class="button" href=back>"Cancel"</a>
                    <button class="button primary">"Save"</button>
                </footer>
            </form>
        </Modal>
    }
}

/// When a guest's access ends.
#[component]
pub fn EndOfAccess(errors: RwSignal<FieldErrors>, value: String) -> impl IntoView {
    view! {
        <TextField errors field=Field::AccessEndsAt aside="optional, UTC" value input="datetime-local"
            hint="From then on the guest is signed out and cannot sign in."/>
    }
}
