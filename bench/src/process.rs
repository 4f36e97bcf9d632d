//! The programs that are measured: children of this one, ended with it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::data::Installation;
use crate::echo::Shape;
use crate::machine;

/// How long a server may take to start. Opening a database of a million keys takes less.
const START_WITHIN: Duration = Duration::from_secs(30);

/// A server that is running.
#[derive(Debug)]
pub(crate) struct Child {
    process: tokio::process::Child,
    pid: u32,
    /// `localhost:…`
    pub authority: String,
}

/// Resident memory in kilobytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Resident {
    pub now: u64,
    pub peak: u64,
}

impl Child {
    /// Keystead on an installation, on a free port of loopback, with a proxy before it on this machine.
    pub async fn keystead(on: &Installation) -> Result<Self> {
        Self::keystead_with(on, &[]).await
    }

    /// The same with further settings.
    pub async fn keystead_with(on: &Installation, settings: &[(&str, &str)]) -> Result<Self> {
        let mut command = Command::new(binary()?);
        command
            .env_clear()
            .env("KEYSTEAD_LISTEN", "127.0.0.1:0")
            .env("KEYSTEAD_DATA_DIR", on.folder())
            .env("KEYSTEAD_TRUSTED_PROXIES", "127.0.0.1/32")
            .env("KEYSTEAD_LOG", "warn")
            .envs(settings.iter().copied());
        if let Some(url) = on.url() {
            command.env("KEYSTEAD_DATABASE_URL", url);
        }
        Self::start(command, START_WITHIN).await
    }

    /// The floor: this program, as a server that sends answers of a shape and decides nothing.
    pub async fn floor(shape: &Shape) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.env_clear().arg("echo").arg(serde_json::to_string(shape)?);
        Self::start(command, START_WITHIN).await
    }

    /// better-auth with its database in `folder`. It issues as many of the keys as it can in the time that it may take
    /// for it, and writes them to `keys_file`.
    pub async fn better_auth(folder: &Path, keys_file: &Path, keys: usize, within: Duration) -> Result<Self> {
        let mut command = Command::new("node");
        command
            .current_dir(repository()?.join("bench/peers"))
            .env("NODE_ENV", "production")
            .arg("better-auth.mjs")
            .args([folder, keys_file])
            .arg(keys.to_string())
            .arg(within.as_secs().to_string());
        Self::start(command, within + START_WITHIN).await
    }

    /// The first line on standard output ends with the address.
    async fn start(mut command: Command, within: Duration) -> Result<Self> {
        let mut process = command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let pid = process.id().context("the server ended at once")?;
        let output = process.stdout.take().context("the server has no standard output")?;
        let mut lines = BufReader::new(output).lines();
        let first = tokio::time::timeout(within, lines.next_line()).await;
        let Ok(Ok(Some(line))) = first else { bail!("the server did not start; see the reason above") };
        let (_, authority) = line.split_once("http://").with_context(|| format!("no address in {line:?}"))?;
        Ok(Self { process, pid, authority: authority.to_owned() })
    }

    /// What `/proc` says about it.
    pub fn memory(&self) -> Result<Resident> {
        let status = format!("/proc/{}/status", self.pid);
        let read = |name| machine::field(&status, name).and_then(|text| machine::kilobytes(&text));
        let (Some(now), Some(peak)) = (read("VmRSS"), read("VmHWM")) else { bail!("{status} cannot be read") };
        Ok(Resident { now, peak })
    }

    /// Asks it to stop, as an operator would, and waits.
    pub async fn stop(mut self) -> Result<()> {
        let asked = Command::new("kill").arg(self.pid.to_string()).status().await?;
        anyhow::ensure!(asked.success(), "process {} cannot be told to stop", self.pid);
        let ended = tokio::time::timeout(START_WITHIN, self.process.wait()).await;
        match ended {
            Ok(status) => anyhow::ensure!(status?.success(), "process {} ended with an error", self.pid),
            Err(_) => self.process.kill().await?,
        }
        Ok(())
    }
}

/// What is measured: the release build, unless `KEYSTEAD_BINARY` names another.
fn binary() -> Result<PathBuf> {
    let named = std::env::var_os("KEYSTEAD_BINARY").map(PathBuf::from);
    let binary = named.map_or_else(|| Ok(repository()?.join("target/release/keystead")), anyhow::Ok)?;
    anyhow::ensure!(binary.is_file(), "there is no {}: run make build first", binary.display());
    Ok(binary)
}

/// The root of the repository.
pub(crate) fn repository() -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the workspace has no folder")?;
    Ok(root.to_owned())
}
