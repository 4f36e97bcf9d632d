//! Asking a provider over HTTP: no redirect, a bound on the size and the time of each answer, and no address that only
//! this machine or its network reaches, unless the configuration names its host.

use std::time::Duration;

use axum::body::Bytes;
use axum::http::{Request, StatusCode, Uri};
use tokio::time::timeout;

use crate::outbound::Outbound;
use crate::public_address::is_public;
use crate::public_url::is_loopback;

/// How long an answer may take, from the name of the host to its last byte.
const WITHIN: Duration = Duration::from_secs(5);

/// The largest answer. The keys of the largest providers take a tenth of it.
const LARGEST: usize = 512 * 1024;

/// A client for one provider.
pub(super) struct Client {
    outbound: Outbound,
    /// The host of the issuer, which the configuration names: it may be anywhere.
    home: String,
}

impl Client {
    /// A client for the provider with this issuer.
    pub fn of(issuer: &str) -> Result<Self, String> {
        let uri: Uri = issuer.parse().map_err(|_| "the issuer is not a web address".to_owned())?;
        Ok(Self { outbound: Outbound::new()?, home: uri.host().unwrap_or_default().to_ascii_lowercase() })
    }

    /// Whether an address may be asked, or a browser sent there: HTTPS, or HTTP on this machine if the issuer is there.
    pub fn may_ask(&self, address: &str) -> bool {
        let Ok(uri) = address.parse::<Uri>() else { return false };
        let Some(host) = uri.host().filter(|host| !host.is_empty()) else { return false };
        match uri.scheme_str() {
            Some("https") => true,
            Some("http") => is_loopback(host) && host.eq_ignore_ascii_case(&self.home),
            _ => false,
        }
    }

    /// Sends a request, and reads all of the answer. A redirect is an answer like any other.
    pub async fn send(&self, request: Request<Bytes>) -> Result<(StatusCode, Bytes), String> {
        let asked = timeout(WITHIN, self.ask(request)).await;
        asked.map_err(|_| "it did not answer in time".to_owned())?
    }

    async fn ask(&self, request: Request<Bytes>) -> Result<(StatusCode, Bytes), String> {
        let uri = request.uri();
        if !self.may_ask(&uri.to_string()) {
            return Err("its address is none that may be asked".to_owned());
        }
        let is_home = uri.host().is_some_and(|host| host.eq_ignore_ascii_case(&self.home));
        let allowed = |address| is_home || is_public(address);
        let unless = "has no public address, and is not the host of the issuer";
        let mut connection = self.outbound.connect(uri, allowed, unless).await?;
        let (parts, body) = connection.send(request, LARGEST).await?.into_parts();
        Ok((parts.status, body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_issuer_itself_is_asked_without_tls_and_only_on_this_machine() {
        let here = Client::of("http://localhost:4000/a").unwrap();
        assert!(here.may_ask("http://localhost:5000/token") && here.may_ask("https://elsewhere.example/token"));
        for address in
            ["http://127.0.0.1:4000/", "http://elsewhere.example/", "javascript:alert(1)", "/token", "file:///etc"]
        {
            assert!(!here.may_ask(address), "{address}");
        }
        assert!(!Client::of("https://login.example.com").unwrap().may_ask("http://login.example.com/token"));
    }

    #[tokio::test]
    async fn what_a_provider_names_elsewhere_must_be_public() {
        let client = Client::of("https://login.example.com").unwrap();
        for address in
            ["https://127.0.0.1:1/", "https://[::1]:1/", "https://169.254.169.254/latest", "https://localhost:1/"]
        {
            let request = Request::get(address).body(Bytes::new()).unwrap();
            let error = client.send(request).await.unwrap_err();
            assert!(error.contains("no public address"), "{address}: {error}");
        }
    }
}
