//! Settings from flags or the environment, checked once, with one line for what is wrong.

mod database;
mod listen;
mod log;
mod unknown;

use std::convert::Infallible;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;
use clap::builder::BoolishValueParser;
use domain::attachment::SIZE_MAX;

pub use self::database::DatabaseUrl;
use self::database::database_url;
pub use self::listen::Listen;
use self::listen::metrics_listen;
pub use self::log::LogFormat;
pub use self::unknown::{UnknownVariable, refuse_unknown};
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
    /// File that holds the URL of the mail server and nothing else, as container secrets do
    #[arg(long, global = true, env = "KEYSTEAD_SMTP_URL_FILE", hide_env_values = true, value_name = "FILE")]
    pub smtp_url_file: Option<PathBuf>,
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
    #[arg(
        long,
        global = true,
        env = "KEYSTEAD_METRICS_LISTEN",
        hide_env_values = true,
        value_name = "ADDRESS:PORT",
        help = "Address and port for metrics at /metrics, without sign-in, or unix:/path of a socket [default: no metrics]"
    )]
    pub metrics_listen: Option<String>,
    /// What becomes of calls beyond this server's share of a rate limit while the database is away [default: refuse]
    #[arg(
        long, global = true, env = "KEYSTEAD_LIMITS_WHILE_AWAY", hide_env_values = true, value_name = "refuse|local",
        value_parser = ["refuse", "local"], hide_possible_values = true
    )]
    pub limits_while_away: Option<String>,
    /// What to log: error, warn, info, debug, trace, or directives [default: info]
    #[arg(long, global = true, env = "KEYSTEAD_LOG", hide_env_values = true, value_name = "LEVEL")]
    pub log: Option<String>,
    /// The form of the log's lines: text for people, or json [default: text]
    #[arg(long, global = true, env = "KEYSTEAD_LOG_FORMAT", hide_env_values = true, value_name = "FORMAT")]
    pub log_format: Option<String>,
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
    /// Where metrics are given; `None` if nowhere.
    pub metrics_listen: Option<Listen>,
    /// Whether this server counts rate limits by itself while the database is away, rather than refuse.
    pub limits_local: bool,
    /// Directives of the log.
    pub log: String,
    /// The form of its lines.
    pub log_format: LogFormat,
}

/// Where to find the root key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RootKeyFile {
    /// In the data folder. The first start creates it.
    Own(PathBuf),
    /// Named by the configuration. It must exist.
    Named(PathBuf),
}

/// The URL of a mail server. It may hold a password, so it is never shown.
#[derive(Clone)]
pub struct SmtpUrl(String);

impl FromStr for SmtpUrl {
    type Err = Infallible;

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

/// A setting that may be secret, which is set, or in a file. The names are those of the file, and that of the setting.
fn set_or_in_file<T: FromStr<Err = Infallible>>(
    set: Option<T>,
    file: Option<&Path>,
    [flag, variable, other]: [&'static str; 3],
) -> Result<Option<T>, ConfigError> {
    let Some(file) = file else { return Ok(set) };
    if set.is_some() {
        return Err(wrong(flag, variable, format!("{other} is set too; set only one of them")));
    }
    let text = fs::read_to_string(file);
    let text = text.map_err(|error| wrong(flag, variable, format!("{}: {error}", file.display())))?;
    let Ok(read) = text.trim().parse();
    Ok(Some(read))
}

impl Config {
    /// Checks what was written.
    pub fn check(settings: Settings) -> Result<Self, ConfigError> {
        let listen = settings.listen.as_deref().unwrap_or("127.0.0.1:3000");
        let listen: Listen = listen.parse().map_err(|message: String| wrong("listen", "KEYSTEAD_LISTEN", message))?;
        let metrics_listen = metrics_listen(settings.metrics_listen.as_deref(), &listen)?;
        let data_dir = settings.data_dir.unwrap_or_else(|| PathBuf::from("data"));
        let data_dir = std::path::absolute(&data_dir)
            .map_err(|_| wrong("data-dir", "KEYSTEAD_DATA_DIR", "it is empty; name a folder, or unset it"))?;
        let names = ["database-url-file", "KEYSTEAD_DATABASE_URL_FILE", "KEYSTEAD_DATABASE_URL"];
        let written = set_or_in_file(settings.database_url, settings.database_url_file.as_deref(), names)?;
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
        log::check(&log).map_err(|message| wrong("log", "KEYSTEAD_LOG", message))?;
        let log_format = settings.log_format.map(|text| text.parse::<LogFormat>()).transpose();
        let log_format = log_format.map_err(|message| wrong("log-format", "KEYSTEAD_LOG_FORMAT", message))?;
        let names = ["smtp-url-file", "KEYSTEAD_SMTP_URL_FILE", "KEYSTEAD_SMTP_URL"];
        let mail = set_or_in_file(settings.smtp_url, settings.smtp_url_file.as_deref(), names)?;
        let mail = mail.map(|url| MailServer::parse(&url.0)).transpose();
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
            metrics_listen,
            limits_local: settings.limits_while_away.as_deref() == Some("local"),
            log,
            log_format: log_format.unwrap_or_default(),
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

#[cfg(test)]
mod tests;
