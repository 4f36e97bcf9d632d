//! Says in the log what is wrong with a proxy's configuration. Clients can cause these lines too, so they are few.

use std::net::IpAddr;
use std::time::Duration;

use crate::seldom::Seldom;

const LOGGED_EVERY: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(crate) struct ProxyWarnings {
    bad_option: Seldom,
    unknown_client: Seldom,
}

impl Default for ProxyWarnings {
    fn default() -> Self {
        Self { bad_option: Seldom::every(LOGGED_EVERY), unknown_client: Seldom::every(LOGGED_EVERY) }
    }
}

impl ProxyWarnings {
    /// An option is misspelt, misplaced or repeated, and the request was refused.
    pub fn bad_option(&self, peer: Option<IpAddr>, name: Option<&'static str>) {
        if self.bad_option.due() {
            let option = name.unwrap_or("unknown");
            tracing::warn!(
                ?peer,
                option,
                "a call of /v1/authorize is refused: an option is misspelt, repeated or in the wrong place; see \
                 docs/proxies.md"
            );
        }
    }

    /// A key that is restricted to networks was refused because the client's address is not known.
    pub fn unknown_client(&self, peer: Option<IpAddr>, trusted: bool) {
        if self.unknown_client.due() {
            let reason = if trusted {
                "X-Forwarded-For is missing or malformed"
            } else {
                "KEYSTEAD_TRUSTED_PROXIES does not name the proxy"
            };
            tracing::warn!(
                ?peer,
                reason,
                "a key that is restricted to networks is refused at /v1/authorize: the client's address is unknown"
            );
        }
    }
}
