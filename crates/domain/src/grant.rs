//! What guests may do with the keys that were granted to them.

use serde::{Deserialize, Serialize};

use crate::ids::KeyId;
use crate::role::Act;

/// The most keys of a guest.
pub const GRANTS_MAX: usize = 50;

names! {
    /// Something that a guest may be allowed to do with a key.
    pub enum KeyAct {
        /// See the key and its usage.
        See = "see",
        /// Find out why a call with it is refused.
        Test = "test",
        /// Give it a new secret.
        Rotate = "rotate",
        Revoke = "revoke",
    }
}

impl KeyAct {
    /// The name that people see.
    pub const fn label(self) -> &'static str {
        match self {
            Self::See => "See",
            Self::Test => "Test",
            Self::Rotate => "Rotate",
            Self::Revoke => "Revoke",
        }
    }

    /// The act that it allows.
    pub const fn act(self) -> Act {
        match self {
            Self::See => Act::SeeKeys,
            Self::Test => Act::TestKeys,
            Self::Rotate => Act::RotateKeys,
            Self::Revoke => Act::RevokeKeys,
        }
    }
}

/// A key that a guest sees, and what else they may do with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyGrant {
    /// The key.
    pub key: KeyId,
    /// The acts, in the order of their declaration.
    pub acts: Vec<KeyAct>,
}

impl KeyGrant {
    /// A grant of these acts. Whoever may do anything with a key also sees it.
    pub fn new(key: KeyId, acts: &[KeyAct]) -> Self {
        let acts = KeyAct::ALL.iter().copied().filter(|act| *act == KeyAct::See || acts.contains(act));
        Self { key, acts: acts.collect() }
    }

    /// Reads the words that [`KeyGrant::words`] wrote. What only a later version knows is left out.
    pub fn read(key: KeyId, words: &str) -> Self {
        let acts: Vec<_> = words.split(' ').filter_map(KeyAct::parse).collect();
        Self::new(key, &acts)
    }

    /// The acts as words with a space between them.
    pub fn words(&self) -> String {
        self.acts.iter().map(|act| act.as_str()).collect::<Vec<_>>().join(" ")
    }
}

/// The keys of a guest as the audit has them, `7Qm2xVbN4tRa: see rotate; …`; `None` for no keys.
pub fn to_record(grants: &[KeyGrant]) -> Option<String> {
    let words: Vec<_> = grants.iter().map(|grant| format!("{}: {}", grant.key, grant.words())).collect();
    (!words.is_empty()).then(|| words.join("; "))
}

/// Reads what [`to_record`] wrote; `None` for any other text.
pub fn from_record(text: &str) -> Option<Vec<KeyGrant>> {
    let read =
        |grant: &str| grant.split_once(": ").and_then(|(key, acts)| Some(KeyGrant::read(KeyId::parse(key)?, acts)));
    text.split("; ").map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_is_read_as_it_was_written() {
        let key = KeyId::from_random([3; 16]);
        for acts in [&[][..], &[KeyAct::Revoke], &[KeyAct::Test, KeyAct::See], KeyAct::ALL] {
            let grant = KeyGrant::new(key, acts);
            assert!(grant.acts.contains(&KeyAct::See));
            assert_eq!(KeyGrant::read(key, &grant.words()), grant);
        }
        assert_eq!(KeyGrant::read(key, "see fly test").words(), "see test");
    }

    #[test]
    fn the_record_of_grants_is_read_as_it_was_written() {
        let grants = [3, 4].map(|n| KeyGrant::new(KeyId::from_random([n; 16]), &[KeyAct::Rotate]));
        assert_eq!(to_record(&[]), None);
        for some in [&grants[..1], &grants[..]] {
            assert_eq!(to_record(some).as_deref().and_then(from_record).as_deref(), Some(some));
        }
        for other in ["", "billing: see", "7Qm2xVbN4tRa", "7Qm2xVbN4tRa: see; more"] {
            assert_eq!(from_record(other), None, "{other}");
        }
    }
}
