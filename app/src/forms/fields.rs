//! The fields of a form as they were sent, read alike on the server and in the browser.

use domain::draft::KeyDraft;
use domain::field::Field;

/// Names may repeat, and a field that was sent empty is there.
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
}

/// A form that can be read from its fields.
pub trait FormFields: Clone + Send + Sync + 'static {
    /// Takes what it knows; other fields are ignored.
    fn read(sent: &Pairs) -> Self;
}

/// A list as it is typed: an item on each line. Blank lines stay, so that an item's number tells its line.
pub fn lines(items: &[String]) -> String {
    items.join("\n")
}

/// The items of a list that was typed by `lines`.
fn items(text: &str) -> Vec<String> {
    text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line).to_owned()).collect()
}

/// The tick boxes of permissions.
pub const BOXES: &str = "boxes";
/// Where an accepted form leads on to.
pub const THEN: &str = "then";
/// The value of a box that is ticked.
pub const TICKED: &str = "yes";
/// The value of `THEN` for the page that sets up an integration.
pub const INTEGRATION: &str = "integration";

impl FormFields for KeyDraft {
    fn read(sent: &Pairs) -> Self {
        let field = |field: Field| sent.get(field.as_str());
        let list = |field: Field| sent.get(field.as_str()).map(|text| items(&text));
        Self {
            kind: field(Field::Kind),
            name: field(Field::Name),
            description: field(Field::Description),
            cidrs: list(Field::Cidrs),
            denied_cidrs: list(Field::DeniedCidrs),
            domains: list(Field::Domains),
            permissions: list(Field::Permissions),
            boxes: sent.all(BOXES),
            not_before: field(Field::NotBefore),
            expiry: field(Field::Expiry),
            expires_at: field(Field::ExpiresAt),
            limits: list(Field::Limits),
            quota: field(Field::Quota),
            quota_refill: field(Field::QuotaRefill),
        }
    }
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
}
