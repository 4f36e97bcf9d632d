//! Lists the packages of others that are shipped, for the page /about. Which they are comes from the lock files, and their
//! licences from their own sources.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

/// What runs in the browser, and for which target it is compiled.
const BROWSER: (&str, &str) = ("frontend", "wasm32-unknown-unknown");

/// What scripts/site.sh copies from npm, and the files that say what is in it.
const FROM_NPM: &str = "swagger-ui-dist";
const NPM_FILES: [&str; 3] = ["LICENSE", "NOTICE", "swagger-ui-bundle.js.LICENSE.txt"];
const NPM_LOCK: &str = "../scripts/site/package-lock.json";

/// Ends the terms of the Apache License. What follows says how to apply it.
const APACHE_END: &str = "END OF TERMS AND CONDITIONS";

/// A package, by name and version in the list.
#[derive(Default)]
struct Package {
    licence: String,
    in_server: bool,
    in_browser: bool,
    npm: bool,
    /// Its texts, by their place in the list of them.
    texts: Vec<usize>,
}

/// Every text once, however it is wrapped.
struct Texts {
    list: Vec<String>,
    /// The place of each, by its words.
    places: BTreeMap<String, usize>,
    /// The Apache License, as in the file of this project.
    apache: String,
}

/// Writes `about.rs` into this folder.
pub fn write(out: &Path) -> io::Result<()> {
    for read in ["../Cargo.lock", "../LICENSE", "licences", NPM_LOCK] {
        println!("cargo:rerun-if-changed={read}");
    }
    let target = env::var("TARGET").map_err(io::Error::other)?;
    let mut packages: BTreeMap<(String, String), Package> = BTreeMap::new();
    for (root, target) in [("server", target.as_str()), BROWSER] {
        for line in tree(root, target)?.lines() {
            let Some((name, version, licence)) = read(line) else { continue };
            let package = packages.entry((name.to_owned(), version.to_owned())).or_default();
            licence.clone_into(&mut package.licence);
            if root == BROWSER.0 { package.in_browser = true } else { package.in_server = true }
        }
    }
    let mut texts = Texts { list: Vec::new(), places: BTreeMap::new(), apache: fs::read_to_string("../LICENSE")? };
    let sources = sources()?;
    for ((name, version), package) in &mut packages {
        let folder = format!("{name}-{version}");
        let folder = sources.iter().map(|source| source.join(&folder)).find(|folder| folder.is_dir());
        let folder = folder.ok_or_else(|| io::Error::other(format!("the source of {name} {version} is not there")))?;
        for text in texts_of(&folder, name, &package.licence, &texts.apache)? {
            package.texts.push(texts.place(&text));
        }
    }
    packages.insert((FROM_NPM.to_owned(), npm_version()?), from_npm(&mut texts)?);
    fs::write(out.join("about.rs"), code(&packages, &texts.list))
}

/// What is compiled into a program, one package a line, without what only runs while it is compiled.
fn tree(root: &str, target: &str) -> io::Result<String> {
    let cargo = env::var_os("CARGO").ok_or(io::ErrorKind::NotFound)?;
    let options = ["tree", "--locked", "--manifest-path", "../Cargo.toml", "--edges", "normal,no-proc-macro"];
    let form = ["--prefix", "none", "--format", "{p}|{l}"];
    let answer = Command::new(cargo).args(options).args(form).args(["--package", root, "--target", target]).output()?;
    if !answer.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&answer.stderr).into_owned()));
    }
    String::from_utf8(answer.stdout).map_err(io::Error::other)
}

/// Name, version and licence of a line `name v1.2.3|MIT`, which ends in a mark if the package was there before; `None` for a
/// package of this project, which names its folder.
fn read(line: &str) -> Option<(&str, &str, &str)> {
    let (package, licence) = line.split_once('|')?;
    let (name, version) = package.split_once(" v")?;
    (!version.contains(' ')).then_some((name, version, licence.trim_end_matches("(*)").trim()))
}

/// The folders with the sources that cargo has fetched.
fn sources() -> io::Result<Vec<PathBuf>> {
    let cargo = env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| Some(home()?.join(".cargo")));
    let registries = cargo.ok_or(io::ErrorKind::NotFound)?.join("registry/src");
    fs::read_dir(registries)?.map(|entry| entry.map(|entry| entry.path())).collect()
}

fn home() -> Option<PathBuf> {
    env::var_os("HOME").map(PathBuf::from)
}

/// The texts under which a package may be used. Where it offers the Apache License, that is taken.
fn texts_of(folder: &Path, name: &str, licence: &str, apache: &str) -> io::Result<Vec<String>> {
    let files = files_of(folder)?;
    let offered: Vec<&str> = licence.split(" OR ").flat_map(|part| part.split('/')).map(str::trim).collect();
    let together = licence.contains(" AND ");
    let offers_mit = !together && offered.contains(&"MIT");
    let is_apache = |word: &&str| word.starts_with("Apache-2.0");
    let chosen: Vec<&(String, String)> = if !together && offered.len() > 1 && offered.iter().any(is_apache) {
        if !files.iter().any(|(name, _)| name.contains("apache")) {
            return Ok(vec![apache.to_owned()]);
        }
        files.iter().filter(|(name, _)| name.contains("apache") || name.starts_with("notice")).collect()
    } else if offers_mit && files.iter().any(|(name, _)| name.contains("mit")) {
        files.iter().filter(|(name, _)| name.contains("mit")).collect()
    } else {
        files.iter().collect()
    };
    if !chosen.is_empty() {
        let same = |text: &str| is_same_apache(text, apache);
        return Ok(chosen.iter().map(|(_, text)| if same(text) { apache.to_owned() } else { text.clone() }).collect());
    }
    if licence == "Apache-2.0" {
        return Ok(vec![apache.to_owned()]);
    }
    let missing = |error: io::Error| {
        io::Error::other(format!("{name} has no text for {licence}, and app/licences neither: {error}"))
    };
    let general = if offers_mit { "MIT" } else { licence };
    let general = fs::read_to_string(format!("licences/{general}.txt")).map_err(missing)?;
    Ok(vec![general.replace("{holder}", &format!("the authors of {name}"))])
}

/// The files of a package that hold licences: their names in lower case, and their texts.
fn files_of(folder: &Path) -> io::Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        let is_licence =
            ["license", "licence", "copying", "unlicense", "notice"].iter().any(|word| name.starts_with(word));
        if is_licence && path.is_file() {
            let text = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
            // A link that was packed as a file has nothing but a path in it.
            if text.contains(' ') {
                files.push((name, text));
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Whether a text is the Apache License with the same terms.
fn is_same_apache(text: &str, apache: &str) -> bool {
    let terms = |text: &str| text.split_once(APACHE_END).map(|(terms, _)| words(terms));
    terms(text).is_some_and(|these| Some(these) == terms(apache))
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

impl Texts {
    fn place(&mut self, text: &str) -> usize {
        let next = self.list.len();
        let place = *self.places.entry(words(text)).or_insert(next);
        if place == next {
            let lines: Vec<_> = text.trim_matches(['\n', '\r', '\u{feff}']).lines().map(str::trim_end).collect();
            self.list.push(lines.join("\n"));
        }
        place
    }
}

fn npm_version() -> io::Result<String> {
    let lock = fs::read_to_string(NPM_LOCK)?;
    let entry = lock.split_once(&format!("\"node_modules/{FROM_NPM}\": {{")).map(|(_, rest)| rest);
    let version = entry.and_then(|rest| rest.split_once("\"version\": \"")?.1.split('"').next());
    version.map(str::to_owned).ok_or_else(|| io::Error::other(format!("{NPM_LOCK} has no {FROM_NPM}")))
}

/// Where scripts/env.sh has the tools of the build.
fn from_npm(texts: &mut Texts) -> io::Result<Package> {
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(|| Some(home()?.join(".cache")));
    let folder = cache.ok_or(io::ErrorKind::NotFound)?.join("keystead/tools/npm/node_modules").join(FROM_NPM);
    let mut package = Package { licence: "Apache-2.0".to_owned(), in_browser: true, npm: true, ..Package::default() };
    for name in NPM_FILES {
        let text = fs::read_to_string(folder.join(name)).map_err(|error| {
            io::Error::other(format!(
                "{name} of {FROM_NPM} is not in {}: run scripts/tools.sh ({error})",
                folder.display()
            ))
        })?;
        let text = if is_same_apache(&text, &texts.apache) { texts.apache.clone() } else { text };
        package.texts.push(texts.place(&text));
    }
    Ok(package)
}

fn code(packages: &BTreeMap<(String, String), Package>, texts: &[String]) -> String {
    let mut code = String::from("pub static PACKAGES: &[Package] = &[\n");
    for ((name, version), Package { licence, in_server, in_browser, npm, texts }) in packages {
        let _ = writeln!(
            code,
            "Package {{ name: {name:?}, version: {version:?}, licence: {licence:?}, in_server: {in_server}, in_browser: \
             {in_browser}, npm: {npm}, texts: &{texts:?} }},"
        );
    }
    code.push_str("];\npub static TEXTS: &[&str] = &[\n");
    for text in texts {
        let _ = writeln!(code, "{text:?},");
    }
    code.push_str("];\n");
    code
}
