//! What must be true behind every proxy, with the snippet from the docs.

use std::time::{Duration, Instant};

use domain::draft::KeyDraft;
use domain::usage::Edge;
use domain::verdict::Code;
use secrecy::ExposeSecret;
use service::keys::ShownSecret;

use super::harness::{Behind, CLIENT};
use super::wire::{Answered, Asked};
use super::{browsers, paths};
use crate::support::{list, service_key};

const IDENTITY: [&str; 10] = [
    "X-Key-Id",
    "X-Key-Name",
    "X-Key-Kind",
    "X-Key-Permissions",
    "X-Key-Environment",
    "X-Key-External-Id",
    "X-Key-Owner",
    "X-Key-Tags",
    "X-Key-Metadata",
    "X-Verify-Code",
];

/// The statuses that a proxy gives when Keystead cannot be reached, and when it never answers.
pub struct Down {
    pub stopped: u16,
    pub hanging: u16,
}

pub async fn holds(mut behind: Behind, down: Down) {
    without_a_key(&behind).await;
    allowed(&behind).await;
    permissions(&behind).await;
    paths::read_in_one_way(&behind).await;
    named_in_connection(&behind).await;
    browsers::asks_before_it_sends_a_key(&behind).await;
    browsers::websocket(&behind).await;
    addresses(&behind).await;
    long_body(&behind).await;
    limited(&behind).await;
    kept(&behind).await;
    closed(&mut behind, down).await;
}

/// Refused, and the service has not seen it.
pub async fn refused(behind: &Behind, asked: Asked, status: u16) -> Answered {
    let seen = behind.seen();
    let answer = behind.ask(asked).await;
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(behind.seen(), seen, "{answer:?}");
    answer
}

pub async fn passes(behind: &Behind, asked: Asked) -> Answered {
    let answer = behind.ask(asked).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer
}

async fn without_a_key(behind: &Behind) {
    let (one, other) =
        (behind.product.token(service_key("one")).await, behind.product.token(service_key("other")).await);
    let wrong = format!("{one}x");
    for asked in [
        Asked::get("/"),
        Asked::get("/").bearer(&wrong),
        Asked::get("/").header("X-API-Key", "nothing"),
        Asked::get(&format!("/?key={one}&token={one}")),
        Asked::get("/").bearer(&one).header("X-API-Key", &other),
        Asked::get("/").header("X-API-Key", &one).header("X-API-Key", &other),
        Asked::get("/").header("X-API-Key", &one).header("Authorization", &format!("Bearer\t{other}")),
        Asked::get("/").header("X-API-Key", &one).header("Authorization", &format!("Bearer,{other}")),
        Asked::get("/").header("X-API-Key", &one).header("Authorization", &format!("Basic dTpw, bEARER {other}")),
    ] {
        let answer = refused(behind, asked, 401).await;
        assert!(answer.header("WWW-Authenticate").unwrap().starts_with("Bearer"), "{answer:?}");
        assert!(!answer.body.contains(&one) && !answer.body.contains(&other), "{answer:?}");
    }
}

async fn allowed(behind: &Behind) {
    let labelled = KeyDraft {
        external_id: Some("Cus 42".to_owned()),
        owner: Some("Zahlungen & Co.".to_owned()),
        tags: list(&["eu", "größe"]),
        metadata: list(&["plan=gold"]),
        ..service_key("Billing service")
    };
    let issued = behind.product.issue(labelled).await;
    let ShownSecret::Token(token) = issued.shown else { panic!() };
    let token = token.expose_secret();
    let mut asked = Asked::new("POST", "/things/7?cost=0&nonsense=1&permissions=").bearer(token);
    for name in IDENTITY {
        asked = asked
            .header(name, "forged")
            .header(&name.replace('-', "_"), "forged")
            .header(&name.replace('-', "."), "forged")
            .header(name, "forged again");
    }
    for name in ["X_API_Key", "X.API.Key", "X-Key.Id", "X-Key_Id", "X.Key_Id"] {
        asked = asked.header(name, "forged");
    }
    // What counts below the exact path only, and what only this proxy may say.
    for name in ["Permissions", "Kind", "Cost", "From", "Proxy"] {
        asked = asked.header(&format!("X-Keystead-{name}"), "invoices.read");
    }
    let answer = passes(behind, asked.body("the body")).await;
    assert!(answer.body.starts_with("POST /things/7?cost=0&nonsense=1&permissions=\n"), "{answer:?}");
    assert!(answer.body.ends_with("\nthe body"), "{answer:?}");
    assert!(!answer.body.contains("forged"), "{answer:?}");
    let told = IDENTITY.map(|name| answer.told(name));
    let expected = [
        issued.key.row.id.as_str(),
        "Billing%20service",
        "service",
        "",
        "live",
        "Cus%2042",
        "Zahlungen%20&%20Co.",
        "eu,gr%C3%B6%C3%9Fe",
        r#"{"plan":"gold"}"#,
        "VALID",
    ];
    assert_eq!(told, expected);
    assert_eq!(passes(behind, Asked::get("/").header("X-API-Key", token)).await.told("X-Key-Kind"), "service");

    let draft =
        KeyDraft { kind: Some("master_user".to_owned()), boxes: vec!["chats.read".to_owned()], ..service_key("bot") };
    let ShownSecret::Pair { id, secret } = behind.product.issue(draft).await.shown else { panic!() };
    let pair = Asked::get("/").header("X-MASTER-USER-API-KEY", &id);
    let answer = passes(behind, pair.header("X-MASTER-USER-API-KEY-SECRET", secret.expose_secret())).await;
    assert_eq!((answer.told("X-Key-Kind"), answer.told("X-Key-Permissions")), ("master_user", "chats.read"));
}

async fn permissions(behind: &Behind) {
    let reader = KeyDraft { permissions: list(&["invoices.read"]), ..service_key("reader") };
    let (reader, other) = (behind.product.token(reader).await, behind.product.token(service_key("other")).await);
    let answer = passes(behind, Asked::get("/invoices/7").bearer(&reader)).await;
    assert_eq!(answer.told("X-Key-Permissions"), "invoices.read");
    let invoices = || Asked::get("/invoices/7?permissions=a.b&kind=service").bearer(&other);
    refused(behind, invoices(), 403).await;
    for name in ["X-Keystead-Permissions", "X-Key-Permissions", "X-Original-Method", "X-Forwarded-Uri"] {
        refused(behind, invoices().header(name, "invoices.read"), 403).await;
    }
    passes(behind, Asked::get("/things").bearer(&other)).await;
}

async fn addresses(behind: &Behind) {
    let bound = |cidrs: &str| KeyDraft { cidrs: list(&[cidrs]), ..service_key("bound") };
    let (here, elsewhere) =
        (behind.product.token(bound(CLIENT)).await, behind.product.token(bound("203.0.113.0/24")).await);
    let forged = |token: &str| {
        let asked = Asked::get("/").bearer(token).header("X-Forwarded-For", "203.0.113.9");
        asked.header("X-Real-IP", "203.0.113.9").header("Forwarded", "for=203.0.113.9")
    };
    passes(behind, forged(&here)).await;
    refused(behind, forged(&elsewhere), 403).await;
    refused(behind, forged(&elsewhere).header("X-Forwarded-For", "203.0.113.9, 127.0.0.1"), 403).await;
    // What is malformed was written by the client, and is left of what the proxy says.
    passes(behind, Asked::get("/").bearer(&here).header("X-Forwarded-For", "unknown,,")).await;

    let page = KeyDraft { domains: list(&["app.example.com"]), ..service_key("page") };
    let page = behind.product.token(page).await;
    passes(behind, Asked::get("/").bearer(&page).header("Origin", "https://app.example.com")).await;
    refused(behind, Asked::get("/").bearer(&page).header("Origin", "https://app.example.com.evil.example"), 403).await;
}

async fn limited(behind: &Behind) {
    let token = behind.product.token(KeyDraft { limits: list(&["2 per minute"]), ..service_key("few") }).await;
    let asked = || Asked::get("/?cost=0").bearer(&token);
    passes(behind, asked()).await;
    passes(behind, asked()).await;
    for asked in [asked(), asked().header("X-Keystead-Cost", "0")] {
        let answer = refused(behind, asked, 429).await;
        let wait: u32 = answer.header("Retry-After").unwrap().parse().unwrap();
        // Never longer than the window.
        assert!((1..=60).contains(&wait), "{answer:?}");
    }
}

/// A refusal is kept with the client's own request.
async fn kept(behind: &Behind) {
    let issued = behind.product.issue(service_key("kept")).await;
    let ShownSecret::Token(token) = issued.shown else { panic!() };
    let asked = Asked::new("DELETE", "/invoices/7?secret=1").bearer(token.expose_secret());
    refused(behind, asked.header("X-Original-Method", "FORGED").header("X-Original-URI", "/forged"), 403).await;
    behind.product.service.verifier().flush_usage().await.unwrap();
    let refusals = behind.product.store.key_refusals(&issued.key.row.id).await.unwrap();
    let [call] = refusals.as_slice() else { panic!("{refusals:?}") };
    assert_eq!((call.code, call.edge), (Code::InsufficientPermissions, Edge::Authorize));
    assert_eq!((call.method.as_deref(), call.path.as_deref()), (Some("DELETE"), Some("/invoices/7")));
    assert_eq!(call.address.map(|address| address.to_string()).as_deref(), Some(CLIENT));
}

/// A client cannot take the key's headers away by naming them in `Connection` (RFC 9110, 7.6.1), nor what Keystead is
/// asked by.
async fn named_in_connection(behind: &Behind) {
    let reader = KeyDraft { permissions: list(&["invoices.read"]), ..service_key("reader") };
    let (reader, other) = (behind.product.token(reader).await, behind.product.token(service_key("other")).await);
    let elsewhere = KeyDraft { cidrs: list(&["203.0.113.0/24"]), ..service_key("elsewhere") };
    let elsewhere = behind.product.token(elsewhere).await;
    let named = format!("close, {}, X-Keystead-Permissions", IDENTITY[..6].join(", "));
    for connection in ["close, X-Key-Id, X-Key-Permissions", "x-key-id,X-KEY-PERMISSIONS,close", &named] {
        let asked = |token: &str| Asked::get("/invoices/7").bearer(token).header("Connection", connection);
        let answer = passes(behind, asked(&reader).header("X-Key-Id", "forged")).await;
        assert!(!answer.told("X-Key-Id").is_empty() && answer.told("X-Key-Id") != "forged", "{answer:?}");
        assert_eq!(answer.told("X-Key-Permissions"), "invoices.read", "{answer:?}");
        // Whatever is behind the service's first hop must not take them away either.
        assert!(!answer.told("Connection").to_lowercase().contains("x-"), "{answer:?}");
        refused(behind, asked(&other), 403).await;
        refused(behind, asked(&elsewhere), 403).await;
    }
    // Envoy refuses this itself.
    let asked = Asked::get("/").bearer(&elsewhere).header("X-Forwarded-For", "203.0.113.9");
    let answer = behind.ask(asked.header("Connection", "close, X-Forwarded-For, X-Forwarded-Uri")).await;
    assert!([400, 403].contains(&answer.status), "{answer:?}");
}

async fn long_body(behind: &Behind) {
    let token = behind.product.token(service_key("long")).await;
    let body = "0123456789".repeat(500_000);
    let answer = passes(behind, Asked::new("POST", "/upload").bearer(&token).body(&body)).await;
    assert!(answer.body.ends_with("\n5000000 bytes, sum 262500000"), "{answer:?}");
}

/// Without Keystead nothing passes, and the client does not wait for long.
async fn closed(behind: &mut Behind, down: Down) {
    let token = behind.product.token(service_key("any")).await;
    passes(behind, Asked::get("/").bearer(&token)).await;
    behind.stop_keystead();
    refused(behind, Asked::get("/").bearer(&token), down.stopped).await;
    refused(behind, Asked::get("/invoices/7").bearer(&token), down.stopped).await;
    let _hanging = behind.hang_keystead();
    let started = Instant::now();
    tokio::join!(
        refused(behind, Asked::get("/").bearer(&token), down.hanging),
        refused(behind, Asked::get("/invoices/7").bearer(&token), down.hanging),
    );
    // They wait for 5 or 6 seconds, and without a word of ours for half a minute or more.
    assert!(started.elapsed() < Duration::from_secs(12), "{:?}", started.elapsed());
}
