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

/// The name of the tick boxes of permissions.
pub const BOXES: &str = "boxes";

impl FormFields for KeyDraft {
    fn read(sent: &Pairs) -> Self {
        let field = |field: Field| sent.get(field.as_str());
        Self {
            kind: field(Field::Kind),
            name: field(Field::Name),
            description: field(Field::Description),
            cidrs: field(Field::Cidrs),
            denied_cidrs: field(Field::DeniedCidrs),
            domains: field(Field::Domains),
            permissions: field(Field::Permissions),
            boxes: sent.all(BOXES),
            not_before: field(Field::NotBefore),
            expiry: field(Field::Expiry),
            expires_at: field(Field::ExpiresAt),
            limits: field(Field::Limits),
            quota: field(Field::Quota),
            quota_refill: field(Field::QuotaRefill),
        }
    }
}
