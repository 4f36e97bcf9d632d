//! Passkeys: what an authenticator signs in with, in place of a password and its second factor.

use crate::text;

/// The most passkeys of a person.
pub const PASSKEYS_MAX: usize = 20;

/// The name of a passkey. A blank one is `device`, the browser in words.
pub fn name(text: &str, device: &str) -> Result<String, String> {
    let text = if text.trim().is_empty() { device } else { text };
    text::name(text)
}

names! {
    /// What an answer of a passkey is for. A challenge for one is of no use for another.
    pub enum PasskeyUse {
        /// Add the passkey to the account of whoever is signed in.
        Add = "add",
        /// Sign in with nothing else.
        SignIn = "sign_in",
        /// Go on with a sign-in whose password was right.
        Code = "code",
        /// Prove again who one is.
        Prove = "prove",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blank_name_is_the_browser() {
        assert_eq!(name("  ", "Firefox on Linux"), Ok("Firefox on Linux".to_owned()));
        assert_eq!(name(" My key ", "Firefox on Linux"), Ok("My key".to_owned()));
        assert!(name(&"a".repeat(101), "Firefox").is_err());
        assert!(name("a\nb", "Firefox").is_err());
    }
}
