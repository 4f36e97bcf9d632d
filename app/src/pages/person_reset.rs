//! Makes a link with which a person sets a new password, and shows it, once.

use domain::person::PersonStatus;
use domain::refusal::Refusal;
use domain::role::Act;
use domain::text::joined;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use service::people::PersonDetail;

use crate::components::failed::{Failed, FormProblem};
use crate::components::form_id::FormId;
use crate::components::icon::{Drawn, Icon};
use crate::components::link_once::LinkOnce;
use crate::components::time::Time;
use crate::components::title::Title;
use crate::desk::later::later;
use crate::desk::people::read_person;
use crate::error::ConsoleError;
use crate::forms::account::NewReset;
use crate::forms::outcome::PostedForm;
use crate::forms::person::Nothing;

#[component]
pub fn PersonReset() -> impl IntoView {
    let id = use_params_map().get_untracked().get("id").unwrap_or_default();
    let back = format!("/people/{id}");
    let posted = PostedForm::<Nothing, NewReset>::take();
    if let Some(PostedForm { outcome: Ok(made), .. }) = posted {
        return view! { <Made made back/> }.into_any();
    }
    let problem = PostedForm::problem(posted.as_ref());
    let page = later(async move {
        let read = read_person(&id).await.and_then(|view| {
            let refusal = match view.detail.person.status {
                _ if !view.rights.may(Act::ManageOwners) => Refusal::Forbidden,
                PersonStatus::Disabled | PersonStatus::Ended => Refusal::KeptOut,
                PersonStatus::Active | PersonStatus::Locked { .. } => return Ok(view.detail),
            };
            Err(ConsoleError::Refused(refusal))
        });
        match read {
            Ok(PersonDetail { person, ways_in, .. }) => {
                let address = format!("{back}/reset");
                let names = joined(ways_in.connected.iter().map(|connected| connected.provider.as_str()));
                let without = (!ways_in.has_password).then(|| {
                    view! {
                        <div class="note narrow">
                            <Drawn icon=Icon::Info/>
                            <div>
                                "This account has no password. It signs in with " <bdi>{names}</bdi>
                                ". With the link it gets one besides."
                            </div>
                        </div>
                    }
                });
                view! {
                    <div class="head narrow">
                        <div>
                            <h1>"Reset the password of " <span dir="auto">{person.name}</span> "?"</h1>
                            <p>
                                "You get a link to give to " <bdi>{person.email}</bdi>
                                ". Whoever opens it chooses a new password, once, within an hour. Until then the old password \
                                 works."
                            </p>
                        </div>
                    </div>
                    {without}
                    <form class="narrow stack" method="post" data-address=address.clone() action=address>
                        <FormProblem problem=problem.whole/>
                        <FormId/>
                        <div class="actions">
                            <a class="button" href=back>"Cancel"</a>
                            <button class="button primary">"Make a reset link"</button>
                        </div>
                    </form>
                }
                .into_any()
            }
            Err(error) => view! {
                <div class="head narrow"><div><h1>"Reset a password"</h1></div></div>
                <Failed error/>
                <div class="actions"><a class="button" href="/people">"People"</a></div>
            }
            .into_any(),
        }
    });
    view! { <Title text="Reset a password"/> {page} }.into_any()
}

/// The page that shows the link.
#[component]
fn Made(made: NewReset, back: String) -> impl IntoView {
    view! {
        <LinkOnce title="Reset link" lost="make another one: the old one stops working." address=made.address back>
            "Whoever opens the link can sign in as " <bdi>{made.email}</bdi>
            " afterwards. Give it to nobody else. It works once, until " <Time at=made.expires_at/> "."
        </LinkOnce>
    }
}
