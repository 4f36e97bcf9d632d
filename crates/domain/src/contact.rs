//! Contacts: whom an app's chats are between.

use serde::{Deserialize, Serialize};

use crate::field::{Field, FieldErrors, parse_items};
use crate::ids::{AppId, AttachmentId, ContactId, RoomId};
use crate::labels::EXTERNAL_ID_MAX;
use crate::list::{Rows, cursor, search};
use crate::query_string::{ListQuery, Taken, put, put_text, query_string};
use crate::text::{self, quote};
use crate::timestamp::Timestamp;

/// The most contacts that a key can be narrowed to.
pub const ACTS_FOR_MAX: usize = 100;

/// The most contacts that one call names.
pub const NAMED_MAX: usize = 200;

/// The most characters of a first or a last name.
pub const CONTACT_NAME_MAX: usize = 50;

names! {
    /// On which side of the desk a contact is.
    #[derive(Default)]
    pub enum ContactKind {
        /// Works for the organisation.
        Staff = "staff",
        /// Is served by it.
        #[default]
        Client = "client",
    }
}

impl ContactKind {
    /// The name that people see.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Staff => "Staff",
            Self::Client => "Client",
        }
    }
}

names! {
    /// Whether a contact takes part.
    pub enum ContactStatus {
        Active = "active",
        /// Was invited, and nobody has acted for them yet.
        Invited = "invited",
        /// Nobody may act for them, and the butler leaves them out.
        Inactive = "inactive",
    }
}

impl ContactStatus {
    /// The name that people see.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Invited => "Invited",
            Self::Inactive => "Disabled",
        }
    }
}

/// A contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// The contact's id.
    pub id: ContactId,
    /// The app whose contact it is.
    pub app_id: AppId,
    /// The contact's id in the app's own systems.
    pub identifier: Option<String>,
    /// The e-mail in the form that identifies its owner.
    pub email: Option<String>,
    /// The first name.
    pub first_name: String,
    /// The last name; may be blank.
    pub last_name: String,
    /// Staff or client.
    pub kind: ContactKind,
    /// Whether a member of staff may invite others.
    pub is_admin: bool,
    /// Whether the contact takes part.
    pub status: ContactStatus,
    /// The picture, if there is one.
    pub avatar: Option<AttachmentId>,
    /// The chat with the butler.
    pub butler: Option<RoomId>,
    /// What programs keep about the contact: a JSON object.
    pub profile: String,
    /// When the contact was added.
    pub created_at: Timestamp,
}

impl Contact {
    /// First and last name.
    pub fn name(&self) -> String {
        full_name(&self.first_name, &self.last_name)
    }
}

/// A first and a last name, which may be blank, as one.
fn full_name(first: &str, last: &str) -> String {
    if last.is_empty() { first.to_owned() } else { format!("{first} {last}") }
}

/// A contact as a form or a program sends it, unchecked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContactDraft {
    /// The first name.
    pub first_name: String,
    /// The last name; may be blank.
    pub last_name: String,
    /// The e-mail; may be blank.
    pub email: String,
    /// The id in the app's own systems; may be blank.
    pub identifier: String,
    /// The word of a `ContactKind`; blank for a client.
    pub kind: String,
    /// Whether a member of staff may invite others.
    pub is_admin: bool,
}

/// What people say about a contact, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewContact {
    /// The id in the app's own systems.
    pub identifier: Option<String>,
    /// The e-mail in the form that identifies its owner.
    pub email: Option<String>,
    /// The first name.
    pub first_name: String,
    /// The last name; may be blank.
    pub last_name: String,
    /// Staff or client.
    pub kind: ContactKind,
    /// Whether a member of staff may invite others.
    pub is_admin: bool,
}

impl ContactDraft {
    /// The values for the edit form of a contact.
    pub fn from_contact(contact: &Contact) -> Self {
        Self {
            first_name: contact.first_name.clone(),
            last_name: contact.last_name.clone(),
            email: contact.email.clone().unwrap_or_default(),
            identifier: contact.identifier.clone().unwrap_or_default(),
            kind: contact.kind.as_str().to_owned(),
            is_admin: contact.is_admin,
        }
    }

    /// Checks it; the errors say what to write instead.
    pub fn check(&self) -> Result<NewContact, FieldErrors> {
        let mut errors = FieldErrors::default();
        let first_name = errors.keep(Field::FirstName, text::shown_name(&self.first_name, CONTACT_NAME_MAX));
        let last_name = errors.keep(Field::LastName, text::optional_line(&self.last_name, CONTACT_NAME_MAX));
        let email = match self.email.trim() {
            "" => None,
            email => errors.keep(Field::Email, text::email(email)),
        };
        let identifier = errors.keep(Field::Identifier, identifier(&self.identifier));
        let kind = match self.kind.trim() {
            "" => Some(ContactKind::default()),
            word => errors.keep(Field::ContactKind, kind(word)),
        };
        if self.is_admin && kind == Some(ContactKind::Client) {
            errors.push(Field::IsAdmin, "Only staff can be admins: choose staff, or take the tick away.");
        }
        match (first_name, last_name, identifier, kind) {
            (Some(first_name), Some(last_name), Some(identifier), Some(kind)) if errors.is_empty() => {
                let (last_name, is_admin) = (last_name.unwrap_or_default(), self.is_admin);
                Ok(NewContact { identifier, email, first_name, last_name, kind, is_admin })
            }
            _ => Err(errors),
        }
    }
}

/// A path of the Sunshine family names a contact by it.
fn identifier(text: &str) -> Result<Option<String>, String> {
    let identifier = text::optional_line(text, EXTERNAL_ID_MAX)?;
    identifier.as_deref().map_or(Ok(()), text::no_dots)?;
    Ok(identifier)
}

fn kind(word: &str) -> Result<ContactKind, String> {
    ContactKind::parse(word).ok_or_else(|| format!("{} is neither staff nor client: write one of them.", quote(word)))
}

impl NewContact {
    /// Each field with its value in words, as the audit shows it; empty without a value.
    pub fn told(&self) -> Vec<(Field, String)> {
        vec![
            (Field::FirstName, self.first_name.clone()),
            (Field::LastName, self.last_name.clone()),
            (Field::Email, self.email.clone().unwrap_or_default()),
            (Field::Identifier, self.identifier.clone().unwrap_or_default()),
            (Field::ContactKind, self.kind.as_str().to_owned()),
            (Field::IsAdmin, if self.is_admin { "yes".to_owned() } else { String::new() }),
        ]
    }

    /// First and last name.
    pub fn name(&self) -> String {
        full_name(&self.first_name, &self.last_name)
    }
}

impl From<&Contact> for NewContact {
    fn from(contact: &Contact) -> Self {
        Self {
            identifier: contact.identifier.clone(),
            email: contact.email.clone(),
            first_name: contact.first_name.clone(),
            last_name: contact.last_name.clone(),
            kind: contact.kind,
            is_admin: contact.is_admin,
        }
    }
}

/// How a call names a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContactRef<'a> {
    /// By its id.
    Id(ContactId),
    /// By its id in the app's own systems.
    Identifier(&'a str),
    /// By its e-mail, however that is spelled.
    Email(&'a str),
}

/// A list of contacts as somebody asked for it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactQuery {
    /// How the first or last name, the e-mail or the identifier begins.
    pub search: Option<String>,
    /// Only staff, or only clients.
    pub kind: Option<ContactKind>,
    /// Only contacts of this status.
    pub status: Option<ContactStatus>,
    /// Only these contacts; empty for any. It is not part of the address.
    pub only: Vec<ContactId>,
    /// How many rows a page shows.
    pub rows: Rows,
    /// Read the page after this cursor. Wins over `before`.
    pub after: Option<String>,
    /// The page before this cursor.
    pub before: Option<String>,
}

impl ListQuery for ContactQuery {
    fn take(&mut self, name: &str, value: &str) -> Taken {
        match name {
            "q" => put_text(&mut self.search, value, search(value)),
            "kind" => put(&mut self.kind, value, ContactKind::parse(value)),
            "status" => put(&mut self.status, value, ContactStatus::parse(value)),
            "rows" => put(&mut self.rows, value, Rows::parse(value)),
            "after" => put(&mut self.after, value, cursor(value)),
            "before" => put(&mut self.before, value, cursor(value)),
            _ => Taken::Unknown,
        }
    }

    fn to_query_string(&self) -> String {
        query_string([
            ("q", self.search.as_deref()),
            ("kind", self.kind.map(ContactKind::as_str)),
            ("status", self.status.map(ContactStatus::as_str)),
            ("rows", (self.rows != Rows::default()).then(|| self.rows.as_str())),
            ("after", self.after.as_deref()),
            ("before", self.before.as_deref()),
        ])
    }
}

impl ContactQuery {
    /// The same list from its first page.
    pub fn first_page(&self) -> Self {
        Self { after: None, before: None, ..self.clone() }
    }

    /// Whether anything narrows the list.
    pub fn is_filtered(&self) -> bool {
        self.search.is_some() || self.kind.is_some() || self.status.is_some()
    }
}

/// The contacts that a key is narrowed to, as their UUIDs or as 24 hexadecimal digits.
pub fn acts_for(items: &[String]) -> Result<Vec<ContactId>, FieldErrors> {
    parse_items(items, Field::ActsFor, ACTS_FOR_MAX, |text| {
        let id = ContactId::parse(text).or_else(|| ContactId::from_uuid(text));
        id.ok_or_else(|| format!("{} is not the id of a contact: copy it from the contact's page.", quote(text)))
    })
}

/// The text of a message of the butler for one contact, with the first and the last name in place of their placeholders.
pub fn personal(text: &str, first_name: &str, last_name: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, inside, after)) = next_placeholder(rest) {
        written.push_str(before);
        let name: String = inside.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_ascii_lowercase();
        match name.as_str() {
            "firstname" => written.push_str(first_name),
            "lastname" => written.push_str(last_name),
            "fullname" | "name" => written.push_str(&full_name(first_name, last_name)),
            // Nobody's placeholder: it is a part of the text.
            _ => {
                written.push_str("{{");
                written.push_str(inside);
                written.push_str("}}");
            }
        }
        rest = after;
    }
    written.push_str(rest);
    written
}

/// What is before the first `{{…}}` that has no other braces in it, in it and behind it.
fn next_placeholder(text: &str) -> Option<(&str, &str, &str)> {
    let open = text.find("{{")?;
    let close = open + text.get(open..)?.find("}}")?;
    // The nearest braces are its own: those before them are a part of the text.
    let (before, inside) = text.get(..close)?.rsplit_once("{{")?;
    Some((before, inside, text.get(close + 2..)?))
}

#[cfg(test)]
mod tests;
