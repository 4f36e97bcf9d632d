//! What programs keep about contacts and chats: JSON objects. Keystead itself reads a few of their members.

use domain::{
    audit::Change,
    contact::{Contact, NewContact},
    field::{Field, FieldErrors},
    profile::{EMPTY, PROFILE_MAX, checked},
    room::Room,
};
use serde_json::{Map, Value};

/// The members of an object.
pub type Object = Map<String, Value>;

/// The member with the names of a contact, where they are not those that the contact's own fields have: a program sent none, or
/// one that does not fit there.
pub const NAMES: &str = "profile";
/// The first name, below `NAMES`.
pub const GIVEN_NAME: &str = "givenName";
/// The last name, below `NAMES`.
pub const SURNAME: &str = "surname";
/// The e-mail, below `NAMES`.
pub const EMAIL: &str = "email";
/// The name of a chat, if it is not that of its room.
pub const DISPLAY_NAME: &str = "displayName";
/// The type of a chat.
pub const KIND: &str = "type";
/// The type of a chat with one contact, which goes with them.
pub const PERSONAL: &str = "personal";
/// Of a chat, whether it is the first such chat of its contact. Of a contact, whether there is one.
pub const IS_DEFAULT: &str = "isDefault";

/// The members of an object that is kept.
pub fn read(json: &str) -> Object {
    // Nothing else is written there.
    serde_json::from_str(json).unwrap_or_default()
}

/// What is kept about a contact or a chat; `Invalid` as for `kept`.
pub fn written(object: &Object) -> Result<String, FieldErrors> {
    kept(object, PROFILE_MAX, Field::Metadata)
}

/// An object as it is kept. `Invalid` at the field if it is too long or too deep, or a key is in it.
pub(super) fn kept(object: &Object, most: usize, field: Field) -> Result<String, FieldErrors> {
    let json = serde_json::to_string(object).unwrap_or_else(|_| EMPTY.to_owned());
    let wrong = |message| FieldErrors::one(field, message);
    checked(&json, most).map_err(wrong)?;
    // It may have a level more than what was sent, and must be readable again.
    if serde_json::from_str::<Object>(&json).is_err() {
        return Err(wrong("It has too many levels.".to_owned()));
    }
    Ok(json)
}

/// Whether a chat goes with its contact.
pub fn is_personal(room: &Room) -> bool {
    read(&room.profile).get(KIND).is_some_and(|kind| kind == PERSONAL)
}

/// Whether a chat is the first of its contact that goes with them.
pub fn is_default(room: &Room) -> bool {
    is_true(&read(&room.profile))
}

pub(super) fn is_true(object: &Object) -> bool {
    object.get(IS_DEFAULT).and_then(Value::as_bool).unwrap_or_default()
}

/// What is kept about a contact who was changed elsewhere: the contact's own fields say those names now.
pub(super) fn renamed_contact(before: &Contact, new: &NewContact) -> Object {
    let mut object = read(&before.profile);
    let Some(names) = object.get_mut(NAMES).and_then(Value::as_object_mut) else { return object };
    let old = [
        (GIVEN_NAME, before.first_name != new.first_name),
        (SURNAME, before.last_name != new.last_name),
        (EMAIL, before.email != new.email),
    ];
    for (name, _) in old.into_iter().filter(|(_, differs)| *differs) {
        names.remove(name);
    }
    object
}

/// What is kept about a chat that got another name elsewhere.
pub(super) fn renamed_chat(room: &Room) -> String {
    let mut object = read(&room.profile);
    if object.remove(DISPLAY_NAME).is_none() {
        return room.profile.clone();
    }
    serde_json::to_string(&object).unwrap_or_else(|_| EMPTY.to_owned())
}

/// How the record says that a profile is another one. What is in it is nobody's there, as the record keeps it for good.
pub(super) fn change() -> Change {
    Change { field: "profile".to_owned(), from: None, to: Some("another one".to_owned()) }
}

#[cfg(test)]
mod tests {
    use domain::{
        contact::{ContactKind, ContactStatus},
        ids::{AppId, ContactId},
        timestamp::Timestamp,
    };

    use super::*;

    fn contact(profile: &str) -> Contact {
        Contact {
            id: ContactId::from_random([1; 12]),
            app_id: AppId::from_random([2; 12]),
            identifier: None,
            email: None,
            first_name: "Ada".to_owned(),
            last_name: "Lovelace".to_owned(),
            kind: ContactKind::Client,
            is_admin: false,
            status: ContactStatus::Active,
            avatar: None,
            butler: None,
            profile: profile.to_owned(),
            created_at: Timestamp::from_millis(0),
        }
    }

    #[test]
    fn a_name_that_was_changed_elsewhere_is_no_longer_the_programs() {
        let before = contact(r#"{"metadata":{"a":1},"profile":{"email":"x","givenName":"A long one","locale":"ko"}}"#);
        let new = NewContact { first_name: "Augusta".to_owned(), ..NewContact::from(&before) };
        let after = written(&renamed_contact(&before, &new)).unwrap();
        assert_eq!(after, r#"{"metadata":{"a":1},"profile":{"email":"x","locale":"ko"}}"#);
        let same = NewContact::from(&before);
        assert_eq!(written(&renamed_contact(&before, &same)).unwrap(), before.profile);
        assert_eq!(written(&renamed_contact(&contact(EMPTY), &new)).unwrap(), EMPTY);
    }

    #[test]
    fn what_is_kept_has_a_size() {
        let object = |length: usize| Object::from_iter([("a".to_owned(), Value::from("x".repeat(length)))]);
        assert!(written(&object(15_000)).is_ok());
        let refused = written(&object(PROFILE_MAX)).unwrap_err();
        assert_eq!(refused.0[0].field, Field::Metadata);
        assert!(read("no object").is_empty() && read("[1]").is_empty());
    }
}
