//! The form of an act on many keys. The preview reads it from its address, and the act from a POST.

use domain::bulk::{BulkAct, Selection};
use domain::field::Field;
use domain::ids::KeyId;
use domain::list::KeyQuery;
use domain::query_string::{ListQuery, Taken};

use super::fields::{FormFields, Pairs, TICKED};
use crate::error::ConsoleError;

/// The act.
pub const ACT: &str = "act";
/// A ticked key; repeated.
pub const KEY: &str = "key";
/// Whether the act is for all that match.
pub const ALL: &str = "all";
/// The form of an earlier act, whose keys this one is for.
pub const TAKEN_BY: &str = "taken_by";
/// The filters of the list, as its address has them.
pub const LIST: &str = "list";

#[derive(Debug, Clone, Default)]
pub struct BulkForm {
    /// `None` if there is no such act.
    pub act: Option<BulkAct>,
    pub keys: Vec<String>,
    pub all: bool,
    pub taken_by: String,
    /// `None` if they name what the list does not have. The act would be for more keys than were meant.
    pub list: Option<KeyQuery>,
    pub reason: String,
    pub note: String,
    pub expiry: String,
    pub expires_at: String,
    pub tag: String,
    pub owner: String,
    /// The id of the app that the list was about; empty for all.
    pub app: String,
    /// Makes a repeated POST harmless.
    pub form_id: String,
}

/// The filters of the list, if the list has all of them and none stands beside them, where it would count for nothing.
pub fn list(sent: &Pairs) -> Option<KeyQuery> {
    let (list, left_out) = KeyQuery::read_string(&sent.text(LIST));
    // The owner is whom keys are transferred to.
    let is_filter = |name: &str, value: &str| {
        !value.is_empty() && name != Field::Owner.as_str() && KeyQuery::default().take(name, value) != Taken::Unknown
    };
    let is_beside = sent.0.iter().any(|(name, value)| is_filter(name, value));
    (left_out.is_empty() && !is_beside).then_some(list)
}

impl FormFields for BulkForm {
    fn read(sent: &Pairs) -> Self {
        Self {
            act: BulkAct::parse(&sent.text(ACT)),
            keys: sent.all(KEY),
            all: sent.text(ALL) == TICKED,
            taken_by: sent.text(TAKEN_BY),
            list: list(sent),
            reason: sent.text(Field::Reason.as_str()),
            note: sent.text(Field::Note.as_str()),
            expiry: sent.text(Field::Expiry.as_str()),
            expires_at: sent.text(Field::ExpiresAt.as_str()),
            tag: sent.text(Field::Tags.as_str()),
            owner: sent.text(Field::Owner.as_str()),
            app: sent.text(Field::App.as_str()),
            form_id: sent.text(Field::FormId.as_str()),
        }
    }
}

impl BulkForm {
    /// The keys that it is for. What is no id is no key.
    pub fn selection(&self) -> Result<Selection, ConsoleError> {
        if !self.taken_by.is_empty() {
            return Ok(Selection::TakenBy(self.taken_by.clone()));
        }
        if self.all {
            let list = self.list.as_ref().ok_or(ConsoleError::NoSuchFilter)?;
            return Ok(Selection::Matching(Box::new(list.first_page())));
        }
        Ok(Selection::Keys(self.keys.iter().filter_map(|id| KeyId::parse(id)).collect()))
    }

    /// What says which keys it is for, to be sent again.
    pub fn selected(&self) -> Vec<(&'static str, String)> {
        let mut pairs: Vec<_> = self.list.iter().map(|list| (LIST, list.to_query_string())).collect();
        if !self.app.is_empty() {
            pairs.push((Field::App.as_str(), self.app.clone()));
        }
        if !self.taken_by.is_empty() {
            pairs.push((TAKEN_BY, self.taken_by.clone()));
        } else if self.all {
            pairs.push((ALL, TICKED.to_owned()));
        } else {
            pairs.extend(self.keys.iter().map(|id| (KEY, id.clone())));
        }
        pairs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_beside_the_list_are_no_filters() {
        let read = |pairs: &[(&str, &str)]| {
            let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            list(&Pairs(pairs.collect())).map(|list| list.to_query_string())
        };
        assert_eq!(read(&[(LIST, "kind=service"), (ACT, "revoke"), (ALL, TICKED)]).as_deref(), Some("kind=service"));
        assert_eq!(read(&[(LIST, ""), ("owner", "ada@example.com"), ("tags", "a"), ("kind", "")]).as_deref(), Some(""));
        for (name, value) in [("kind", "client"), ("kind", "sausage"), ("q", "billing"), ("status", "active")] {
            assert_eq!(read(&[(LIST, "kind=service"), (name, value), (ALL, TICKED)]), None, "{name}={value}");
        }
    }
}
