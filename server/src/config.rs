//! Settings from flags or the environment, checked once, with one line for what is wrong.

use std::fmt;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;
use clap::builder::BoolishValueParser;
use domain::attachment::SIZE_MAX;

use crate::client_address::TrustedProxies;
use crate::mail::MailServer;
use crate::oidc;
use crate::oidc::settings::ProviderSettings;
use crate::public_url::PublicUrl;
use crate::webhooks::Networks;

/// The settings as they were written. Each flag has an environment variable.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Settings")]
pub struct Settings {
    #[arg(
        long,
        global = true,
        env = "KEYSTEAD_LISTEN",
        hide_env_values = true,
        value_name = "ADDRESS:PORT",
        help = "Address and port to listen on, or unix:/path of a socket [default: 127.0.0.1:3000]"
    )]
    pub listen: Option<String>,
    #[arg(
        long,
        global = true,
        env = "KEYSTEAD_DATABASE_URL",
        hide_env_values = true,
        value_name = "URL",
        help = "sqlite:///path/file.db or postgres://… [default: keystead.db in the data folder]"
    )]
    pub database_url: Option<DatabaseUrl>,
    /// File that holds the URL of the database and nothing else, as container secrets do
    #[arg(long, global = true, env = "KEYSTEAD_DATABASE_URL_FILE", hide_env_values = true, value_name = "FILE")]
    pub database_url_file: Option<PathBuf>,
    /// The most connections that the server opens to Postgres, from 3 to 100 [default: 10]
    #[arg(
        long, global = true, env = "KEYSTEAD_DATABASE_CONNECTIONS", hide_env_values = true, value_name = "NUMBER",
        value_parser = clap::value_parser!(u32).range(3..=100)
    )]
    pub database_connections: Option<u32>,
    /// Folder for the database and the root key [default: ./data]
    #[arg(long, global = true, env = "KEYSTEAD_DATA_DIR", hide_env_values = true, value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
    #[arg(
        long,
        global = true,
        env = "KEYSTEAD_PUBLIC_URL",
        hide_env_values = true,
        value_name = "URL",
        help = "Address that people and programs use, for example https://keys.example.com"
    )]
    pub public_url: Option<String>,
    /// Proxies whose X-Forwarded-For is believed: addresses and networks (CIDR), separated by commas
    #[arg(long, global = true, env = "KEYSTEAD_TRUSTED_PROXIES", hide_env_values = true, value_name = "CIDRS")]
    pub trusted_proxies: Option<String>,
    /// File with the root key, which must exist [default: root.key in the data folder, created on first start]
    #[arg(long, global = true, env = "KEYSTEAD_ROOT_KEY_FILE", hide_env_values = true, value_name = "FILE")]
    pub root_key_file: Option<PathBuf>,
    /// Allow sign-in over plain HTTP beyond this machine; anyone on the network can then read the traffic
    #[arg(
        long, global = true, env = "KEYSTEAD_ALLOW_HTTP", hide_env_values = true, value_name = "true|false",
        num_args = 0..=1, require_equals = true, default_missing_value = "true",
        value_parser = BoolishValueParser::new()
    )]
    pub allow_http: Option<bool>,
    /// Beginning of new tokens, 1 to 10 lower-case letters and digits; older tokens keep working [default: ks]
    #[arg(long, global = true, env = "KEYSTEAD_TOKEN_PREFIX", hide_env_values = true, value_name = "PREFIX")]
    pub token_prefix: Option<String>,
    #[arg(
        long,
        global = true,
        env = "KEYSTEAD_SMTP_URL",
        hide_env_values = true,
        value_name = "URL",
        help = "Mail server for invites: smtps://user:password@mail.example.com?from=keystead@example.com [default: no mail]"
    )]
    pub smtp_url: Option<SmtpUrl>,
    /// File of JSON with the OpenID Connect providers that people can sign in by [default: none]
    #[arg(long, global = true, env = "KEYSTEAD_OIDC_FILE", hide_env_values = true, value_name = "FILE")]
    pub oidc_file: Option<PathBuf>,
    /// The most bytes of a file in a room, from 1 to 100000000 [default: 10000000]
    #[arg(
        long, global = true, env = "KEYSTEAD_ATTACHMENT_MAX", hide_env_values = true, value_name = "BYTES",
        value_parser = clap::value_parser!(u64).range(1..=100_000_000)
    )]
    pub attachment_max: Option<u64>,
    /// Networks of your own in which webhooks may be: addresses and networks (CIDR), separated by commas [default: none]
    #[arg(long, global = true, env = "KEYSTEAD_WEBHOOK_NETWORKS", hide_env_values = true, value_name = "CIDRS")]
    pub webhook_networks: Option<String>,
    /// What to log: error, warn, info, debug, trace, or directives [default: info]
    #[arg(long, global = true, env = "KEYSTEAD_LOG", hide_env_values = true, value_name = "LEVEL")]
    pub log: Option<String>,
}

/// The settings, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen.
    pub listen: Listen,
    /// The URL of the database.
    pub database_url: DatabaseUrl,
    /// The most connections to Postgres.
    pub database_connections: Option<u32>,
    /// The folder of the database and the root key, absolute; `None` if both are elsewhere.
    pub data_dir: Option<PathBuf>,
    /// The public address. If it is not set, it is derived from the listening address.
    pub public_url: Option<PublicUrl>,
    /// The proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: TrustedProxies,
    /// The file of the root key.
    pub root_key: RootKeyFile,
    /// Whether sign-in over plain HTTP beyond loopback is allowed.
    pub allow_http: bool,
    /// The beginning of new tokens.
    pub token_prefix: String,
    /// Where mail goes; `None` if none is sent.
    pub mail: Option<MailServer>,
    /// The providers that people can sign in by.
    pub providers: Vec<ProviderSettings>,
    /// The most bytes of a file in a room.
    pub attachment_max: u64,
    /// The networks of one's own in which webhooks may be.
    pub webhook_networks: Networks,
    /// Directives of the log.
    pub log: String,
}

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

impl fmt::Display for Listen {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(formatter),
            Self::Unix(path) => write!(formatter, "unix:{}", path.display()),
        }
    }
}

/// Where to find the root key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RootKeyFile {
    /// In the data folder. The first start creates it.
    Own(PathBuf),
    /// Named by the configuration. It must exist.
    Named(PathBuf),
}

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

/// The URL of a mail server. It may hold a password, so it is never shown.
#[derive(Clone)]
pub struct SmtpUrl(String);

impl FromStr for SmtpUrl {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for SmtpUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SmtpUrl(..)")
    }
}

/// A setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("--{flag} ({variable}): {message}")]
pub struct ConfigError {
    flag: &'static str,
    variable: &'static str,
    message: String,
}

fn wrong(flag: &'static str, variable: &'static str, message: impl Into<String>) -> ConfigError {
    ConfigError { flag, variable, message: message.into() }
}

impl Config {
    /// Checks what was written.
    pub fn check(settings: Settings) -> Result<Self, ConfigError> {
        let listen = settings.listen.as_deref().unwrap_or("127.0.0.1:3000");
        let listen = listen.parse().map_err(|message: String| wrong("listen", "KEYSTEAD_LISTEN", message))?;
        let data_dir = settings.data_dir.unwrap_or_else(|| PathBuf::from("data"));
        let data_dir = std::path::absolute(&data_dir)
            .map_err(|_| wrong("data-dir", "KEYSTEAD_DATA_DIR", "it is empty; name a folder, or unset it"))?;
        let written = written_url(settings.database_url, settings.database_url_file.as_deref())?;
        let is_used = written.is_none() || settings.root_key_file.is_none();
        let database_url = database_url(written, &data_dir)?;
        let public_url = settings
            .public_url
            .map(|text| PublicUrl::parse(&text))
            .transpose()
            .map_err(|message| wrong("public-url", "KEYSTEAD_PUBLIC_URL", message))?;
        let trusted_proxies = TrustedProxies::parse(settings.trusted_proxies.as_deref().unwrap_or_default())
            .map_err(|message| wrong("trusted-proxies", "KEYSTEAD_TRUSTED_PROXIES", message))?;
        let webhook_networks = Networks::parse(settings.webhook_networks.as_deref().unwrap_or_default())
            .map_err(|message| wrong("webhook-networks", "KEYSTEAD_WEBHOOK_NETWORKS", message))?;
        let root_key = match settings.root_key_file {
            None => RootKeyFile::Own(data_dir.join("root.key")),
            Some(path) => RootKeyFile::Named(path),
        };
        let allow_http = settings.allow_http.unwrap_or_default();
        let token_prefix = settings.token_prefix.unwrap_or_else(|| "ks".to_owned());
        let log = settings.log.unwrap_or_else(|| "info".to_owned());
        check_log(&log).map_err(|message| wrong("log", "KEYSTEAD_LOG", message))?;
        let mail = settings.smtp_url.map(|url| MailServer::parse(&url.0)).transpose();
        let mail = mail.map_err(|message| wrong("smtp-url", "KEYSTEAD_SMTP_URL", message))?;
        let providers = settings.oidc_file.map(|file| oidc::settings::read(&file)).transpose();
        let providers = providers.map_err(|message| wrong("oidc-file", "KEYSTEAD_OIDC_FILE", message))?;
        let data_dir = is_used.then_some(data_dir);
        Ok(Self {
            listen,
            database_url,
            database_connections: settings.database_connections,
            data_dir,
            public_url,
            trusted_proxies,
            root_key,
            allow_http,
            token_prefix,
            mail,
            providers: providers.unwrap_or_default(),
            attachment_max: settings.attachment_max.unwrap_or(SIZE_MAX),
            webhook_networks,
            log,
        })
    }

    /// The address that links begin with: the public one, or that of the listener on this machine.
    pub fn origin(&self) -> String {
        let address = match &self.listen {
            Listen::Tcp(address) => Some(*address),
            Listen::Unix(_) => None,
        };
        let public = self.public_url.clone().unwrap_or_else(|| PublicUrl::of_listener(address));
        public.origin().to_owned()
    }
}

/// The URL that is set, here or in a file.
fn written_url(url: Option<DatabaseUrl>, file: Option<&Path>) -> Result<Option<DatabaseUrl>, ConfigError> {
    let wrong = |message: String| wrong("database-url-file", "KEYSTEAD_DATABASE_URL_FILE", message);
    match (url, file) {
        (url, None) => Ok(url),
        (Some(_), Some(_)) => Err(wrong("KEYSTEAD_DATABASE_URL is set too; set only one of them".to_owned())),
        (None, Some(file)) => {
            let text = fs::read_to_string(file).map_err(|error| wrong(format!("{}: {error}", file.display())))?;
            Ok(Some(DatabaseUrl(text.trim().to_owned())))
        }
    }
}

fn database_url(written: Option<DatabaseUrl>, data_dir: &Path) -> Result<DatabaseUrl, ConfigError> {
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

/// Checks the levels. A misspelt level would count as the name of a module, and silence everything.
fn check_log(text: &str) -> Result<(), String> {
    for directive in text.split(',') {
        let level = directive.rsplit('=').next().unwrap_or_default().trim().to_ascii_lowercase();
        if !["off", "error", "warn", "info", "debug", "trace"].contains(&level.as_str()) {
            return Err(format!("{directive:?} is not a level (error, warn, info, debug, trace, off) or module=level"));
        }
    }
    tracing_subscriber::EnvFilter::try_new(text).map(drop).map_err(|error| error.to_string())
}

/// Refuses variables that look like settings but are not, most likely misspelt. Without the setting that was meant,
/// Keystead might start on another database.
pub fn refuse_unknown(names: impl Iterator<Item = String>) -> Result<(), UnknownVariable> {
    // What the examples of the console and of docs/ put into the environment of other programs.
    const OF_CALLERS: [&str; 6] = ["KEY", "KEY_ID", "KEY_SECRET", "MANAGER_KEY", "URL", "VERIFIER_KEY"];
    let settings = Settings::augment_args(clap::Command::new("keystead"));
    let known: Vec<&str> =
        settings.get_arguments().filter_map(|setting| setting.get_env()?.to_str()?.strip_prefix("KEYSTEAD_")).collect();
    let is_unknown = |name: &String| {
        name.strip_prefix("KEYSTEAD_").is_some_and(|rest| {
            // Kubernetes sets these for a service called "keystead".
            let of_kubernetes = rest.starts_with("PORT") || rest.starts_with("SERVICE_");
            !known.contains(&rest) && !OF_CALLERS.contains(&rest) && !of_kubernetes
        })
    };
    let Some(name) = names.filter(is_unknown).min() else { return Ok(()) };
    let likeness = |known: &&str| strsim::jaro_winkler(known, name.trim_start_matches("KEYSTEAD_"));
    let nearest = known.into_iter().max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
    Err(UnknownVariable { nearest: format!("KEYSTEAD_{}", nearest.unwrap_or_default()), name })
}

/// A variable that is no setting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} is not a setting; {nearest} is one")]
pub struct UnknownVariable {
    name: String,
    nearest: String,
}

#[cfg(test)]
mod tests;
