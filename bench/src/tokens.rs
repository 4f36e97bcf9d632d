//! Buying access tokens with an API KEY, beside a floor that signs nothing.

use std::fmt::Write as _;
use std::slice;

use anyhow::Result;

use crate::calls::{Call, Plan};
use crate::contest::{self, Contender, floor, in_turns};
use crate::data::{Engine, Installation, Size};
use crate::process::Child;
use crate::report::Section;

/// The share of the floor's calls that it has to reach.
const SHARE: f64 = 0.30;

/// Measures both. The engine does not matter: neither the API KEY nor the token is looked up for a call.
pub(crate) async fn measure(seconds: u32) -> Result<Section> {
    let on = Installation::make(Size::of_keys(1_000), Engine::Sqlite).await?;
    let keystead = Child::keystead(&on).await?;
    let (floor, bytes) = floor(&keystead, &Call::token(), &on.api_key, |text| text.contains("X-AUTH-TOKEN")).await?;
    let plan = || Plan::round(Call::token(), slice::from_ref(&on.api_key));
    let sides = in_turns(
        [
            Contender { label: "the floor", server: &floor, plan: plan() },
            Contender { label: "Keystead", server: &keystead, plan: plan() },
        ],
        seconds,
    )
    .await?;
    floor.stop().await?;
    keystead.stop().await?;
    let [bare, ours] = &sides;
    let mut out = String::new();
    write!(
        out,
        "## Access tokens\n\n\
         `GET /openapi/token` with an API KEY, each answered with another token of 5 hours in the body and in a header. The \
         floor is an axum route that sends as many bytes ({bytes}) and as many headers. wrk with 1 thread and {} connections; \
         {} rounds for each side, in turns; median (least to most).\n\n",
        contest::CONNECTIONS,
        contest::ROUNDS,
    )?;
    contest::table(&mut out, &sides)?;
    contest::share_verdict(&mut out, bare, ours, SHARE)?;
    out.push('\n');
    Ok(Section::without_calls(out))
}
