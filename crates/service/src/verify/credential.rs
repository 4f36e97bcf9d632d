//! What a caller presents, and what it proves.

use std::fmt;

use domain::{
    ids::KeyId,
    member_key::MemberKey,
    token::{PlainToken, Token},
};

use super::signed::SignedToken;

/// What a caller presents.
#[derive(Clone, Copy)]
pub enum Credential<'a> {
    /// The whole token, as Bearer or in a body.
    Token(&'a str),
    /// Id and secret, for kinds that use two headers.
    Pair {
        /// The id as it was shown, with its prefix.
        id: &'a str,
        /// The shown secret.
        secret: &'a str,
    },
    /// The user name and password of Basic, for kinds whose ids end in hexadecimal digits.
    Basic {
        /// The id as it was shown, with its prefix.
        id: &'a str,
        /// The secret as it was shown, with its checksum.
        secret: &'a str,
    },
    /// The whole API KEY of an app.
    Member {
        /// The text, as it was shown.
        key: &'a str,
    },
    /// A token that the caller signed with the secret of a key, for kinds whose secret signs.
    Signed {
        /// The whole token, as Bearer.
        token: &'a str,
    },
}

impl fmt::Debug for Credential<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential(..)")
    }
}

/// The proof, which is compared with the secrets of the key.
pub(super) enum Proof<'a> {
    /// The token that the caller sent.
    Sent(Token<'a>),
    /// The token, joined from the parts that the caller sent.
    Joined(PlainToken),
    /// The API KEY that the caller sent.
    Member(MemberKey<'a>),
    /// The token that the caller signed.
    Signed(SignedToken<'a>),
}

impl Proof<'_> {
    /// The text whose MAC must be one of the key's; `None` for a signed token, which proves itself differently. That of a
    /// token has underscores and that of an API KEY has none, so neither can stand for the other.
    pub(super) fn as_bytes(&self) -> Option<&[u8]> {
        Some(match self {
            Self::Sent(token) => token.as_bytes(),
            Self::Joined(token) => token.token()?.as_bytes(),
            Self::Member(key) => key.as_bytes(),
            Self::Signed(_) => return None,
        })
    }
}

/// Finds the key that a credential names, and its proof; `None` if it is malformed. Only this function knows the forms
/// of credentials. A new form is one more arm here and, if it proves itself differently, a new `Proof`.
pub(super) fn resolve(credential: Credential<'_>) -> Option<(KeyId, Proof<'_>)> {
    let joined = match credential {
        Credential::Token(text) => {
            let token = Token::parse(text)?;
            return Some((token.id(), Proof::Sent(token)));
        }
        Credential::Pair { id, secret } => PlainToken::from_pair(id, secret)?,
        Credential::Basic { id, secret } => PlainToken::from_basic(id, secret)?,
        Credential::Member { key } => {
            let key = MemberKey::parse(key)?;
            return Some((key.id(), Proof::Member(key)));
        }
        Credential::Signed { token } => {
            let token = SignedToken::parse(token)?;
            return Some((token.key(), Proof::Signed(token)));
        }
    };
    let id = joined.token()?.id();
    Some((id, Proof::Joined(joined)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_names_the_key_and_proves_the_same_token() {
        let id = KeyId::from_random([7; 16]);
        let plain = PlainToken::compose("int", &id, &"s".repeat(43));
        let token = plain.token().unwrap();
        let (pair, basic, secret) = (token.pair_id(), token.basic_id(), token.pair_secret());
        for credential in [
            Credential::Token(plain.expose()),
            Credential::Pair { id: &pair, secret },
            Credential::Basic { id: &basic, secret },
        ] {
            let (found, proof) = resolve(credential).unwrap();
            assert_eq!(found, id);
            assert_eq!(proof.as_bytes().unwrap(), plain.expose().as_bytes());
        }
    }

    #[test]
    fn a_form_is_not_taken_for_another() {
        let plain = PlainToken::compose("int", &KeyId::from_random([7; 16]), &"s".repeat(43));
        let token = plain.token().unwrap();
        let (pair, basic, secret) = (token.pair_id(), token.basic_id(), token.pair_secret());
        for credential in [
            Credential::Token(secret),
            Credential::Pair { id: &basic, secret },
            Credential::Basic { id: &pair, secret },
            Credential::Pair { id: &pair, secret: "" },
            Credential::Basic { id: "", secret },
            Credential::Member { key: plain.expose() },
            Credential::Signed { token: plain.expose() },
            Credential::Token("7Qm2xV-bN4tRa-abcdef-012345-20261121093002"),
        ] {
            assert!(resolve(credential).is_none());
        }
    }
}
