//! The forms about the people who may sign in.

use domain::field::Field;
use domain::grant::{KeyAct, KeyGrant};
use domain::ids::KeyId;
use domain::list::search;

use super::fields::{FormFields, Pairs};

/// Which button of a form with a search was pressed.
pub const PRESS: &str = "press";
/// The words that keys are searched by.
pub const FIND: &str = "find";
/// The words of the last search.
pub const FOUND: &str = "found";
/// The value of `PRESS` that only searches.
pub const SEARCH: &str = "search";
/// The value of `PRESS` for the Enter key.
pub const ENTER: &str = "enter";

/// The role that somebody is given.
#[derive(Debug, Clone, Default)]
pub struct RoleForm {
    pub role: String,
}

impl FormFields for RoleForm {
    fn read(sent: &Pairs) -> Self {
        Self { role: sent.text(Field::Role.as_str()) }
    }
}

/// Somebody to remove, and whom their keys go to.
#[derive(Debug, Clone, Default)]
pub struct RemoveForm {
    /// As typed; blank to leave the keys as they are.
    pub owner: String,
}

impl FormFields for RemoveForm {
    fn read(sent: &Pairs) -> Self {
        Self { owner: sent.text(Field::Owner.as_str()) }
    }
}

/// The words that a form searches by, without what may be a secret, and whether it searches first. Enter in the search field
/// searches for something new, and elsewhere it sends the form.
pub(super) fn searched(sent: &Pairs, find: &str, found: &str, button: &str) -> (String, bool) {
    let words = |name: &str| search(&sent.text(name)).unwrap_or_default();
    let (find, found) = (words(find), words(found));
    let is_new = !find.is_empty() && find != found;
    let press = sent.text(PRESS);
    (find, press == button || (press == ENTER && is_new))
}

/// Keys that are ticked for a guest, among those that a search found.
#[derive(Debug, Clone, Default)]
pub struct KeyChoice {
    pub grants: Vec<KeyGrant>,
    /// What to search for.
    pub find: String,
    /// Whether to search first, and show the form again.
    pub searches: bool,
}

impl FormFields for KeyChoice {
    fn read(sent: &Pairs) -> Self {
        let ticked =
            |act: &KeyAct| -> Vec<KeyId> { sent.all(act.as_str()).iter().filter_map(|id| KeyId::parse(id)).collect() };
        let ticked: Vec<_> = KeyAct::ALL.iter().map(|act| (*act, ticked(act))).collect();
        let mut keys: Vec<KeyId> = ticked.iter().flat_map(|(_, keys)| keys).copied().collect();
        keys.sort_unstable();
        keys.dedup();
        let grant = |key: KeyId| {
            let acts: Vec<_> = ticked.iter().filter(|(_, keys)| keys.contains(&key)).map(|(act, _)| *act).collect();
            KeyGrant::new(key, &acts)
        };
        let (find, searches) = searched(sent, FIND, FOUND, SEARCH);
        Self { grants: keys.into_iter().map(grant).collect(), find, searches }
    }
}

/// Which keys a guest sees, and until when.
#[derive(Debug, Clone, Default)]
pub struct GuestForm {
    pub keys: KeyChoice,
    pub access_ends_at: String,
}

impl FormFields for GuestForm {
    fn read(sent: &Pairs) -> Self {
        Self { keys: KeyChoice::read(sent), access_ends_at: sent.text(Field::AccessEndsAt.as_str()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> KeyChoice {
        KeyChoice::read(&Pairs(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()))
    }

    #[test]
    fn each_ticked_key_is_one_grant() {
        let choice = read(&[
            ("see", "7Qm2xVbN4tRa"),
            ("see", "7Qm2xVbN4tRb"),
            ("test", "7Qm2xVbN4tRa"),
            ("revoke", "7Qm2xVbN4tRc"),
            ("revoke", "nonsense"),
        ]);
        let words: Vec<_> = choice.grants.iter().map(KeyGrant::words).collect();
        assert_eq!(words, ["see test", "see", "see revoke"]);
    }

    #[test]
    fn enter_searches_only_for_something_new() {
        for (press, find, found, searches) in [
            (SEARCH, "", "", true),
            (ENTER, "billing", "", true),
            (ENTER, "billing", "billing", false),
            (ENTER, " ", "billing", false),
            ("invite", "billing", "", false),
            ("", "billing", "", false),
        ] {
            let choice = read(&[(PRESS, press), (FIND, find), (FOUND, found)]);
            assert_eq!(choice.searches, searches, "{press} {find}");
        }
    }

    #[test]
    fn of_a_key_that_is_searched_for_the_id_is_left() {
        let pasted = format!("ks_7Qm2xVbN4tRa_{}", "s".repeat(49));
        let choice = read(&[(PRESS, ENTER), (FIND, &*pasted)]);
        assert_eq!((choice.find.as_str(), choice.searches), ("7Qm2xVbN4tRa", true));
        assert!(!read(&[(PRESS, ENTER), (FIND, &*pasted), (FOUND, &*choice.find)]).searches, "it was found before");
        let secret = read(&[(PRESS, SEARCH), (FIND, &pasted[16..])]);
        assert_eq!((secret.find.as_str(), secret.searches), ("", true));
    }
}
