//! Verify calls about keys that nobody ever issued. They must neither slow the server down nor fill its memory.

use std::fmt::Write as _;

use anyhow::{Context, Result};
use domain::ids::KeyId;
use domain::page::grouped;

use crate::calls::{Call, Plan};
use crate::contest::{self, Contender, WARM_UP, floor, in_turns, load};
use crate::data::Installation;
use crate::names::Chance;
use crate::process::Child;
use crate::report::{Section, megabytes, verdict};
use crate::secrets::random_token;

/// How many keys are made up.
const UNKNOWN: usize = 10_000;

/// The share of the floor's calls that they have to reach.
const SHARE: f64 = 0.90;

/// "Flat": no more kilobytes than this on top of what the server had before.
const FLAT: u64 = 8_000_000 / 1_024;

/// Measures both.
pub(crate) async fn measure(on: &Installation, keystead: &Child, seconds: u32) -> Result<Section> {
    let mut chance = Chance::new(7);
    let tokens: Vec<String> =
        (0..UNKNOWN).map(|_| random_token("ks", &KeyId::from_random(chance.bytes()), &mut chance)).collect();
    let first = tokens.first().context("there is no key to ask about")?;
    // So that what is kept ready for any calls is not taken for growth.
    let warm_up = Plan::round(Call::verify(on), &tokens).write(WARM_UP)?;
    let warm_up = load(&keystead.authority, warm_up.path(), WARM_UP).await?.requests;
    let before = keystead.memory()?;
    let (floor, bytes) =
        floor(keystead, &Call::verify(on), first, |text| text.contains(r#""code":"NOT_FOUND""#)).await?;
    let sides = in_turns(
        [
            Contender { label: "the floor", server: &floor, plan: Plan::round(Call::verify(on), &tokens) },
            Contender { label: "Keystead", server: keystead, plan: Plan::round(Call::verify(on), &tokens) },
        ],
        seconds,
    )
    .await?;
    floor.stop().await?;
    let after = keystead.memory()?;

    let [bare, ours] = &sides;
    let mut out = String::new();
    write!(
        out,
        "## A flood of unknown keys\n\n\
         The same call about {} well-formed keys with correct checksums that nobody ever issued. Each is refused. The floor \
         as above, with an answer of {bytes} bytes.\n\n",
        grouped(UNKNOWN as u64),
    )?;
    contest::table(&mut out, &sides)?;
    contest::share_verdict(&mut out, bare, ours, SHARE)?;
    verdict(
        &mut out,
        &format!("memory is flat (at most {} MB more)", megabytes(FLAT)),
        after.now.saturating_sub(before.now) <= FLAT,
        &format!("{} MB resident before, {} MB after", megabytes(before.now), megabytes(after.now)),
    )?;
    out.push('\n');
    Ok(Section { text: out, accepted: 0, refused: warm_up + ours.calls + 1 })
}
