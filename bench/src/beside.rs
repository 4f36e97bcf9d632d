//! Calls beside everything else that a server does: pages, sign-ins, and strangers who hold connections.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Result;
use axum::http::Method;
use domain::page::grouped;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::calls::{Call, Plan};
use crate::contest::{CONNECTIONS, Round, load};
use crate::data::{EMAIL, Installation, PASSWORD};
use crate::figures::millis;
use crate::http::Connection;
use crate::process::Child;
use crate::report::{Section, megabytes, verdict};

/// How much longer a call may take beside anything: the p99, as a multiple of what it is alone.
const TIMES: f64 = 2.0;

/// What the server may have resident while strangers hold this many connections, in megabytes.
const HELD: usize = 2_000;
const HELD_MEMORY: u64 = 128;

/// What goes on beside the calls.
#[derive(Clone, Copy)]
enum Load {
    Nothing,
    /// This many connections ask for a page, signed in or not.
    Pages(usize, &'static str, bool),
    /// This many connections try to sign in, each time with another e-mail.
    SignIns(usize),
}

const LOADS: [(&str, Load); 9] = [
    ("nothing", Load::Nothing),
    ("24 on the key list", Load::Pages(24, "/keys", true)),
    ("24 on keys accepted in 24 hours", Load::Pages(24, "/keys?status=accepted_24h", true)),
    ("24 on a search", Load::Pages(24, "/keys?q=common", true)),
    ("24 on the dashboard", Load::Pages(24, "/", true)),
    ("24 on the audit", Load::Pages(24, "/audit", true)),
    ("1,000 on the sign-in page", Load::Pages(1_000, "/login", false)),
    ("64 signing in", Load::SignIns(64)),
    ("1,000 signing in", Load::SignIns(1_000)),
];

/// Measures a separate server.
pub(crate) async fn measure(on: &Installation, seconds: u32) -> Result<Section> {
    let server = Child::keystead(on).await?;
    let calls = Plan::round(Call::verify(on), &on.asked_about).write(seconds)?;
    let mut first = Connection::open(&server.authority).await?;
    first.sign_in(EMAIL, PASSWORD).await?;
    let cookie = first.cookie().unwrap_or_default().to_owned();
    let mut accepted = load(&server.authority, calls.path(), seconds).await?.requests;
    let mut rows = Vec::new();
    for (label, what) in LOADS {
        let mut busy = begin(what, &server.authority, &cookie);
        sleep(Duration::from_secs(1)).await;
        let round = load(&server.authority, calls.path(), seconds).await?;
        busy.shutdown().await;
        println!("  {label}: p99 {} ms, {:.0} a second", millis(round.p99), round.per_second);
        accepted += round.requests;
        rows.push((label, round));
    }
    server.stop().await?;
    let resident = held(on).await?;
    Ok(Section { text: section(on, &rows, resident)?, accepted, refused: 0 })
}

/// What a server of its own has resident while strangers hold half-sent forms.
async fn held(on: &Installation) -> Result<u64> {
    let server = Child::keystead(on).await?;
    let mut open = Vec::new();
    for _ in 0..HELD {
        let mut stream = TcpStream::connect(server.authority.replace("localhost", "127.0.0.1")).await?;
        let form = "POST /login HTTP/1.1\r\nHost: x\r\nSec-Fetch-Site: same-origin\r\nContent-Type: \
                    application/x-www-form-urlencoded\r\nContent-Length: 8000\r\n\r\n";
        stream.write_all(form.as_bytes()).await?;
        stream.write_all(&[b'a'; 7_000]).await?;
        open.push(stream);
    }
    sleep(Duration::from_secs(1)).await;
    let resident = server.memory()?.now;
    drop(open);
    server.stop().await?;
    Ok(resident)
}

fn begin(what: Load, authority: &str, cookie: &str) -> JoinSet<()> {
    let mut busy = JoinSet::new();
    let connections = match what {
        Load::Nothing => 0,
        Load::Pages(connections, ..) | Load::SignIns(connections) => connections,
    };
    for number in 0..connections {
        let (authority, cookie) = (authority.to_owned(), cookie.to_owned());
        busy.spawn(async move {
            // Whoever is refused comes again, as an attacker would.
            for attempt in 0_u64.. {
                let Ok(mut connection) = Connection::open(&authority).await else { continue };
                while ask(&mut connection, what, &cookie, number, attempt).await.is_ok() {}
            }
        });
    }
    busy
}

async fn ask(connection: &mut Connection, what: Load, cookie: &str, number: usize, attempt: u64) -> Result<()> {
    match what {
        Load::Nothing => {}
        Load::Pages(_, path, signed_in) => {
            let headers = [("cookie", cookie)];
            let headers = if signed_in { &headers[..] } else { &[] };
            connection.send(Method::GET, path, headers, String::new()).await?;
        }
        Load::SignIns(_) => {
            let headers = [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "same-origin")];
            let form = format!("email=nobody{number}.{attempt}%40example.com&password=a+wrong+password");
            connection.send(Method::POST, "/login", &headers, form).await?;
        }
    }
    Ok(())
}

fn section(on: &Installation, rows: &[(&str, Round)], resident: u64) -> Result<String> {
    let mut out = format!(
        "## Calls beside everything else\n\n\
         The verify call about {} hot keys of {}, with {CONNECTIONS} connections as fast as they are answered, while \
         others ask for pages or try to sign in, also as fast as they can. Their clients compete for the processor too.\n\n\
         | beside | calls a second | p50, ms | p99, ms |\n|---|--:|--:|--:|\n",
        grouped(on.asked_about.len() as u64),
        grouped(u64::from(on.keys)),
    );
    for (label, round) in rows {
        writeln!(out, "| {label} | {:.0} | {} | {} |", round.per_second, millis(round.p50), millis(round.p99))?;
    }
    out.push('\n');
    let alone = rows.first().map_or(0.0, |(_, round)| round.p99.as_secs_f64());
    let worst = rows.iter().skip(1).max_by_key(|(_, round)| round.p99);
    if let Some((label, round)) = worst {
        let times = round.p99.as_secs_f64() / alone;
        let target = format!("a p99 of at most {TIMES} times what it is alone");
        verdict(&mut out, &target, times <= TIMES, &format!("{times:.1} times, beside {label}"))?;
    }
    verdict(
        &mut out,
        &format!("at most {HELD_MEMORY} MB while strangers hold {} half-sent forms", grouped(HELD as u64)),
        resident * 1_024 <= HELD_MEMORY * 1_000_000,
        &format!("{} MB", megabytes(resident)),
    )?;
    out.push('\n');
    Ok(out)
}
