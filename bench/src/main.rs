//! Times what can be timed, and writes `docs/benchmarks.md`. It gates nothing: a figure that misses
//! its target is written down like any other.

mod data;
mod echo;
mod figures;
mod http;
mod list;
mod machine;
mod names;
mod process;
mod report;
mod verify;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

use crate::data::Installation;
use crate::process::Child;

#[derive(Debug, Parser)]
#[command(name = "bench", about = "Times Keystead and writes docs/benchmarks.md")]
struct Options {
    /// Keys in the large installation
    #[arg(long, default_value_t = 1_000_000)]
    keys: u32,
    /// Requests per case of the key list
    #[arg(long, default_value_t = 300)]
    samples: u32,
    /// Length of a round of verify calls
    #[arg(long, default_value_t = 5)]
    round_seconds: u32,
    /// File to write instead of docs/benchmarks.md
    #[arg(long)]
    output: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the floor that verify calls are compared with
    #[command(hide = true)]
    Echo,
}

/// Keys in the small installation.
const SMALL: u32 = 1_000;

/// How long a server is left alone before its idle memory is read.
const SETTLE: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    match options.command {
        Some(Command::Echo) => echo::serve().await,
        // Given up by dropping it, which removes the data and ends the children.
        None => tokio::select! {
            done = run(&options) => done,
            _ = tokio::signal::ctrl_c() => anyhow::bail!("interrupted; nothing was written"),
        },
    }
}

async fn run(options: &Options) -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the workspace has no folder")?;
    let binary = root.join("target/release/keystead");
    anyhow::ensure!(binary.is_file(), "there is no {}: run make build first", binary.display());

    let small = Installation::make(SMALL).await?;
    let large = Installation::make(options.keys).await?;
    let small_server = Child::keystead(&binary, small.folder()).await?;
    let large_server = Child::keystead(&binary, large.folder()).await?;
    tokio::time::sleep(SETTLE).await;
    let idle = large_server.memory()?;

    println!("The key list, {} requests for each case", options.samples);
    let lists = list::measure(&[(&small, &small_server), (&large, &large_server)], options.samples).await?;
    small_server.stop().await?;
    let after_lists = large_server.memory()?;

    println!("Verify calls, {} rounds of {} seconds for each side", verify::ROUNDS, options.round_seconds);
    let verify = verify::measure(&large, &large_server, options.round_seconds).await?;
    let after_verify = large_server.memory()?;
    large_server.stop().await?;
    large.check_counts(verify.calls).await?;

    let path = options.output.clone().unwrap_or_else(|| root.join("docs/benchmarks.md"));
    let report = report::Report {
        lists: &lists,
        verify: &verify,
        memory: report::Memory { idle, after_lists, after_verify },
        keys: [SMALL, options.keys],
        samples: options.samples,
        round_seconds: options.round_seconds,
    };
    report.write(&path)?;
    println!("Written to {}", path.display());
    Ok(())
}
