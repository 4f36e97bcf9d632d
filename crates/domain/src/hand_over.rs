//! Hand-overs: keys, and new secrets of keys, that somebody else collects by a one-use link. No secret exists until they do.

use serde::{Deserialize, Serialize};

use crate::draft::KeyDraft;
use crate::field::{Field, FieldErrors};
use crate::ids::{AppId, KeyId};
use crate::kind::KeyKind;
use crate::rotation::Overlap;
use crate::text;
use crate::timestamp::{Millis, Timestamp};

/// How many hand-overs of one maker may wait at once: a person, a key, or the command line.
pub const HAND_OVERS_MAX: u32 = 200;

/// After as many wrong passphrases, Keystead withdraws a hand-over.
pub const WRONG_PASSPHRASES_MAX: u32 = 10;

names! {
    /// How long the link of a hand-over works.
    pub enum LinkLife {
        Hour = "1h",
        Day = "1d",
        ThreeDays = "3d",
        Week = "7d",
    }
}

impl LinkLife {
    /// What people choose first.
    pub const USUAL: Self = Self::Day;

    /// Its length.
    pub const fn length(self) -> Millis {
        match self {
            Self::Hour => Millis::hours(1),
            Self::Day => Millis::days(1),
            Self::ThreeDays => Millis::days(3),
            Self::Week => Millis::days(7),
        }
    }

    /// The length as people read it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Hour => "1 hour",
            Self::Day => "1 day",
            Self::ThreeDays => "3 days",
            Self::Week => "7 days",
        }
    }
}

/// A hand-over that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandOver {
    /// The id that the key has, or will have.
    pub key: KeyId,
    /// The app of the key.
    pub app_id: AppId,
    /// The kind of the key.
    pub kind: KeyKind,
    /// The name of the key.
    pub key_name: String,
    /// What was typed for a new key. It holds no secret.
    pub draft: KeyDraft,
    /// For a new secret of a key that there is already: for how long the old one works beside it.
    pub rotates: Option<Overlap>,
    /// The one-use id of the form that made the hand-over.
    pub form_id: String,
    /// The name of whoever is to collect the key.
    pub recipient: String,
    /// Their e-mail in canonical form, if it was given.
    pub email: Option<String>,
    /// Whether a passphrase is asked for.
    pub has_passphrase: bool,
    /// Who made it: the id of the person or key, empty for the command line, and the name of the actor at the time.
    pub made_by: (String, String),
    /// When it was made.
    pub created_at: Timestamp,
    /// When its link stops working.
    pub expires_at: Timestamp,
}

/// Who collected a key, when and from where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collection {
    /// The name that whoever made the hand-over gave the recipient.
    pub recipient: String,
    /// When the key was collected.
    pub at: Timestamp,
    /// The client's address as text; `None` if it was not known.
    pub from: Option<String>,
}

/// A hand-over as typed, without the passphrase.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HandOverDraft {
    /// The name of whoever is to collect the key.
    pub recipient: String,
    /// Their e-mail, or nothing.
    pub email: String,
    /// The word of the link's life.
    pub life: String,
}

/// A hand-over whose fields are right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandOverSpec {
    /// The name of whoever is to collect the key.
    pub recipient: String,
    /// Their e-mail in canonical form, if it was given.
    pub email: Option<String>,
    /// How long the link works.
    pub life: LinkLife,
}

impl HandOverDraft {
    /// Checks every field, and the passphrase too: it is at least long enough, or nothing.
    pub fn check(&self, passphrase: &str) -> Result<HandOverSpec, FieldErrors> {
        let mut errors = FieldErrors::default();
        let recipient = errors.keep(Field::Recipient, text::recipient(&self.recipient));
        let email = match self.email.trim() {
            "" => Some(None),
            email => errors.keep(Field::Email, text::email(email)).map(Some),
        };
        errors.keep(Field::Passphrase, text::passphrase(passphrase));
        let life = LinkLife::parse(&self.life).ok_or_else(|| {
            let words: Vec<_> = LinkLife::ALL.iter().map(|life| life.as_str()).collect();
            format!("Choose how long the link works: one of {}.", words.join(", "))
        });
        let life = errors.keep(Field::LinkLife, life);
        let (Some(recipient), Some(email), Some(life), true) = (recipient, email, life, errors.is_empty()) else {
            return Err(errors);
        };
        Ok(HandOverSpec { recipient, email, life })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(recipient: &str, email: &str, life: &str) -> HandOverDraft {
        HandOverDraft { recipient: recipient.to_owned(), email: email.to_owned(), life: life.to_owned() }
    }

    #[test]
    fn only_the_name_and_the_life_are_needed() {
        let spec = draft(" Grace ", " ", "1d").check("").unwrap();
        assert_eq!(spec, HandOverSpec { recipient: "Grace".to_owned(), email: None, life: LinkLife::Day });
        let spec = draft("Grace", "Grace@Example.com", "7d").check("12345678").unwrap();
        assert_eq!(spec.email.as_deref(), Some("grace@example.com"));
        for life in LinkLife::ALL {
            assert!((Millis::hours(1)..=Millis::days(7)).contains(&life.length()), "{life:?}");
        }
    }

    #[test]
    fn everything_that_is_wrong_is_named_at_its_field() {
        let wrong = |draft: HandOverDraft, passphrase: &str| {
            draft.check(passphrase).unwrap_err().0.into_iter().map(|error| error.field).collect::<Vec<_>>()
        };
        let all = [Field::Recipient, Field::Email, Field::Passphrase, Field::LinkLife];
        assert_eq!(wrong(draft(" ", "grace", "2d"), "1234567"), all);
        assert_eq!(wrong(draft("Grace\u{202e}", "", "1d"), ""), [Field::Recipient]);
        assert_eq!(wrong(draft("Grace", "", "1d"), &"x".repeat(257)), [Field::Passphrase]);
        assert_eq!(wrong(draft(&"x".repeat(101), "", "1d"), ""), [Field::Recipient]);
    }
}
