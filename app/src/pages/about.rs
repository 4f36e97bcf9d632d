//! "About": the version, and the packages of others that are in it, with their licences. build.rs writes the list.

use leptos::prelude::*;

use crate::components::title::Title;

/// A package that is shipped.
pub struct Package {
    name: &'static str,
    version: &'static str,
    /// As the package says it, in the words of SPDX.
    licence: &'static str,
    in_server: bool,
    in_browser: bool,
    /// Whether it comes from npm, and not from crates.io.
    npm: bool,
    /// The places of its texts in `TEXTS`.
    texts: &'static [usize],
}

include!(concat!(env!("OUT_DIR"), "/about.rs"));

impl Package {
    fn place(&self) -> &'static str {
        match (self.in_server, self.in_browser) {
            (true, true) => "Server, browser",
            (true, false) => "Server",
            (false, _) => "Browser",
        }
    }
}

/// How many packages a text names.
const NAMED: usize = 3;

#[component]
pub fn AboutPage() -> impl IntoView {
    let npm = PACKAGES.iter().filter(|package| package.npm).count();
    let words = format!(
        "Keystead {} has {} packages of others in it: {} in Rust, and {npm} from npm, which has more inside.",
        env!("CARGO_PKG_VERSION"),
        PACKAGES.len(),
        PACKAGES.len() - npm,
    );
    let rows: Vec<_> = PACKAGES.iter().map(row).collect();
    let texts: Vec<_> = TEXTS.iter().enumerate().map(|(place, text)| licence(place, text)).collect();
    view! {
        <Title text="About"/>
        <div class="head">
            <div>
                <h1>"About Keystead"</h1>
                <p>{words} " Keystead itself is under the Apache License 2.0."</p>
                <p>"To find a package or a word of a licence, search this page with your browser."</p>
            </div>
        </div>
        <section class="card">
            <header><h2>"Packages"</h2></header>
            <div class="sheet" role="region" aria-label="Packages" tabindex="0">
                <table class="blocks">
                    <thead>
                        <tr>
                            <th scope="col">"Name"</th>
                            <th scope="col">"Version"</th>
                            <th scope="col">"Licence"</th>
                            <th scope="col">"Part of"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
        <section class="card">
            <header><h2>"Licences"</h2></header>
            <div class="body">
                <p>"Each text once. Where a package offers the Apache License among others, it is used under that."</p>
                {texts}
            </div>
        </section>
    }
}

fn row(package: &Package) -> impl IntoView + use<> {
    let texts: Vec<_> = package
        .texts
        .iter()
        .enumerate()
        .map(|(n, place)| {
            let word = if n == 0 { package.licence.to_owned() } else { format!("text {}", n + 1) };
            view! { <a href=format!("#licence-{place}")>{word}</a> " " }
        })
        .collect();
    let from = if package.npm { " (npm)" } else { "" };
    view! {
        <tr>
            <td>{package.name} {from}</td>
            <td>{package.version}</td>
            <td>{texts}</td>
            <td>{package.place()}</td>
        </tr>
    }
}

/// A text, folded. A link to it or a search for a word in it unfolds it.
fn licence(place: usize, text: &'static str) -> impl IntoView + use<> {
    let title = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let mut users: Vec<_> =
        PACKAGES.iter().filter(|package| package.texts.contains(&place)).map(|package| package.name).collect();
    users.dedup();
    let of = if users.len() > NAMED { format!("{} packages", users.len()) } else { users.join(", ") };
    view! {
        <details class="fold">
            <summary>{title} " " <small>{of}</small></summary>
            <pre id=format!("licence-{place}")>{text}</pre>
        </details>
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;
    use std::process::Command;

    use super::*;

    fn file(name: &str) -> String {
        fs::read_to_string(Path::new("..").join(name)).unwrap()
    }

    /// The packages of crates.io that Cargo.lock has, by name and version.
    fn locked() -> BTreeSet<(String, String)> {
        let lock = file("Cargo.lock");
        let entries = lock.split("[[package]]").skip(1).filter(|entry| entry.contains("source = \"registry+"));
        let value = |entry: &str, name: &str| {
            let line = entry.lines().find_map(|line| line.strip_prefix(&format!("{name} = \""))).unwrap();
            line.trim_end_matches('"').to_owned()
        };
        entries.map(|entry| (value(entry, "name"), value(entry, "version"))).collect()
    }

    /// What Cargo itself says is compiled into a program.
    fn compiled(root: &str, target: &[&str]) -> BTreeSet<(String, String)> {
        let tree = ["tree", "--locked", "--manifest-path", "../Cargo.toml", "--edges", "normal,no-proc-macro"];
        let answer = Command::new(env!("CARGO"))
            .args(tree)
            .args(["--prefix", "none", "--format", "{p}", "--package", root])
            .args(target)
            .output()
            .unwrap();
        assert!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
        let lines = String::from_utf8(answer.stdout).unwrap();
        let locked = locked();
        let packages = lines.lines().filter_map(|line| line.split_once(" v"));
        let packages = packages.map(|(name, rest)| (name.to_owned(), rest.split(' ').next().unwrap().to_owned()));
        packages.filter(|package| locked.contains(package)).collect()
    }

    fn listed(which: impl Fn(&Package) -> bool) -> BTreeSet<(String, String)> {
        let packages = PACKAGES.iter().filter(|package| which(package));
        packages.map(|package| (package.name.to_owned(), package.version.to_owned())).collect()
    }

    #[test]
    fn every_package_of_the_lock_files_that_is_shipped_is_listed_once() {
        let rust = listed(|package| !package.npm);
        assert_eq!(rust.len(), PACKAGES.iter().filter(|package| !package.npm).count());
        assert!(rust.is_subset(&locked()) && rust.len() > 200, "{}", rust.len());
        assert_eq!(listed(|package| package.in_server), compiled("server", &[]));
        let browser = compiled("frontend", &["--target", "wasm32-unknown-unknown"]);
        assert_eq!(listed(|package| package.in_browser && !package.npm), browser);

        // Of npm, what the script that makes the site takes from its tools into it.
        let script = file("scripts/site/site.mjs");
        let taken = script.split("'node_modules/").skip(1).filter_map(|rest| rest.split('\'').next());
        let taken: BTreeSet<_> = taken.map(str::to_owned).collect();
        let npm = listed(|package| package.npm);
        assert_eq!(npm.iter().map(|(name, _)| name.clone()).collect::<BTreeSet<_>>(), taken);
        let lock: serde_json::Value = serde_json::from_str(&file("scripts/site/package-lock.json")).unwrap();
        for (name, version) in npm {
            assert_eq!(lock["packages"][format!("node_modules/{name}")]["version"], version);
        }
    }

    #[test]
    fn every_package_has_a_licence_and_its_text() {
        for package in PACKAGES {
            assert!(!package.licence.is_empty() && !package.texts.is_empty(), "{}", package.name);
            for place in package.texts {
                assert!(TEXTS[*place].len() > 50, "{}: {}", package.name, TEXTS[*place]);
            }
        }
        let distinct: BTreeSet<_> = TEXTS.iter().collect();
        assert_eq!(distinct.len(), TEXTS.len());
        let bytes: usize = TEXTS.iter().map(|text| text.len()).sum();
        assert!(bytes < 600_000, "{bytes} bytes of licences are on one page");
    }
}
