//! Where the calls of a command go: `--url` and a key, or the local database.

use std::fs;
use std::path::{Path, PathBuf};

use axum::http::HeaderValue;
use clap::Args;

use super::failure::Failure;
use crate::public_url::{PublicUrl, is_loopback};

/// The variable that holds the key for a server elsewhere.
pub(super) const KEY: &str = "KEYSTEAD_KEY";

/// A server elsewhere, as it was named.
#[derive(Debug, Args)]
#[command(next_help_heading = "Where and how")]
pub(super) struct Server {
    /// Address of a server elsewhere [default: this machine, as its settings say]
    #[arg(long, global = true, value_name = "URL")]
    pub url: Option<String>,
    /// Use plain HTTP to another machine, where anyone on the network can read the key
    #[arg(long, global = true)]
    pub insecure_http: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Where and how")]
pub(super) struct To {
    #[command(flatten)]
    pub server: Server,
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        help = "File that holds the key for --url [default: the variable KEYSTEAD_KEY]"
    )]
    pub key_file: Option<PathBuf>,
    /// Print the JSON of the API
    #[arg(long, global = true)]
    pub json: bool,
}

/// A server elsewhere, checked.
#[derive(Debug)]
pub(super) struct Target {
    pub origin: String,
    /// Whether calls may leave this machine. Over plain HTTP they may not, unless its user wants that.
    pub leaves: bool,
}

impl Server {
    /// The server of `--url`; `None` for the local database.
    pub fn target(&self) -> Result<Option<Target>, Failure> {
        let Some(url) = &self.url else {
            return if self.insecure_http { Err(needs_url("--insecure-http")) } else { Ok(None) };
        };
        let server = PublicUrl::parse(url).map_err(|message| Failure::Usage(format!("--url: {message}")))?;
        let host = server.origin().split_once("://").map_or("", |(_, authority)| authority);
        let host = server.port().map_or(host, |port| host.strip_suffix(&format!(":{port}")).unwrap_or(host));
        let leaves = server.is_https() || self.insecure_http;
        if !leaves && !is_loopback(host) {
            return Err(Failure::Usage(format!(
                "--url: {} would send the key over plain HTTP; use https://, or add --insecure-http",
                server.origin()
            )));
        }
        Ok(Some(Target { origin: server.origin().to_owned(), leaves }))
    }
}

impl To {
    /// The server of `--url`; `None` for the local database.
    pub fn target(&self) -> Result<Option<Target>, Failure> {
        let target = self.server.target()?;
        if target.is_none() && self.key_file.is_some() { Err(needs_url("--key-file")) } else { Ok(target) }
    }

    /// `Usage` with `--url`, for what only somebody at the server's shell can do.
    pub fn only_local(&self, what: &str) -> Result<(), Failure> {
        match self.target()? {
            None => Ok(()),
            Some(_) => Err(Failure::Usage(format!("{what}: leave --url out, and run it where the database is"))),
        }
    }

    /// The header with the key. It comes from a file or a variable, never from an argument, which other processes can read.
    pub fn authorization(&self) -> Result<HeaderValue, Failure> {
        let (source, key) = if let Some(file) = &self.key_file {
            ("--key-file", from_file(file)?)
        } else if let Ok(key) = std::env::var(KEY) {
            (KEY, key)
        } else {
            let message = "--url needs a key: put it into the variable KEYSTEAD_KEY, or name its file with --key-file";
            return Err(Failure::Usage(message.to_owned()));
        };
        let key = key.trim();
        let is_key = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic());
        let header = HeaderValue::from_str(&format!("Bearer {key}")).ok().filter(|_| is_key);
        let mut header = header.ok_or_else(|| Failure::Usage(format!("{source}: there is no key in it")))?;
        header.set_sensitive(true);
        Ok(header)
    }
}

fn needs_url(flag: &str) -> Failure {
    Failure::Usage(format!("{flag} is for a server elsewhere: name it with --url"))
}

fn from_file(file: &Path) -> Result<String, Failure> {
    fs::read_to_string(file).map_err(|error| Failure::Usage(format!("--key-file: {}: {error}", file.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(url: &str, insecure_http: bool) -> To {
        To { server: Server { url: Some(url.to_owned()), insecure_http }, key_file: None, json: false }
    }

    #[test]
    fn a_key_leaves_this_machine_only_encrypted() {
        for url in ["http://localhost:3000", "http://127.0.0.1", "http://[::1]:3000/"] {
            let target = to(url, false).target().unwrap().unwrap();
            assert!(!target.leaves, "{url}");
        }
        for (url, insecure_http) in [("https://keys.example.com", false), ("http://10.0.0.7:3000", true)] {
            assert!(to(url, insecure_http).target().unwrap().unwrap().leaves, "{url}");
        }
        for url in [
            "http://keys.example.com",
            "http://10.0.0.7:3000",
            "http://localhost.example.com",
            "http://127.0.0.1@keys.example.com",
            "http://localhost:3000@keys.example.com",
            "ftp://localhost",
            "localhost:3000",
            "https://keys.example.com/console",
            "",
        ] {
            assert!(matches!(to(url, false).target(), Err(Failure::Usage(_))), "{url}");
        }
    }

    #[test]
    fn what_is_for_a_server_needs_one() {
        let here = |insecure_http| To { server: Server { url: None, insecure_http }, ..to("", false) };
        assert!(here(false).target().unwrap().is_none() && here(false).only_local("x").is_ok());
        assert!(here(true).target().is_err());
        assert!(To { key_file: Some(PathBuf::from("key")), ..here(false) }.target().is_err());
        assert!(to("http://localhost", false).only_local("a reset link").is_err());
    }
}
