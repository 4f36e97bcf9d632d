//! Removing a person, and what becomes of the keys that they own.

use domain::field::Field;
use domain::list::KeyQuery;
use domain::page::grouped;
use leptos::prelude::*;

use super::person_acts::{failed, whom};
use crate::addresses::list_address;
use crate::components::failed::FormProblem;
use crate::components::field::TextField;
use crate::components::modal::Modal;
use crate::desk::later::later;
use crate::desk::people::{PersonView, read_owned, read_person};
use crate::error::ConsoleError;
use crate::forms::outcome::PostedForm;
use crate::forms::people::RemoveForm;

#[component]
pub fn RemovePersonModal() -> impl IntoView {
    let (id, back) = whom();
    let posted = PostedForm::<RemoveForm>::take();
    let problem = PostedForm::problem(posted.as_ref());
    let typed = posted.map(|posted| posted.form.owner).unwrap_or_default();
    later(async move {
        let read = async {
            let person = read_person(&id).await.and_then(PersonView::managed)?.detail.person;
            let owned = read_owned(&person.email).await?;
            Ok::<_, ConsoleError>((person, owned))
        };
        let (person, owned) = match read.await {
            Ok(read) => read,
            Err(error) => return failed("Remove", error, back),
        };
        let errors = RwSignal::new(problem.fields);
        let transfer = owned.map(|owned| {
            let list = list_address(&KeyQuery { owner: Some(person.email.clone()), ..KeyQuery::default() });
            view! {
                <p>"They own " <a href=list>{keys(owned)}</a> ". Give them to somebody else, or leave them as they are."</p>
                <TextField errors field=Field::Owner label="Transfer these keys to" aside="optional" value=typed
                    hint="The e-mail of somebody with an account here, or the name of a team."/>
            }
        });
        let address = format!("{back}/remove");
        view! {
            <Modal title=format!("Remove {}?", person.name) back=back.clone()>
                <form method="post" action=address novalidate>
                    <div class="body">
                        <FormProblem problem=problem.whole/>
                        <p>
                            "They are signed out at once, and are gone for good. You cannot undo this. Keystead revokes the \
                             invites that they sent. The keys that they issued or own stay and keep working: revoke those \
                             that nobody needs. What they did stays in the audit."
                        </p>
                        <dl class="facts">
                            <div><dt>"E-mail"</dt><dd><bdi>{person.email}</bdi></dd></div>
                            <div><dt>"Role"</dt><dd>{person.role.label()}</dd></div>
                        </dl>
                        {transfer}
                    </div>
                    <footer>
                        <a class="button" href=back>"Cancel"</a>
                        <button class="button primary danger">"Remove"</button>
                    </footer>
                </form>
            </Modal>
        }
        .into_any()
    })
}

/// `3 keys`, or that there are more than an act takes.
fn keys(owned: Option<u64>) -> String {
    match owned {
        Some(1) => "1 key".to_owned(),
        Some(n) => format!("{} keys", grouped(n)),
        None => "more keys than an act takes".to_owned(),
    }
}
