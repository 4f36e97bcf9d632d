//! The query of a call.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use domain::ids::{AttachmentId, ContactId, RoomId};
use domain::list::cursor;
use service::Paged;

use super::failure::Failure;

/// The decoded pairs of a query.
#[derive(Debug)]
pub(super) struct Query(Vec<(String, String)>);

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts))
    }
}

impl Query {
    pub fn of(parts: &Parts) -> Self {
        let pairs = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
        Self(pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
    }

    /// Every value of a parameter.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The value of a parameter; `None` if it is blank. One that is repeated is wrong.
    pub fn one<'a>(&'a self, name: &'a str) -> Result<Option<&'a str>, Failure> {
        let mut values = self.all(name);
        let value = values.next().map(str::trim).filter(|value| !value.is_empty());
        if values.next().is_some() { Err(Failure::wrong(name, "send it once.")) } else { Ok(value) }
    }

    /// A whole number; `None` if it is blank.
    pub fn number(&self, name: &str) -> Result<Option<u64>, Failure> {
        let value = self.one(name)?;
        let number = |text: &str| text.parse().map_err(|_| Failure::wrong(name, "send a whole number."));
        value.map(number).transpose()
    }

    /// Yes or no; `None` if it is blank.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, Failure> {
        match self.one(name)? {
            None => Ok(None),
            Some("true" | "1") => Ok(Some(true)),
            Some("false" | "0") => Ok(Some(false)),
            Some(_) => Err(Failure::wrong(name, "send true or false.")),
        }
    }

    /// The chat that a call is about.
    pub fn chat(&self) -> Result<RoomId, Failure> {
        let uuid = self.one("chat_uuid")?.ok_or_else(|| Failure::id_needed("chat_uuid"))?;
        chat_id(uuid)
    }

    /// Where a list goes on; `None` for its beginning. What no page of this list can have given is wrong.
    pub fn after(&self, list: &impl Paged) -> Result<Option<String>, Failure> {
        let Some(text) = self.one("after")? else { return Ok(None) };
        let after = cursor(text).filter(|after| list.is_cursor(after, false));
        let wrong =
            || Failure::wrong("after", "this is no cursor of this list: send next as the answer before has it.");
        after.map(Some).ok_or_else(wrong)
    }
}

/// The chat with this uuid. One that no chat can have is not found, as any other that there is not.
pub(super) fn chat_id(uuid: &str) -> Result<RoomId, Failure> {
    RoomId::from_uuid(uuid.trim()).ok_or_else(|| Failure::not_found("Chat"))
}

/// The contact with this uuid.
pub(super) fn contact_id(uuid: &str) -> Option<ContactId> {
    ContactId::from_uuid(uuid.trim())
}

/// Whether a text is a uuid, be it one that no contact can have.
pub(super) fn is_uuid(text: &str) -> bool {
    let parts: Vec<&str> = text.trim().split('-').collect();
    let is_hex = |part: &&str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
    parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12]) && parts.iter().all(is_hex)
}

/// The file with this uuid.
pub(super) fn file_id(uuid: &str) -> Result<AttachmentId, Failure> {
    AttachmentId::from_uuid(uuid.trim()).ok_or_else(|| Failure::not_found("File"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_has_five_parts_of_hexadecimal_digits() {
        for uuid in ["01234567-89ab-8cde-8f01-234567000000", " 6FA459EA-EE8A-4CA4-894E-DB77E160355E "] {
            assert!(is_uuid(uuid), "{uuid}");
        }
        for text in ["", "x", "----", "6fa459eaee8a4ca4894edb77e160355e", "6fa459ea-ee8a-4ca4-894e-db77e160355g"] {
            assert!(!is_uuid(text), "{text}");
        }
    }
}
