//! The connectivity test's stream.

use std::time::Duration;

use axum::body::BodyDataStream;
use domain::timestamp::Millis;
use futures::StreamExt;
use tokio::time::timeout;

use crate::support::{Call, Product, service_key};

async fn next(stream: &mut BodyDataStream) -> Option<String> {
    let piece = timeout(Duration::from_mins(1), stream.next()).await.expect("nothing came");
    piece.map(|piece| String::from_utf8(piece.unwrap().to_vec()).unwrap())
}

#[tokio::test]
async fn the_next_calls_of_one_key_are_seen_as_they_come() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let (token, other) = (product.token(service_key("one")).await, product.token(service_key("other")).await);
    let id = token.split('_').nth(1).unwrap();
    let call = Call::get(&format!("/integrations/setup/events?key={id}")).cookie(&session);
    let response = product.send_raw(call.header("accept-encoding", "br, gzip")).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert!(!response.headers().contains_key("content-encoding"));
    let mut stream = response.into_body().into_data_stream();

    assert!(next(&mut stream).await.unwrap().contains("retry: 1000"));
    product.send(Call::get("/v1/keys/self").bearer(&other)).await;
    product.send(Call::get("/v1/keys/self").bearer(&token).peer("203.0.113.9")).await;
    let event = next(&mut stream).await.unwrap();
    let data = event.strip_prefix("event: call\ndata: ").unwrap().trim_end();
    let seen: serde_json::Value = serde_json::from_str(data).unwrap();
    let expected = serde_json::json!({
        "at": 1_795_253_402_000_i64, "code": "VALID", "address": "203.0.113.9", "edge": "self",
    });
    assert_eq!(seen, expected);

    product.shutdown.cancel();
    assert_eq!(next(&mut stream).await, None, "a stream must not outlive the server");
}

#[tokio::test]
async fn a_stream_that_the_browser_opens_again_keeps_no_session_open() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let token = product.token(service_key("one")).await;
    let address = format!("/integrations/setup/events?key={}", token.split('_').nth(1).unwrap());
    let mut answers = Vec::new();
    for _ in 0..30 {
        product.clock.advance(Millis::minutes(1));
        answers.push(product.send_raw(Call::get(&address).cookie(&session)).await.status().as_u16());
    }
    assert_eq!((answers.pop(), answers.iter().all(|status| *status == 200)), (Some(401), true), "{answers:?}");
}

/// Opens a stream, and reads its first event.
async fn open(product: &Product, session: &str, token: &str) -> BodyDataStream {
    let address = format!("/integrations/setup/events?key={}", token.split('_').nth(1).unwrap());
    let response = product.send_raw(Call::get(&address).cookie(session)).await;
    assert_eq!(response.status(), 200);
    let mut stream = response.into_body().into_data_stream();
    next(&mut stream).await.unwrap();
    stream
}

#[tokio::test]
async fn a_stream_ends_when_its_session_is_signed_out() {
    let product = Product::start().await;
    let (session, other) = (product.sign_in().await, product.sign_in().await);
    let token = product.token(service_key("one")).await;
    let mut ends = open(&product, &session, &token).await;
    let mut goes_on = open(&product, &other, &token).await;
    product.send(Call::post("/logout").cookie(&session).same_origin().form("")).await;
    product.send(Call::get("/v1/keys/self").bearer(&token)).await;
    assert_eq!(next(&mut ends).await, None, "it shows nothing that came afterwards");
    assert!(next(&mut goes_on).await.unwrap().starts_with("event: call"));
}

#[tokio::test]
async fn a_session_has_five_streams_and_a_closed_one_makes_room() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let token = product.token(service_key("one")).await;
    let mut streams = Vec::new();
    for _ in 0..5 {
        streams.push(open(&product, &session, &token).await);
    }
    let address = format!("/integrations/setup/events?key={}", token.split('_').nth(1).unwrap());
    let answer = product.send(Call::get(&address).cookie(&session)).await;
    assert_eq!((answer.status.as_u16(), answer.body.contains("on 5 pages already")), (429, true), "{}", answer.body);
    drop(open(&product, &product.sign_in().await, &token).await);
    streams.pop();
    drop(open(&product, &session, &token).await);
}

#[tokio::test]
async fn a_busy_key_shows_a_few_calls_and_how_many_more_there_were() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let token = product.token(service_key("one")).await;
    let mut stream = open(&product, &session, &token).await;
    for _ in 0..20 {
        product.send(Call::get("/v1/keys/self").bearer(&token)).await;
    }
    let mut all = String::new();
    while !all.contains("event: more") {
        all += &next(&mut stream).await.unwrap();
    }
    assert_eq!(all.matches("event: call").count(), 4);
    assert!(all.contains("event: more\ndata: 16\n"), "{all}");
}

#[tokio::test]
async fn only_a_key_that_one_may_see_can_be_watched() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    for key in ["7Qm2xVbN4tRa", "", "..", "a%00b"] {
        let call = Call::get(&format!("/integrations/setup/events?key={key}")).cookie(&session);
        let answer = product.send(call).await;
        assert_eq!(answer.status, 404, "{key}");
    }
    let answer = product.send(Call::get("/integrations/setup/events").cookie(&session)).await;
    assert_eq!(answer.status, 400);
}

#[tokio::test]
async fn a_stream_of_nothing_is_refused_in_json() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    for path in ["/integrations/setup/events", "/events/rooms?after=x", "/integrations/setup/events/reported"] {
        let answer = product.send(Call::get(path).cookie(&session)).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (400, "application/json"), "{path}");
        assert!(answer.json()["message"].is_string(), "{path}");
    }
}
