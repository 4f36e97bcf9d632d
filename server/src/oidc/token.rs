//! The word of a provider: the ID token, checked, and what it says of somebody.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use domain::timestamp::{Millis, Timestamp};
use openidconnect::core::{
    CoreGenderClaim, CoreJsonWebKey, CoreJsonWebKeySet, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm,
};
use openidconnect::{
    AccessToken, AccessTokenHash, AdditionalClaims, ClaimsVerificationError, ClientId, IdToken, IdTokenVerifier,
    IssuerUrl, Nonce, SignatureVerificationError,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use service::providers::Claims;

/// How far the clocks of two machines may differ.
const SKEW: Millis = Millis::minutes(1);

/// The most characters of a subject, as the standard has it.
const SUBJECT_MAX: usize = 255;

/// The claims that no standard names.
#[derive(Debug, Serialize, Deserialize)]
struct Others {
    #[serde(flatten)]
    all: Map<String, Value>,
}

impl AdditionalClaims for Others {}

type Token = IdToken<Others, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>;

/// What an ID token is checked against.
pub(super) struct Expected<'a> {
    pub issuer: &'a str,
    pub client_id: &'a str,
    pub nonce: &'a str,
    pub algorithms: Vec<CoreJwsSigningAlgorithm>,
    pub keys: &'a CoreJsonWebKeySet,
    pub now: Timestamp,
}

/// Why an ID token is not believed.
#[derive(Debug)]
pub(super) enum NotBelieved {
    /// No known key signed it. The provider may have new ones.
    UnknownKey,
    Otherwise(String),
}

impl From<ClaimsVerificationError> for NotBelieved {
    fn from(error: ClaimsVerificationError) -> Self {
        use ClaimsVerificationError as Error;
        Self::Otherwise(match error {
            Error::SignatureVerification(SignatureVerificationError::NoMatchingKey) => return Self::UnknownKey,
            Error::Expired(_) => "the time of its word is over".to_owned(),
            Error::InvalidAudience(_) => "its word is for somebody else".to_owned(),
            Error::InvalidIssuer(_) => "its word is in another name".to_owned(),
            Error::InvalidNonce(_) => "its word is about another sign-in".to_owned(),
            Error::SignatureVerification(_) => "its word is not signed by it".to_owned(),
            _ => "its word is none that Keystead knows".to_owned(),
        })
    }
}

fn otherwise(why: &str) -> NotBelieved {
    NotBelieved::Otherwise(why.to_owned())
}

/// Checks an ID token: who signed it and how, for whom, about which sign-in, when, and with which access token. Returns all
/// that it says.
pub(super) fn check(
    text: &str,
    access_token: &str,
    expected: &Expected<'_>,
) -> Result<Map<String, Value>, NotBelieved> {
    let token = Token::from_str(text).map_err(|_| otherwise("its word cannot be read"))?;
    let issuer = IssuerUrl::new(expected.issuer.to_owned()).map_err(|_| otherwise("the issuer is no address"))?;
    let client_id = ClientId::new(expected.client_id.to_owned());
    let (late, soon) = (time(expected.now.plus(Millis(-SKEW.0)))?, time(expected.now.plus(SKEW))?);
    let verifier: IdTokenVerifier<'_, CoreJsonWebKey> =
        IdTokenVerifier::new_public_client(client_id.clone(), issuer, expected.keys.clone())
            .set_allowed_algs(expected.algorithms.iter().cloned())
            .set_time_fn(move || late)
            .set_issue_time_verifier_fn(
                move |at| if at <= soon { Ok(()) } else { Err("issued in the future".to_owned()) },
            );
    let claims = token.claims(&verifier, &Nonce::new(expected.nonce.to_owned()))?;
    if claims.authorized_party().is_some_and(|party| *party != client_id) {
        return Err(otherwise("its word is for somebody else"));
    }
    if let Some(hash) = claims.access_token_hash() {
        let not_signed = |_| otherwise("its word is not signed by it");
        let algorithm = token.signing_alg().map_err(not_signed)?;
        let key = token.signing_key(&verifier).map_err(not_signed)?;
        let own = AccessTokenHash::from_token(&AccessToken::new(access_token.to_owned()), algorithm, key);
        if !own.is_ok_and(|own| own == *hash) {
            return Err(otherwise("its word is about another access token"));
        }
    }
    match serde_json::to_value(claims) {
        Ok(Value::Object(all)) => Ok(all),
        _ => Err(otherwise("its word cannot be read")),
    }
}

fn time(at: Timestamp) -> Result<DateTime<Utc>, NotBelieved> {
    DateTime::from_timestamp_millis(at.millis()).ok_or_else(|| otherwise("the clock is wrong"))
}

/// What the claims say of somebody. `role_claim` decides the role, if one does.
pub(super) fn read(all: &Map<String, Value>, role_claim: Option<&str>) -> Result<Claims, String> {
    let text = |name: &str| all.get(name).and_then(Value::as_str).map(str::to_owned);
    let subject = text("sub").filter(|subject| (1..=SUBJECT_MAX).contains(&subject.chars().count()));
    Ok(Claims {
        subject: subject.ok_or("it does not say whom it means")?,
        email: text("email"),
        is_email_verified: is_true(all.get("email_verified")),
        name: text("name"),
        roles: role_claim.and_then(|claim| find(all, claim)).map(words).unwrap_or_default(),
    })
}

/// Whether something is left that only the provider's other answer may say.
pub(super) fn says_all(all: &Map<String, Value>, role_claim: Option<&str>) -> bool {
    let has_role = role_claim.is_none_or(|claim| find(all, claim).is_some());
    all.contains_key("email") && all.contains_key("email_verified") && has_role
}

/// Some providers write it as text.
fn is_true(value: Option<&Value>) -> bool {
    matches!(value, Some(Value::Bool(true))) || value.and_then(Value::as_str) == Some("true")
}

/// The claim of this name; else the one at this path, with dots between its names.
fn find<'a>(all: &'a Map<String, Value>, claim: &str) -> Option<&'a Value> {
    if let Some(value) = all.get(claim) {
        return Some(value);
    }
    let (first, rest) = claim.split_once('.')?;
    rest.split('.').try_fold(all.get(first)?, |value, name| value.get(name))
}

/// One text, or a list of them.
fn words(value: &Value) -> Vec<String> {
    match value {
        Value::String(word) => vec![word.clone()],
        Value::Array(words) => words.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(value: Value, role_claim: &str) -> Result<Claims, String> {
        let Value::Object(all) = value else { panic!("no object") };
        read(&all, Some(role_claim))
    }

    #[test]
    fn an_e_mail_is_verified_only_if_it_says_so() {
        let verified = |value: Value| said(json!({"sub": "1", "email_verified": value}), "").unwrap().is_email_verified;
        assert!(verified(json!(true)) && verified(json!("true")));
        for value in [json!(false), json!("false"), json!("TRUE"), json!(1), json!(null), json!([true])] {
            assert!(!verified(value.clone()), "{value}");
        }
        assert!(!said(json!({"sub": "1", "email": "a@example.com"}), "").unwrap().is_email_verified);
    }

    #[test]
    fn roles_are_found_by_name_or_path() {
        let roles = |claim: &str| {
            let all = json!({"sub": "1", "groups": ["a", 7, "b"], "role": "c", "realm": {"roles": ["d"]},
                "https://corp.example/roles": ["e"], "n": 5});
            said(all, claim).unwrap().roles
        };
        assert_eq!((roles("groups"), roles("role")), (vec!["a".to_owned(), "b".to_owned()], vec!["c".to_owned()]));
        assert_eq!(
            (roles("realm.roles"), roles("https://corp.example/roles")),
            (vec!["d".to_owned()], vec!["e".to_owned()])
        );
        assert_eq!((roles("n"), roles("realm"), roles("none.at.all")), (vec![], vec![], vec![]));
    }

    #[test]
    fn somebody_is_meant() {
        for subject in [json!(""), json!(7), json!("x".repeat(256)), json!(null)] {
            assert!(said(json!({"sub": subject}), "").is_err(), "{subject}");
        }
        assert_eq!(said(json!({"sub": "x".repeat(255)}), "").unwrap().subject.len(), 255);
    }
}
