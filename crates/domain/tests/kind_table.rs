//! Only the table of kinds may tell one kind from another.

#![allow(clippy::unwrap_used, reason = "what cannot be read fails the test")]

use std::fs;
use std::path::{Path, PathBuf};

use domain::kind::KeyKind;

const TABLE: &str = "crates/domain/src/kind.rs";

/// The integrations to which keys report have the words of their kinds.
const INTEGRATIONS: &str = "crates/domain/src/integration.rs";

/// The product's own sources, without tests.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_test = path.file_stem().is_some_and(|name| name.to_string_lossy().ends_with("tests"));
        if path.is_dir() && !is_test {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !is_test {
            found.push(path);
        }
    }
}

#[test]
fn no_other_file_names_a_kind() {
    let root = Path::new("../..");
    let mut files = Vec::new();
    for folder in
        ["app/src", "server/src", "frontend/src", "crates/domain/src", "crates/store/src", "crates/service/src"]
    {
        sources(&root.join(folder), &mut files);
    }
    assert!(files.iter().any(|file| file.ends_with(TABLE)), "the sources were not found");
    let variants: Vec<String> = KeyKind::ALL.iter().map(|kind| format!("KeyKind::{kind:?}")).collect();
    let words: Vec<String> = KeyKind::ALL
        .iter()
        .filter(|kind| kind.as_str().contains('_'))
        .map(|kind| format!("\"{}\"", kind.as_str()))
        .collect();
    let mut named = Vec::new();
    for file in files.iter().filter(|file| !file.ends_with(TABLE) && !file.ends_with(INTEGRATIONS)) {
        let text = fs::read_to_string(file).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (number, line) in (1..).zip(code.lines()) {
            let is_name = |variant: &String| {
                line.match_indices(variant.as_str()).any(|(at, _)| {
                    let behind = line.get(at + variant.len()..).unwrap_or_default();
                    !behind.starts_with(|c: char| c.is_alphanumeric() || c == '_')
                })
            };
            if variants.iter().any(is_name) || words.iter().any(|word| line.contains(word.as_str())) {
                named.push(format!("{}:{number}: {line}", file.display()));
            }
            // Of all branches, a new kind would slip through this sort.
            let presents = line.contains("Presented::")
                && code.lines().skip(number).take(4).any(|next| next.trim().starts_with("_ =>"));
            if presents {
                named.push(format!("{}:{number}: a branch for whatever else is presented", file.display()));
            }
        }
    }
    assert!(named.is_empty(), "{}", named.join("\n"));
}
