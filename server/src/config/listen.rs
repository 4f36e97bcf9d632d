//! Where to listen.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use super::{ConfigError, wrong};

/// Where to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// At an address and port.
    Tcp(SocketAddr),
    /// At a socket in the file system.
    Unix(PathBuf),
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:").filter(|path| !path.is_empty()) {
            return Ok(Self::Unix(PathBuf::from(path)));
        }
        text.parse().map(Self::Tcp).map_err(|_| {
            format!(
                "{text:?} is not an address with a port; use one like 127.0.0.1:3000, [::1]:3000 or unix:/run/keystead.sock"
            )
        })
    }
}

impl Listen {
    /// The port, if it is known before somebody listens there.
    pub fn port(&self) -> Option<u16> {
        match self {
            Self::Tcp(address) => Some(address.port()).filter(|port| *port != 0),
            Self::Unix(_) => None,
        }
    }

    /// Whether both cannot be listened on at once, or are easily taken for each other.
    fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Unix(one), Self::Unix(other)) => one == other,
            (Self::Tcp(one), Self::Tcp(other)) => one.port() != 0 && one.port() == other.port(),
            _ => false,
        }
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(formatter),
            Self::Unix(path) => write!(formatter, "unix:{}", path.display()),
        }
    }
}

/// Where metrics are given, which is nowhere near where everything else is.
pub(super) fn metrics_listen(text: Option<&str>, listen: &Listen) -> Result<Option<Listen>, ConfigError> {
    let wrong = |message: String| wrong("metrics-listen", "KEYSTEAD_METRICS_LISTEN", message);
    let Some(text) = text else { return Ok(None) };
    let metrics: Listen = text.parse().map_err(wrong)?;
    if metrics.meets(listen) {
        return Err(wrong(format!("{metrics} is where the console and the API are ({listen}); use another port")));
    }
    Ok(Some(metrics))
}
