//! The form of an act on many keys. The preview reads it from its address, and the act from a POST.

use domain::bulk::{BulkAct, Selection};
use domain::field::Field;
use domain::ids::KeyId;
use domain::list::KeyQuery;
use domain::query_string::ListQuery;

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

/// The filters of the list, if the list has all of them.
pub fn list(sent: &Pairs) -> Option<KeyQuery> {
    let (list, left_out) = KeyQuery::read_string(&sent.text(LIST));
    left_out.is_empty().then_some(list)
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
