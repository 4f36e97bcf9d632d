//! `/holder`: whoever holds a key sees it, revokes it and rotates it, without a session, a cookie or a script.

use domain::draft::KeyDraft;
use secrecy::ExposeSecret;
use service::keys::ShownSecret;

use crate::support::{Answer, Call, Product, list, operator, service_key, text};

const PAGES: [&str; 3] = ["/holder", "/holder/revoke", "/holder/rotate"];

async fn post(product: &Product, path: &str, form: &str, peer: &str) -> Answer {
    product.send(Call::post(path).same_origin().peer(peer).form(form.to_owned())).await
}

async fn look(product: &Product, token: &str) -> Answer {
    post(product, "/holder", &format!("held_key={token}"), "198.51.100.7").await
}

/// What a page has between the tags of this id.
fn at(answer: &Answer, id: &str) -> String {
    let found = answer.body.split(&format!("id=\"{id}\"")).nth(1);
    found.unwrap_or_else(|| panic!("no {id}: {}", answer.body)).split(['>', '<']).nth(1).unwrap().to_owned()
}

/// Nothing that a browser keeps, and nothing of the key's secret or of whoever made it.
fn tells_nothing(answer: &Answer, token: &str) {
    let half = token.rsplit('_').next().unwrap();
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(answer.header("set-cookie").is_empty());
    for part in [half, &half[..16], "tester", "owner@example.com", "Payments team", "Default"] {
        assert!(!answer.body.contains(part), "{part}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_holder_sees_what_the_key_may_do_and_why_it_was_refused() {
    let product = Product::start().await;
    let draft = KeyDraft {
        cidrs: list(&["198.51.100.0/24"]),
        permissions: list(&["invoices.read"]),
        limits: list(&["100 per minute"]),
        quota: Some("1000".to_owned()),
        owner: Some("Payments team".to_owned()),
        rotate_days: Some("90".to_owned()),
        ..service_key("Billing")
    };
    let token = product.token(draft).await;
    product.token(service_key("Somebody else's")).await;
    for peer in ["198.51.100.7", "203.0.113.9"] {
        product.send(Call::get("/v1/keys/self").bearer(&token).peer(peer)).await;
    }
    product.service.verifier().flush_usage().await.unwrap();
    let page = look(&product, &token).await;
    assert_eq!(page.status, 200, "{}", page.body);
    tells_nothing(&page, &token);
    let told = text(&page.body);
    for words in [
        "Billing",
        "Active",
        "198.51.100.0/24",
        "invoices.read",
        "100 per minute, 99 left.",
        "999 of 1,000 calls left",
        "Every 90 days",
        "203.0.113.9 is in none of 198.51.100.0/24.",
        "Rotate…",
        "Revoke…",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert!(!told.contains("Somebody else") && !page.body.contains("<nav"), "{told}");
    // Somebody who is signed in sees the same.
    let session = product.sign_in().await;
    let call = Call::post("/holder").same_origin().peer("198.51.100.7").cookie(&session);
    let signed_in = product.send(call.form(format!("held_key={token}"))).await;
    assert!(text(&signed_in.body).contains("203.0.113.9 is in none"));
    tells_nothing(&signed_in, &token);
}

#[tokio::test]
async fn where_the_key_may_not_be_used_nothing_is_told_but_it_can_be_revoked() {
    let product = Product::start().await;
    let token = product.token(KeyDraft { cidrs: list(&["10.0.0.0/8"]), ..service_key("Billing") }).await;
    let page = look(&product, &token).await;
    let told = text(&page.body);
    assert!(page.status == 200 && told.contains("You come from 198.51.100.7"), "{told}");
    for words in ["Billing", "10.0.0.0", "Active", token.split('_').nth(1).unwrap()] {
        assert!(!page.body.contains(words), "{words}: {told}");
    }
    tells_nothing(&page, &token);
    let form = format!("held_key={token}");
    let rotated = post(&product, "/holder/rotate", &form, "198.51.100.7").await;
    assert!(rotated.status == 409 && rotated.body.contains("not rotate it"), "{}", rotated.body);
    let unsure = post(&product, "/holder/revoke", &form, "198.51.100.7").await;
    assert!(unsure.status == 422 && unsure.body.contains("Tick the box"), "{}", unsure.body);
    let revoked = post(&product, "/holder/revoke", &format!("{form}&acknowledged=yes"), "198.51.100.7").await;
    assert!(revoked.status == 200 && text(&revoked.body).contains("is revoked"), "{}", revoked.body);
    tells_nothing(&revoked, &token);
    let again = post(&product, "/holder/revoke", &format!("{form}&acknowledged=yes"), "198.51.100.7").await;
    assert!(text(&again.body).contains("was revoked already"), "{}", again.body);
    assert_eq!(product.send(Call::get("/v1/keys/self").bearer(&token)).await.json()["code"], "REVOKED");
}

/// What was typed never comes back, in whichever field it was, and every wrong key gives one page.
#[tokio::test]
async fn a_wrong_key_gives_one_page_that_has_nothing_of_it() {
    let product = Product::start().await;
    let token = product.token(service_key("Key")).await;
    let page = |answer: &Answer| {
        let policy = answer.header("content-security-policy");
        let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap().to_owned();
        answer.body.replace(&nonce, "N")
    };
    let wrong = testkit::damaged(&token);
    for (page_number, path) in PAGES.into_iter().enumerate() {
        let from = |n: usize| format!("192.0.{page_number}.{n}");
        let first = post(&product, path, "held_key=nothing&acknowledged=yes", &from(100)).await;
        assert_eq!(first.status, 422);
        for (n, guess) in [&wrong, "ks_7Qm2xVbN4tRa_x", "%00", "%C3%A9"].into_iter().enumerate() {
            let answer = post(&product, path, &format!("held_key={guess}&acknowledged=yes"), &from(n)).await;
            assert_eq!((answer.status.as_u16(), page(&answer)), (422, page(&first)), "{path} {guess}");
        }
        let swapped = post(&product, path, &format!("held_key=mk_7Qm2xVbN4tRa&held_id={token}"), &from(101)).await;
        assert_eq!(swapped.status, 422);
        tells_nothing(&swapped, &token);
        assert!(!swapped.body.contains("mk_7Qm2xVbN4tRa&") && !swapped.body.contains("value=\"mk_"));
    }
    for _ in 0..5 {
        post(&product, "/holder", "held_key=x", "192.0.2.200").await;
    }
    let waits = post(&product, "/holder", &format!("held_key={token}"), "192.0.2.200").await;
    assert!(waits.status == 429 && waits.body.contains("Too many attempts"), "{}", waits.body);
    assert!(waits.header("retry-after").parse::<u32>().is_ok_and(|seconds| seconds >= 1));
}

#[tokio::test]
async fn no_key_travels_in_the_clear_or_in_an_address() {
    let product = Product::start().await;
    let token = product.token(service_key("Key")).await;
    for path in PAGES {
        let plain = || Call::get(path).header("host", "keys.lan:3000").peer("192.0.2.7");
        let page = product.send(plain()).await;
        assert!(!page.body.contains("held_key"), "{path}: {}", page.body);
        let call = Call::post(path).header("host", "keys.lan:3000").header("origin", "http://keys.lan:3000");
        let posted = product.send(call.peer("192.0.2.7").form(format!("held_key={token}&acknowledged=yes"))).await;
        assert_eq!(posted.status, 403, "{path}");
        // A query is not read.
        let query = product.send(Call::get(&format!("{path}?held_key={token}&acknowledged=yes"))).await;
        assert!(query.status == 200 && query.body.contains("method=\"post\""));
        assert!(!query.body.contains(&token), "{path}");
        // Another site cannot send the form.
        let foreign = Call::post(path).header("sec-fetch-site", "cross-site").header("origin", "https://evil.example");
        let foreign = product.send(foreign.form(format!("held_key={token}&acknowledged=yes"))).await;
        assert_eq!(foreign.status, 403, "{path}");
    }
    assert_eq!(product.send(Call::get("/v1/keys/self").bearer(&token)).await.json()["code"], "VALID");
}

#[tokio::test]
async fn a_holder_rotates_and_confirms_without_an_account() {
    let product = Product::start().await;
    let old = product.token(KeyDraft { rotate_days: Some("90".to_owned()), ..service_key("Nightly") }).await;
    let id = old.split('_').nth(1).unwrap();
    let shown = post(&product, "/holder/rotate", &format!("held_key={old}"), "198.51.100.7").await;
    let new = at(&shown, "secret");
    assert!(new.starts_with(&format!("ks_{id}_")) && new != old);
    assert_eq!(shown.header("cache-control"), "no-store");
    assert!(!shown.body.contains(&old) && text(&shown.body).contains("The old secret works for 24 hours after that."));
    let confirm = shown.body.split("action=\"/collect/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let confirm = format!("/collect/{confirm}");
    let page = product.send(Call::get(&confirm)).await;
    assert!(text(&page.body).contains("Have you stored the new secret of “Nightly”?") && !page.body.contains(&new));
    let code = async |token: &str| {
        let answer = product.send(Call::get("/v1/keys/self").bearer(token)).await;
        answer.json()["code"].as_str().unwrap().to_owned()
    };
    assert_eq!((code(&old).await, code(&new).await), ("VALID".into(), "NOT_FOUND".into()));
    // What people in the console do first, holders cannot do.
    let again = post(&product, "/holder/rotate", &format!("held_key={old}"), "198.51.100.7").await;
    let told = text(&again.body);
    assert!(
        again.status == 409 && told.contains("dropped within 15 minutes") && !told.contains("drop that one"),
        "{told}"
    );
    let unticked = post(&product, &confirm, "", "198.51.100.7").await;
    assert_eq!(unticked.status, 422);
    let done = post(&product, &confirm, "acknowledged=yes", "198.51.100.7").await;
    assert!(text(&done.body).contains("The new secret of “Nightly” works"), "{}", text(&done.body));
    assert_eq!((code(&old).await, code(&new).await), ("VALID".into(), "VALID".into()));
    // The call before was of this key, but with no secret of it.
    product.service.verifier().flush_usage().await.unwrap();
    let told = text(&look(&product, &new).await.body);
    assert!(
        told.contains("Wrong secret : The secret is none of this key") && !told.contains("Key not found"),
        "{told}"
    );
    assert_eq!(post(&product, &confirm, "acknowledged=yes", "198.51.100.7").await.status, 404);
    let again = post(&product, "/holder/rotate", &format!("held_key={new}"), "198.51.100.7").await;
    let told = text(&again.body);
    assert!(again.status == 409 && told.contains("when the old one has ended") && !told.contains("undo"), "{told}");
    product.service.verifier().flush_usage().await.unwrap();
    let told = text(&look(&product, &old).await.body);
    assert!(told.contains("This is the old secret. It works until"), "{told}");
    let told = text(&look(&product, &new).await.body);
    assert!(told.contains("This is the new secret.") && told.contains("The old one was used"), "{told}");
    let session = product.sign_in().await;
    let audit = text(&product.send(Call::get(&format!("/keys/{id}/audit")).cookie(&session)).await.body);
    assert!(audit.contains("New secret made key Nightly"), "{audit}");
}

#[tokio::test]
async fn a_key_with_an_id_of_its_own_is_entered_in_two_fields() {
    let product = Product::start().await;
    let draft =
        KeyDraft { kind: Some("master_user".to_owned()), boxes: vec!["chats.read".to_owned()], ..service_key("bot") };
    let ShownSecret::Pair { id, secret } = product.issue(draft).await.shown else { panic!() };
    let secret = secret.expose_secret();
    let page = post(&product, "/holder", &format!("held_id={id}&held_key={secret}"), "198.51.100.7").await;
    assert!(page.status == 200 && text(&page.body).contains("Master User"), "{}", page.body);
    assert!(!page.body.contains(secret) && !page.body.contains("/holder/rotate"));
    let without = post(&product, "/holder", &format!("held_key={secret}"), "198.51.100.7").await;
    assert_eq!(without.status, 422);
    // A key of an archived app is refused for now, and its app is not named.
    let app = product.service.create_app(&operator(), "Shop").await.unwrap();
    let issued = product.service.issue_acknowledged(&operator(), &app.id, &service_key("Till")).await.unwrap();
    let ShownSecret::Token(token) = issued.shown else { panic!() };
    product.service.archive_app(&operator(), &app.id).await.unwrap();
    let page = look(&product, token.expose_secret()).await;
    assert!(text(&page.body).contains("refused for now") && !page.body.contains("Shop"), "{}", page.body);
}
