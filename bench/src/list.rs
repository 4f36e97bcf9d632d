//! Measures a page of the key list, from the request to the last byte of the answer, with a browser's compression. The
//! cases alternate in both installations, so that a disturbance of the machine affects all of them alike.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use domain::page::{COUNT_CAP, Capped, FOUND_CAP};

use crate::data::{EMAIL, Engine, Installation, PASSWORD, Size};
use crate::figures::Latency;
use crate::http::{Answer, Connection};
use crate::list_table::Tables;
use crate::names;
use crate::process::Child;
use crate::report::Section;

/// Keys in the small installation.
const SMALL: u32 = 1_000;

/// Requests of each case before the ones that count.
const WARM_UP: u32 = 20;

/// What an answer has to show, so that no case measures something else.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shows {
    /// This many rows, and this many keys in all.
    Rows { rows: usize, total: Capped },
    /// A full page with pages before and after it.
    Middle,
    /// Nothing was found.
    Nothing,
    /// Any page of the console.
    Page,
}

/// A page that is asked for again and again.
pub(crate) struct Case {
    pub label: &'static str,
    /// Whether it counts for the target.
    pub counts: bool,
    pub path: fn(&Installation) -> String,
    pub shows: fn(&Installation) -> Shows,
}

const CASES: [Case; 23] = [
    Case { label: "first page (by name)", counts: true, path: |_| "/keys".into(), shows: full },
    Case { label: "by name, descending", counts: true, path: |_| "/keys?dir=desc".into(), shows: full },
    Case { label: "by time of issue", counts: true, path: |_| "/keys?sort=created".into(), shows: full },
    Case {
        label: "by time of issue, descending",
        counts: true,
        path: |_| "/keys?sort=created&dir=desc".into(),
        shows: full,
    },
    Case { label: "by last use", counts: true, path: |_| "/keys?sort=last_used".into(), shows: full },
    Case {
        label: "by last use, descending",
        counts: true,
        path: |_| "/keys?sort=last_used&dir=desc".into(),
        shows: full,
    },
    Case {
        label: "a page in the middle, by name",
        counts: true,
        path: |on| format!("/keys?after={}", encoded(&on.deep.by_name)),
        shows: |_| Shows::Middle,
    },
    Case {
        label: "a page in the middle, by time of issue, descending",
        counts: true,
        path: |on| format!("/keys?sort=created&dir=desc&after={}", encoded(&on.deep.by_created)),
        shows: |_| Shows::Middle,
    },
    Case {
        label: "search that finds nothing",
        counts: true,
        path: |_| format!("/keys?q={}", names::NOBODY),
        shows: |_| Shows::Nothing,
    },
    Case {
        label: "search that finds one key",
        counts: true,
        path: |on| format!("/keys?q={}", encoded(&on.one)),
        shows: |_| Shows::Rows { rows: 1, total: Capped { n: 1, more: false } },
    },
    Case {
        label: "search that finds half of the keys",
        counts: true,
        path: |_| format!("/keys?q={}", names::COMMON),
        shows: half,
    },
    Case {
        label: "search for a word inside one name in twelve",
        counts: false,
        path: |_| format!("/keys?q={}", names::INSIDE_MANY),
        shows: page,
    },
    Case {
        label: "search for a word inside few names",
        counts: false,
        path: |on| format!("/keys?q={}", inside(on, 5)),
        shows: page,
    },
    Case {
        label: "search for a word inside one name",
        counts: false,
        path: |on| format!("/keys?q={}", inside(on, 7)),
        shows: page,
    },
    Case { label: "filter: active", counts: false, path: |_| "/keys?status=active".into(), shows: page },
    Case {
        label: "filter: service, active",
        counts: false,
        path: |_| "/keys?kind=service&status=active".into(),
        shows: page,
    },
    Case {
        label: "filter: expiring in 7 days",
        counts: false,
        path: |_| "/keys?status=expiring_7".into(),
        shows: page,
    },
    Case { label: "filter: never used", counts: false, path: |_| "/keys?status=never_used".into(), shows: page },
    Case {
        label: "filter: accepted in 24 hours",
        counts: false,
        path: |_| "/keys?status=accepted_24h".into(),
        shows: page,
    },
    Case { label: "filter: expired", counts: false, path: |_| "/keys?status=expired".into(), shows: page },
    Case { label: "a key's page", counts: false, path: |on| format!("/keys/{}", on.id), shows: page },
    Case { label: "dashboard", counts: false, path: |_| "/".into(), shows: page },
    Case { label: "audit", counts: false, path: |_| "/audit".into(), shows: page },
];

/// The first digits of the number at the end of a name.
pub(crate) fn inside(on: &Installation, digits: usize) -> String {
    on.one.split(' ').next_back().and_then(|number| number.get(..digits)).unwrap_or_default().to_owned()
}

pub(crate) fn full(on: &Installation) -> Shows {
    Shows::Rows { rows: 25, total: Capped::at(COUNT_CAP, on.keys.into()) }
}

fn half(on: &Installation) -> Shows {
    let cap = if on.keys > COUNT_CAP { FOUND_CAP } else { COUNT_CAP };
    Shows::Rows { rows: 25, total: Capped::at(cap, u64::from(on.keys / 2)) }
}

pub(crate) fn page(_: &Installation) -> Shows {
    Shows::Page
}

/// One line of the table.
#[derive(Debug)]
pub(crate) struct Line {
    pub label: &'static str,
    pub counts: bool,
    /// For each installation.
    pub latencies: Vec<Latency>,
    /// Bytes of the answer from the last installation, not compressed.
    pub bytes: usize,
}

/// Measures the pages in a small and in a large installation, and in one that is as large on Postgres, with a server for
/// each.
pub(crate) async fn measure(large: &Installation, on_postgres: &Installation, samples: u32) -> Result<Section> {
    let small = Installation::make(Size::of_keys(SMALL), Engine::Sqlite).await?;
    let small_server = Child::keystead(&small).await?;
    let large_server = Child::keystead(large).await?;
    let other_server = Child::keystead(on_postgres).await?;
    let sides = [(&small, &small_server), (large, &large_server), (on_postgres, &other_server)];
    let lines = sample(&CASES, &sides, samples).await?;
    for server in [small_server, large_server, other_server] {
        server.stop().await?;
    }
    Tables { lines, keys: [small.keys, large.keys], samples }.section()
}

/// Measures every case in every installation.
pub(crate) async fn sample(cases: &[Case], sides: &[(&Installation, &Child)], samples: u32) -> Result<Vec<Line>> {
    let mut connections = Vec::new();
    for (_, server) in sides {
        let mut connection = Connection::open(&server.authority).await?;
        connection.sign_in(EMAIL, PASSWORD).await?;
        connections.push(connection);
    }
    let mut lines = Vec::new();
    for case in cases {
        let mut bytes = 0;
        for ((on, _), connection) in sides.iter().zip(&mut connections) {
            let answer = connection.page(&(case.path)(on)).await?;
            check(&answer, (case.shows)(on)).with_context(|| format!("{} with {} keys", case.label, on.keys))?;
            bytes = answer.body.len();
        }
        lines.push(Line { label: case.label, counts: case.counts, latencies: Vec::new(), bytes });
    }

    let mut taken: Vec<Vec<Vec<Duration>>> = vec![vec![Vec::new(); sides.len()]; cases.len()];
    for round in 0..WARM_UP + samples {
        for (case, taken) in cases.iter().zip(&mut taken) {
            for (((on, _), connection), taken) in sides.iter().zip(&mut connections).zip(taken) {
                let answer = connection.page_as_browser(&(case.path)(on)).await?;
                if round >= WARM_UP {
                    taken.push(answer.took);
                }
            }
        }
    }
    for (line, taken) in lines.iter_mut().zip(taken) {
        line.latencies = taken.into_iter().map(Latency::of).collect();
    }
    Ok(lines)
}

fn check(answer: &Answer, shows: Shows) -> Result<()> {
    let html = answer.text()?;
    let rows = html.matches("popovertarget=").count();
    match shows {
        Shows::Rows { rows: expected, total } => {
            ensure!(rows == expected, "{rows} rows instead of {expected}");
            ensure!(html.contains(&format!("{total} key")), "the page does not say that there are {total} keys");
        }
        Shows::Middle => {
            ensure!(rows == 25, "{rows} rows instead of 25");
            let around = ["prev", "next"].iter().all(|way| html.contains(&format!("rel=\"{way}\"")));
            ensure!(around, "the page has no pages around it");
        }
        Shows::Nothing => ensure!(rows == 0 && html.contains("No keys match"), "the search found something"),
        Shows::Page => ensure!(html.contains("</html>"), "not a whole page"),
    }
    Ok(())
}

pub(crate) fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
