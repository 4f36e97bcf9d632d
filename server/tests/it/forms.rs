//! What no form sends: too much, too little, in another way. Each field's own input is tested with its page.

use axum::body::Body;
use futures::stream;

use crate::routes::{forms, functions};
use crate::support::{Call, Product};

#[tokio::test]
async fn a_form_of_a_megabyte_is_refused_in_words_announced_or_not() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    for path in forms() {
        let megabyte = "a".repeat(1_000_000);
        let streamed = Body::from_stream(stream::iter((0..1000).map(|_| Ok::<_, std::io::Error>("a".repeat(1000)))));
        for body in [Body::from(megabyte), streamed] {
            let answer = product.send(Call::post(&path).cookie(&session).same_origin().form(body)).await;
            assert_eq!(answer.status, 413, "{path}");
            assert!(answer.body.contains("256 KiB"), "{path}: {}", answer.body);
        }
    }
}

#[tokio::test]
async fn a_server_function_answers_with_an_error_that_the_page_understands() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    for path in functions() {
        for (body, status) in [("{".to_owned(), 400), ("a".repeat(1_000_000), 413), ("\u{0}".to_owned(), 400)] {
            let call = Call::post(&path).cookie(&session).same_origin().json(body.clone());
            let answer = product.send(call).await;
            assert_eq!(answer.status, status, "{path} {}", answer.body);
            assert_eq!(answer.json(), "Malformed", "{path}");
        }
    }
}

#[tokio::test]
async fn a_form_sent_in_another_way_is_refused_in_words() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    for path in forms().iter().filter(|path| *path != "/logout") {
        for kind in ["text/plain", "multipart/form-data; boundary=x", "application/json"] {
            let call = Call::post(path).cookie(&session).same_origin().header("content-type", kind).body("{}");
            let answer = product.send(call).await;
            assert_eq!(answer.status, 415, "{path} {kind}");
            assert!(answer.body.contains("application/x-www-form-urlencoded"), "{path} {kind}");
        }
        let answer = product.send(Call::new("PUT", path).cookie(&session).same_origin()).await;
        assert_eq!(answer.status, 405, "{path}");
        assert!(!answer.body.is_empty() && !answer.header("allow").is_empty(), "{path}");
    }
}

#[tokio::test]
async fn what_is_not_text_is_never_a_fault_of_ours() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    for path in forms().iter().filter(|path| *path != "/logout") {
        for body in [&b"\xff\xfe"[..], b"%ff%fe=%00", b"a=%", b"a[b]=c&a=d", b"name=%ff", b"&&&===", b"[[[[[[]]]]]]=1"]
        {
            let call = Call::post(path).cookie(&session).same_origin().form(body.to_vec());
            let answer = product.send(call).await;
            assert!(!answer.status.is_server_error(), "{path} {body:?}: {} {}", answer.status, answer.body);
            assert!(!answer.body.is_empty() || answer.status == 303, "{path} {body:?}");
        }
    }
}
