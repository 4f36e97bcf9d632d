//! The forms about contacts and their chats.

use domain::contact::ContactDraft;
use domain::field::Field;
use domain::ids::ContactId;

use super::fields::{FormFields, Pairs, TICKED};
use super::people::searched;

/// The boxes of the contacts that a search found.
pub const CONTACTS: &str = "contacts";
/// The words that contacts are searched by.
pub const FIND_CONTACT: &str = "find_contact";
/// The words of the last search for contacts.
pub const FOUND_CONTACT: &str = "found_contact";
/// The value of `PRESS` that only searches for contacts.
pub const SEARCH_CONTACTS: &str = "search_contacts";

/// A contact as it was typed.
#[derive(Debug, Clone, Default)]
pub struct ContactForm {
    /// The id of its app; empty if there is only one.
    pub app: String,
    pub draft: ContactDraft,
}

impl FormFields for ContactForm {
    fn read(sent: &Pairs) -> Self {
        let text = |field: Field| sent.text(field.as_str());
        let draft = ContactDraft {
            first_name: text(Field::FirstName),
            last_name: text(Field::LastName),
            email: text(Field::Email),
            identifier: text(Field::Identifier),
            kind: text(Field::ContactKind),
            is_admin: text(Field::IsAdmin) == TICKED,
        };
        Self { app: text(Field::App), draft }
    }
}

/// Contacts that are ticked, among those that a search found.
#[derive(Debug, Clone, Default)]
pub struct ContactChoice {
    pub contacts: Vec<ContactId>,
    /// What to search for.
    pub find: String,
    /// Whether to search first, and show the form again.
    pub searches: bool,
}

impl FormFields for ContactChoice {
    fn read(sent: &Pairs) -> Self {
        let mut contacts: Vec<_> = sent.all(CONTACTS).iter().filter_map(|id| ContactId::parse(id)).collect();
        contacts.sort_unstable();
        contacts.dedup();
        let (find, searches) = searched(sent, FIND_CONTACT, FOUND_CONTACT, SEARCH_CONTACTS);
        Self { contacts, find, searches }
    }
}

/// A chat to create.
#[derive(Debug, Clone, Default)]
pub struct ChatForm {
    /// The id of its app; empty if there is only one.
    pub app: String,
    pub name: String,
    pub choice: ContactChoice,
}

impl FormFields for ChatForm {
    fn read(sent: &Pairs) -> Self {
        let text = |field: Field| sent.text(field.as_str());
        Self { app: text(Field::App), name: text(Field::Name), choice: ContactChoice::read(sent) }
    }
}

/// Another name of a chat.
#[derive(Debug, Clone, Default)]
pub struct ChatNameForm {
    pub name: String,
}

impl FormFields for ChatNameForm {
    fn read(sent: &Pairs) -> Self {
        Self { name: sent.text(Field::Name.as_str()) }
    }
}

/// What somebody writes in a chat.
#[derive(Debug, Clone, Default)]
pub struct ChatMessageForm {
    pub message: String,
}

impl FormFields for ChatMessageForm {
    fn read(sent: &Pairs) -> Self {
        Self { message: sent.text(Field::Message.as_str()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forms::people::{ENTER, PRESS};

    #[test]
    fn each_ticked_contact_counts_once_and_enter_searches_for_something_new() {
        let one = "0123456789abcdef01234567";
        let read = |pairs: &[(&str, &str)]| {
            let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            ContactChoice::read(&Pairs(pairs.collect()))
        };
        let choice = read(&[(CONTACTS, one), (CONTACTS, "nonsense"), (CONTACTS, one), (PRESS, SEARCH_CONTACTS)]);
        assert_eq!((choice.contacts.len(), choice.searches), (1, true));
        assert!(read(&[(PRESS, ENTER), (FIND_CONTACT, "ada")]).searches);
        assert!(!read(&[(PRESS, ENTER), (FIND_CONTACT, "ada"), (FOUND_CONTACT, "ada")]).searches);
        assert!(!read(&[(PRESS, "create"), (FIND_CONTACT, "ada")]).searches);
        assert_eq!(read(&[(PRESS, SEARCH_CONTACTS), (FIND_CONTACT, &*"s".repeat(49))]).find, "", "it may be a secret");
    }
}
