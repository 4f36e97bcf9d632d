//! What programs keep about contacts, chats and messages beside what Keystead knows of them: the members of a JSON object.

use crate::text;

/// The most bytes of what is kept about a contact or a chat.
pub const PROFILE_MAX: usize = 16_000;

/// The most bytes of what a message is besides its text.
pub const EXTRA_MAX: usize = 20_000;

/// An object without members.
pub const EMPTY: &str = "{}";

/// Refuses an object that is longer than `most` bytes, or that a key is in.
pub fn checked(json: &str, most: usize) -> Result<(), String> {
    if json.len() > most {
        return Err(format!("Use fewer and shorter members: all together have {} bytes, {most} at most.", json.len()));
    }
    text::no_key(json)
}

/// A JSON object in the form that is kept: at most `most` bytes, and no key in it. `too_much` is said of a longer one.
#[cfg(feature = "server")]
pub fn checked_object(json: &str, most: usize, too_much: &str) -> Result<String, String> {
    let fits = |json: &str| if json.len() > most { Err(too_much.to_owned()) } else { text::no_key(json) };
    fits(json)?;
    let object: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(json).map_err(|_| "Send one JSON object.".to_owned())?;
    // A key whose characters are written as escapes is one as well.
    let plain = serde_json::Value::Object(object).to_string();
    fits(&plain)?;
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_has_a_size_and_no_key() {
        assert!(checked(EMPTY, PROFILE_MAX).is_ok());
        let long = "a".repeat(PROFILE_MAX);
        assert!(checked(&long, PROFILE_MAX).is_ok() && checked(&format!("{long}a"), PROFILE_MAX).is_err());
        let id = crate::ids::KeyId::parse("7Qm2xVbN4tRa").unwrap();
        let token = crate::token::PlainToken::compose("k", &id, &"s".repeat(43));
        assert!(checked(&format!("{{\"note\":\"{}\"}}", token.expose()), PROFILE_MAX).is_err());
    }
}
