//! The URL of the database: set, in a file, or that of a file in the data folder.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use super::{ConfigError, wrong};

/// A database URL. It may hold a password, so it is never shown whole.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// The URL of a SQLite file, given by its absolute path.
    pub fn of_file(file: &Path) -> Result<Self, String> {
        let file = file.to_str().ok_or_else(|| format!("the path {} is not UTF-8 text", file.display()))?;
        let file = file.replace('%', "%25").replace('?', "%3F").replace('#', "%23");
        Ok(Self(format!("sqlite://{file}")))
    }

    /// The URL, for the store only.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The port of the database; `None` for one that is a file.
    pub fn port(&self) -> Option<u16> {
        let rest = self.0.strip_prefix("postgres").and_then(|rest| rest.split_once("://"))?.1;
        let (authority, query) = rest.split_once(['/', '?']).unwrap_or((rest, ""));
        let host = authority.rsplit('@').next().unwrap_or_default();
        let port = host.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
        let named = query.split(['?', '&']).find_map(|part| part.strip_prefix("port=")?.parse().ok());
        Some(named.or(port).unwrap_or(5432))
    }
}

impl FromStr for DatabaseUrl {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.0.split(':').next().unwrap_or_default();
        write!(formatter, "DatabaseUrl({scheme}:…)")
    }
}

/// The URL that is set, if it is one of a database that Keystead knows, or that of the file in the data folder.
pub(super) fn database_url(written: Option<DatabaseUrl>, data_dir: &Path) -> Result<DatabaseUrl, ConfigError> {
    let Some(url) = written else {
        return DatabaseUrl::of_file(&data_dir.join("keystead.db")).map_err(|message| {
            wrong("data-dir", "KEYSTEAD_DATA_DIR", format!("{message}; set KEYSTEAD_DATABASE_URL too"))
        });
    };
    if ["sqlite://", "postgres://", "postgresql://"].iter().any(|scheme| url.0.starts_with(scheme)) {
        Ok(url)
    } else {
        // The value may hold a password, so the error does not repeat it.
        let message = "it must begin with sqlite:// or postgres://";
        Err(wrong("database-url", "KEYSTEAD_DATABASE_URL", message))
    }
}
