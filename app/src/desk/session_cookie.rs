//! The cookies of a browser: its session, and that somebody has signed in with it. Their names and attributes.

use service::devices::REMEMBERED;
use service::sessions::ABSOLUTE;

use super::context::Transport;

/// A cookie of the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cookie {
    /// The session.
    Session,
    /// The proof that somebody has signed in with this browser before.
    Device,
}

impl Cookie {
    /// The name of the cookie. Over HTTPS it has the `__Host-` prefix, whose rules browsers enforce.
    pub fn name(self, transport: Transport) -> &'static str {
        match (self, transport) {
            (Self::Session, Transport::Https) => "__Host-keystead",
            (Self::Session, Transport::Loopback | Transport::Plain) => "keystead",
            (Self::Device, Transport::Https) => "__Host-keystead-device",
            (Self::Device, Transport::Loopback | Transport::Plain) => "keystead-device",
        }
    }

    /// The `Set-Cookie` value that gives it to the browser.
    pub fn set(self, transport: Transport, value: &str) -> String {
        let lifetime = match self {
            Self::Session => ABSOLUTE,
            Self::Device => REMEMBERED,
        };
        self.line(transport, value, lifetime.as_seconds())
    }

    /// The `Set-Cookie` value that removes it.
    pub fn remove(self, transport: Transport) -> String {
        self.line(transport, "", 0)
    }

    fn line(self, transport: Transport, value: &str, max_age: i64) -> String {
        let name = self.name(transport);
        let secure = if transport == Transport::Https { "; Secure" } else { "" };
        format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={max_age}{secure}")
    }
}
