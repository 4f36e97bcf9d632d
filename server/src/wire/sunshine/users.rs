//! `…/users`: the contacts of an app. What Keystead does not know of a user is kept and given back.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::contact::{Contact, ContactDraft, ContactRef, ContactStatus, NewContact};
use domain::field::{Field, FieldErrors};
use domain::ids::{AppId, ContactId};
use domain::refusal::Refusal;
use serde_json::{Map, Value, json};
use service::chat::profiles::{self, EMAIL, GIVEN_NAME, IS_DEFAULT, NAMES, SURNAME};
use service::{Caller, Error};

use super::body::{Body, Members};
use super::caller::{AnyScope, Scoped};
use super::failure::{Code, Failure};
use super::shown::{self, METADATA};
use crate::api::call::Api;
use crate::json::answer::{Json, json as answer};

/// The most bytes of the metadata of an app, a user, a conversation or a message.
pub(super) const METADATA_MAX: usize = 4096;

const EXTERNAL_ID: &str = "externalId";

/// The name of a contact of whom no program said one.
const NAMELESS: &str = "User";

/// The most characters of a first or a last name.
const NAME_MAX: usize = domain::contact::CONTACT_NAME_MAX;

/// Members that are not a program's to say.
const OURS: [&str; 6] = ["id", EXTERNAL_ID, "authenticated", "identities", IS_DEFAULT, NAMES];

/// The caller, who sees nothing but the app of the path.
pub(super) fn caller(by: &Scoped) -> Caller {
    by.caller.clone().within(&by.app)
}

/// What a call says of a user: its shape is right.
#[derive(Debug)]
struct Sent {
    external_id: Option<String>,
    /// Names, and what else is in the profile; null takes a member away.
    profile: Map<String, Value>,
    /// Everything else; null takes a member away.
    rest: Map<String, Value>,
}

impl Sent {
    fn of(members: &Members<'_>) -> Result<Self, Failure> {
        members.text("signedUpAt")?;
        members.flag("toBeRetained")?;
        check_metadata(members)?;
        let external_id = members.text(EXTERNAL_ID)?;
        if external_id.is_some_and(|id| id.trim().is_empty()) {
            return Err(Failure::bad_request("externalId should NOT be shorter than 1 characters"));
        }
        let profile = match members.object(NAMES)? {
            None => Map::new(),
            Some(profile) => {
                for name in [GIVEN_NAME, SURNAME, EMAIL, "avatarUrl", "locale"] {
                    profile.text(name)?;
                }
                profile.map().clone()
            }
        };
        Ok(Self { external_id: external_id.map(str::to_owned), profile, rest: members.unknown(&OURS) })
    }

    /// The contact with what was sent, and what is kept about them. Without `email`, another contact has the e-mail, so that the
    /// contact's own stays blank, and it is only kept.
    fn put_into(&self, before: Option<&Contact>, email: bool) -> (ContactDraft, Map<String, Value>) {
        let mut kept = before.map(|contact| profiles::read(&contact.profile)).unwrap_or_default();
        let [mut given, mut surname, mut mail] = before.map(|contact| shown::names(contact, &kept)).unwrap_or_default();
        merge(&mut kept, &self.rest);
        let mut profile = kept.get(NAMES).and_then(Value::as_object).cloned().unwrap_or_default();
        merge(&mut profile, &self.profile);
        for (name, own) in [(GIVEN_NAME, &mut given), (SURNAME, &mut surname), (EMAIL, &mut mail)] {
            if let Some(sent) = self.profile.get(name) {
                *own = sent.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
            }
        }
        let mut draft = before.map(ContactDraft::from_contact).unwrap_or_default();
        if let (None, Some(id)) = (before, &self.external_id) {
            draft.identifier.clone_from(id);
        }
        let fit = |name: &Option<String>| name.as_deref().and_then(fitting);
        (draft.first_name, draft.last_name) = match (fit(&given), fit(&surname)) {
            (Some(first), last) => (first, last.unwrap_or_default()),
            (None, Some(last)) => (last, String::new()),
            (None, None) => (NAMELESS.to_owned(), String::new()),
        };
        draft.email = mail.as_deref().filter(|_| email).and_then(email_of).unwrap_or_default();
        // What the contact's own fields have is not kept twice. Null says that there is none.
        let own = [
            (GIVEN_NAME, given, draft.first_name.clone()),
            (SURNAME, surname, draft.last_name.clone()),
            (EMAIL, mail, draft.email.clone()),
        ];
        for (name, said, own) in own {
            profile.remove(name);
            if said.as_deref().unwrap_or_default() != own {
                profile.insert(name.to_owned(), said.map_or(Value::Null, Value::String));
            }
        }
        kept.remove(NAMES);
        if !profile.is_empty() {
            kept.insert(NAMES.to_owned(), Value::Object(profile));
        }
        (draft, kept)
    }
}

/// Puts members into an object. Null takes one away.
pub(super) fn merge(object: &mut Map<String, Value>, sent: &Map<String, Value>) {
    for (name, value) in sent {
        if value.is_null() {
            object.remove(name);
        } else {
            object.insert(name.clone(), value.clone());
        }
    }
}

/// Refuses metadata that is not flat, or too long.
pub(super) fn check_metadata(members: &Members<'_>) -> Result<(), Failure> {
    let Some(metadata) = members.object(METADATA)? else { return Ok(()) };
    let odd = metadata.map().iter().find(|(_, value)| value.is_object() || value.is_array());
    if let Some((name, _)) = odd {
        return Err(Failure::bad_request(format!("{} should be string, number or boolean", metadata.place(name))));
    }
    if Value::Object(metadata.map().clone()).to_string().len() > METADATA_MAX {
        return Err(Failure::bad_request("metadata is limited to 4096 bytes in size"));
    }
    Ok(())
}

/// A name as a contact can have it, cut to the length that fits; `None` if nothing of it can be seen.
fn fitting(name: &str) -> Option<String> {
    let plain: String = name.chars().filter(|c| !c.is_control()).take(NAME_MAX).collect();
    let draft = ContactDraft { first_name: plain, ..ContactDraft::default() };
    draft.check().ok().map(|contact| contact.first_name)
}

/// An e-mail in the form that a contact has it; `None` for any other text.
fn email_of(text: &str) -> Option<String> {
    let draft = ContactDraft { first_name: NAMELESS.to_owned(), email: text.to_owned(), ..ContactDraft::default() };
    draft.check().ok().and_then(|contact| contact.email)
}

/// The user that a path or a body names by their id, or by the one in the app's own systems.
pub(super) async fn named(api: &Api, caller: &Caller, app: &AppId, text: &str) -> Result<Contact, Failure> {
    if let Some(id) = ContactId::parse(text) {
        match api.service.contact(caller, app, ContactRef::Id(id)).await {
            Err(Error::Refused(Refusal::ContactNotFound)) => {}
            found => return Ok(found?),
        }
    }
    Ok(api.service.contact(caller, app, ContactRef::Identifier(text)).await?)
}

/// The user whom some members name by `userId` or by `userExternalId`; `None` if they name none.
pub(super) async fn named_by(
    api: &Api,
    caller: &Caller,
    app: &AppId,
    id: Option<&str>,
    external_id: Option<&str>,
) -> Result<Option<Contact>, Failure> {
    let named = match (id, external_id) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => {
            return Err(Failure::bad_request("Only one of userId and userExternalId can be provided"));
        }
        (Some(id), None) => ContactRef::Id(ContactId::parse(id).ok_or_else(Failure::user_not_found)?),
        (None, Some(id)) => ContactRef::Identifier(id),
    };
    Ok(Some(api.service.contact(caller, app, named).await?))
}

/// The same user, who does something or is put into a conversation. Nobody acts for one who is disabled.
pub(super) async fn acting_by(
    api: &Api,
    caller: &Caller,
    app: &AppId,
    id: Option<&str>,
    external_id: Option<&str>,
) -> Result<Option<Contact>, Failure> {
    let named = named_by(api, caller, app, id, external_id).await?;
    let is_disabled = named.as_ref().is_some_and(|contact| contact.status == ContactStatus::Inactive);
    if is_disabled { Err(Refusal::ContactInactive.into()) } else { Ok(named) }
}

/// Whether the e-mail alone was refused: another contact of the app has it.
fn is_about_email(error: &Error) -> bool {
    matches!(error, Error::Refused(Refusal::Invalid(FieldErrors(errors)))
        if errors.iter().all(|error| error.field == Field::Email) && !errors.is_empty())
}

fn is_about_identifier(error: &Error) -> bool {
    matches!(error, Error::Refused(Refusal::Invalid(FieldErrors(errors)))
        if errors.iter().any(|error| error.field == Field::Identifier))
}

fn one(status: StatusCode, contact: &Contact) -> Response {
    answer(status, "application/json", &json!({ "user": shown::user(contact) }))
}

/// The user that the path names.
async fn of_path(api: &Api, by: &Scoped) -> Result<Contact, Failure> {
    let text = by.places.get("user").ok_or_else(Failure::user_not_found)?;
    named(api, &caller(by), &by.app, text).await
}

pub(super) async fn create(
    State(api): State<Arc<Api>>,
    AnyScope(by): AnyScope,
    body: Body,
) -> Result<Response, Failure> {
    let sent = Sent::of(&body.members())?;
    let caller = caller(&by);
    let add = async |email: bool| {
        let (draft, kept) = sent.put_into(None, email);
        api.service.create_contact_with(&caller, &by.app, &draft, &kept).await
    };
    let mut added = add(true).await;
    if added.as_ref().is_err_and(is_about_email) {
        added = add(false).await;
    }
    match (added, &sent.external_id) {
        (Ok(contact), _) => Ok(one(StatusCode::CREATED, &contact)),
        (Err(error), Some(id)) if is_about_identifier(&error) => {
            let found = api.service.contact(&caller, &by.app, ContactRef::Identifier(id)).await;
            let taken = || Failure::new(Code::CONFLICT, "User already exists");
            Err(if found.is_ok() { taken() } else { error.into() })
        }
        (Err(error), _) => Err(error.into()),
    }
}

pub(super) async fn get(State(api): State<Arc<Api>>, AnyScope(by): AnyScope) -> Result<Response, Failure> {
    Ok(one(StatusCode::OK, &of_path(&api, &by).await?))
}

pub(super) async fn update(
    State(api): State<Arc<Api>>,
    AnyScope(by): AnyScope,
    body: Body,
) -> Result<Response, Failure> {
    let sent = Sent::of(&body.members())?;
    let contact = of_path(&api, &by).await?;
    let caller = caller(&by);
    let change = async |email: bool| {
        let put = |before: &Contact| -> service::Result<(NewContact, Map<String, Value>)> {
            let (draft, kept) = sent.put_into(Some(before), email);
            Ok((draft.check()?, kept))
        };
        api.service.change_contact_with(&caller, &contact.id, put).await
    };
    let mut changed = change(true).await;
    if changed.as_ref().is_err_and(is_about_email) {
        changed = change(false).await;
    }
    Ok(one(StatusCode::OK, &changed?))
}

/// Removes a user, with the conversations that are theirs alone.
pub(super) async fn delete(State(api): State<Arc<Api>>, AnyScope(by): AnyScope) -> Result<Response, Failure> {
    let contact = of_path(&api, &by).await?;
    api.service.remove_contact_with_chats(&caller(&by), &contact.id).await?;
    Ok(Json(json!({})).into_response())
}

#[cfg(test)]
mod tests {
    use domain::contact::{ContactKind, ContactStatus};
    use domain::timestamp::Timestamp;

    use super::*;

    fn sent(body: &Value) -> Result<Sent, Failure> {
        Sent::of(&Members::of(body, String::new())?)
    }

    fn contact(draft: &ContactDraft, kept: &Map<String, Value>) -> Contact {
        let new = draft.check().unwrap();
        Contact {
            id: ContactId::from_random([1; 12]),
            app_id: AppId::from_random([2; 12]),
            identifier: new.identifier,
            email: new.email,
            first_name: new.first_name,
            last_name: new.last_name,
            kind: ContactKind::Client,
            is_admin: false,
            status: ContactStatus::Active,
            avatar: None,
            butler: None,
            profile: profiles::written(kept).unwrap(),
            created_at: Timestamp::from_millis(0),
        }
    }

    /// What a user looks like after these calls.
    fn after(bodies: &[Value]) -> Value {
        let mut found: Option<Contact> = None;
        for body in bodies {
            let (draft, kept) = sent(body).unwrap().put_into(found.as_ref(), true);
            found = Some(contact(&draft, &kept));
        }
        shown::user(&found.unwrap())
    }

    #[test]
    fn a_user_comes_back_as_it_was_sent() {
        for profile in [
            json!({}),
            json!({ "givenName": "Ada" }),
            json!({ "surname": "Lovelace", "locale": "en-GB" }),
            json!({ "givenName": "n".repeat(200), "surname": "s".repeat(200), "email": "Ada@Example.com", "new": [1] }),
            json!({ "givenName": "\u{202e}\u{200b}", "email": "no e-mail", "avatarUrl": "https://example.com/a.png" }),
        ] {
            let body = json!({
                "externalId": "crm/7", "profile": profile, "metadata": { "plan": "gold" }, "signedUpAt": "2026-11-21T09:30:02.000Z",
                "toBeRetained": true, "brandId": "1", "isDefault": true, "id": "x",
            });
            let shown = after(&[body]);
            assert_eq!(shown["profile"], profile, "{shown}");
            assert_eq!((&shown["externalId"], &shown["metadata"]["plan"]), (&json!("crm/7"), &json!("gold")));
            assert_eq!((&shown["toBeRetained"], &shown["brandId"]), (&json!(true), &json!("1")));
            assert!(shown.get("isDefault").is_none() && shown["id"] == "01".repeat(12), "{shown}");
        }
    }

    #[test]
    fn a_change_says_only_what_it_changes() {
        let first = json!({ "profile": { "givenName": "Ada", "email": "ada@example.com" }, "metadata": { "a": 1 } });
        let second = json!({ "profile": { "surname": "Lovelace", "email": null }, "metadata": { "b": 2 } });
        let shown = after(&[first.clone(), second]);
        assert_eq!(shown["profile"], json!({ "givenName": "Ada", "surname": "Lovelace" }));
        assert_eq!((&shown["metadata"], &shown["identities"]), (&json!({ "b": 2 }), &json!([])));
        assert_eq!(after(&[first.clone(), json!({})]), after(&[first]));
    }

    #[test]
    fn odd_users_are_refused() {
        for body in [
            json!({ "externalId": 1 }),
            json!({ "externalId": " " }),
            json!({ "profile": [] }),
            json!({ "profile": { "givenName": 1 } }),
            json!({ "metadata": { "a": {} } }),
            json!({ "metadata": { "a": "b".repeat(5_000) } }),
            json!({ "signedUpAt": 1 }),
        ] {
            assert!(sent(&body).is_err(), "{body}");
        }
    }
}
