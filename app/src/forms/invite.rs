//! The forms that invite people, and the form of whoever was invited.

use std::sync::Arc;

use domain::field::Field;
use domain::invite::InviteDraft;
use secrecy::SecretString;
use service::invites::Invited;

use super::apps::AppChoice;
use super::fields::{FormFields, Pairs};
use super::people::KeyChoice;

/// Somebody to invite.
#[derive(Debug, Clone, Default)]
pub struct InviteForm {
    /// What was typed, without the keys and the apps.
    pub draft: InviteDraft,
    pub keys: KeyChoice,
    pub apps: AppChoice,
}

impl FormFields for InviteForm {
    fn read(sent: &Pairs) -> Self {
        let text = |field: Field| sent.text(field.as_str());
        let (keys, apps) = (KeyChoice::read(sent), AppChoice::read(sent));
        let draft = InviteDraft {
            first_name: text(Field::FirstName),
            last_name: text(Field::LastName),
            email: text(Field::Email),
            role: text(Field::Role),
            apps: apps.apps.clone(),
            keys: keys.grants.clone(),
            access_ends_at: text(Field::AccessEndsAt),
        };
        Self { draft, keys, apps }
    }
}

/// A new link, which goes nowhere but into the answer, and what came of its mail.
#[derive(Debug, Clone)]
pub struct NewLink {
    pub invited: Arc<Invited>,
    /// Whether it was mailed; `None` if this installation sends no mail.
    pub mailed: Option<bool>,
}

/// What whoever was invited sends.
#[derive(Debug, Clone, Default)]
pub struct AcceptForm {
    pub name: String,
    pub password: SecretString,
}

impl FormFields for AcceptForm {
    fn read(sent: &Pairs) -> Self {
        Self { name: sent.text(Field::PersonName.as_str()), password: sent.text(Field::Password.as_str()).into() }
    }
}
