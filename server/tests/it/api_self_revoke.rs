//! `POST /v1/keys/revoke-self`: a key ends itself.

use domain::draft::KeyDraft;
use secrecy::ExposeSecret;
use service::keys::ShownSecret;

use crate::support::{Call, Product, list, operator, service_key, text};

const PATH: &str = "/v1/keys/revoke-self";

async fn code(product: &Product, token: &str) -> String {
    let answer = product.send(Call::get("/v1/keys/self").bearer(token)).await;
    answer.json()["code"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_key_ends_itself_and_a_second_call_says_so() {
    let product = Product::start().await;
    let bound = KeyDraft { cidrs: list(&["10.0.0.0/8"]), ..service_key("Lost") };
    let token = product.token(bound).await;
    let id = token.split('_').nth(1).unwrap();
    let call = || Call::post(PATH).bearer(&token).peer("198.51.100.7");
    let first = product.send(call().json(r#"{"reason":"leaked","note":"Found in a paste"}"#)).await;
    assert_eq!(first.status, 200, "{}", first.body);
    let shown = first.json();
    assert_eq!((&shown["keyId"], &shown["status"]), (&id.into(), &"revoked".into()));
    assert_eq!(shown["alreadyRevoked"], false);
    assert_eq!(shown.as_object().unwrap().len(), 4, "{shown}");
    assert_eq!(code(&product, &token).await, "REVOKED");
    let second = product.send(call()).await.json();
    assert_eq!((&second["alreadyRevoked"], &second["revokedAt"]), (&true.into(), &shown["revokedAt"]));
    let session = product.sign_in().await;
    let audit = text(&product.send(Call::get(&format!("/keys/{id}/audit")).cookie(&session)).await.body);
    for words in ["Revoked key Lost", "Found in a paste"] {
        assert!(audit.contains(words), "{words}: {audit}");
    }
    let page = product.send(Call::get(&format!("/keys/{id}")).cookie(&session)).await;
    assert!(text(&page.body).contains("It cannot be restored."), "{}", text(&page.body));
}

#[tokio::test]
async fn a_call_that_is_sent_again_is_answered_as_the_first() {
    let product = Product::start().await;
    let token = product.token(service_key("Lost")).await;
    let as_key =
        |token: &str, body: &'static str| Call::post(PATH).bearer(token).header("idempotency-key", "lost-1").json(body);
    let call = |body| as_key(&token, body);
    // What was refused is carried out when it comes again.
    product.send(call(r#"{"reason":"bored"}"#)).await.problem(422);
    product.send(as_key("ks_7Qm2xVbN4tRa_x", r#"{"reason":"leaked"}"#)).await.problem(401);
    let first = product.send(call(r#"{"reason":"leaked"}"#)).await;
    assert_eq!((first.status.as_u16(), first.header("idempotent-replayed")), (200, ""), "{}", first.body);
    let again = product.send(call(r#"{"reason":"leaked"}"#)).await;
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    assert_eq!((again.header("idempotent-replayed"), &again.json()["alreadyRevoked"]), ("true", &false.into()));
    let other = product.send(call(r#"{"reason":"other"}"#)).await.problem(422);
    assert_eq!(other["type"], "urn:keystead:problem:idempotency-key-reused");
    let later = Call::post(PATH).bearer(&token).header("idempotency-key", "lost-2");
    assert_eq!(product.send(later).await.json()["alreadyRevoked"], true);
}

#[tokio::test]
async fn a_key_that_is_pending_or_in_two_headers_ends_itself() {
    let product = Product::start().await;
    let (service, app) = (&product.service, *product.service.default_app());
    let form = service.new_form_id().unwrap();
    let issued = service.issue(&operator(), &app, &service_key("Pending"), &form).await.unwrap();
    let ShownSecret::Token(token) = issued.shown else { panic!() };
    let answer = product.send(Call::post(PATH).bearer(token.expose_secret())).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["alreadyRevoked"]), (200, &false.into()));
    let draft =
        KeyDraft { kind: Some("master_user".to_owned()), boxes: vec!["chats.read".to_owned()], ..service_key("bot") };
    let ShownSecret::Pair { id, secret } = product.issue(draft).await.shown else { panic!() };
    let pair = || {
        let call = Call::post(PATH).header("X-MASTER-USER-API-KEY", &id);
        call.header("X-MASTER-USER-API-KEY-SECRET", secret.expose_secret())
    };
    product.send(pair().bearer("ks_x")).await.problem(400);
    assert_eq!(product.send(pair()).await.json()["status"], "revoked");
}

#[tokio::test]
async fn whoever_proves_no_key_ends_none() {
    let product = Product::start().await;
    let token = product.token(service_key("Kept")).await;
    let other = product.token(service_key("Other")).await;
    let mut wrong = token.clone();
    wrong.replace_range(20..21, if &token[20..21] == "A" { "B" } else { "A" });
    let mixed = format!("{}{}", &token[..16], &other[16..]);
    product.send(Call::post(PATH)).await.problem(401);
    let refused = product.send(Call::post(PATH).bearer("x")).await.problem(401);
    for guess in [&wrong, &mixed, &token[1..], "ks_7Qm2xVbN4tRa_x"] {
        assert_eq!(product.send(Call::post(PATH).bearer(guess)).await.problem(401), refused, "{guess}");
    }
    // The key is proven first, then the body is read, and a wrong one changes nothing.
    for (body, status) in [("{", 400), (r#"{"reason":"bored"}"#, 422), (r#"{"id":"x"}"#, 422), ("[]", 422)] {
        let call = |token: &str| Call::post(PATH).bearer(token).json(body);
        product.send(call(&wrong)).await.problem(401);
        product.send(call(&token)).await.problem(status);
    }
    let long = format!(r#"{{"note":"{}"}}"#, "x".repeat(5_000));
    product.send(Call::post(PATH).bearer(&token).json(long)).await.problem(422);
    assert_eq!((code(&product, &token).await, code(&product, &other).await), ("VALID".into(), "VALID".into()));
    for method in ["GET", "PUT", "DELETE"] {
        let answer = product.send(Call::new(method, PATH).bearer(&token)).await;
        answer.problem(405);
        assert!(answer.header("allow").contains("POST"), "{method}");
    }
    // A session is no key.
    let session = product.sign_in().await;
    product.send(Call::post(PATH).cookie(&session).same_origin()).await.problem(401);
    assert_eq!(code(&product, &token).await, "VALID");
}
