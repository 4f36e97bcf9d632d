//! What a path names: the app, the integration, and what is in them.

use std::collections::HashMap;

use axum::extract::MatchedPath;
use axum::http::request::Parts;
use domain::ids::{AppId, IntegrationId, KeyId, WebhookId};
use domain::kind::KeyKind;
use percent_encoding::percent_decode_str;

use super::failure::Failure;

/// The word that stands for the caller's own integration.
pub(super) const OWN: &str = "me";

/// The parts of a path by their names. One that is not UTF-8 is blank, which names nothing.
#[derive(Debug, Default)]
pub(super) struct Places(HashMap<String, String>);

impl Places {
    pub fn of(parts: &Parts) -> Self {
        let route = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
        let both = route.split('/').zip(parts.uri.path().split('/'));
        let places = both.filter_map(|(name, text)| {
            let name = name.strip_prefix('{')?.strip_suffix('}')?;
            let text = percent_decode_str(text).decode_utf8().unwrap_or_default();
            Some((name.to_owned(), text.into_owned()))
        });
        Self(places.collect())
    }

    /// The part with this name; `None` if the route has none.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The app that the path names; `None` if it names none.
    pub fn app(&self) -> Result<Option<AppId>, Failure> {
        let id = |text| AppId::parse(text).ok_or_else(Failure::app_not_found);
        self.get("app").map(id).transpose()
    }

    /// The integration, if it is named by its id.
    pub fn integration(&self) -> Result<IntegrationId, Failure> {
        let id = self.get("integration").and_then(IntegrationId::parse);
        id.ok_or_else(Failure::integration_not_found)
    }

    pub fn webhook(&self) -> Result<WebhookId, Failure> {
        self.get("webhook").and_then(WebhookId::parse).ok_or_else(Failure::not_found)
    }

    /// The key of this kind: the beginning of its tokens, and 24 hexadecimal digits.
    pub fn key(&self, kind: KeyKind) -> Result<KeyId, Failure> {
        let id = self.get("key").and_then(|shown| {
            let (prefix, digits) = shown.rsplit_once('_')?;
            KeyId::from_hex(digits).filter(|_| kind.rules().prefix == Some(prefix))
        });
        id.ok_or_else(Failure::not_found)
    }
}
