//! The public address. Links are built from it, never from a request.

use std::net::SocketAddr;

use axum::http::Uri;
use domain::token;

/// An origin: scheme, host, and the port unless it is the scheme's default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl {
    origin: String,
    https: bool,
}

impl PublicUrl {
    /// From the configuration.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| Err(format!("{text:?} {why}; use one like https://keys.example.com"));
        // It would be looked up and shown in small letters, in which no key is known for one.
        if token::stands_in(text) {
            return Err("contains a complete API key; use one like https://keys.example.com".to_owned());
        }
        if !text.is_ascii() {
            return wrong("is not ASCII; write the host in its xn-- form");
        }
        let Ok(uri) = text.parse::<Uri>() else {
            return wrong("is not a web address");
        };
        let (https, default_port) = match uri.scheme_str() {
            Some("https") => (true, 443),
            Some("http") => (false, 80),
            _ => return wrong("does not begin with https:// or http://"),
        };
        let Some(authority) = uri.authority().filter(|authority| !authority.host().is_empty()) else {
            return wrong("has no host");
        };
        if authority.as_str().contains('@') {
            return wrong("has a user name; leave it out");
        }
        if uri.path() != "/" || uri.query().is_some() || text.contains('#') {
            return wrong("has a path; Keystead needs its own host");
        }
        let host = authority.host().to_ascii_lowercase();
        let scheme = if https { "https" } else { "http" };
        let port = authority.as_str().strip_prefix(authority.host()).unwrap_or_default();
        let port = match port.strip_prefix(':').map(str::parse::<u16>) {
            None => default_port,
            Some(Ok(port)) => port,
            Some(Err(_)) => return wrong("has an invalid port"),
        };
        let origin =
            if port == default_port { format!("{scheme}://{host}") } else { format!("{scheme}://{host}:{port}") };
        Ok(Self { origin, https })
    }

    /// The address of a listener from its own machine; `None` is a Unix socket, whose address only its proxy knows. Uses
    /// the name localhost, because passkeys refuse IP addresses.
    pub fn of_listener(address: Option<SocketAddr>) -> Self {
        let Some(address) = address else {
            return Self { origin: "http://localhost".to_owned(), https: false };
        };
        let ip = address.ip();
        let origin = if ip.is_loopback() || ip.is_unspecified() {
            format!("http://localhost:{}", address.port())
        } else {
            format!("http://{address}")
        };
        Self { origin, https: false }
    }

    /// `https://keys.example.com`, as a browser sends it in `Origin`.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The port, if the address has one in it.
    pub fn port(&self) -> Option<u16> {
        self.origin.rsplit_once(':').and_then(|(_, port)| port.parse().ok())
    }

    /// Whether the public address is HTTPS.
    pub fn is_https(&self) -> bool {
        self.https
    }
}

/// Whether a host of a web address is this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use domain::ids::KeyId;
    use domain::token::PlainToken;

    use super::*;

    #[test]
    fn origins_are_kept_as_a_browser_sends_them() {
        for (text, origin) in [
            ("https://keys.example.com", "https://keys.example.com"),
            ("https://Keys.Example.com/", "https://keys.example.com"),
            ("https://keys.example.com:443", "https://keys.example.com"),
            ("https://keys.example.com:8443", "https://keys.example.com:8443"),
            ("http://10.0.0.5:3000", "http://10.0.0.5:3000"),
            ("http://[::1]:3000", "http://[::1]:3000"),
        ] {
            assert_eq!(PublicUrl::parse(text).unwrap().origin(), origin, "{text}");
        }
        assert!(PublicUrl::parse("https://keys.example.com").unwrap().is_https());
        for (text, port) in
            [("https://keys.example.com", None), ("http://[::1]", None), ("http://[::1]:3000", Some(3000))]
        {
            assert_eq!(PublicUrl::parse(text).unwrap().port(), port, "{text}");
        }
    }

    #[test]
    fn anything_but_an_origin_is_refused() {
        for text in [
            "",
            "keys.example.com",
            "/console",
            "ftp://keys.example.com",
            "https://",
            "https://a@b.example",
            "https://keys.example.com/console",
            "https://keys.example.com/?a=b",
            "https://keys.example.com#a",
            "https://schlüssel.example",
            "https://keys.example.com:",
            "https://keys.example.com:99999",
        ] {
            assert!(PublicUrl::parse(text).is_err(), "{text}");
        }
        let id = KeyId::parse("7Qm2xVbN4tRa").unwrap();
        let key = PlainToken::compose("ks", &id, &"s".repeat(43));
        let wrong = PublicUrl::parse(&format!("https://{}", key.expose())).unwrap_err();
        assert!(wrong.contains("a complete API key") && !wrong.contains("ssss"), "{wrong}");
    }

    #[test]
    fn a_listener_on_this_machine_is_called_by_name() {
        for (address, origin) in [
            ("127.0.0.1:3000", "http://localhost:3000"),
            ("[::]:8080", "http://localhost:8080"),
            ("10.0.0.5:3000", "http://10.0.0.5:3000"),
            ("[2001:db8::1]:3000", "http://[2001:db8::1]:3000"),
        ] {
            assert_eq!(PublicUrl::of_listener(address.parse().ok()).origin(), origin);
        }
    }
}
