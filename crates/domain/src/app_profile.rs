//! What another family keeps with an app, which means nothing to Keystead.

use serde::{Deserialize, Serialize};

use crate::app::App;
#[cfg(feature = "server")]
use crate::field::{Field, FieldErrors};
use crate::ids::AppId;
use crate::list::Rows;
#[cfg(feature = "server")]
use crate::profile;

/// The profile of an app with which nothing is kept.
pub const NO_PROFILE: &str = "{}";

/// The most bytes of a profile.
pub const PROFILE_MAX: usize = 16_384;

/// An app with what is kept with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfiledApp {
    /// The app.
    pub app: App,
    /// What is kept with it: a JSON object.
    pub profile: String,
}

/// A list of the apps in use, by id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileQuery {
    /// Read the page after the app with this id, which need not be there any more. Wins over `before`.
    pub after: Option<AppId>,
    /// The page before the app with this id.
    pub before: Option<AppId>,
    /// How many apps a page has.
    pub rows: u32,
}

impl Default for ProfileQuery {
    fn default() -> Self {
        Self { after: None, before: None, rows: Rows::Few.count() }
    }
}

/// A profile as it is stored: a JSON object of at most `PROFILE_MAX` bytes that contains no key.
#[cfg(feature = "server")]
pub fn checked_profile(json: &str) -> Result<String, FieldErrors> {
    let too_much = "This is too much: keep less than 16 kB with an app.";
    profile::checked_object(json, PROFILE_MAX, too_much).map_err(|message| FieldErrors::one(Field::Metadata, message))
}

#[cfg(all(test, feature = "server"))]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_one_object_without_a_key() {
        assert_eq!(checked_profile(" { } ").unwrap(), NO_PROFILE);
        assert_eq!(checked_profile(r#"{"b": 1, "a": {"c": "d"}}"#).unwrap(), r#"{"a":{"c":"d"},"b":1}"#);
        let id = crate::ids::KeyId::parse("7Qm2xVbN4tRa").unwrap();
        let token = crate::token::PlainToken::compose("ks", &id, &"s".repeat(43)).expose().to_owned();
        let escaped = token.chars().fold(String::new(), |text, c| text + &format!("\\u{:04x}", u32::from(c)));
        for wrong in ["", "[]", "1", "{", "null", &format!(r#"{{"a":"{token}"}}"#), &format!(r#"{{"a":"{escaped}"}}"#)]
        {
            assert!(checked_profile(wrong).is_err(), "{wrong}");
        }
        let long = |count: usize| format!(r#"{{"a":"{}"}}"#, " ".repeat(count));
        assert!(checked_profile(&long(PROFILE_MAX - 8)).is_ok() && checked_profile(&long(PROFILE_MAX - 7)).is_err());
    }
}
