//! Measures speed, and writes `docs/benchmarks.md`. It gates nothing: a figure that misses its target is written like
//! any other.
#![allow(clippy::disallowed_methods, reason = "it measures real time")]

mod accepted;
mod authorize;
mod batches;
mod beside;
mod bulk;
mod calls;
mod cold;
mod contest;
mod data;
mod decision;
mod echo;
mod engines;
mod events;
mod figures;
mod flood;
mod hot;
mod http;
mod in_process;
mod instructions;
mod list;
mod list_table;
mod lists;
mod machine;
mod manage;
mod many;
mod memory;
mod names;
mod nodes;
mod people;
mod process;
mod report;
mod restrictions;
mod rooms;
mod secrets;
mod seen;
mod sunshine;
mod tokens;
mod webhooks;

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::{Parser, Subcommand, ValueEnum};
use tokio::runtime;

use crate::data::{Engine, Installation, Size};
use crate::process::Child;
use crate::report::Section;

#[derive(Debug, Parser)]
#[command(name = "bench", about = "Times Keystead and writes docs/benchmarks.md")]
struct Options {
    /// Keys in the large installation
    #[arg(long, default_value_t = 1_000_000)]
    keys: u32,
    /// Requests per case of the key list
    #[arg(long, default_value_t = 300)]
    samples: u32,
    /// Length of a round of calls
    #[arg(long, default_value_t = 5)]
    round_seconds: u32,
    /// Measure only these parts, with commas between them; without --output, nothing is written
    #[arg(long, value_delimiter = ',')]
    only: Vec<Part>,
    /// File to write instead of docs/benchmarks.md
    #[arg(long)]
    output: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the floor that calls are compared with
    #[command(hide = true)]
    Echo {
        /// What it sends
        shape: String,
    },
    /// Make calls inside this process, for a profiler
    Hot {
        /// How many
        calls: u32,
    },
}

/// What is measured, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Pages of the key list, with few keys and with many
    List,
    /// Pages of many apps, and of many people
    Lists,
    /// Calls of a program that manages keys
    Manage,
    /// Messages in rooms: written, read and watched
    Rooms,
    /// Events of contact-centre platforms: taken in, beside messages, and listed
    Events,
    /// Acts on many keys at once
    Many,
    /// Access tokens that an API KEY buys
    Tokens,
    /// Reads in the form of Sunshine Conversations, with Basic and with a JWT
    Sunshine,
    /// Messages told to webhooks, beside slow ones
    Webhooks,
    /// Verify calls about hot keys, beside the floor and better-auth
    Hot,
    /// Forward-auth calls
    Authorize,
    /// Verify calls about keys that are not cached
    Cold,
    /// Verify calls about keys that do not exist
    Flood,
    /// Memory with many hot keys, and the key list at the same time
    Memory,
    /// Calls beside pages, sign-ins and strangers
    Beside,
    /// Verdicts in batches of 100
    Batches,
    /// Calls while they are counted and monitoring collects the counts
    Seen,
    /// Calls on three servers over one Postgres, beside one
    Nodes,
    /// The decision, without anything around it
    Decision,
    /// Instructions of a verify call
    Instructions,
}

fn main() -> Result<()> {
    let options = Options::parse();
    match &options.command {
        Some(Command::Echo { shape }) => many_threads()?.block_on(echo::serve(shape)),
        // One thread, which is the one whose instructions are counted.
        Some(Command::Hot { calls }) => {
            runtime::Builder::new_current_thread().enable_all().build()?.block_on(in_process::run(*calls))
        }
        // Dropping it aborts the run, removes the data and ends the child processes.
        None => many_threads()?.block_on(async {
            tokio::select! {
                done = run(&options) => done,
                _ = tokio::signal::ctrl_c() => anyhow::bail!("interrupted; nothing was written"),
            }
        }),
    }
}

fn many_threads() -> Result<runtime::Runtime> {
    Ok(runtime::Builder::new_multi_thread().enable_all().build()?)
}

async fn run(options: &Options) -> Result<()> {
    let mut sections = Vec::new();
    let of_keys =
        [Part::List, Part::Many, Part::Hot, Part::Authorize, Part::Cold, Part::Flood, Part::Memory, Part::Beside];
    if options.wants(&of_keys) {
        let large = Installation::make(Size::of_keys(options.keys), Engine::Sqlite).await?;
        sections = with_keys(options, &large).await?;
        check_counts(&large, &sections).await?;
    }
    if options.begins(Part::Batches) {
        sections.push(batches::measure(options.round_seconds).await?);
    }
    if options.begins(Part::Seen) {
        sections.push(seen::measure(options.round_seconds).await?);
    }
    if options.begins(Part::Nodes) {
        sections.push(nodes::measure(options.round_seconds).await?);
    }
    if options.begins(Part::Lists) {
        sections.push(lists::measure(options.samples).await?);
    }
    if options.begins(Part::Manage) {
        sections.push(manage::measure(options.round_seconds).await?);
    }
    if options.begins(Part::Rooms) {
        sections.push(rooms::measure(options.samples, options.round_seconds).await?);
    }
    if options.begins(Part::Events) {
        sections.push(events::measure(options.samples, options.round_seconds).await?);
    }
    if options.begins(Part::Tokens) {
        sections.push(tokens::measure(options.round_seconds).await?);
    }
    if options.begins(Part::Sunshine) {
        sections.push(sunshine::measure(options.round_seconds).await?);
    }
    if options.begins(Part::Webhooks) {
        sections.push(webhooks::measure(options.samples).await?);
    }
    if options.begins(Part::Decision) {
        sections.push(decision::measure().await?);
    }
    if options.begins(Part::Instructions) {
        sections.push(instructions::measure().await?);
    }

    let path = match &options.output {
        Some(path) => path.clone(),
        None if options.only.is_empty() => process::repository()?.join("docs/benchmarks.md"),
        None => {
            for section in &sections {
                print!("\n{}", section.text);
            }
            return Ok(());
        }
    };
    report::write(&path, &sections)?;
    println!("Written to {}", path.display());
    Ok(())
}

/// Runs the measurements that need a server and an installation.
async fn with_keys(options: &Options, large: &Installation) -> Result<Vec<Section>> {
    let mut sections = Vec::new();
    let seconds = options.round_seconds;
    if options.wants(&[Part::List, Part::Many, Part::Hot]) {
        let on_postgres = Installation::make(Size::of_keys(options.keys), Engine::Postgres).await?;
        if options.begins(Part::List) {
            sections.push(list::measure(large, &on_postgres, options.samples).await?);
        }
        if options.begins(Part::Many) {
            sections.push(many::measure(large, &on_postgres).await?);
        }
        if options.begins(Part::Hot) {
            sections.push(engines::measure(large, &on_postgres, seconds).await?);
        }
    }
    if options.wants(&[Part::Hot, Part::Authorize, Part::Cold, Part::Flood]) {
        let keystead = Child::keystead(large).await?;
        if options.begins(Part::Hot) {
            sections.push(hot::measure(large, &keystead, seconds).await?);
        }
        if options.begins(Part::Authorize) {
            sections.push(authorize::measure(large, &keystead, seconds).await?);
        }
        if options.begins(Part::Cold) {
            sections.push(cold::measure(large, &keystead, seconds).await?);
        }
        if options.begins(Part::Flood) {
            sections.push(flood::measure(large, &keystead, seconds).await?);
        }
        keystead.stop().await?;
    }
    if options.begins(Part::Memory) {
        sections.push(memory::measure(large, seconds).await?);
    }
    if options.begins(Part::Beside) {
        sections.push(beside::measure(large, seconds).await?);
    }
    Ok(sections)
}

/// Compares the calls that the stopped servers counted with those that were made, and with their expected verdicts.
async fn check_counts(large: &Installation, sections: &[Section]) -> Result<()> {
    /// wrk leaves its last calls unanswered at the end of a round.
    const CUT_OFF: u64 = 2_000;

    let counted = large.counted().await?;
    let accepted: u64 = sections.iter().map(|section| section.accepted).sum();
    let refused: u64 = sections.iter().map(|section| section.refused).sum();
    for (what, made, counted) in [("pass", accepted, counted.accepted), ("be refused", refused, counted.refused)] {
        let right = (made..=made + CUT_OFF).contains(&counted);
        ensure!(right, "{made} calls were made that had to {what}, and {counted} were counted");
    }
    ensure!(refused > 0 || counted.refused == 0, "{} calls were refused", counted.refused);
    Ok(())
}

impl Options {
    fn wants(&self, parts: &[Part]) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| parts.contains(only))
    }

    /// Whether to measure this part; if so, prints its name.
    fn begins(&self, part: Part) -> bool {
        let wanted = self.wants(&[part]);
        if wanted {
            let value = part.to_possible_value();
            let help = value.as_ref().and_then(|value| value.get_help()).map(ToString::to_string);
            println!("{}", help.unwrap_or_default());
        }
        wanted
    }
}
