//! A path that asks for a permission, in every spelling that some service reads as that path.

use domain::draft::KeyDraft;

use super::harness::Behind;
use super::scenario::{passes, refused};
use super::wire::{Answered, Asked};
use crate::support::{list, service_key};

/// Each of these leads somebody to `/invoices`, so a key without the permission gets to none of them.
const LEAD_THERE: [&str; 56] = [
    "/invoices",
    "/invoices/",
    "/invoices?x=/y",
    "/invoices/7",
    "/invoices.json",
    "/invoices.",
    "/invoices(7)",
    "/invoices:7",
    "/invoices%3a7",
    "/invoices%20",
    "/INVOICES/7",
    "/Invoices",
    "//invoices/7",
    "///invoices",
    "/%69nvoices/7",
    "/%49NVOICES",
    "/invoice%73",
    "/./invoices/7",
    "/x/../invoices/7",
    "/x/../invoices",
    "/x//../invoices/7",
    "/x/..//invoices/7",
    "/../invoices/7",
    "/invoices/../invoices/7",
    "/x/%2e%2e/invoices/7",
    "/x/.%2e/invoices/7",
    "/x/%2E./invoices/7",
    "/%2e/invoices/7",
    "/x/..;/invoices/7",
    "/x/..;a=b/invoices/7",
    "/x/%2e%2e;/invoices/7",
    "/x/..%3b/invoices/7",
    "/;a/invoices/7",
    "/.;/invoices/7",
    "/;/invoices",
    "/invoices;a/7",
    "/invoices;a=b",
    "/invoices%3B/7",
    "/%3b/invoices",
    "/invoices%2f7",
    "/invoices%2F7",
    "/%2finvoices/7",
    "/x/..%2finvoices/7",
    "/x%2f..%2finvoices",
    r"/invoices\7",
    r"\invoices\7",
    r"/x/..\invoices/7",
    r"/\invoices",
    "/invoices%5c7",
    "/x%5c..%5cinvoices",
    "/invoices%252f7",
    "/%2569nvoices/7",
    "/x/%252e%252e/invoices/7",
    "/invoices%00/7",
    "/invoices%3f/7",
    "/x/..%c0%afinvoices/7",
];

/// Paths that every service reads in the same way.
const CLEAR: [&str; 9] = [
    "/things/a%20b",
    "/caf%C3%A9/gr%c3%bc%c3%9fe",
    "/.well-known/x..y/...",
    "/a@b,c:d/e+f=g&h!",
    "/things/a%40b%2Cc",
    "/~u/v1.2/x.y?next=/../invoices//y%2f",
    "/invoicesx",
    "/invoices-old/7",
    "/things/invoices",
];

/// The path that the service saw, if it saw one: it has one reading.
fn passed_on(answer: &Answered) -> Option<String> {
    let target = (answer.status == 200).then(|| answer.body.split([' ', '\n']).nth(1))??;
    let path = target.split('?').next()?.to_lowercase();
    let path = path.replace("%69", "i").replace("%49", "i").replace("%73", "s");
    assert!(path.starts_with('/') && !path.contains([';', '\\']) && !path.contains("//"), "{answer:?}");
    assert!(
        !["%2", "%5c", "%3b", "%3f", "%0", "%c0"].iter().any(|odd| path.replace("%20", "").contains(odd)),
        "{answer:?}"
    );
    assert!(!path.split('/').any(|part| part == "." || part == ".."), "{answer:?}");
    Some(path)
}

fn is_invoices(path: &str) -> bool {
    let rest = path.strip_prefix("/invoices");
    rest.is_some_and(|rest| !rest.starts_with(|letter: char| letter.is_ascii_alphanumeric() || "_-".contains(letter)))
}

pub async fn read_in_one_way(behind: &Behind) {
    let reader = KeyDraft { permissions: list(&["invoices.read"]), ..service_key("reader") };
    let (reader, other) = (behind.product.token(reader).await, behind.product.token(service_key("other")).await);
    for path in LEAD_THERE {
        // What is passed on is the path that was compared, and everybody reads it in that way.
        let answer = behind.ask(Asked::get(path).bearer(&other)).await;
        match passed_on(&answer) {
            Some(target) => assert!(!is_invoices(&target), "{path}: {target}"),
            None => assert!([400, 403, 404].contains(&answer.status), "{path}: {answer:?}"),
        }
        let answer = behind.ask(Asked::get(path).bearer(&reader)).await;
        assert!([200, 400, 404].contains(&answer.status), "{path}: {answer:?}");
        passed_on(&answer);
    }
    for path in ["/invoices", "/invoices/", "/invoices/7?x=/../y;z"] {
        passes(behind, Asked::get(path).bearer(&reader)).await;
        refused(behind, Asked::get(path).bearer(&other), 403).await;
        refused(behind, Asked::new("OPTIONS", path), 401).await;
    }
    for path in CLEAR {
        let answer = passes(behind, Asked::get(path).bearer(&other)).await;
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        assert!(answer.body.to_lowercase().starts_with(&format!("get {}", path.to_lowercase())), "{path}: {answer:?}");
        assert!(answer.body.contains(query), "{path}: {answer:?}");
    }
    // The other form of a target (RFC 9112, 3.2.2).
    for target in ["http://api.example.com/invoices/7", "http://api.example.com/x/../invoices", "http://x//invoices"] {
        let seen = behind.seen();
        let answer = behind.ask(Asked::get(target).bearer(&other)).await;
        assert!([400, 403, 404].contains(&answer.status), "{target}: {answer:?}");
        assert_eq!(behind.seen(), seen, "{target}");
    }
}
