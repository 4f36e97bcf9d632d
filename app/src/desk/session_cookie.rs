//! The cookies of a browser: its session, that somebody has signed in with it, a sign-in that is under way, and what was
//! just done. Their names and attributes.

use domain::timestamp::Millis;
use service::devices::REMEMBERED;
use service::providers::BACK_WITHIN;
use service::sessions::ABSOLUTE;
use service::sign_in::CODE_WITHIN;

use super::context::Transport;

/// A cookie of the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cookie {
    /// The session.
    Session,
    /// The proof that somebody has signed in with this browser before.
    Device,
    /// A sign-in that waits for a code.
    Step,
    /// A sign-in that is under way at a provider.
    UnderWay,
    /// What was just done to a key, for the next page to say.
    Done,
}

impl Cookie {
    /// The name of the cookie. Over HTTPS it has the `__Host-` prefix, whose rules browsers enforce. It ends with the port
    /// of the public address, if there is one: all ports of a host share their cookies, and each may be an installation.
    pub fn name(self, transport: Transport, port: Option<u16>) -> String {
        let prefix = if transport == Transport::Https { "__Host-" } else { "" };
        let name = match self {
            Self::Session => "keystead",
            Self::Device => "keystead-device",
            Self::Step => "keystead-step",
            Self::UnderWay => "keystead-provider",
            Self::Done => "keystead-done",
        };
        port.map_or_else(|| format!("{prefix}{name}"), |port| format!("{prefix}{name}-{port}"))
    }

    /// The `Set-Cookie` value that gives it to the browser.
    pub fn set(self, transport: Transport, port: Option<u16>, value: &str) -> String {
        let lifetime = match self {
            Self::Session => ABSOLUTE,
            Self::Device => REMEMBERED,
            Self::Step => CODE_WITHIN,
            Self::UnderWay => BACK_WITHIN,
            // The next page follows at once.
            Self::Done => Millis::minutes(1),
        };
        self.line(transport, port, value, lifetime.as_seconds())
    }

    /// The `Set-Cookie` value that removes it.
    pub fn remove(self, transport: Transport, port: Option<u16>) -> String {
        self.line(transport, port, "", 0)
    }

    fn line(self, transport: Transport, port: Option<u16>, value: &str, max_age: i64) -> String {
        let name = self.name(transport, port);
        let secure = if transport == Transport::Https { "; Secure" } else { "" };
        // What a provider sends back comes from another site.
        let same_site = if self == Self::UnderWay { "Lax" } else { "Strict" };
        format!("{name}={value}; Path=/; HttpOnly; SameSite={same_site}; Max-Age={max_age}{secure}")
    }
}
