//! No public function of the store may be missing from the contract.

use std::collections::BTreeSet;
use std::fs;

/// `name` of each `pub async fn name(`, and of each line `name(…) -> …;` between `reads! {` and `}`.
fn public_functions(source: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut in_reads = false;
    for line in source.lines() {
        match line {
            "reads! {" => in_reads = true,
            "}" => in_reads = false,
            _ => {}
        }
        let text = line.trim_start();
        let name = match text.strip_prefix("pub async fn ").or_else(|| text.strip_prefix("pub fn ")) {
            Some(rest) => rest.split(['(', '<']).next(),
            None if in_reads && text.contains(") -> ") => text.split('(').next(),
            None => None,
        };
        found.extend(name.filter(|name| !name.starts_with('$')).map(str::to_owned));
    }
    found
}

fn sources(folder: &str) -> Vec<String> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    files.map(|path| fs::read_to_string(path).unwrap()).collect()
}

#[test]
fn every_public_function_is_in_the_contract() {
    let functions: BTreeSet<String> = sources("src").iter().flat_map(|source| public_functions(source)).collect();
    assert!(functions.contains("write") && functions.contains("person_by_email"), "the sources were not understood");
    let contract = sources("tests/it/contract").concat();
    let missing: Vec<_> = functions
        .iter()
        .filter(|name| !contract.contains(&format!(".{name}(")) && !contract.contains(&format!("::{name}(")))
        .collect();
    assert!(missing.is_empty(), "not called by any test in tests/it/contract: {missing:?}");
}
