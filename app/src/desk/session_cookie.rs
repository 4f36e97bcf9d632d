//! The session cookie: its name and its attributes.

use super::context::Transport;

/// The name of the session cookie. Over HTTPS it has the `__Host-` prefix, whose rules browsers enforce.
pub fn session_cookie_name(transport: Transport) -> &'static str {
    match transport {
        Transport::Https => "__Host-keystead",
        Transport::Loopback | Transport::Plain => "keystead",
    }
}

/// The `Set-Cookie` value of a session. `max_age` is in seconds; 0 removes the cookie.
pub fn session_cookie(transport: Transport, value: &str, max_age: i64) -> String {
    let name = session_cookie_name(transport);
    let secure = if transport == Transport::Https { "; Secure" } else { "" };
    format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={max_age}{secure}")
}
