//! What an access token says: the X-AUTH-TOKEN that an app's API KEY buys.

use serde::{Deserialize, Serialize};

use crate::ids::{AppId, KeyId};
use crate::timestamp::{Millis, Timestamp};

/// How long an access token works.
pub const ACCESS_FOR: Millis = Millis::hours(5);

/// How far the clock of whoever sold a token may be ahead.
pub const AHEAD: Millis = Millis::minutes(1);

/// How each access token begins: `{"alg":"HS256","typ":"JWT","kid":` in base64url.
const HEAD: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6";

/// Whether a text contains an access token.
pub(crate) fn stands_in(text: &str) -> bool {
    text.contains(HEAD)
}

names! {
    /// What an access token was bought for.
    #[derive(Default)]
    pub enum AccessScope {
        /// Everything that the API KEY may do.
        #[default]
        Write = "write",
        /// Reading alone.
        Read = "read",
    }
}

impl AccessScope {
    /// The same in the word that clients of the family know.
    pub const fn authorities(self) -> &'static str {
        match self {
            Self::Write => "[ROLE_USER]",
            Self::Read => "[ROLE_READ]",
        }
    }
}

/// The claims of an access token, signed as they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessClaims {
    /// The app that it is for.
    pub aud: AppId,
    /// The API KEY that bought it, by its id. It dies with that key.
    pub sub: KeyId,
    /// What it may do, in the word that clients of the family know.
    pub authorities: String,
    /// What it may do, in ours.
    pub scope: AccessScope,
    /// Tells it from others of the same second.
    pub jti: String,
    /// When it was bought, in seconds since 1970.
    pub iat: i64,
    /// The first second in which it no longer works.
    pub exp: i64,
}

impl AccessClaims {
    /// Those of a token that is bought now.
    pub fn new(app: AppId, key: KeyId, scope: AccessScope, jti: String, now: Timestamp) -> Self {
        let iat = Millis(now.millis()).as_seconds();
        let authorities = scope.authorities().to_owned();
        Self { aud: app, sub: key, authorities, scope, jti, iat, exp: iat + ACCESS_FOR.as_seconds() }
    }

    /// Whether it still works at this time. One from the future was bought while a clock was ahead, and does not work: it would
    /// live for as long as that.
    pub fn is_live(&self, now: Timestamp) -> bool {
        let at = |seconds| Timestamp::from_millis(0).plus_seconds(seconds);
        at(self.iat) <= now.plus(AHEAD) && now < at(self.exp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_works_for_five_hours_and_not_a_second_longer() {
        let now = Timestamp::from_millis(1_795_253_402_900);
        let (app, key) = (AppId::from_random([1; 12]), KeyId::from_random([2; 16]));
        let claims = AccessClaims::new(app, key, AccessScope::Read, "a".to_owned(), now);
        assert_eq!((claims.iat, claims.exp - claims.iat), (1_795_253_402, 18_000));
        assert!(claims.is_live(now) && claims.is_live(now.plus(ACCESS_FOR).plus(Millis(-901))));
        assert!(!claims.is_live(now.plus(ACCESS_FOR).plus(Millis(-900))));
        assert!(claims.is_live(now.plus(Millis(-AHEAD.0))), "clocks differ by a little");
        assert!(!claims.is_live(now.plus(Millis(-AHEAD.0 - 1_000))));
        assert_eq!((claims.scope, &*claims.authorities), (AccessScope::Read, "[ROLE_READ]"));
    }
}
