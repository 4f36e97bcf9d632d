//! What `monitoring/` and `docs/monitoring.md` say of metrics is what a node gives, and Prometheus' own tool understands it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use prometheus::TextEncoder;
use serde_json::{Value, json};

use crate::support::Product;

const PROMTOOL: &str = "/usr/bin/promtool";

/// What Prometheus itself adds to each series.
const ADDED: [&str; 2] = ["job", "instance"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn file(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The metrics of a node, as `/metrics` gives them.
struct Given {
    text: String,
    /// The type of each.
    types: BTreeMap<String, String>,
    /// The labels of each, with their values.
    labels: BTreeMap<String, BTreeMap<String, BTreeSet<String>>>,
}

impl Given {
    async fn read() -> Self {
        let product = Product::start().await;
        Self::of(TextEncoder::new().encode_to_string(&product.service.gather().await).unwrap())
    }

    fn of(text: String) -> Self {
        let declared = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
        let types: BTreeMap<_, _> = declared.map(|(name, kind)| (name.to_owned(), kind.to_owned())).collect();
        let mut given = Self { labels: BTreeMap::new(), types, text: String::new() };
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let series = line.rsplit_once(' ').unwrap().0;
            let (name, braced) = series.split_once('{').unwrap_or((series, "}"));
            let name = given.family(name).unwrap_or_else(|| panic!("{line}"));
            let of_family = given.labels.entry(name).or_default();
            for (label, _, value) in matchers(braced.trim_end_matches('}')) {
                of_family.entry(label).or_default().insert(value);
            }
        }
        given.text = text;
        given
    }

    /// The metric that a series belongs to: a histogram has three.
    fn family(&self, series: &str) -> Option<String> {
        let of_histogram = || {
            let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| series.strip_suffix(end))?;
            self.types.get(base).filter(|kind| *kind == "histogram").map(|_| base.to_owned())
        };
        if self.types.contains_key(series) { Some(series.to_owned()) } else { of_histogram() }
    }
}

/// A label, how it is compared, and with what.
type Matcher = (String, String, String);

/// What is between braces.
fn matchers(text: &str) -> Vec<Matcher> {
    let parts = text.split("\",").filter(|part| !part.trim().is_empty());
    parts
        .map(|part| {
            let (label, value) = part.split_once('"').unwrap_or_else(|| panic!("{text}"));
            let name = label.trim().trim_end_matches(['=', '~', '!']);
            let compared = label.trim().strip_prefix(name).unwrap();
            (name.to_owned(), compared.to_owned(), value.trim_end_matches('"').to_owned())
        })
        .collect()
}

/// The names of metrics in a text.
fn named(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("keystead_")).map(str::to_owned).collect()
}

/// The series in a query that are narrowed by labels.
fn narrowed(query: &str) -> Vec<(String, Vec<Matcher>)> {
    let opened = query.match_indices('{').map(|(at, _)| query.split_at(at));
    let named = opened.filter_map(|(before, rest)| {
        let name = before.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_').next()?;
        name.starts_with("keystead_").then_some((name, rest))
    });
    named.map(|(name, rest)| (name.to_owned(), matchers(&rest[1..rest.find('}').unwrap()]))).collect()
}

/// The queries of the dashboard, with a value in the place of each of its variables.
fn queries() -> Vec<String> {
    let dashboard: Value = serde_json::from_str(&file("monitoring/grafana.json")).unwrap();
    let mut found = Vec::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        let targets = panel["targets"].as_array().into_iter().flatten();
        found.extend(targets.map(|target| target["expr"].as_str().unwrap().to_owned()));
    }
    for note in dashboard["annotations"]["list"].as_array().unwrap() {
        found.push(note["expr"].as_str().unwrap().to_owned());
    }
    let filled = |query: String| query.replace("$__rate_interval", "1m").replace("$job", "a").replace("$instance", "b");
    found.into_iter().map(filled).collect()
}

/// What is between back-ticks.
fn quoted(text: &str) -> BTreeSet<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The names of the alerts.
fn alerts() -> Vec<String> {
    let text = file("monitoring/alerts.yml");
    text.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).map(str::to_owned).collect()
}

/// Runs promtool, and checks that it finds nothing wrong.
fn promtool(arguments: &[&str], input: &str) {
    let mut tool = Command::new(PROMTOOL)
        .args(arguments)
        .current_dir(root().join("monitoring"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{PROMTOOL}: {error}; see scripts/test-tools.sh"));
    tool.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let answer = tool.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&answer.stdout).into_owned() + &String::from_utf8_lossy(&answer.stderr);
    assert!(answer.status.success(), "promtool {arguments:?}: {said}");
}

#[tokio::test]
async fn alerts_and_dashboard_name_metrics_that_exist() {
    let given = Given::read().await;
    for (place, texts) in [
        ("monitoring/alerts.yml", vec![file("monitoring/alerts.yml")]),
        ("monitoring/alerts.test.yml", vec![file("monitoring/alerts.test.yml")]),
        ("monitoring/grafana.json", queries()),
    ] {
        let text = texts.join("\n");
        let names = named(&text);
        assert!(names.len() > 15, "{place} was not understood: {names:?}");
        for name in names {
            assert!(given.family(&name).is_some(), "{place} names {name}, which a node does not give");
        }
        for (name, matchers) in narrowed(&text) {
            let family = given.family(&name).unwrap();
            let labels = given.labels.get(&family).cloned().unwrap_or_default();
            for (label, compared, value) in matchers.iter().filter(|(label, ..)| !ADDED.contains(&label.as_str())) {
                let values = labels.get(label).unwrap_or_else(|| panic!("{place}: {name} has no label {label}"));
                // What a test makes up: a version, a boundary of a bucket.
                let invented = place.ends_with("test.yml") && ["version", "engine", "le"].contains(&label.as_str());
                let known = match compared.as_str() {
                    "=" | "!=" => values.contains(value),
                    _ => value.split('|').all(|one| one.contains('.') || values.contains(one)),
                };
                assert!(known || invented, "{place}: {label} of {name} is never {value}");
            }
        }
    }
}

#[tokio::test]
async fn each_metric_is_documented_with_its_type_and_its_labels() {
    let given = Given::read().await;
    let page = file("docs/monitoring.md");
    let mut documented = BTreeMap::new();
    for row in page.lines().filter(|line| line.starts_with("| `keystead_")) {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [name, kind, labels, meaning] = cells.as_slice() else { panic!("{row}") };
        assert!(meaning.len() > 15, "{row}");
        let name = quoted(name).pop_first().unwrap();
        documented.insert(name, ((*kind).to_owned(), quoted(labels)));
    }
    let counted: BTreeMap<_, _> = given
        .types
        .iter()
        .map(|(name, kind)| {
            let labels = given.labels.get(name).into_iter().flatten().map(|(label, _)| label.clone());
            (name.clone(), (kind.clone(), labels.filter(|label| label != "le").collect::<BTreeSet<_>>()))
        })
        .collect();
    assert_eq!(documented, counted);
    for name in named(&page) {
        assert!(given.family(&name).is_some(), "docs/monitoring.md names {name}, which a node does not give");
    }
}

#[test]
fn each_alert_says_what_to_do_and_is_tested_both_ways() {
    let (rules, tests, page) =
        (file("monitoring/alerts.yml"), file("monitoring/alerts.test.yml"), file("docs/monitoring.md"));
    let names = alerts();
    assert!(names.len() >= 13, "{names:?}");
    let headings: BTreeSet<_> = page.lines().filter_map(|line| line.strip_prefix("### Keystead")).collect();
    assert_eq!(headings, names.iter().map(|name| name.strip_prefix("Keystead").unwrap()).collect::<BTreeSet<_>>());
    for (rule, name) in rules.split("- alert: ").skip(1).zip(&names) {
        let runbook = format!("runbook: docs/monitoring.md#{}\n", name.to_lowercase());
        for part in ["severity: ", "summary: ", "action: ", &runbook] {
            assert!(rule.contains(part), "{name} has no {part}");
        }
        let quiet = format!("- {{ alertname: {name}, eval_time: ");
        let fires = format!("- alertname: {name}\n");
        assert!(tests.contains(&quiet) && tests.contains(&fires), "{name} is not tested both ways");
    }
}

#[tokio::test]
async fn promtool_finds_nothing_wrong() {
    promtool(&["check", "metrics"], &Given::read().await.text);
    promtool(&["check", "rules", "alerts.yml"], "");
    promtool(&["test", "rules", "alerts.test.yml"], "");
    promtool(&["check", "config", "prometheus.yml"], "");
    // The queries of the dashboard, as rules. JSON is YAML, too.
    let rule = |(n, expr): (usize, String)| json!({ "record": format!("query_{n}"), "expr": expr });
    let rules: Vec<_> = queries().into_iter().enumerate().map(rule).collect();
    assert!(rules.len() > 30, "{rules:?}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queries.yml");
    fs::write(&path, json!({ "groups": [{ "name": "queries", "rules": rules }] }).to_string()).unwrap();
    promtool(&["check", "rules", path.to_str().unwrap()], "");
}
