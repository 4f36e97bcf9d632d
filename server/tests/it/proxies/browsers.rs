//! What browsers do: they ask before they send a key to another origin, and open a websocket.

use domain::draft::KeyDraft;

use super::harness::Behind;
use super::scenario::{passes, refused};
use super::wire::Asked;
use crate::support::{list, service_key};

const ORIGIN: &str = "https://app.example.com";

/// A preflight has no key and passes; the call after it is checked.
pub async fn asks_before_it_sends_a_key(behind: &Behind) {
    let preflight = |path: &str| Asked::new("OPTIONS", path).header("Access-Control-Request-Method", "DELETE");
    for path in ["/things/7?x=1", "/invoices/7"] {
        let mut asked = preflight(path).header("Origin", ORIGIN).header("Access-Control-Request-Headers", "x-api-key");
        for name in ["X-Key-Id", "X-Key-Permissions", "X-Verify-Code", "X_Key_Id", "X.Key.Id", "X-Keystead-Kind"] {
            asked = asked.header(name, "forged");
        }
        let answer = passes(behind, asked).await;
        assert!(answer.body.starts_with(&format!("OPTIONS {path}\n")), "{answer:?}");
        assert_eq!(answer.told("Access-Control-Request-Method"), "DELETE");
        assert!(!answer.body.lines().any(|line| line.starts_with("x-key-") && line.contains("forged")), "{answer:?}");
        assert!(!answer.body.contains("x_key") && !answer.body.contains("x.key"), "{answer:?}");
        assert_eq!((answer.told("X-Key-Id"), answer.told("X-Verify-Code")), ("", ""));
        // Nothing else passes as one.
        refused(behind, preflight(path), 401).await;
        refused(behind, preflight(path).header("Origin", ""), 401).await;
        refused(behind, Asked::new("OPTIONS", path).header("Origin", ORIGIN), 401).await;
        for method in ["GET", "POST", "options", "OPTIONSX"] {
            let asked = Asked::new(method, path).header("Origin", ORIGIN);
            let answer = behind.ask(asked.header("Access-Control-Request-Method", "GET")).await;
            assert!([400, 401, 405, 501].contains(&answer.status), "{method}: {answer:?}");
        }
    }
    let odd = preflight("/;a/invoices").header("Origin", ORIGIN);
    refused(behind, odd, 400).await;

    let page = behind.product.token(KeyDraft { domains: list(&["app.example.com"]), ..service_key("page") }).await;
    let call = || Asked::new("DELETE", "/things/7").bearer(&page);
    passes(behind, call().header("Origin", ORIGIN)).await;
    refused(behind, call().header("Origin", "https://evil.example"), 403).await;
    refused(behind, call(), 403).await;
    // With a key, OPTIONS is a call like any other.
    passes(behind, Asked::new("OPTIONS", "/things/7").bearer(&page).header("Origin", ORIGIN)).await;
}

pub async fn websocket(behind: &Behind) {
    let reader = KeyDraft { permissions: list(&["invoices.read"]), ..service_key("reader") };
    let reader = behind.product.issue(reader).await;
    let service::keys::ShownSecret::Token(token) = &reader.shown else { panic!() };
    let token = secrecy::ExposeSecret::expose_secret(token);
    let other = behind.product.token(service_key("other")).await;
    for connection in ["Upgrade", "keep-alive, Upgrade", "Upgrade, X-Key-Id, X-Key-Permissions"] {
        let asked = |token: &str| Asked::get("/invoices/live").bearer(token).header("Connection", connection);
        let (answer, spoke) = behind.upgrade(asked(token).header("X-Key-Id", "forged").upgrade("websocket")).await;
        assert_eq!((answer.status, spoke), (101, true), "{connection}: {answer:?}");
        assert_eq!(answer.header("X-Seen-Key"), Some(reader.key.row.id.as_str()), "{connection}");
        let seen = behind.seen();
        let (answer, spoke) = behind.upgrade(asked(&other).upgrade("websocket")).await;
        assert_eq!((answer.status, spoke, behind.seen()), (403, false, seen), "{connection}: {answer:?}");
    }
    // Over another protocol, a client could send requests that nobody checks.
    let other = |token: &str| Asked::get("/things").bearer(token).header("Connection", "Upgrade, HTTP2-Settings");
    for protocol in ["h2c", "h2c, websocket", "tls/1.2"] {
        let asked = other(token).header("HTTP2-Settings", "AAMAAABkAARAAAAAAAIAAAAA");
        let (answer, spoke) = behind.upgrade(asked.upgrade(protocol)).await;
        assert!(answer.status != 101 && !spoke, "{protocol}: {answer:?}");
    }
}
