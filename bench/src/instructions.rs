//! Counts the instructions of one hot verify call, a figure that does not depend on a noisy machine.

use anyhow::{Context, Result, ensure};
use tokio::process::Command;

use crate::process::repository;
use crate::report::Section;

/// Counts them with `scripts/callgrind.sh`, if valgrind is there.
pub(crate) async fn measure() -> Result<Section> {
    if Command::new("valgrind").arg("--version").output().await.is_err() {
        println!("  valgrind is not installed: not counted");
        let text = "## Instructions of a verify call\n\nNot counted: valgrind is not installed.\n\n".to_owned();
        return Ok(Section::without_calls(text));
    }
    let script = repository()?.join("scripts/callgrind.sh");
    let output = Command::new(script).env("BENCH", std::env::current_exe()?).kill_on_drop(true).output().await?;
    ensure!(output.status.success(), "scripts/callgrind.sh: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout)?;
    let count: u64 = text.trim().parse().with_context(|| format!("scripts/callgrind.sh said {text:?}"))?;
    let count = domain::page::grouped(count);
    println!("  {count} instructions");
    Ok(Section::without_calls(format!(
        "## Instructions of a verify call\n\n\
         **{count}** instructions for one call about a hot key with all restrictions, inside one process and without HTTP: \
         the asking key, the query, the key. Counted by `scripts/callgrind.sh`. Valgrind has no SHA instructions, so \
         each of the two MACs is computed without them and counts more than it costs a real processor.\n\n"
    )))
}
