//! A complete key, as people set it: the result of a draft.

use serde::{Deserialize, Serialize};

use crate::field::Field;
use crate::kind::KeyKind;
use crate::rules::KeyRules;
use crate::timestamp::Timestamp;

/// A key as it is to be: a new one, or one after an edit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeySpec {
    /// The kind, which never changes.
    pub kind: KeyKind,
    /// The name, 1 to `NAME_MAX` characters.
    pub name: String,
    /// Its description; may be empty.
    pub description: String,
    /// The first moment at which the key works, in whole seconds; `None` if it works once it is confirmed.
    pub not_before: Option<Timestamp>,
    /// The first moment at which the key no longer works, in whole seconds; `None` if it never expires.
    pub expires_at: Option<Timestamp>,
    /// What restricts it, and what it is labelled with.
    pub rules: KeyRules,
}

impl KeySpec {
    /// Nothing but a kind.
    pub(crate) fn blank(kind: KeyKind) -> Self {
        let (name, description) = (String::new(), String::new());
        Self { kind, name, description, not_before: None, expires_at: None, rules: KeyRules::default() }
    }

    /// Each field with its value in words, as the record tells it; empty where there is none.
    pub fn told(&self) -> Vec<(Field, String)> {
        let moment = |at: Option<Timestamp>| at.map(Timestamp::to_rfc3339).unwrap_or_default();
        let mut told = vec![
            (Field::Kind, self.kind.as_str().to_owned()),
            (Field::Name, self.name.clone()),
            (Field::Description, self.description.clone()),
            (Field::NotBefore, moment(self.not_before)),
            (Field::ExpiresAt, moment(self.expires_at)),
        ];
        told.extend(self.rules.told());
        told
    }

    /// Whether there is a time at which it works.
    pub(crate) fn begins_before_it_ends(&self) -> bool {
        !matches!((self.not_before, self.expires_at), (Some(from), Some(until)) if from >= until)
    }
}
