//! The form that keeps a view of the key list, or forgets one.

use domain::field::Field;
use domain::list::KeyQuery;

use super::bulk::list;
use super::fields::{FormFields, Pairs, TICKED};

/// Whether the view is to be forgotten.
pub const FORGET: &str = "forget";

#[derive(Debug, Clone, Default)]
pub struct SavedViewForm {
    pub name: String,
    /// `None` if it names what the list does not have.
    pub list: Option<KeyQuery>,
    pub forget: bool,
}

impl FormFields for SavedViewForm {
    fn read(sent: &Pairs) -> Self {
        Self { name: sent.text(Field::Name.as_str()), list: list(sent), forget: sent.text(FORGET) == TICKED }
    }
}
