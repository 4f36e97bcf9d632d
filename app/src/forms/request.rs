//! The forms about requests.

use domain::field::Field;
use domain::ids::KeyId;
use domain::request::Decision;

use super::bulk::{ACT, KEY};
use super::fields::{FormFields, Pairs};

/// A decision about one request, with a word to whoever asked. The address says which.
#[derive(Debug, Clone, Default)]
pub struct DecideForm {
    pub word: String,
}

impl FormFields for DecideForm {
    fn read(sent: &Pairs) -> Self {
        Self { word: sent.text(Field::Note.as_str()) }
    }
}

/// The most requests that are decided at once, far more than a page of the list has.
const MOST: usize = 100;

/// A decision about many. Its page reads it from its address, and the act from a POST.
#[derive(Debug, Clone, Default)]
pub struct DecideManyForm {
    /// `None` if there is no such decision.
    pub decision: Option<Decision>,
    /// What was ticked. What is no id is no request.
    pub keys: Vec<KeyId>,
    pub word: String,
}

impl FormFields for DecideManyForm {
    fn read(sent: &Pairs) -> Self {
        let mut keys: Vec<_> = sent.all(KEY).iter().filter_map(|id| KeyId::parse(id)).take(MOST).collect();
        keys.dedup();
        Self { decision: Decision::parse(&sent.text(ACT)), keys, word: sent.text(Field::Note.as_str()) }
    }
}
