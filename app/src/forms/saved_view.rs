//! The form that keeps a view of the key list, or forgets one.

use domain::field::Field;
use domain::list::KeyQuery;

use super::bulk::LIST;
use super::fields::{FormFields, Pairs, TICKED};

/// Whether the view is to be forgotten.
pub const FORGET: &str = "forget";

#[derive(Debug, Clone, Default)]
pub struct SavedViewForm {
    pub name: String,
    pub list: KeyQuery,
    pub forget: bool,
}

impl FormFields for SavedViewForm {
    fn read(sent: &Pairs) -> Self {
        Self {
            name: sent.text(Field::Name.as_str()),
            list: KeyQuery::from_query_string(&sent.text(LIST)).first_page(),
            forget: sent.text(FORGET) == TICKED,
        }
    }
}
