//! What is given out beside the binary names settings, paths and versions that exist.

use std::fs;
use std::path::{Path, PathBuf};

use server::config::refuse_unknown;

use crate::support::{Call, Product};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

const MANIFESTS: [&str; 2] = ["packaging/kubernetes/sqlite.yaml", "packaging/kubernetes/postgres.yaml"];
const OTHERS: [&str; 6] = [
    "packaging/keystead.service",
    "packaging/image.mjs",
    "docs/systemd.md",
    "docs/container.md",
    "docs/kubernetes.md",
    "README.md",
];

/// What follows `start` in a text, up to the end of its line, each time.
fn after<'a>(text: &'a str, start: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(start).skip(1).map(|rest| rest.lines().next().unwrap_or_default())
}

#[test]
fn it_sets_only_what_is_a_setting() {
    for path in MANIFESTS.iter().chain(&OTHERS) {
        let text = text(path);
        let words = text.split(|byte: char| !byte.is_ascii_uppercase() && !byte.is_ascii_digit() && byte != '_');
        let names: Vec<_> = words.filter(|word| word.starts_with("KEYSTEAD_") && *word != "KEYSTEAD_").collect();
        assert!(!names.is_empty(), "{path}");
        refuse_unknown(names.into_iter().map(str::to_owned)).unwrap_or_else(|error| panic!("{path}: {error}"));
    }
}

#[tokio::test]
async fn the_probes_ask_what_answers() {
    let product = Product::start().await;
    for manifest in MANIFESTS {
        let text = text(manifest);
        let paths: Vec<_> = after(&text, "httpGet: { path: ").map(|rest| rest.split(',').next().unwrap()).collect();
        assert_eq!(paths, ["/healthz", "/healthz", "/readyz"], "{manifest}");
        for path in paths {
            assert_eq!(product.send(Call::get(path)).await.status, 200, "{path}");
        }
    }
}

#[test]
fn ports_accounts_and_versions_agree() {
    let (image, readme) = (text("packaging/image.mjs"), text("README.md"));
    let version = env!("CARGO_PKG_VERSION");
    assert!(image.contains("KEYSTEAD_LISTEN=0.0.0.0:3000") && image.contains("'3000/tcp'"));
    assert!(image.contains("ACCOUNT = 65532;"));
    assert!(readme.contains(&format!("keystead-{version}-linux-")), "the README downloads another version");
    for manifest in MANIFESTS {
        let text = text(manifest);
        assert!(after(&text, "image: ").all(|image| image.ends_with(&format!("/keystead:{version}"))), "{manifest}");
        assert!(after(&text, "containerPort: ").all(|port| port.starts_with("3000")), "{manifest}");
        assert!(text.contains("value: \"0.0.0.0:3000\""), "{manifest}");
        for account in ["runAsUser: 65532", "runAsGroup: 65532", "fsGroup: 65532"] {
            assert!(text.contains(account), "{manifest}: {account}");
        }
        // Every pod is in the network that is trusted.
        let is_closed = text.contains("kind: NetworkPolicy") && text.contains("policyTypes: [Ingress]");
        assert!(is_closed, "{manifest}: any pod can name any client");
    }
}

#[test]
fn no_client_decides_behind_a_documented_proxy_what_is_traced() {
    for file in [
        "behind/nginx.conf",
        "behind/Caddyfile",
        "behind/haproxy.cfg",
        "behind/traefik.yml",
        "behind/envoy.yaml",
        "cluster/haproxy.cfg",
    ] {
        let text = text(&format!("docs/{file}")).to_ascii_lowercase();
        assert!(text.contains("traceparent") && text.contains("tracestate"), "{file}");
    }
}
