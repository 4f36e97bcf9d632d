//! Verify calls about keys that the cache does not hold: each is read from the database.

use std::fmt::Write as _;

use anyhow::{Context, Result};
use domain::page::grouped;

use crate::calls::{Call, Plan};
use crate::contest::{self, Contender, floor, in_turns};
use crate::data::Installation;
use crate::process::Child;
use crate::report::{Section, megabytes};

/// The share of the floor's calls that they have to reach.
const SHARE: f64 = 0.40;

/// About how many keys the cache holds.
const CACHED: usize = 100_000;

/// Measures both.
pub(crate) async fn measure(on: &Installation, keystead: &Child, seconds: u32) -> Result<Section> {
    let first = on.passing.first().context("there is no key to ask about")?;
    let (floor, _) = floor(keystead, &Call::verify(on), first, |text| text.contains(r#""valid":true"#)).await?;
    let sides = in_turns(
        [
            Contender { label: "the floor", server: &floor, plan: Plan::onward(Call::verify(on), &on.passing) },
            Contender { label: "Keystead", server: keystead, plan: Plan::onward(Call::verify(on), &on.passing) },
        ],
        seconds,
    )
    .await?;
    floor.stop().await?;
    let memory = keystead.memory()?;

    let [bare, ours] = &sides;
    let mut out = String::new();
    write!(
        out,
        "## Cold keys\n\n\
         The same call about {} other keys in random order. Each is asked about once before any is repeated ({} calls \
         in all). The cache holds about {}. All of them pass; one in three is restricted as the hot \
         ones are, the others by permissions alone. The floor as above.\n\n",
        grouped(on.passing.len() as u64),
        grouped(ours.calls),
        grouped(CACHED as u64),
    )?;
    if on.passing.len() < 2 * CACHED {
        out.push_str("With so few keys, most calls were answered from the cache.\n\n");
    }
    contest::table(&mut out, &sides)?;
    contest::share_verdict(&mut out, bare, ours, SHARE)?;
    write!(
        out,
        "\nAfterwards the server has {} MB resident; its peak was {} MB.\n\n",
        megabytes(memory.now),
        megabytes(memory.peak)
    )?;
    Ok(Section { text: out, accepted: ours.calls + 1, refused: 0 })
}
