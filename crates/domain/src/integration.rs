//! Integrations: the connections of an app with other systems.

use serde::{Deserialize, Serialize};

use crate::field::{Field, FieldErrors};
use crate::ids::{AppId, IntegrationId};
use crate::kind::KeyKind;
use crate::list::{Rows, cursor, search};
#[cfg(feature = "server")]
use crate::profile;
use crate::query_string::{ListQuery, Taken, put, put_text, query_string};
use crate::text;
use crate::timestamp::Timestamp;
use crate::webhook::{WEBHOOKS_MAX, Webhook};

/// The most integrations of an app.
pub const INTEGRATIONS_MAX: usize = 1_000;

/// The most live keys of an integration.
pub const INTEGRATION_KEYS_MAX: usize = 10;

/// The most live keys of an app for itself.
pub const APP_KEYS_MAX: usize = 10;

/// The most bytes of what Keystead keeps of an integration without knowing it.
pub const EXTRA_MAX: usize = 16_384;

/// The most integrations of one page of a list.
pub const ROWS_MAX: u32 = 100;

names! {
    /// The type of an integration; it never changes.
    pub enum IntegrationKind {
        /// A program of one's own, which calls with keys and is told things by a webhook.
        Custom = "custom",
        Android = "android",
        Apple = "apple",
        Instagram = "instagram",
        Ios = "ios",
        Line = "line",
        Mailgun = "mailgun",
        Messagebird = "messagebirdsms",
        Messenger = "messenger",
        Telegram = "telegram",
        Twilio = "twilio",
        Twitter = "twitter",
        Unity = "unity",
        Viber = "viber",
        Web = "web",
        Wechat = "wechat",
        Whatsapp = "whatsapp",
        /// Where programs with keys of this kind report what happens, as are those below.
        OpenConnect = "open_connect",
        Client = "client",
        QueueAdapter = "queue_adapter",
        Telephony = "telephony",
    }
}

impl IntegrationKind {
    /// The name that people see.
    pub fn label(self) -> &'static str {
        match self {
            Self::Custom => "Custom",
            Self::Android => "Android",
            Self::Apple => "Apple Messages",
            Self::Instagram => "Instagram",
            Self::Ios => "iOS",
            Self::Line => "LINE",
            Self::Mailgun => "Mailgun",
            Self::Messagebird => "MessageBird SMS",
            Self::Messenger => "Messenger",
            Self::Telegram => "Telegram",
            Self::Twilio => "Twilio SMS",
            Self::Twitter => "Twitter",
            Self::Unity => "Unity",
            Self::Viber => "Viber",
            Self::Web => "Web",
            Self::Wechat => "WeChat",
            Self::Whatsapp => "WhatsApp",
            Self::OpenConnect | Self::Client | Self::QueueAdapter | Self::Telephony => {
                self.events_of().map_or("Events", KeyKind::label)
            }
        }
    }

    /// The integration of an app at which keys of this kind report; `None` for kinds that report nothing.
    pub fn of_events(kind: KeyKind) -> Option<Self> {
        Self::parse(kind.as_str()).filter(|kind| !kind.is_chat())
    }

    /// The kind of the keys that report here; `None` for what connects chats.
    pub fn events_of(self) -> Option<KeyKind> {
        if self.is_chat() { None } else { KeyKind::parse(self.as_str()) }
    }

    /// Whether it connects the chats of an app.
    pub const fn is_chat(self) -> bool {
        !matches!(self, Self::OpenConnect | Self::Client | Self::QueueAdapter | Self::Telephony)
    }

    /// Whether it has keys of its own.
    pub const fn has_keys(self) -> bool {
        matches!(self, Self::Custom)
    }

    /// How many webhooks it has at least and at most.
    pub const fn webhooks(self) -> (usize, usize) {
        if self.has_keys() { (1, 1) } else { (0, WEBHOOKS_MAX) }
    }

    /// All kinds that connect chats.
    pub fn chat() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|kind| kind.is_chat())
    }
}

names! {
    /// Whether an integration works.
    pub enum IntegrationStatus {
        Active = "active",
        /// Its webhooks are told nothing.
        Inactive = "inactive",
        /// As inactive, because something is wrong on the other side.
        Error = "error",
    }
}

impl IntegrationStatus {
    /// The name that people see.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Inactive => "Inactive",
            Self::Error => "Error",
        }
    }
}

/// A connection of an app with another system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Integration {
    /// The integration's id.
    pub id: IntegrationId,
    /// The app that owns it.
    pub app_id: AppId,
    /// What it connects with.
    pub kind: IntegrationKind,
    /// The name that people gave it.
    pub name: Option<String>,
    /// Whether it works.
    pub status: IntegrationStatus,
    /// What a caller sent that Keystead keeps and does not know: a JSON object.
    pub extra: String,
    /// When it was set up.
    pub created_at: Timestamp,
    /// Its webhooks, the oldest first.
    pub webhooks: Vec<Webhook>,
}

impl Integration {
    /// Its name, or what it connects with.
    pub fn shown_name(&self) -> &str {
        shown_name(self.name.as_deref(), self.kind)
    }
}

/// The name of an integration, or what it connects with.
pub fn shown_name(name: Option<&str>, kind: IntegrationKind) -> &str {
    name.unwrap_or_else(|| kind.label())
}

/// A name as it is stored: 1 to 100 characters, or `None`.
pub fn checked_name(name: Option<&str>) -> Result<Option<String>, FieldErrors> {
    name.map(text::integration_name).transpose().map_err(|message| FieldErrors::one(Field::Name, message))
}

/// Members that Keystead keeps without knowing them: a JSON object of at most `EXTRA_MAX` bytes that contains no key.
/// Blank for none.
#[cfg(feature = "server")]
pub fn checked_extra(json: &str) -> Result<String, FieldErrors> {
    if json.trim().is_empty() {
        return Ok(profile::EMPTY.to_owned());
    }
    let too_much = "This is too much: keep what else you send under 16 kB in all.";
    profile::checked_object(json, EXTRA_MAX, too_much).map_err(|message| FieldErrors::one(Field::Metadata, message))
}

/// A list of integrations as somebody asked for it, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntegrationQuery {
    /// Only integrations of these kinds; none for all.
    pub kinds: Vec<IntegrationKind>,
    /// How the name begins, or the whole id.
    pub search: Option<String>,
    /// Read the page after the integration with this id, which need not be there any more. Wins over `before`.
    pub after: Option<String>,
    /// The page before the integration with this id.
    pub before: Option<String>,
    /// How many integrations a page has: 1 to `ROWS_MAX`.
    pub rows: u32,
}

impl Default for IntegrationQuery {
    fn default() -> Self {
        Self { kinds: Vec::new(), search: None, after: None, before: None, rows: Rows::Few.count() }
    }
}

impl ListQuery for IntegrationQuery {
    fn take(&mut self, name: &str, value: &str) -> Taken {
        match name {
            "q" => put_text(&mut self.search, value, search(value)),
            "kind" => {
                put(&mut self.kinds, value, value.split(',').map(IntegrationKind::parse).collect::<Option<Vec<_>>>())
            }
            "rows" => put(&mut self.rows, value, Rows::parse(value).map(Rows::count)),
            "after" => put(&mut self.after, value, cursor(value)),
            "before" => put(&mut self.before, value, cursor(value)),
            _ => Taken::Unknown,
        }
    }

    fn to_query_string(&self) -> String {
        let kinds: Vec<_> = self.kinds.iter().map(|kind| kind.as_str()).collect();
        let kinds = (!kinds.is_empty()).then(|| kinds.join(","));
        let rows = Rows::ALL.iter().find(|rows| rows.count() == self.rows && **rows != Rows::default());
        query_string([
            ("q", self.search.as_deref()),
            ("kind", kinds.as_deref()),
            ("rows", rows.map(|rows| rows.as_str())),
            ("after", self.after.as_deref()),
            ("before", self.before.as_deref()),
        ])
    }
}

impl IntegrationQuery {
    /// Whether anything narrows the list.
    pub fn is_filtered(&self) -> bool {
        self.search.is_some() || !self.kinds.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_kinds_gather_what_keys_report() {
        let of_keys: Vec<_> = KeyKind::ALL.iter().filter_map(|kind| IntegrationKind::of_events(*kind)).collect();
        assert_eq!(of_keys.len(), 4);
        for kind in of_keys {
            assert!(!kind.is_chat() && !kind.has_keys());
            assert_eq!(kind.events_of().and_then(IntegrationKind::of_events), Some(kind));
            assert_eq!(kind.events_of().map(KeyKind::label), Some(kind.label()));
        }
        assert_eq!(IntegrationKind::chat().count(), IntegrationKind::ALL.len() - 4);
        assert!(IntegrationKind::chat().all(|kind| kind.events_of().is_none()));
        let with_keys: Vec<_> = IntegrationKind::ALL.iter().filter(|kind| kind.has_keys()).collect();
        assert_eq!(with_keys, [&IntegrationKind::Custom]);
        assert_eq!((IntegrationKind::Custom.webhooks(), IntegrationKind::Web.webhooks()), ((1, 1), (0, 10)));
    }

    #[test]
    fn a_name_has_up_to_a_hundred_characters() {
        assert_eq!(checked_name(Some(" Order desk ")).unwrap().as_deref(), Some("Order desk"));
        assert!(checked_name(Some(&"n".repeat(100))).is_ok() && checked_name(Some(&"n".repeat(101))).is_err());
        assert!(checked_name(Some("")).is_err() && checked_name(None).unwrap().is_none());
        assert_eq!(shown_name(None, IntegrationKind::Whatsapp), "WhatsApp");
    }

    #[cfg(feature = "server")]
    #[test]
    fn what_is_not_known_is_one_object_without_a_key() {
        assert_eq!(checked_extra("").unwrap(), "{}");
        assert_eq!(checked_extra(r#" {"b": 1, "a": [null]} "#).unwrap(), r#"{"a":[null],"b":1}"#);
        let secret = "s".repeat(43);
        let id = crate::ids::KeyId::parse("7Qm2xVbN4tRa").unwrap();
        let token = crate::token::PlainToken::compose("ks", &id, &secret).expose().to_owned();
        let escaped = token.chars().fold(String::new(), |text, c| text + &format!("\\u{:04x}", u32::from(c)));
        for wrong in ["[]", "1", "{", "null", &format!(r#"{{"a":"{token}"}}"#), &format!(r#"{{"a":"{escaped}"}}"#)] {
            assert!(checked_extra(wrong).is_err(), "{wrong}");
        }
        let long = |count: usize| format!(r#"{{"a":"{}"}}"#, " ".repeat(count));
        assert!(checked_extra(&long(EXTRA_MAX - 8)).is_ok() && checked_extra(&long(EXTRA_MAX - 7)).is_err());
    }

    #[test]
    fn a_list_survives_its_string() {
        let pairs = [("q", " Or "), ("kind", "custom,web"), ("rows", "50"), ("after", "0a"), ("utm", "1")];
        let query = IntegrationQuery::from_pairs(pairs);
        assert_eq!(query.kinds, [IntegrationKind::Custom, IntegrationKind::Web]);
        assert_eq!(query.to_query_string(), "q=Or&kind=custom%2Cweb&rows=50&after=0a");
        assert!(query.is_filtered());
        for kinds in ["x", "custom,x", "custom,"] {
            let (query, left_out) = IntegrationQuery::read([("kind", kinds), ("rows", "7")]);
            assert_eq!((query, left_out.len()), (IntegrationQuery::default(), 2), "{kinds}");
        }
        assert_eq!(IntegrationQuery::default().to_query_string(), "");
    }
}
