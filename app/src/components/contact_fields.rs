//! The contacts of a chat: those that are ticked, and a search for more.

use domain::contact::Contact;
use domain::text::SEARCH_MAX;
use leptos::prelude::*;

use crate::forms::contacts::{CONTACTS, FIND_CONTACT, FOUND_CONTACT, SEARCH_CONTACTS};
use crate::forms::people::PRESS;
use crate::pages::keys_filters::{SEARCH_TAKES, secretless};

#[component]
pub fn ContactFields(
    /// The contacts to choose from, and which are ticked.
    choices: Vec<(Contact, bool)>,
    /// The words of the last search.
    find: String,
    /// Whether it has the focus at first: once somebody has searched.
    autofocus: bool,
    /// Whether one has to be ticked, and none is.
    #[prop(optional)]
    none_ticked: bool,
) -> impl IntoView {
    let nothing = match (choices.is_empty(), find.trim().is_empty()) {
        (true, false) => Some("No contact matches. Search looks at the beginning of names, e-mails and identifiers."),
        (true, true) => Some("There is no contact to choose."),
        _ => None,
    };
    let boxes: Vec<_> = choices
        .into_iter()
        .map(|(contact, ticked)| {
            let side = contact.email.clone().or_else(|| contact.identifier.clone()).unwrap_or_default();
            view! {
                <label class="check">
                    <input type="checkbox" name=CONTACTS value=contact.id.to_string() checked=ticked/>
                    <span>
                        <bdi>{contact.name()}</bdi> " " <small class="soft">{contact.kind.label()} " " <bdi>{side}</bdi></small>
                    </span>
                </label>
            }
        })
        .collect();
    view! {
        <fieldset class="field">
            <legend>"Contacts"</legend>
            <div class="inline find-keys">
                <input type="search" name=FIND_CONTACT value=find.clone() maxlength=SEARCH_MAX
                    aria-label="Find contacts by name, e-mail or identifier" placeholder="Name, e-mail or identifier"
                    pattern=secretless() title=SEARCH_TAKES autocomplete="off" spellcheck="false" autofocus=autofocus/>
                <input type="hidden" name=FOUND_CONTACT value=find/>
                <button class="button" name=PRESS value=SEARCH_CONTACTS>"Find contacts"</button>
            </div>
            {nothing.map(|words| view! { <p class="hint">{words}</p> })}
            <div class="checks">{boxes}</div>
            <span class="hint">"What is ticked stays when you search again."</span>
            {none_ticked.then(|| view! { <ul class="error" role="alert"><li>"Tick at least one contact."</li></ul> })}
        </fieldset>
    }
}
