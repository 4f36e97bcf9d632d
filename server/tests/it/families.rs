//! `docs/families.md` says for each promise of the families of wire forms what shows it. This checks that each promise has
//! one row, and that each test and journey that it names exists.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The families, and how many promises each has.
const FAMILIES: [(&str, usize); 4] = [("VC", 33), ("QW", 41), ("SC", 22), ("OM", 31)];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The files below a folder whose names end in this.
fn files(folder: &Path, end: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, end, found);
        } else if path.to_string_lossy().ends_with(end) {
            found.push(path);
        }
    }
}

fn texts(folder: &str, end: &str) -> Vec<String> {
    let mut found = Vec::new();
    files(&root().join(folder), end, &mut found);
    assert!(!found.is_empty(), "{folder}");
    found.iter().map(|path| fs::read_to_string(path).unwrap()).collect()
}

/// The names of Rust tests: of functions below `#[test]` or `#[tokio::test]`, and of those in a list that runs them on both
/// engines.
fn rust_tests() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for folder in ["server/tests", "server/src", "crates", "app/src"] {
        for text in texts(folder, ".rs") {
            let (mut is_test, mut in_list) = (false, false);
            for line in text.lines().map(str::trim) {
                let word = line.trim_end_matches(',');
                match line {
                    _ if line.starts_with("on_both!(") || line.starts_with("contract! {") => in_list = true,
                    ");" | "}" => in_list = false,
                    _ if in_list => {
                        names.insert(word.to_owned());
                    }
                    _ if line.starts_with("#[test]") || line.starts_with("#[tokio::test") => is_test = true,
                    _ if line.starts_with("#[") => {}
                    _ => {
                        let name = line.split_once("fn ").and_then(|(_, rest)| rest.split('(').next());
                        names.extend(name.filter(|_| is_test).map(str::to_owned));
                        is_test = false;
                    }
                }
            }
        }
    }
    names
}

/// The titles of journeys, without their tags.
fn journeys() -> BTreeSet<String> {
    let mut titles = BTreeSet::new();
    for text in texts("end2end/journeys", ".spec.ts") {
        for part in text.split("test(").skip(1) {
            let Some(quote @ ('\'' | '"' | '`')) = part.chars().next() else { continue };
            let title = part[1..].split(quote).next().unwrap();
            titles.insert(title.split(" @").next().unwrap().to_owned());
        }
    }
    titles
}

#[test]
fn each_promise_of_a_family_has_a_test_or_a_journey_that_exists() {
    let (tests, journeys) = (rust_tests(), journeys());
    assert!(tests.len() > 500 && journeys.len() > 50, "the sources were not understood");
    let page = fs::read_to_string(root().join("docs/families.md")).unwrap();
    let mut told = Vec::new();
    let mut missing = Vec::new();
    for line in page.lines() {
        let mut cells = line.trim_matches('|').split(" | ").map(str::trim);
        let Some(row) = cells.next().filter(|row| FAMILIES.iter().any(|(family, _)| is_of(row, family))) else {
            continue;
        };
        let (about, shown_by) = (cells.next().unwrap_or_default(), cells.last().unwrap_or_default());
        assert!(about.len() > 10, "{row} does not say what shows it");
        let names: Vec<_> = shown_by.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "{row} names no test");
        missing.extend(
            names
                .into_iter()
                .filter(|name| !tests.contains(*name) && !journeys.contains(*name))
                .map(|name| (row, name)),
        );
        told.push(row.to_owned());
    }
    assert!(missing.is_empty(), "these are no tests and no journeys: {missing:#?}");
    let promised = FAMILIES.iter().flat_map(|(family, count)| (1..=*count).map(move |n| format!("{family}-{n:02}")));
    assert_eq!(told, promised.collect::<Vec<_>>(), "each promise has one row, in order");
}

/// Whether a cell is the number of a promise: `VC-01`.
fn is_of(cell: &str, family: &str) -> bool {
    let number = cell.strip_prefix(family).and_then(|rest| rest.strip_prefix('-'));
    number.is_some_and(|number| number.len() == 2 && number.bytes().all(|byte| byte.is_ascii_digit()))
}
