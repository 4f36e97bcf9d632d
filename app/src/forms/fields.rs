//! The fields of a form as they were sent. The server and the browser read them in the same way.

use domain::draft::{KeyDraft, Part};
use domain::field::Field;
#[cfg(feature = "ssr")]
use domain::token::without_keys;

/// Names may repeat. A field that was sent empty is present.
#[derive(Debug, Clone, Default)]
pub struct Pairs(pub Vec<(String, String)>);

impl Pairs {
    /// The first value of this name, if the field was sent.
    pub fn get(&self, name: &str) -> Option<String> {
        self.0.iter().find(|(sent, _)| sent == name).map(|(_, value)| value.clone())
    }

    /// Every value of this name.
    pub fn all(&self, name: &str) -> Vec<String> {
        self.0.iter().filter(|(sent, _)| sent == name).map(|(_, value)| value.clone()).collect()
    }

    /// The first value of this name, empty if the field was not sent.
    #[cfg(feature = "ssr")]
    pub fn text(&self, name: &str) -> String {
        self.get(name).unwrap_or_default()
    }

    /// The same as a page shows it again: without the secrets of whole keys. Everything else is as it was typed.
    #[cfg(feature = "ssr")]
    pub fn shown_again(mut self) -> Self {
        for (_, value) in &mut self.0 {
            *value = without_keys(value).into_owned();
        }
        self
    }
}

/// A form that can be read from its fields.
pub trait FormFields: Clone + Send + Sync + 'static {
    /// Reads the fields that it knows, and ignores the rest.
    fn read(sent: &Pairs) -> Self;
}

/// A list as people type it, with one item per line. Blank lines stay, so that an item's number is that of its line.
pub fn lines(items: &[String]) -> String {
    items.join("\n")
}

/// The items of a list that `lines` wrote.
fn items(text: &str) -> Vec<String> {
    text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line).to_owned()).collect()
}

/// The tick boxes of permissions.
pub const BOXES: &str = "boxes";
/// Where an accepted form leads.
pub const THEN: &str = "then";
/// The value of a ticked box.
pub const TICKED: &str = "yes";
/// The value of `THEN` for the page that sets up an integration.
pub const INTEGRATION: &str = "integration";

impl FormFields for KeyDraft {
    fn read(sent: &Pairs) -> Self {
        let mut draft = Self { boxes: sent.all(BOXES), ..Self::default() };
        for field in Field::ALL {
            let value = sent.get(field.as_str());
            match draft.part(*field) {
                Some(Part::Text(text)) => *text = value,
                Some(Part::Items(list)) => *list = value.map(|text| items(&text)),
                None => {}
            }
        }
        draft
    }
}

/// The fields of a draft as a form sends them, except the boxes. `read` returns the same draft.
#[cfg(feature = "ssr")]
pub fn pairs(mut draft: KeyDraft) -> Vec<(Field, String)> {
    let value = |field: &Field| {
        let value = match draft.part(*field)? {
            Part::Text(text) => text.take(),
            Part::Items(items) => items.take().map(|items| lines(&items)),
        };
        Some((*field, value?))
    };
    Field::ALL.iter().filter_map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_shown_again_as_it_was_typed_and_an_error_tells_its_line() {
        let typed = |text: &str| KeyDraft::read(&Pairs(vec![("cidrs".to_owned(), text.to_owned())])).cidrs;
        assert_eq!(typed("\r\n10.0.0.0/8, ::1\r\n\r\nx\r\n").unwrap(), ["", "10.0.0.0/8, ::1", "", "x", ""]);
        for text in ["", "a", "\n\na,b\n", " a \n\tb"] {
            assert_eq!(lines(&typed(text).unwrap()), text);
        }
        assert_eq!(KeyDraft::read(&Pairs::default()).cidrs, None);
    }

    #[cfg(feature = "ssr")]
    #[test]
    fn only_the_secret_of_a_whole_key_is_not_shown_again() {
        let api_key = "7Qm2xV-bN4tRa-abcdef-012345-20261121093002";
        let (found, long) = (format!("found {api_key}\r\n"), "s".repeat(60));
        let typed = [("note", &*found), ("note", " a\r\n\tb "), ("name", &*long), ("x", "")];
        let sent = Pairs(typed.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
        let shown = sent.shown_again();
        assert_eq!(shown.all("note"), ["found \r\n", " a\r\n\tb "]);
        assert_eq!((shown.text("name"), shown.get("x").as_deref()), (long, Some("")));
    }

    #[test]
    fn every_field_of_a_draft_goes_through_a_form() {
        let mut sent = Pairs(Vec::new());
        for field in Field::ALL {
            sent.0.push((field.as_str().to_owned(), format!("one\ntwo {}", field.as_str())));
        }
        let draft = KeyDraft::read(&sent);
        let again = pairs(draft.clone()).into_iter().map(|(field, value)| (field.as_str().to_owned(), value));
        assert_eq!(KeyDraft::read(&Pairs(again.collect())), draft);
        assert_eq!(draft.tags.unwrap(), ["one", "two tags"]);
        assert_eq!(draft.owner.unwrap(), "one\ntwo owner");
    }
}
