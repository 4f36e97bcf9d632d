//! `/openconnect` and `/events/…`: what a program reports with its key, and from which pages.

use std::time::Duration;

use axum::body::BodyDataStream;
use domain::draft::KeyDraft;
use domain::event::{Event, EventQuery};
use domain::ids::IntegrationId;
use domain::integration::{IntegrationKind, IntegrationQuery};
use futures::StreamExt;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::{Answer, Call, Product, list, operator, service_key};

/// Each path, with the kind of its keys.
pub const PATHS: [(&str, &str); 4] = [
    ("/openconnect", "open_connect"),
    ("/events/client", "client"),
    ("/events/queue-adapter", "queue_adapter"),
    ("/events/telephony", "telephony"),
];

pub fn event_key(kind: &str) -> KeyDraft {
    KeyDraft { kind: Some(kind.to_owned()), name: Some("Desk".to_owned()), ..KeyDraft::default() }
}

/// A call that reports an event.
pub fn reports(path: &str, key: &str) -> Call {
    let body = json!({"jwt": key, "crmId": "example.zendesk.com", "agentId": "ana@example.com", "event": "On Ring"});
    Call::post(path).json(body.to_string())
}

/// The id of an event that was taken in.
#[track_caller]
pub fn taken(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let document = answer.json();
    assert_eq!((&document["success"], document.as_object().unwrap().len()), (&json!(true), 3), "{document}");
    assert!(document["receivedAt"].as_str().unwrap().ends_with('Z'), "{document}");
    document["eventId"].as_str().unwrap().to_owned()
}

/// The status and the code of a call that was refused, in the family's form.
#[track_caller]
pub fn refused(answer: &Answer) -> (u16, String) {
    assert_eq!(answer.header("content-type"), "application/json", "{}", answer.body);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("access-control-allow-origin"), "*", "a page can read why");
    assert_eq!(answer.header("access-control-allow-credentials"), "");
    let document = answer.json();
    assert_eq!((&document["success"], document.as_object().unwrap().len()), (&json!(false), 3), "{document}");
    assert!(!document["message"].as_str().unwrap().is_empty(), "{document}");
    (answer.status.as_u16(), document["error"].as_str().unwrap().to_owned())
}

/// The integration of the app "Default" at which keys of a kind report.
pub async fn place(product: &Product, kind: IntegrationKind) -> IntegrationId {
    let query = IntegrationQuery { kinds: vec![kind], ..IntegrationQuery::default() };
    let found = product.service.integrations(&operator(), product.service.default_app(), &query).await.unwrap();
    found.rows[0].id
}

/// What is kept of the events of a kind, the newest first.
pub async fn kept(product: &Product, kind: IntegrationKind) -> Vec<Event> {
    let place = place(product, kind).await;
    product.service.events(&operator(), &place, &EventQuery::default()).await.unwrap().rows
}

#[tokio::test]
async fn an_event_is_taken_in_however_it_is_sent() {
    let product = Product::start().await;
    let key = product.token(event_key("open_connect")).await;
    let members = format!("jwt={key}&CRMID=example.zendesk.com&agentid=ana%40example.com&Event=On+Ring&phone=%2B49+30");
    let without_key = "crmId=example.zendesk.com&agentId=ana%40example.com&event=On%20Ring&phone=%2B49%2030";
    let body = json!({
        "crmId": "example.zendesk.com", "agentId": "ana@example.com", "event": "On Ring", "phone": "+49 30",
    });
    let mut with_key = body.clone();
    with_key["JWT"] = json!(key);
    for call in [
        Call::post("/openconnect").json(with_key.to_string()),
        Call::post("/openconnect").bearer(&key).json(body.to_string()),
        Call::post("/openconnect").bearer(&key).json(with_key.to_string()),
        Call::post("/openconnect").form(members.clone()),
        Call::post("/openconnect").bearer(&key).form(without_key),
        Call::post(&format!("/openconnect?jwt={key}")).json(body.to_string()),
        Call::get(&format!("/openconnect?{members}")),
        Call::get(&format!("/openconnect?{without_key}")).bearer(&key),
        Call::get(&format!("/openconnect?{members}")).header("content-type", "application/json"),
    ] {
        let id = taken(&product.send(call.peer("203.0.113.9")).await);
        let newest = kept(&product, IntegrationKind::OpenConnect).await.remove(0);
        assert_eq!((newest.id.as_str(), newest.name.as_str()), (id.as_str(), "On Ring"));
        assert_eq!((newest.crm_id.as_str(), newest.target()), ("example.zendesk.com", "ana@example.com"));
        assert_eq!(serde_json::from_str::<Value>(&newest.data).unwrap(), json!({"phone": "+49 30"}));
        assert_eq!((newest.address.unwrap().to_string(), newest.origin), ("203.0.113.9".to_owned(), None));
    }
    assert_eq!(kept(&product, IntegrationKind::OpenConnect).await.len(), 9);
    let connection = json!({"jwt": key, "crmId": "example.zendesk.com", "event": "On Ring"});
    taken(&product.send(Call::post("/openconnect").json(connection.to_string())).await);
    assert_eq!(kept(&product, IntegrationKind::OpenConnect).await[0].agent_id, None, "for the CRM connection");
}

#[tokio::test]
async fn a_key_reports_no_more_often_than_it_may() {
    let product = Product::start().await;
    let key = product.token(KeyDraft { limits: list(&["1 per minute"]), ..event_key("open_connect") }).await;
    taken(&product.send(reports("/openconnect", &key)).await);
    let answer = product.send(reports("/openconnect", &key)).await;
    assert_eq!(refused(&answer), (429, "TOO_MANY_CALLS".to_owned()));
    let wait: u32 = answer.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(kept(&product, IntegrationKind::OpenConnect).await.len(), 1);
}

#[tokio::test]
async fn each_kind_reports_at_its_own_path_alone() {
    let product = Product::start().await;
    for (_, kind) in PATHS {
        let key = product.token(event_key(kind)).await;
        for (path, of) in PATHS {
            let answer = product.send(reports(path, &key)).await;
            if of == kind {
                taken(&answer);
            } else {
                assert_eq!(refused(&answer), (403, "KIND_NOT_ALLOWED".to_owned()), "{kind} at {path}");
                let own = PATHS.iter().find(|(_, of)| *of == kind).unwrap().0;
                assert!(answer.body.contains(&format!("calls {own}")), "{}", answer.body);
            }
        }
    }
    let service = product.token(service_key("Service")).await;
    assert_eq!(refused(&product.send(reports("/openconnect", &service)).await).1, "KIND_NOT_ALLOWED");
    for kind in [IntegrationKind::OpenConnect, IntegrationKind::QueueAdapter] {
        assert_eq!(kept(&product, kind).await.len(), 1);
    }
}

#[tokio::test]
async fn the_wizard_says_what_each_kind_of_event_key_is_for() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let page = product.send(Call::get("/keys/new").cookie(&session)).await.body;
    for (label, definition) in [
        ("Client", "Events from the Experience Client or CRM workspace"),
        ("OpenConnect", "Events driven by OpenConnect"),
        ("QueueAdapter", "Events driven by the QueueAdapter"),
        ("Telephony (legacy)", "Media Bar events and actions"),
    ] {
        assert!(page.contains(label) && page.contains(definition), "{label}: {definition}");
    }
}

#[tokio::test]
async fn an_event_comes_from_the_domains_of_its_key_alone() {
    let product = Product::start().await;
    let domains = list(&["desk.example.com", "*.example.org"]);
    let key = product.token(KeyDraft { domains, ..event_key("client") }).await;
    let from = |origin: &str| reports("/events/client", &key).header("origin", origin);
    for origin in ["https://desk.example.com", "http://desk.example.com:8080", "https://a.b.example.org"] {
        let answer = product.send(from(origin)).await;
        taken(&answer);
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert_eq!(kept(&product, IntegrationKind::Client).await[0].origin.as_deref(), Some(origin));
    }
    for origin in ["https://example.com", "https://desk.example.com.evil.example", "null", "file://", ""] {
        let answer = product.send(from(origin)).await;
        assert_eq!(refused(&answer), (403, "ORIGIN_NOT_ALLOWED".to_owned()), "{origin}");
    }
    let answer = product.send(reports("/events/client", &key)).await;
    assert_eq!(refused(&answer).1, "ORIGIN_NOT_ALLOWED", "no origin is not one of them");
    let answer = product.send(from("https://desk.example.com").header("origin", "https://evil.example")).await;
    assert_eq!(refused(&answer).1, "ORIGIN_NOT_ALLOWED", "nobody knows which of two it was");
    assert_eq!(kept(&product, IntegrationKind::Client).await.len(), 3);
}

#[tokio::test]
async fn a_key_without_domains_is_accepted_from_any_origin() {
    let product = Product::start().await;
    let key = product.token(event_key("client")).await;
    taken(&product.send(reports("/events/client", &key)).await);
    for origin in ["https://desk.example.com", "http://localhost:8080", "null", "https://xn--mnchen-3ya.example"] {
        taken(&product.send(reports("/events/client", &key).header("origin", origin)).await);
    }
}

#[tokio::test]
async fn a_browser_is_told_that_any_page_may_call_without_its_cookies() {
    let product = Product::start().await;
    let asks = |path: &str, method: &str| {
        let call = Call::new("OPTIONS", path).header("origin", "https://desk.example.com");
        call.header("access-control-request-method", method)
    };
    for path in ["/openconnect", "/events/client", "/events/nothing", "/openapi/token", "/openapi/v2/rooms"] {
        let call = asks(path, "POST").header("access-control-request-headers", "authorization,content-type");
        let answer = product.send(call).await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (204, ""), "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert_eq!(answer.header("access-control-allow-headers"), "authorization,content-type");
        let methods = if path.starts_with("/openapi") { "GET, HEAD, POST, PUT, DELETE" } else { "GET, POST" };
        assert_eq!(answer.header("access-control-allow-methods"), methods, "{path}");
        assert_eq!((answer.header("access-control-allow-credentials"), answer.header("set-cookie")), ("", ""));
    }
    // What is allowed is what is taken: HEAD would report an event and show no answer.
    for (path, _) in PATHS {
        let preflight = asks(path, "POST");
        for call in [preflight, Call::new("OPTIONS", path), Call::new("HEAD", path), Call::new("PUT", path)] {
            assert_eq!(product.send(call).await.header("allow"), "GET, POST", "{path}");
        }
    }
    let long = "x-a,".repeat(300);
    let answer = product.send(asks("/openconnect", "POST").header("access-control-request-headers", &long)).await;
    assert_eq!(answer.header("access-control-allow-headers"), "");
    // That is no question of a browser.
    for call in [Call::new("OPTIONS", "/openconnect"), Call::new("OPTIONS", "/events/client").header("origin", "null")]
    {
        assert_eq!(refused(&product.send(call).await), (405, "METHOD_NOT_ALLOWED".to_owned()));
    }
    for path in [
        "/v1/keys/verify",
        "/v2/keys.verifyKey",
        "/v2/apps",
        "/sc/v2/apps",
        "/chat-service/api/chats",
        "/events/rooms",
        "/keys",
    ] {
        let answer = product.send(asks(path, "POST")).await;
        assert_eq!(answer.header("access-control-allow-origin"), "", "{path}");
        let answer = product.send(Call::get(path).header("origin", "https://desk.example.com")).await;
        assert_eq!(answer.header("access-control-allow-origin"), "", "{path}");
    }
}

/// Events that are too old go, so a page that was open may have none left.
#[tokio::test]
async fn a_page_past_the_last_event_says_so_and_leads_to_the_first() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let key = product.token(event_key("client")).await;
    let page = async |path: &str| product.send(Call::get(path).cookie(&session)).await.body;
    let at = format!("/integrations/{}", place(&product, IntegrationKind::Client).await);
    assert!(page(&format!("{at}?after=1")).await.contains("Nothing was reported yet"));
    taken(&product.send(reports("/events/client", &key)).await);
    for address in [format!("{at}?after=1"), format!("{at}?event=On+Ring&after=1")] {
        let shown = page(&address).await;
        assert!(shown.contains("It is past the end of the list"), "{address}: {shown}");
        assert!(!shown.contains("Nothing was reported yet") && shown.contains("Show the first page"), "{address}");
    }
    assert!(page(&at).await.contains("On Ring"));
    assert!(page("/audit?after=1").await.contains("It is past the end of the list"));
}

async fn next(stream: &mut BodyDataStream) -> Option<String> {
    let piece = timeout(Duration::from_mins(1), stream.next()).await.expect("nothing came");
    piece.map(|piece| String::from_utf8(piece.unwrap().to_vec()).unwrap())
}

#[tokio::test]
async fn what_a_key_reports_is_shown_as_it_comes() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let key = product.token(event_key("open_connect")).await;
    let other = product.token(event_key("open_connect")).await;
    let at = place(&product, IntegrationKind::OpenConnect).await;
    let id = key.split('_').nth(1).unwrap();
    let address = format!("/integrations/setup/events/reported?integration={at}&key={id}");
    let response = product.send_raw(Call::get(&address).cookie(&session)).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut stream = response.into_body().into_data_stream();
    assert!(next(&mut stream).await.unwrap().contains("retry: 1000"));
    taken(&product.send(reports("/openconnect", &other)).await);
    let event = taken(&product.send(reports("/openconnect", &key)).await);
    let shown = next(&mut stream).await.unwrap();
    assert!(shown.contains(&event) && shown.contains("On Ring") && shown.contains("id: 2"), "{shown}");
    for wrong in [
        format!("/integrations/setup/events/reported?integration=x&key={id}"),
        format!("/integrations/setup/events/reported?integration={at}&key=x"),
        "/integrations/setup/events/reported?integration=0123456789abcdef01234567".to_owned(),
    ] {
        assert_eq!(product.send(Call::get(&wrong).cookie(&session)).await.status, 404, "{wrong}");
    }
    assert_eq!(product.send(Call::get(&address)).await.status, 401);
    product.shutdown.cancel();
    assert_eq!(next(&mut stream).await, None, "a stream must not outlive the server");
}

#[tokio::test]
async fn the_connectivity_test_does_not_take_the_events_of_others_for_none() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let (quiet, busy) = (product.token(event_key("client")).await, product.token(event_key("client")).await);
    let id = quiet.split('_').nth(1).unwrap();
    let page = async || product.send(Call::get(&format!("/integrations/setup?key={id}")).cookie(&session)).await.body;
    assert!(page().await.contains("No events yet."));
    taken(&product.send(reports("/events/client", &quiet)).await);
    let shown = page().await;
    assert!(shown.contains("On Ring") && !shown.contains("No events yet."), "{shown}");
    for _ in 0..26 {
        taken(&product.send(reports("/events/client", &busy)).await);
    }
    let shown = page().await;
    assert!(shown.contains("None of the latest events came with this key."), "{shown}");
}

#[tokio::test]
async fn every_path_of_events_is_among_those_to_allow_in_a_firewall() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let page = product.send(Call::get("/integrations/endpoints").cookie(&session)).await;
    assert_eq!(page.status, 200);
    for (path, _) in PATHS {
        assert!(page.body.contains(path), "{path}");
    }
}
