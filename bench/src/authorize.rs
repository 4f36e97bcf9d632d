//! Forward-auth calls, as a proxy makes them, beside a floor that decides nothing.

use std::fmt::Write as _;

use anyhow::{Context, Result};
use domain::page::grouped;

use crate::calls::{Call, Plan};
use crate::contest::{self, Contender, floor, in_turns};
use crate::data::Installation;
use crate::process::Child;
use crate::report::Section;

/// The share of the floor's calls that they have to reach.
const SHARE: f64 = 0.95;

/// Measures both.
pub(crate) async fn measure(on: &Installation, keystead: &Child, seconds: u32) -> Result<Section> {
    let first = on.asked_about.first().context("there is no key to ask about")?;
    let (floor, bytes) = floor(keystead, &Call::authorize(), first, str::is_empty).await?;
    let sides = in_turns(
        [
            Contender { label: "the floor", server: &floor, plan: Plan::round(Call::authorize(), &on.asked_about) },
            Contender { label: "Keystead", server: keystead, plan: Plan::round(Call::authorize(), &on.asked_about) },
        ],
        seconds,
    )
    .await?;
    floor.stop().await?;

    let [bare, ours] = &sides;
    let mut out = String::new();
    write!(
        out,
        "## Forward-auth\n\n\
         `GET /v1/authorize?permissions=…&kind=service` with the key as Bearer, an Origin and the X-Forwarded headers of a \
         trusted proxy; each call passes. The same {} keys. The floor is an axum route that reads the same query and \
         headers and answers 200 with as many headers ({bytes} bytes).\n\n",
        grouped(on.asked_about.len() as u64),
    )?;
    contest::table(&mut out, &sides)?;
    contest::share_verdict(&mut out, bare, ours, SHARE)?;
    out.push('\n');
    Ok(Section { text: out, accepted: ours.calls + 1, refused: 0 })
}
