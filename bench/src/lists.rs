//! Measures the lists of an installation with many apps and many people, each seen by somebody who sees all of them.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Result;
use domain::page::grouped;

use crate::data::{Engine, Installation, Size};
use crate::figures::millis;
use crate::list::{Case, Line, encoded, full, inside, page, sample};
use crate::names;
use crate::people;
use crate::process::Child;
use crate::report::{Section, verdict};

const SIZE: Size = Size { keys: 200_000, apps: 30, people: 10_000 };

/// What any of these pages may take.
const LIMIT: Duration = Duration::from_millis(5);

macro_rules! case {
    ($label:literal, $path:expr) => {
        case!($label, $path, page)
    };
    ($label:literal, $path:expr, $shows:expr) => {
        Case { label: $label, counts: true, path: $path, shows: $shows }
    };
}

const CASES: [Case; 33] = [
    case!("keys by name", |_| "/keys".into(), full),
    case!("keys by name, descending", |_| "/keys?dir=desc".into(), full),
    case!("keys by time of issue", |_| "/keys?sort=created".into(), full),
    case!("keys by last use, descending", |_| "/keys?sort=last_used&dir=desc".into(), full),
    case!("a page in the middle, by name", |on| format!("/keys?after={}", encoded(&on.deep.by_name))),
    case!("a page in the middle, by time of issue, descending", |on| format!(
        "/keys?sort=created&dir=desc&after={}",
        encoded(&on.deep.by_created)
    )),
    case!("search that finds nothing", |_| format!("/keys?q={}", names::NOBODY)),
    case!("search that finds one key", |on| format!("/keys?q={}", encoded(&on.one))),
    case!("search that finds half of the keys", |_| format!("/keys?q={}", names::COMMON)),
    case!("search for a word inside one name in twelve", |_| format!("/keys?q={}", names::INSIDE_MANY)),
    case!("search for a word inside few names", |on| format!("/keys?q={}", inside(on, 5))),
    case!("search for an id", |on| format!("/keys?q={}", on.id)),
    case!("filter: active", |_| "/keys?status=active".into()),
    case!("filter: service, active", |_| "/keys?kind=service&status=active".into()),
    case!("filter: disabled or revoked", |_| "/keys?status=off".into()),
    case!("filter: expired", |_| "/keys?status=expired".into()),
    case!("filter: expiring in 7 days", |_| "/keys?status=expiring_7".into()),
    case!("filter: expiring in 30 days", |_| "/keys?status=expiring_30".into()),
    case!("filter: never used", |_| "/keys?status=never_used".into()),
    case!("filter: never used, by last use", |_| "/keys?status=never_used&sort=last_used".into()),
    case!("filter: never used in 90 days", |_| "/keys?status=never_used_90".into()),
    case!("filter: unrestricted", |_| "/keys?status=unrestricted".into()),
    case!("filter: accepted in 24 hours", |_| "/keys?status=accepted_24h".into()),
    case!("dashboard", |_| "/".into()),
    case!("audit", |_| "/audit".into()),
    case!("apps", |_| "/apps".into()),
    case!("people by name", |_| "/people".into()),
    case!("people by role, descending", |_| "/people?sort=role&dir=desc".into()),
    case!("people by last sign-in, descending", |_| "/people?sort=last_sign_in&dir=desc".into()),
    case!("people: search that finds one in eight", |_| format!("/people?q={}", people::COMMON)),
    case!("people: search that finds nobody", |_| format!("/people?q={}", people::NOBODY)),
    case!("people: guests", |_| "/people?role=guest".into()),
    case!("people: locked", |_| "/people?status=locked".into()),
];

/// Measures the pages on both engines, with a server for each.
pub(crate) async fn measure(samples: u32) -> Result<Section> {
    let sqlite = Installation::make(SIZE, Engine::Sqlite).await?;
    let postgres = Installation::make(SIZE, Engine::Postgres).await?;
    let servers = [Child::keystead(&sqlite).await?, Child::keystead(&postgres).await?];
    let [on_sqlite, on_postgres] = &servers;
    let lines = sample(&CASES, &[(&sqlite, on_sqlite), (&postgres, on_postgres)], samples).await?;
    for server in servers {
        server.stop().await?;
    }
    Ok(Section::without_calls(section(&lines, samples)?))
}

fn section(lines: &[Line], samples: u32) -> Result<String> {
    let mut out = format!(
        "## All apps, and many people\n\nPages of an installation with {} keys in {} apps and with {} people, for an owner \
         who looks at all apps, measured as the key list: {samples} requests for each, in milliseconds.\n\n\
         | page | SQLite: p50 | p95 | most | Postgres: p50 | p95 | most | HTML |\n|---|--:|--:|--:|--:|--:|--:|--:|\n",
        grouped(SIZE.keys.into()),
        SIZE.apps,
        grouped(SIZE.people.into()),
    );
    for line in lines {
        write!(out, "| {} |", line.label)?;
        for latency in &line.latencies {
            write!(out, " {} | {} | {} |", millis(latency.p50), millis(latency.p95), millis(latency.worst))?;
        }
        writeln!(out, " {} kB |", line.bytes.div_ceil(1_000))?;
    }
    out.push('\n');
    for (side, engine) in ["SQLite", "Postgres"].into_iter().enumerate() {
        let p95 = |line: &Line| line.latencies.get(side).map(|latency| latency.p95).unwrap_or_default();
        let Some(worst) = lines.iter().max_by_key(|line| p95(line)) else { continue };
        let target = format!("a p95 of at most {} ms on {engine}", LIMIT.as_millis());
        verdict(&mut out, &target, p95(worst) <= LIMIT, &format!("{} ms, {}", millis(p95(worst)), worst.label))?;
    }
    out.push('\n');
    Ok(out)
}
