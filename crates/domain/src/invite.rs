//! Invites: people who were asked to come and have not come yet.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::app::PERSON_APPS_MAX;
use crate::field::{Field, FieldErrors};
use crate::grant::{GRANTS_MAX, KeyGrant};
use crate::ids::{AppId, PersonId};
use crate::role::Role;
use crate::sight::Scope;
use crate::text;
use crate::timestamp::{Millis, Timestamp};

/// How long the link of an invite works.
pub const INVITE_FOR: Millis = Millis::days(7);

/// How many invites of one sender may wait at once.
pub const INVITES_MAX: u32 = 200;

/// How long an invite is kept after its link has expired: until then it can be sent again.
pub const EXPIRED_KEPT: Millis = Millis::days(30);

/// An invite as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invite {
    /// The invite's id, which becomes that of the person.
    pub id: PersonId,
    /// The e-mail in canonical form.
    pub email: String,
    /// The person's name.
    pub name: String,
    /// The role that the person will have.
    pub role: Role,
    /// The apps that the person will see.
    pub apps: Scope<AppId>,
    /// The keys that a guest will see.
    pub keys: Vec<KeyGrant>,
    /// When a guest's access ends; `None` for never.
    pub access_ends_at: Option<Timestamp>,
    /// Who sent it: their id, and their e-mail at the time.
    pub made_by: (String, String),
    /// When it was sent first.
    pub created_at: Timestamp,
    /// When its link stops working.
    pub expires_at: Timestamp,
}

/// An invite as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InviteDraft {
    /// The first name.
    pub first_name: String,
    /// The last name, or nothing.
    pub last_name: String,
    /// The e-mail.
    pub email: String,
    /// The word of the role.
    pub role: String,
    /// The apps to which the person will be limited, or none for all. An owner sees all.
    pub apps: Vec<AppId>,
    /// The keys that a guest will see.
    pub keys: Vec<KeyGrant>,
    /// When a guest's access ends, in UTC, or nothing.
    pub access_ends_at: String,
}

/// An invite whose fields are right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InviteSpec {
    /// The person's name.
    pub name: String,
    /// The e-mail in canonical form.
    pub email: String,
    /// The role.
    pub role: Role,
    /// The apps.
    pub apps: Scope<AppId>,
    /// The keys of a guest; empty for other roles.
    pub keys: Vec<KeyGrant>,
    /// When a guest's access ends; `None` for never, and for other roles.
    pub access_ends_at: Option<Timestamp>,
}

impl InviteDraft {
    /// Checks every field. What only guests have is ignored for others.
    pub fn check(&self, now: Timestamp) -> Result<InviteSpec, FieldErrors> {
        let mut errors = FieldErrors::default();
        let first = errors.keep(Field::FirstName, text::first_name(&self.first_name));
        // A wrong first name is no reason to keep quiet about the last one.
        let first = first.as_deref().unwrap_or_default();
        let name = errors.keep(Field::LastName, text::with_last_name(first, &self.last_name));
        let email = errors.keep(Field::Email, text::email(&self.email));
        let role = errors.keep(Field::Role, Role::parse(&self.role).ok_or_else(|| NO_ROLE.to_owned()));
        let apps = if role == Some(Role::Owner) { Ok(Scope::All) } else { check_apps(&self.apps) };
        let apps = errors.keep(Field::Apps, apps).unwrap_or(Scope::All);
        let (mut keys, mut access_ends_at) = (Vec::new(), None);
        // Whoever has named no role may have meant a guest.
        if role == Some(Role::Guest) || (role.is_none() && !self.keys.is_empty()) {
            keys = errors.keep(Field::Keys, check_keys(&self.keys)).unwrap_or_default();
        }
        if role.is_none_or(|role| role == Role::Guest) {
            access_ends_at = errors.keep(Field::AccessEndsAt, end_of_access(&self.access_ends_at, now)).flatten();
        }
        let (Some(name), Some(email), Some(role), true) = (name, email, role, errors.is_empty()) else {
            return Err(errors);
        };
        Ok(InviteSpec { name, email, role, apps, keys, access_ends_at })
    }
}

/// What to tell whoever names no role.
pub const NO_ROLE: &str = "Choose a role: owner, admin, auditor or guest.";

/// The apps of a person: these, if there are any and not too many, or all.
pub fn check_apps(apps: &[AppId]) -> Result<Scope<AppId>, String> {
    match apps.len() {
        0 => Ok(Scope::All),
        more if more > PERSON_APPS_MAX => Err(format!("Choose at most {PERSON_APPS_MAX} apps; you chose {more}.")),
        _ => Ok(Scope::Only(apps.to_vec())),
    }
}

/// The keys of a guest: at least one, and not too many.
pub fn check_keys(keys: &[KeyGrant]) -> Result<Vec<KeyGrant>, String> {
    match keys.len() {
        0 => Err("Name the keys that the guest may see: at least one.".to_owned()),
        more if more > GRANTS_MAX => Err(format!("Choose at most {GRANTS_MAX} keys; you chose {more}.")),
        more if keys.iter().map(|grant| grant.key).collect::<BTreeSet<_>>().len() < more => {
            Err("A key is named twice. Name each once, with all that the guest may do with it.".to_owned())
        }
        _ => Ok(keys.to_vec()),
    }
}

/// When a guest's access ends: a time to come in UTC, or nothing.
pub fn end_of_access(text: &str, now: Timestamp) -> Result<Option<Timestamp>, String> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    match Timestamp::parse_input(text.trim()) {
        None => Err("Enter a date and time, for example 2027-01-31T18:00.".to_owned()),
        Some(at) if at <= now => Err("Choose a time in the future.".to_owned()),
        Some(at) => Ok(Some(at)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grant::KeyAct;
    use crate::ids::KeyId;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn draft(role: &str) -> InviteDraft {
        InviteDraft {
            first_name: " Ada ".to_owned(),
            last_name: "Byron".to_owned(),
            email: "Ada@Example.com".to_owned(),
            role: role.to_owned(),
            apps: vec![AppId::from_random([1; 12])],
            keys: vec![KeyGrant::new(KeyId::from_random([3; 16]), &[KeyAct::Test])],
            access_ends_at: "2030-01-01T00:00".to_owned(),
        }
    }

    #[test]
    fn only_a_guest_has_keys_and_an_end() {
        let spec = draft("admin").check(NOW).unwrap();
        assert_eq!((spec.name.as_str(), spec.email.as_str()), ("Ada Byron", "ada@example.com"));
        assert_eq!((spec.keys.len(), spec.access_ends_at), (0, None));
        let spec = draft("guest").check(NOW).unwrap();
        assert_eq!((spec.keys.len(), spec.access_ends_at), (1, Timestamp::parse_input("2030-01-01T00:00")));
        assert_eq!(spec.apps, Scope::from(&AppId::from_random([1; 12])));
        assert_eq!(draft("owner").check(NOW).unwrap().apps, Scope::All, "an owner has no limit");
        let spec = InviteDraft { last_name: " ".to_owned(), ..draft("auditor") }.check(NOW).unwrap();
        assert_eq!(spec.name, "Ada");
    }

    #[test]
    fn everything_that_is_wrong_is_named_at_its_field() {
        let wrong = |draft: InviteDraft| {
            draft.check(NOW).unwrap_err().0.into_iter().map(|error| error.field).collect::<Vec<_>>()
        };
        let nothing = InviteDraft::default();
        assert_eq!(wrong(nothing), [Field::FirstName, Field::Email, Field::Role]);
        let bare = InviteDraft { keys: Vec::new(), access_ends_at: "soon".to_owned(), ..draft("guest") };
        assert_eq!(wrong(bare), [Field::Keys, Field::AccessEndsAt]);
        let past = InviteDraft { access_ends_at: "2020-01-01".to_owned(), ..draft("guest") };
        assert_eq!(wrong(past), [Field::AccessEndsAt]);
        for role in ["Guest", "GUEST", " guest", "root"] {
            assert_eq!(wrong(draft(role)), [Field::Role], "{role:?}");
        }
        let long = InviteDraft { first_name: "x".repeat(60), last_name: "y".repeat(60), ..draft("admin") };
        assert_eq!(wrong(long), [Field::LastName]);
        let long = InviteDraft { first_name: "x".repeat(101), ..draft("admin") };
        assert_eq!(wrong(long), [Field::FirstName]);
        let hidden = InviteDraft { last_name: "By\u{202e}ron".to_owned(), ..draft("admin") };
        assert_eq!(wrong(hidden), [Field::LastName]);
        let many = vec![AppId::from_random([1; 12]); PERSON_APPS_MAX + 1];
        assert_eq!(wrong(InviteDraft { apps: many, ..draft("admin") }), [Field::Apps]);
        let many = vec![KeyGrant::new(KeyId::from_random([3; 16]), &[]); GRANTS_MAX + 1];
        assert_eq!(wrong(InviteDraft { keys: many, ..draft("guest") }), [Field::Keys]);
    }
}
