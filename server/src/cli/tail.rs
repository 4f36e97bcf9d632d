//! `keystead audit tail`: events as they happen.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;

use super::audit::Events;
use super::client::Client;
use super::failure::Failure;
use super::json::Json;
use super::list::{Filters, List, Pages};
use super::output::{is_unread, show, tell};
use super::table::Table;

/// How long to wait before the audit is asked again.
const EVERY: Duration = Duration::from_secs(1);

/// Which events are followed.
#[derive(Debug, clap::Args)]
pub(super) struct Asked {
    /// How many earlier events to print first
    #[arg(long, value_name = "NUMBER", default_value_t = 10)]
    lines: usize,
    #[command(flatten)]
    filters: Filters<Events>,
}

/// Prints events, the oldest first, until its user stops it or nobody reads them any more.
pub(super) async fn follow(client: &mut Client, asked: &Asked, json: bool) -> Result<(), Failure> {
    let mut stop = signal(SignalKind::interrupt())?;
    tokio::select! {
        ended = print_all(client, asked, json) => ended,
        _ = stop.recv() => Ok(()),
    }
}

async fn print_all(client: &mut Client, asked: &Asked, json: bool) -> Result<(), Failure> {
    let mut table = (!json).then(|| Table::new(Events::COLUMNS));
    let mut earlier = since(client, asked, 0, asked.lines.max(1)).await?;
    let mut last = newest(&earlier, 0);
    earlier.truncate(asked.lines);
    print(table.as_mut(), earlier)?;
    let mut is_away = false;
    while !is_unread() {
        sleep(EVERY).await;
        match since(client, asked, last, usize::MAX).await {
            Ok(events) => {
                (last, is_away) = (newest(&events, last), false);
                print(table.as_mut(), events)?;
            }
            // A server that starts again is followed on.
            Err(Failure::Away(why)) => {
                if !is_away {
                    tell(format_args!("keystead: {why}; it is asked again every second"));
                }
                is_away = true;
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok(())
}

/// The events after this one, the newest first, and no more than `most`.
async fn since(client: &mut Client, asked: &Asked, last: i64, most: usize) -> Result<Vec<Json>, Failure> {
    let mut pages = Pages::new(&asked.filters, None);
    let mut events = Vec::new();
    while let Some(rows) = pages.next(client).await? {
        for event in rows {
            if event.whole("number").is_none_or(|number| number <= last) || events.len() >= most {
                return Ok(events);
            }
            events.push(event);
        }
    }
    Ok(events)
}

fn newest(events: &[Json], before: i64) -> i64 {
    events.first().and_then(|event| event.whole("number")).unwrap_or(before)
}

fn print(table: Option<&mut Table>, mut events: Vec<Json>) -> Result<(), Failure> {
    events.reverse();
    let lines = match table {
        Some(table) if table.has_begun() && events.is_empty() => Vec::new(),
        Some(table) => table.page(&events),
        None => events.iter().map(Json::to_text).collect(),
    };
    if lines.is_empty() { Ok(()) } else { show(format_args!("{}", lines.join("\n"))) }
}
