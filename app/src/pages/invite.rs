//! Inviting somebody: the form, and the page that shows the link, once.

use domain::app::App;
use domain::field::{Field, FieldErrors};
use domain::invite::INVITE_FOR;
use domain::refusal::Refusal;
use domain::role::{Act, Rights, Role};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use super::person_acts::EndOfAccess;
use crate::components::app_fields::AppFields;
use crate::components::failed::{Failed, FormProblem};
use crate::components::field::TextField;
use crate::components::form_id::FormId;
use crate::components::grant_fields::{EnterPresses, GrantFields};
use crate::components::link_once::{LinkOnce, Mailed};
use crate::components::modal::Modal;
use crate::components::problem::FieldProblems;
use crate::components::roles::Roles;
use crate::components::time::{Time, days};
use crate::components::title::Title;
use crate::components::warning::Warning;
use crate::desk::apps::{own_apps, read_app_choices};
use crate::desk::invites::{link, read_invite, rights};
use crate::desk::later::later;
use crate::desk::people::{Choice, read_choices};
use crate::error::ConsoleError;
use crate::forms::invite::{InviteForm, NewLink};
use crate::forms::outcome::PostedForm;
use crate::forms::person::Nothing;

/// The form, or the link that it made.
#[component]
pub fn InvitePage() -> impl IntoView {
    let posted = PostedForm::<InviteForm, Option<NewLink>>::take();
    if let Some(PostedForm { outcome: Ok(Some(made)), .. }) = posted {
        return view! { <Link made/> }.into_any();
    }
    let problem = PostedForm::problem(posted.as_ref());
    let form = posted.filter(|_| !problem.is_sent_again()).map_or_else(begun, |posted| posted.form);
    let page = later(async move {
        let rights = match rights() {
            Ok(rights) if rights.may(Act::ManageGuests) => rights,
            Ok(_) => return view! { <Failed error=ConsoleError::Refused(Refusal::Forbidden)/> }.into_any(),
            Err(error) => return view! { <Failed error/> }.into_any(),
        };
        let read = async {
            let keys = read_choices(&form.keys.grants, &form.keys.find, &form.apps.scope()).await?;
            Ok::<_, ConsoleError>((keys, read_app_choices(&form.apps).await?))
        };
        match read.await {
            Ok(((choices, of_search), apps)) => {
                let mut errors = problem.fields;
                errors.0.extend(of_search.0);
                view! { <Form form rights errors whole=problem.whole choices apps/> }.into_any()
            }
            Err(error) => view! { <Failed error/> }.into_any(),
        }
    });
    view! {
        <Title text="Invite someone"/>
        <div class="head narrow">
            <div>
                <h1>"Invite someone"</h1>
                <p>{format!("They get a link that works once, within {}. With it they set their password.", days(INVITE_FOR))}</p>
            </div>
        </div>
        {page}
    }
    .into_any()
}

/// The form before anybody typed.
fn begun() -> InviteForm {
    let mut form = InviteForm::default();
    Role::Guest.as_str().clone_into(&mut form.draft.role);
    form.apps.apps = own_apps();
    form
}

#[component]
fn Form(
    form: InviteForm,
    rights: Rights,
    errors: FieldErrors,
    whole: Option<ConsoleError>,
    choices: Vec<Choice>,
    /// The apps to tick; `None` if there is only one.
    apps: Option<Vec<(App, bool)>>,
) -> impl IntoView {
    let InviteForm { draft, keys, apps: typed } = form;
    let searched = keys.searches || typed.searches;
    let errors = RwSignal::new(errors);
    let apps = apps.map(|choices| {
        view! { <AppFields errors choices find=typed.find autofocus=typed.searches/> }
    });
    view! {
        <form class="narrow stack invite" method="post" data-address="/people/invite" action="/people/invite" novalidate>
            <EnterPresses/>
            <FormProblem problem=whole/>
            <FieldProblems errors/>
            <FormId/>
            <div class="pair">
                <TextField errors field=Field::FirstName value=draft.first_name required=true autofocus=!searched/>
                <TextField errors field=Field::LastName aside="optional" value=draft.last_name/>
            </div>
            <TextField errors field=Field::Email value=draft.email input="email" required=true/>
            <Roles errors rights chosen=draft.role/>
            {apps}
            <div class="stack for-guests">
                <GrantFields errors choices find=keys.find autofocus=keys.searches/>
                <EndOfAccess errors value=draft.access_ends_at/>
            </div>
            <div class="actions">
                <a class="button" href="/people">"Cancel"</a>
                <button class="button primary">"Invite"</button>
            </div>
        </form>
    }
}

/// The page that shows a link, once.
#[component]
fn Link(made: NewLink) -> impl IntoView {
    let invite = made.invited.invite.clone();
    let mailed = Some(Mailed { sent: made.mailed, to: invite.email });
    match link(&made.invited) {
        Ok(address) => view! {
            <LinkOnce title="Invite link" lost="send the invite again." address mailed back="/people">
                "Whoever opens the link can join as " <b dir="auto">{invite.name}</b> ", " {invite.role.label()}
                ". Give it to nobody else. It works once, until " <Time at=invite.expires_at/> "."
            </LinkOnce>
        }
        .into_any(),
        Err(error) => view! { <Failed error/> }.into_any(),
    }
}

/// Asks whether to make a new link, and shows it.
#[component]
pub fn RenewInvite() -> impl IntoView {
    let id = use_params_map().get_untracked().get("id").unwrap_or_default();
    let posted = PostedForm::<Nothing, Option<NewLink>>::take();
    if let Some(PostedForm { outcome: Ok(Some(made)), .. }) = posted {
        return view! { <Link made/> }.into_any();
    }
    let problem = PostedForm::problem(posted.as_ref());
    // The form has no field for the keys that the invite is to.
    let of_keys = problem.fields.of(Field::Keys).next().map(|error| error.message.clone());
    let page = later(async move {
        match read_invite(&id).await {
            Ok((invite, _)) => {
                let address = format!("/people/invites/{id}/renew");
                view! {
                    <div class="head narrow">
                        <div>
                            <h1>"Send the invite of " <span dir="auto">{invite.name}</span> " again?"</h1>
                            <p>{format!("There will be a new link for another {}. The old one stops working.", days(INVITE_FOR))}</p>
                        </div>
                    </div>
                    <form class="narrow stack" method="post" data-address=address.clone() action=address>
                        <FormProblem problem=problem.whole/>
                        <FormId/>
                        {of_keys.map(|words| view! { <Warning words/> })}
                        <dl class="facts">
                            <div><dt>"E-mail"</dt><dd><bdi>{invite.email}</bdi></dd></div>
                            <div><dt>"Role"</dt><dd>{invite.role.label()}</dd></div>
                            <div><dt>"Sent by"</dt><dd><bdi>{invite.made_by.1}</bdi></dd></div>
                        </dl>
                        <div class="actions">
                            <a class="button" href="/people">"Cancel"</a>
                            <button class="button primary">"Make a new link"</button>
                        </div>
                    </form>
                }
                .into_any()
            }
            Err(error) => view! {
                <div class="head narrow"><div><h1>"Send the invite again"</h1></div></div>
                <Failed error/>
                <div class="actions"><a class="button" href="/people">"People"</a></div>
            }
            .into_any(),
        }
    });
    view! { <Title text="Send the invite again"/> {page} }.into_any()
}

#[component]
pub fn RevokeInviteModal() -> impl IntoView {
    let id = use_params_map().get_untracked().get("id").unwrap_or_default();
    let problem = PostedForm::problem(PostedForm::<Nothing>::take().as_ref());
    later(async move {
        match read_invite(&id).await {
            Ok((invite, _)) => view! {
                <Modal title=format!("Revoke the invite of {}?", invite.name) back="/people">
                    <form method="post" action=format!("/people/invites/{id}/revoke")>
                        <div class="body">
                            <FormProblem problem=problem.whole/>
                            <p>"The link that was sent to " <bdi>{invite.email}</bdi> " stops working at once."</p>
                        </div>
                        <footer>
                            <a class="button" href="/people">"Cancel"</a>
                            <button class="button primary danger">"Revoke"</button>
                        </footer>
                    </form>
                </Modal>
            }
            .into_any(),
            Err(error) => view! {
                <Modal title="Revoke invite" back="/people">
                    <div class="body"><Failed error/></div>
                    <footer><a class="button primary" href="/people">"Close"</a></footer>
                </Modal>
            }
            .into_any(),
        }
    })
}
