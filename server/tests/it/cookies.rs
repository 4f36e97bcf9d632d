//! Which cookie is read, and that nothing but the console reads one.

use crate::routes::without_cookies;
use crate::support::{Call, Product, Settings, service_key};

#[tokio::test]
async fn the_api_health_and_files_answer_alike_with_and_without_a_session() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let both = format!("keystead-3000={session}; __Host-keystead-3000={session}");
    for (method, path) in without_cookies() {
        let mut without = product.send(Call::new(method, &path)).await;
        let mut with = product.send(Call::new(method, &path).header("cookie", &both)).await;
        if path.starts_with("/v2/keys.") {
            // Each answer has its own id.
            let (one, other) = (without.take_request_id(), with.take_request_id());
            assert_ne!(one, other);
        }
        for answer in [&mut without, &mut with] {
            answer.headers.remove("x-request-id");
        }
        assert_eq!(
            (with.status, &with.headers, &with.body),
            (without.status, &without.headers, &without.body),
            "{path}"
        );
        assert!(!with.headers.contains_key("set-cookie"), "{path}");
        assert!(
            !with.headers.get("vary").is_some_and(|vary| vary.as_bytes().windows(6).any(|w| w == b"cookie")),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_key_works_from_another_site_because_no_cookie_stands_behind_it() {
    let product = Product::start().await;
    let (verifier, token) = (product.verifier().await, product.token(service_key("key")).await);
    let call = |call: Call| call.header("sec-fetch-site", "cross-site").header("origin", "https://shop.example");
    let verify = Call::post("/v1/keys/verify").bearer(&verifier).json(format!(r#"{{"key":"{token}"}}"#));
    assert_eq!(product.send(call(verify)).await.json()["code"], "VALID");
    assert_eq!(product.send(call(Call::get("/v1/keys/self").bearer(&token))).await.json()["code"], "VALID");
}

#[tokio::test]
async fn over_https_only_the_host_cookie_counts() {
    let settings = Settings { public_url: Some("https://keys.example.com"), ..Settings::default() };
    let product = Product::with(settings).await;
    let session = product.sign_in().await;
    let call = |cookie: String| Call::get("/keys").header("host", "keys.example.com").header("cookie", &cookie);
    assert_eq!(product.send(call(format!("__Host-keystead={session}"))).await.status, 200);
    assert_eq!(product.send(call(format!("keystead={session}"))).await.status, 303);
}

#[tokio::test]
async fn over_plain_http_a_session_counts_on_this_machine_or_where_it_was_allowed() {
    let strict = Product::start().await;
    let lax = Product::with(Settings { allow_http: true, ..Settings::default() }).await;
    let (at_strict, at_lax) = (strict.sign_in().await, lax.sign_in().await);
    for (host, on_this_machine) in [
        ("localhost:3000", true),
        ("127.0.0.1:3000", true),
        ("[::1]:3000", true),
        ("keys.lan:3000", false),
        ("10.0.0.5:3000", false),
        ("localhost.evil.example", false),
    ] {
        let call = |session: &str| Call::get("/keys").header("host", host).cookie(session);
        let status = if on_this_machine { 200 } else { 303 };
        assert_eq!(strict.send(call(&at_strict)).await.status, status, "{host}");
        assert_eq!(lax.send(call(&at_lax)).await.status, 200, "{host}");
    }
}

#[tokio::test]
async fn a_forwarded_call_from_elsewhere_is_not_on_this_machine() {
    let product = Product::with(Settings { trusted_proxies: "127.0.0.0/8", ..Settings::default() }).await;
    let session = product.sign_in().await;
    let call = || Call::get("/keys").cookie(&session);
    assert_eq!(product.send(call().header("x-forwarded-for", "203.0.113.9")).await.status, 303);
    assert_eq!(product.send(call().header("x-forwarded-for", "127.0.0.1")).await.status, 200);
    // Nobody is named here: a proxy on this machine brings whoever it likes.
    let other = Product::start().await;
    let session = other.sign_in().await;
    for (header, value) in
        [("x-forwarded-for", "203.0.113.9"), ("x-forwarded-for", "127.0.0.1"), ("forwarded", "for=_a")]
    {
        let call = Call::get("/keys").cookie(&session).peer("127.0.0.1");
        assert_eq!(other.send(call.header(header, value)).await.status, 303, "{value}");
    }
    // From an untrusted peer, the header only shows that it may be a proxy.
    let call = call().peer("172.17.0.1");
    assert_eq!(product.send(call.header("via", "1.1 somebody")).await.status, 303);
}

#[tokio::test]
async fn a_cookie_that_is_no_session_is_nobody() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    for cookie in ["", "x", &"0".repeat(64), &session[1..], &session.to_uppercase(), &format!("{session}0"), "é"] {
        let answer = product.send(Call::get("/keys").cookie(cookie)).await;
        assert_eq!(answer.status, 303, "{cookie}");
    }
}

#[tokio::test]
async fn a_visitor_without_a_session_may_send_little() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let form = format!("step=summary&kind=service&description={}", "x".repeat(9_000));
    let send = |call: Call| product.send(call.same_origin().form(form.clone()));
    let refused = send(Call::post("/keys/new")).await;
    assert_eq!(refused.status, 413);
    assert!(refused.body.contains("Sign in in another tab"), "{}", refused.body);
    assert_eq!(send(Call::post("/keys/new").cookie(&session)).await.status, 303);
}

/// All ports of a host share their cookies.
#[tokio::test]
async fn two_installations_on_one_host_have_cookies_of_their_own() {
    let one = Product::start().await;
    let other = Product::with(Settings { public_url: Some("http://localhost:4000"), ..Settings::default() }).await;
    let (at_one, at_other) = (one.sign_in().await, other.sign_in().await);
    let both = format!("keystead-3000={at_one}; keystead-4000={at_other}");
    for product in [&one, &other] {
        assert_eq!(product.send(Call::get("/keys").header("cookie", &both)).await.status, 200);
    }
}

/// A link on another site leads to the page, although the browser keeps the cookie back at first.
#[tokio::test]
async fn a_link_elsewhere_leads_to_the_page() {
    let product = Product::start().await;
    let from_elsewhere =
        |path| Call::get(path).header("sec-fetch-site", "cross-site").header("sec-fetch-mode", "navigate");
    let answer = product.send(from_elsewhere("/keys?q=%22%3E&kind=service")).await;
    assert_eq!(answer.status, 200);
    let again = r#"<meta http-equiv="refresh" content="0; url=/keys?q=%22%3E&amp;kind=service">"#;
    assert!(answer.body.contains(again), "{}", answer.body);
    // Nobody is signed in: asked again from here, it leads to the sign-in.
    assert_eq!(product.send(Call::get("/keys").header("sec-fetch-site", "same-origin")).await.status, 303);
    assert_eq!(product.send(Call::get("/keys").header("sec-fetch-site", "cross-site")).await.status, 303, "no page");
}
