//! Measures the decision alone: runs `cargo bench` in `domain` and reads its table.

use std::fmt::Write as _;

use anyhow::{Result, ensure};
use tokio::process::Command;

use crate::process::repository;
use crate::report::Section;

/// One line of divan's table.
#[derive(Debug, PartialEq)]
struct Line<'a> {
    name: &'a str,
    fastest: &'a str,
    median: &'a str,
}

/// Runs it.
pub(crate) async fn measure() -> Result<Section> {
    let output = Command::new("cargo")
        .current_dir(repository()?)
        .args(["bench", "--locked", "--quiet", "--package", "domain", "--features", "server", "--bench", "decide"])
        .kill_on_drop(true)
        .output()
        .await?;
    ensure!(output.status.success(), "cargo bench: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout)?;
    println!("{text}");
    let lines: Vec<Line<'_>> = text.lines().filter_map(line).collect();
    ensure!(!lines.is_empty(), "cargo bench gave no figures");

    let mut out =
        "## The decision alone\n\n`cargo bench -p domain -F server --bench decide`: no store, no cache, no HTTP.\n\n\
                   | what | fastest | median |\n|---|--:|--:|\n"
            .to_owned();
    for line in lines {
        writeln!(out, "| {} | {} | {} |", line.name.replace('_', " "), line.fastest, line.median)?;
    }
    out.push('\n');
    Ok(Section::without_calls(out))
}

/// `├─ name   8.1 ns   │ 9.2 ns   │ 8.3 ns   │ 8.4 ns   │ 100   │ 12800`: fastest, slowest, median, mean, samples, calls.
fn line(text: &str) -> Option<Line<'_>> {
    let mut columns = text.trim_start_matches(['├', '╰', '─', ' ']).split('│').map(str::trim);
    let (name, fastest) = columns.next()?.split_once(' ')?;
    let (_, median) = (columns.next()?, columns.next()?);
    let (fastest, times) =
        (fastest.trim(), |text: &str| text.ends_with('s') && text.starts_with(|c: char| c.is_ascii_digit()));
    (times(fastest) && times(median)).then_some(Line { name, fastest, median })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read_and_its_head_is_not() {
        assert_eq!(
            line("decide            fastest       │ slowest       │ median        │ mean          │ samples"),
            None
        );
        assert_eq!(line("Timer precision: 20 ns"), None);
        let row = "╰─ restricted_key  72.14 ns      │ 1.2 µs      │ 73.31 ns      │ 73.5 ns      │ 100     │ 6400";
        assert_eq!(line(row), Some(Line { name: "restricted_key", fastest: "72.14 ns", median: "73.31 ns" }));
    }
}
