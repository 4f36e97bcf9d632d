//! Calls and forms whose body comes after their head: whoever began one has to be somebody who may still end it.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use domain::draft::KeyDraft;
use domain::ids::KeyId;
use domain::integration::{IntegrationKind, IntegrationQuery};
use domain::key::RevokeReason;
use futures::{StreamExt, stream};
use serde_json::json;
use service::keys::ShownSecret;
use service::sessions::Session;
use tokio::sync::oneshot;
use tokio::time::sleep;

use crate::manage_keys::ALL;
use crate::process::{Server, run};
use crate::qwil_caller::{client, master};
use crate::sunshine_caller::{Client, Pair};
use crate::support::{Answer, Call, Product, list, operator, service_key};

/// A body whose end is held back, and what lets it go.
fn late(body: &str) -> (Body, oneshot::Sender<()>) {
    let (first, rest) = body.split_at(body.len() / 2);
    let [first, rest] = [first, rest].map(|part| Bytes::from(part.to_owned()));
    let (go_on, held) = oneshot::channel();
    let rest = stream::once(async move {
        held.await.unwrap();
        rest
    });
    (Body::from_stream(stream::iter([first]).chain(rest).map(Ok::<_, Infallible>)), go_on)
}

/// What is answered to a call after which something is done before its body has come.
async fn answered(product: &Product, call: Call, body: &str, meanwhile: impl AsyncFnOnce()) -> Answer {
    let (body, go_on) = late(body);
    let sent = product.send(call.body(body));
    let then = async {
        sleep(Duration::from_millis(100)).await;
        meanwhile().await;
        go_on.send(()).expect("it was answered before");
    };
    tokio::join!(sent, then).0
}

async fn issued(product: &Product, draft: KeyDraft) -> (KeyId, String) {
    let issued = product.issue(draft).await;
    let ShownSecret::Token(token) = issued.shown else { panic!("this kind has no token") };
    (issued.key.row.id, secrecy::ExposeSecret::expose_secret(&token).to_owned())
}

/// A call with a key that may make it, and the key.
async fn calls(product: &Product) -> Vec<(&'static str, KeyId, Box<dyn Fn() -> Call>, String)> {
    let draft = |kind: &str| KeyDraft { kind: Some(kind.to_owned()), ..service_key("late") };
    let mut calls: Vec<(_, _, Box<dyn Fn() -> Call>, _)> = Vec::new();
    let json = |path: &'static str, token: String| move || Call::post(path).bearer(&token).json("");
    let (id, token) = issued(product, draft("client")).await;
    let event = r#"{"event":"On Ring","crmId":"crm.example.com"}"#.to_owned();
    calls.push(("event", id, Box::new(json("/events/client", token)), event));
    let boxes = || ALL.iter().map(|name| (*name).to_owned()).collect();
    for (what, path, body) in [
        ("management", "/v1/apps", json!({ "name": "Late" })),
        ("verify", "/v1/keys/verify", json!({ "key": "ks_nothing" })),
        ("Unkey's form", "/v2/keys.verifyKey", json!({ "key": "ks_nothing" })),
    ] {
        let (id, token) = issued(product, KeyDraft { boxes: boxes(), ..service_key("late") }).await;
        calls.push((what, id, Box::new(json(path, token)), body.to_string()));
    }
    let (id, token) = issued(product, KeyDraft { boxes: boxes(), ..service_key("late") }).await;
    let once = move || Call::post("/v1/apps").bearer(&token).header("idempotency-key", "a-late-call").json("");
    calls.push(("management, once", id, Box::new(once), json!({ "name": "Late, once" }).to_string()));
    calls
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_revoked_while_its_call_comes_is_refused() {
    let product = Product::start().await;
    for (what, id, call, body) in calls(&product).await {
        let as_ever = answered(&product, call(), &body, async || {}).await;
        assert!(as_ever.status.is_success(), "{what}: {} {}", as_ever.status, as_ever.body);
        let revoke = async || {
            product.service.revoke(&operator(), &id, RevokeReason::Leaked, None).await.unwrap();
        };
        // Another body, or it would be the same call again.
        let refused = answered(&product, call(), &body.replace("Late", "Too late"), revoke).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{what}: {}", refused.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sunshine_key_that_is_revoked_while_its_call_comes_is_refused() {
    let client = Client::start().await;
    let user = |name: &str| json!({ "externalId": name }).to_string();
    let call = |by: &Pair| by.call("POST", &client.path("users")).json("");
    let as_ever = answered(&client.product, call(&client.of_app), &user("a"), async || {}).await;
    assert_eq!(as_ever.status, StatusCode::CREATED, "{}", as_ever.body);
    let path = client.path("keys");
    let listed = client.get(&path).await;
    let id = listed["keys"][0]["id"].as_str().unwrap().to_owned();
    let gone = async || drop(client.delete(&format!("{path}/{id}")).await);
    let refused = answered(&client.product, call(&client.of_app), &user("b"), gone).await;
    refused.sunshine_error(401, "unauthorized");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_who_is_disabled_while_a_call_for_them_comes_does_nothing() {
    let product = Product::start().await;
    let master = master(&product, &["chats.read", "chats.write", "contacts.manage"]).await;
    let (ana, bo) = (client(&product, "Ana").await, client(&product, "Bo").await);
    let chat = master.chat(&product, &[&ana, &bo]).await;
    let call = || {
        let call = master.call("POST", "chats/messages/send-text").header("on-behalf-of", &ana.id.to_uuid());
        call.json("")
    };
    let text = |text: &str| json!({ "chat_uuid": chat, "text": text }).to_string();
    let as_ever = answered(&product, call(), &text("in time"), async || {}).await;
    assert_eq!(as_ever.status, StatusCode::OK, "{}", as_ever.body);
    let disable = async || product.service.disable_contact(&operator(), &ana.id).await.unwrap();
    let refused = answered(&product, call(), &text("too late"), disable).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{}", refused.body);
    let messages = master.messages(&product, &bo, &chat).await;
    assert!(format!("{messages:?}").contains("in time") && !format!("{messages:?}").contains("too late"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ends_while_its_form_comes_changes_nothing() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let call = || Call::post("/integrations/new").cookie(&session).same_origin().form("");
    let as_ever = answered(&product, call(), "kind=whatsapp", async || {}).await;
    assert!(as_ever.header("location").starts_with("/integrations/"), "{} {}", as_ever.status, as_ever.body);
    let sign_out = async || {
        let session: Session = product.service.idle_session(&session).await.unwrap().unwrap();
        product.service.sign_out(&session, None).await.unwrap();
    };
    let refused = answered(&product, call(), "kind=messenger", sign_out).await;
    assert!(!refused.header("location").starts_with("/integrations/"), "{}", refused.header("location"));
    let app = product.service.default_app();
    let listed = product.service.integrations(&operator(), app, &IntegrationQuery::default()).await.unwrap();
    assert_eq!(listed.rows.iter().map(|row| row.kind).collect::<Vec<_>>(), [IntegrationKind::Whatsapp]);
}

/// A call with its key in the head and one with it in the body count alike.
#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_refused_for_its_members_counts_alike_wherever_its_key_is() {
    let product = Product::start().await;
    let draft = || KeyDraft {
        kind: Some("client".to_owned()),
        limits: list(&["calls: 2 per minute"]),
        ..service_key("limited")
    };
    for in_head in [true, false] {
        let (_, token) = issued(&product, draft()).await;
        let send = async |body: &str| {
            let call = Call::post("/events/client");
            let body = if in_head { body.to_owned() } else { body.replace('{', &format!(r#"{{"jwt":"{token}","#)) };
            let call = if in_head { call.bearer(&token) } else { call };
            product.send(call.json(body)).await.status.as_u16()
        };
        for malformed in [r#"{"event":1"#, r#"{"event":"e","a":1,"a":2}"#, r#"{"event":"e"} x"#] {
            assert_eq!(send(malformed).await, 400, "{in_head} {malformed}");
        }
        let right = r#"{"event":"On Ring","crmId":"crm.example.com"}"#;
        assert_eq!([send(right).await, send(right).await, send(right).await], [200, 200, 429], "{in_head}");
    }
}

/// A page has a key of this kind for all to see.
#[test]
fn one_key_that_sends_slowly_takes_no_room_from_others() {
    let folder = tempfile::tempdir().unwrap();
    let issue = |kind: &str| {
        let arguments = ["key", "issue", "--kind", kind, "--name", "Key", "--permission", "keystead.verify"];
        let arguments = if kind == "service" { &arguments[..] } else { &arguments[..6] };
        run(folder.path(), arguments, "").trim().to_owned()
    };
    let (public, other, service) = (issue("client"), issue("client"), issue("service"));
    let mut server = Server::start(folder.path(), true);
    let begun = format!(
        "POST /events/client HTTP/1.1\r\nHost: HOST\r\nAuthorization: Bearer {public}\r\nContent-Length: 131072\r\n\r\n{{"
    );
    let _slow: Vec<_> = (0..140).map(|_| server.connect(&begun)).collect();
    std::thread::sleep(Duration::from_millis(300));
    let event = r#"{"event":"On Ring","crmId":"crm.example.com"}"#;
    for (path, key, body) in
        [("/v1/keys/verify", &service, r#"{"key":"ks_nothing"}"#), ("/events/client", &other, event)]
    {
        let answer = crate::large_bodies::in_two_pieces(&server, path, key, body);
        assert!(answer.starts_with("HTTP/1.1 200 "), "{path}: {answer}");
    }
    assert!(crate::large_bodies::in_two_pieces(&server, "/events/client", &public, event).starts_with("HTTP/1.1 503 "));
    server.stop();
}
