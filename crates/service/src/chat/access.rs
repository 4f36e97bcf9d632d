//! Access tokens: the X-AUTH-TOKEN that the API KEY of an app buys. It is a JWT that only this installation can sign, so
//! nothing of it is stored. It works beside the API KEY that bought it and dies with it.

use data_encoding::BASE64URL_NOPAD;
use domain::{
    access_token::{AccessClaims, AccessScope},
    key::KeyRecord,
    refusal::Refusal,
};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::{Error, Result, Service, entropy};

/// The only algorithm. A token that names another one is refused.
const ALGORITHM: &str = "HS256";

/// The longest token that is looked at. Ours have about 400 characters.
const LONGEST: usize = 2_000;

/// The head of a token: which key signed it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    alg: String,
    typ: String,
    kid: String,
}

impl Service {
    /// A new access token for the app of this API KEY, which was just presented.
    pub fn access_token(&self, key: &KeyRecord, scope: AccessScope) -> Result<SecretString> {
        let (signer, version) = self.keyring().access();
        let head = Head { alg: ALGORITHM.to_owned(), typ: "JWT".to_owned(), kid: version.to_string() };
        let jti = hex::encode(entropy::bytes::<8>(self.entropy())?);
        let claims = AccessClaims::new(key.app_id, key.id, scope, jti, self.now());
        let mut token = Zeroizing::new(format!("{}.{}", part(&head)?, part(&claims)?));
        let signature = signer.mac(&[token.as_bytes()]);
        token.push('.');
        token.push_str(&BASE64URL_NOPAD.encode(&signature));
        Ok(token.as_str().into())
    }

    /// What an access token allows that is presented beside this API KEY. `AccessTokenInvalid` if it is not one of ours or
    /// its time is over, `AccessTokenMismatch` if another API KEY bought it.
    pub fn check_access(&self, key: &KeyRecord, token: &str) -> Result<AccessScope, Refusal> {
        let claims = self.signed_claims(token).ok_or(Refusal::AccessTokenInvalid)?;
        if claims.aud != key.app_id || claims.sub != key.id {
            return Err(Refusal::AccessTokenMismatch);
        }
        if claims.is_live(self.now()) { Ok(claims.scope) } else { Err(Refusal::AccessTokenInvalid) }
    }

    /// The claims of a token that this installation signed; `None` for any other text.
    fn signed_claims(&self, token: &str) -> Option<AccessClaims> {
        if token.len() > LONGEST {
            return None;
        }
        let (signed, signature) = token.rsplit_once('.')?;
        let (head, claims) = signed.split_once('.')?;
        let head: Head = read(head)?;
        if head.alg != ALGORITHM {
            return None;
        }
        let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).ok()?;
        let expected = self.keyring().access_version(head.kid.parse().ok()?)?.mac(&[signed.as_bytes()]);
        if !bool::from(expected.as_slice().ct_eq(&signature)) {
            return None;
        }
        read(claims)
    }
}

fn part(content: &impl Serialize) -> Result<String> {
    let json = serde_json::to_vec(content).map_err(|error| Error::internal("a token cannot be written", error))?;
    Ok(BASE64URL_NOPAD.encode(&json))
}

fn read<T: for<'de> Deserialize<'de>>(part: &str) -> Option<T> {
    serde_json::from_slice(&BASE64URL_NOPAD.decode(part.as_bytes()).ok()?).ok()
}
