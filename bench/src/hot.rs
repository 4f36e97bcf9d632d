//! Verify calls about keys that the cache holds, beside a floor that decides nothing and beside better-auth.

use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use domain::page::grouped;
use tempfile::TempDir;

use crate::calls::{Call, Plan};
use crate::contest::{self, Contender, Side, floor, in_turns};
use crate::data::{Installation, private_folder};
use crate::machine;
use crate::process::{Child, repository};
use crate::report::{Section, verdict};

/// The share of the floor's calls that verify calls have to reach.
const SHARE: f64 = 0.90;
/// How much more than the floor's their p99 may be.
const P99: f64 = 1.5;
/// How many times better-auth's calls.
const TIMES: f64 = 40.0;

/// For how long better-auth may issue keys.
const ISSUE_WITHIN: Duration = Duration::from_mins(1);

/// How much slower than calls with the only secret those with the old one of two may be.
const TWO_SECRETS: f64 = 0.95;

/// Measures them all.
pub(crate) async fn measure(on: &Installation, keystead: &Child, seconds: u32) -> Result<Section> {
    let first = on.asked_about.first().context("there is no key to ask about")?;
    let (floor, bytes) = floor(keystead, &Call::verify(on), first, |text| text.contains(r#""valid":true"#)).await?;
    let peer = Peer::start(on.asked_about.len()).await?;
    let sides = in_turns(
        [
            Contender { label: "the floor", server: &floor, plan: Plan::round(Call::verify(on), &on.asked_about) },
            Contender { label: "Keystead", server: keystead, plan: Plan::round(Call::verify(on), &on.asked_about) },
            Contender {
                label: "verify, two versions",
                server: keystead,
                plan: Plan::round(Call::verify(on), &on.rotated),
            },
            Contender {
                label: "better-auth",
                server: &peer.server,
                plan: Plan::round(Call::better_auth(), &peer.keys),
            },
        ],
        seconds,
    )
    .await?;
    floor.stop().await?;
    peer.server.stop().await?;
    let [_, ours, rotated, _] = &sides;
    let text = section(on, bytes, peer.keys.len(), &peer.versions, &sides)?;
    Ok(Section { text, accepted: ours.calls + rotated.calls + 1, refused: 0 })
}

/// better-auth with its own keys.
struct Peer {
    server: Child,
    keys: Vec<String>,
    versions: String,
    /// Removed with it.
    _folder: TempDir,
}

impl Peer {
    async fn start(keys: usize) -> Result<Self> {
        let versions =
            machine::versions(&repository()?.join("bench/peers/package.json"), &["better-auth", "better-sqlite3"])?;
        let folder = private_folder()?;
        let keys_file = folder.path().join("keys");
        println!("  better-auth issues its keys (at most {} s)", ISSUE_WITHIN.as_secs());
        let server = Child::better_auth(folder.path(), &keys_file, keys, ISSUE_WITHIN)
            .await
            .context("better-auth did not start; scripts/bench.sh installs it")?;
        let keys: Vec<String> = fs::read_to_string(&keys_file)?.lines().map(str::to_owned).collect();
        let right = keys.first().context("better-auth issued no key")?;
        for (key, valid) in [(&**right, true), ("nonsense", false)] {
            let answer = Call::better_auth().make(&server.authority, key).await?;
            let said = answer.text()?;
            ensure!(said.contains(&format!(r#""valid":{valid}"#)), "better-auth said {said}");
        }
        Ok(Self { server, keys, versions, _folder: folder })
    }
}

fn section(on: &Installation, bytes: usize, peer_keys: usize, versions: &str, sides: &[Side; 4]) -> Result<String> {
    let mut out = String::new();
    write!(
        out,
        "## Verify calls\n\n\
         `POST /v1/keys/verify` with an asking key, about a key with a network, a domain, two permissions and a rate \
         limit that is never reached. Each call asks for all of them. The calls cycle through {} of {} keys; those with two \
         versions present the old secret of {} keys that are being rotated. The floor \
         is axum alone: it parses the same request, reads the same headers, sends {bytes} bytes as Keystead does, and \
         decides nothing. \
         better-auth is its api-key plugin behind Node's own HTTP server, on SQLite in WAL mode. Its rate limit is \
         off, and each call asks for the permissions. Its calls cycle through {} keys ({versions}). wrk with 1 thread \
         and {} connections; {} \
         rounds for each side, in turns; median (least to most).\n\n",
        grouped(on.asked_about.len() as u64),
        grouped(u64::from(on.keys)),
        grouped(on.rotated.len() as u64),
        grouped(peer_keys as u64),
        contest::CONNECTIONS,
        contest::ROUNDS,
    )?;
    contest::table(&mut out, sides)?;
    let [floor, ours, rotated, peer] = sides;
    contest::share_verdict(&mut out, floor, ours, SHARE)?;
    let p99 = ours.p99().median / floor.p99().median;
    verdict(&mut out, &format!("p99 at most {P99} times the floor's"), p99 <= P99, &format!("{p99:.2} times"))?;
    let share = rotated.times(ours).median;
    verdict(
        &mut out,
        &format!("with two versions at least {:.0} % of the calls", TWO_SECRETS * 100.0),
        share >= TWO_SECRETS,
        &format!("{:.0} %", share * 100.0),
    )?;
    let times = ours.times(peer).median;
    verdict(
        &mut out,
        &format!("at least {TIMES} times better-auth's calls"),
        times >= TIMES,
        &format!("{times:.0} times"),
    )?;
    out.push('\n');
    Ok(out)
}
