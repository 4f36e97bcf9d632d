//! Lists as files.

use std::future::poll_fn;
use std::pin::Pin;

use axum::body::HttpBody;
use domain::audit::Actor;
use domain::ids::KeyId;
use domain::key::SecretNumber;
use domain::kind::KeyKind;
use domain::rules::KeyRules;
use domain::spec::KeySpec;
use domain::timestamp::Timestamp;
use domain::token::TokenMac;
use store::{NewKey, NewSecret};

use crate::support::{Call, Product, list, service_key};

async fn many_keys(product: &Product, keys: u32) {
    let app_id = *product.service.default_app();
    let key = |n: u32| NewKey {
        id: KeyId::from_random((u128::from(n) << 64).to_be_bytes()),
        app_id,
        spec: KeySpec {
            kind: KeyKind::Service,
            name: format!("key {n:05}"),
            description: String::new(),
            not_before: None,
            expires_at: None,
            rules: KeyRules::default(),
        },
        token_prefix: "ks".to_owned(),
        ack_deadline: None,
        form_id: None,
        created_by: Actor::System,
        created_at: Timestamp::from_millis(i64::from(n)),
        secret: NewSecret {
            mac: TokenMac([1; 32]),
            pepper_version: SecretNumber::FIRST.0,
            last4: "abcd".to_owned(),
            sealed: None,
        },
    };
    let keys: Vec<_> = (0..keys).map(key).collect();
    product.store.write(async |tx| tx.insert_keys(&keys).await).await.unwrap();
}

#[tokio::test]
async fn keys_are_lines_of_csv_and_of_json() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let mut draft = service_key("=cmd|' /C calc'!A0");
    draft.tags = list(&["eu", "production"]);
    draft.description = Some("two\nlines, and \"quotes\"".to_owned());
    let token = product.token(draft).await;
    product.token(service_key("other")).await;

    let csv = product.send(Call::get("/keys.csv?tag=eu").cookie(&session)).await;
    assert_eq!(csv.status, 200);
    assert!(csv.header("content-type").starts_with("text/csv"), "{}", csv.header("content-type"));
    let name = csv.header("content-disposition");
    assert!(name.starts_with("attachment; filename=\"keystead-keys-2026-") && name.ends_with(".csv\""), "{name}");
    let (head, row) = csv.body.split_once("\r\n").unwrap();
    assert!(head.starts_with("id,name,kind,status,environment,description,owner,externalId,tags,"), "{head}");
    assert!(
        row.contains(",'=cmd|' /C calc'!A0,service,active,live,\"two\nlines, and \"\"quotes\"\"\",,,eu; production,"),
        "{row}"
    );
    assert!(row.ends_with("\r\n") && !row.contains("other"), "{row}");

    let lines = product.send(Call::get("/keys.jsonl").cookie(&session)).await;
    assert_eq!((lines.status.as_u16(), lines.header("content-type")), (200, "application/jsonl; charset=utf-8"));
    let keys: Vec<serde_json::Value> = lines.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0]["name"], "=cmd|' /C calc'!A0");
    assert_eq!((&keys[0]["tags"][1], &keys[1]["expiresAt"]), (&"production".into(), &serde_json::Value::Null));

    let audit = product.send(Call::get("/audit.jsonl").cookie(&session)).await;
    assert!(audit.body.lines().count() > 4 && audit.body.contains("key.issued"), "{}", audit.body);
    let of_key = product.send(Call::get(&format!("/audit.csv?key={}", &token[3..15])).cookie(&session)).await;
    assert_eq!(of_key.body.lines().count(), 3, "{}", of_key.body);
    assert_eq!(product.send(Call::get("/audit.csv?key=x").cookie(&session)).await.status, 404);
    for body in [csv.body, lines.body, audit.body, of_key.body] {
        assert!(!body.contains(&token[16..]), "a secret");
    }
}

#[tokio::test]
async fn a_file_of_a_filter_that_is_not_there_is_refused() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    for path in [
        "/keys.csv?kind=sausage",
        "/keys.csv?knid=client",
        "/keys.jsonl?status=active&environment=moon",
        "/keys.csv?integration=x",
        "/audit.csv?from=soon",
        "/audit.csv?action=melt",
        "/audit.jsonl?who=ada",
        "/audit.csv?name=%20",
    ] {
        let answer = product.send(Call::get(path).cookie(&session)).await;
        assert_eq!(answer.status, 400, "{path}");
        assert!(answer.body.contains("that the list does not have"), "{path}: {}", answer.body);
    }
    for path in ["/keys.csv?kind=&q=", "/keys.jsonl?sort=created&dir=asc&rows=25&page=1", "/audit.csv?from=&key="] {
        assert_eq!(product.send(Call::get(path).cookie(&session)).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn a_stranger_gets_no_file() {
    let product = Product::start().await;
    for path in app::desk::mount::file_paths() {
        let answer = product.send(Call::get(path)).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (303, &*format!("/login?next={path}")));
        assert!(answer.body.is_empty());
    }
}

#[tokio::test]
async fn a_long_list_is_whole() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    many_keys(&product, 1_203).await;
    let lines = product.send(Call::get("/keys.csv?rows=50&page=3&sort=created&dir=desc").cookie(&session)).await;
    let names: Vec<_> = lines.body.lines().skip(1).map(|line| line.split(',').nth(1).unwrap().to_owned()).collect();
    assert_eq!(names, (0..1_203).rev().map(|n| format!("key {n:05}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_database_that_goes_away_breaks_the_file_off() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    many_keys(&product, 3_000).await;
    let answer = product.send_raw(Call::get("/keys.csv").cookie(&session)).await;
    assert_eq!(answer.status(), 200);
    let mut body = answer.into_body();
    let mut frame = async || poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
    assert!(frame().await.unwrap().is_ok());
    product.store.close().await;
    let mut pieces = 1;
    loop {
        match frame().await {
            Some(Ok(_)) => pieces += 1,
            Some(Err(_)) => break,
            None => panic!("the file looks whole after {pieces} pieces"),
        }
    }
    assert!(pieces < 6, "{pieces}");
    assert_eq!(product.send(Call::get("/keys.csv").cookie(&session)).await.status.as_u16(), 503);
}
