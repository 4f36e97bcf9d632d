//! The programs that are measured: children of this one, ended with it.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::machine;

/// Opening a database of a million keys takes no longer.
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
    /// Keystead on the data in `folder`, on a free port of loopback.
    pub async fn keystead(binary: &Path, folder: &Path) -> Result<Self> {
        let mut command = Command::new(binary);
        command
            .env_clear()
            .env("KEYSTEAD_LISTEN", "127.0.0.1:0")
            .env("KEYSTEAD_DATA_DIR", folder)
            .env("KEYSTEAD_LOG", "warn");
        Self::start(command).await
    }

    /// The floor: this program, as a server that only echoes.
    pub async fn echo() -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.env_clear().arg("echo");
        Self::start(command).await
    }

    /// The first line on standard output ends with the address.
    async fn start(mut command: Command) -> Result<Self> {
        let mut process = command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let pid = process.id().context("the server ended at once")?;
        let output = process.stdout.take().context("the server has no standard output")?;
        let mut lines = BufReader::new(output).lines();
        let first = tokio::time::timeout(START_WITHIN, lines.next_line()).await;
        let Ok(Ok(Some(line))) = first else { bail!("the server did not start; the reason stands above") };
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
            Ok(status) => anyhow::ensure!(status?.success(), "process {} did not end well", self.pid),
            Err(_) => self.process.kill().await?,
        }
        Ok(())
    }
}
