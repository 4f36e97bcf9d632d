//! Nobody who is not signed in gets past the door.

use serde_json::json;

use crate::routes::{PUBLIC_FUNCTION, PUBLIC_PAGES, forms, functions, pages};
use crate::support::{Answer, Call, EMAIL, PASSWORD, Product};

#[tokio::test]
async fn every_page_leads_to_sign_in_and_back() {
    let product = Product::start().await;
    for path in pages() {
        if PUBLIC_PAGES.contains(&path.as_str()) {
            continue;
        }
        let answer = product.send(Call::get(&path)).await;
        let expected = if path == "/" { "/login".to_owned() } else { format!("/login?next={path}") };
        assert_eq!(
            (answer.status.as_u16(), answer.header("location"), answer.body.as_str()),
            (303, expected.as_str(), "")
        );
    }
    let answer = product.send(Call::get("/keys?q=a%26b&kind=service")).await;
    assert_eq!(answer.header("location"), "/login?next=/keys%3Fq%3Da%2526b%26kind%3Dservice");
    // A probe takes a redirect for a sign of health.
    for nothing in ["/no/such/page", "/health", "/healthz/", "/metrics", "/robots.txt"] {
        assert_eq!(product.send(Call::get(nothing)).await.status, 404, "{nothing}");
    }
}

#[tokio::test]
async fn every_page_is_there_for_who_is_signed_in() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    for path in pages() {
        let answer = product.send(Call::get(&path).cookie(&session)).await;
        let expected = match path.as_str() {
            // There is an owner, so there is no set-up, the links and the provider are none, and the address names no form.
            "/setup"
            | "/reset/0123abcd"
            | "/invite/0123abcd"
            | "/collect/0123abcd"
            | "/collect/0123abcd/stored"
            | "/account/connect/corp"
            | "/keys/handovers/new" => 404,
            // Its address names no act.
            "/keys/bulk" | "/requests/many" => 400,
            // The id is not a key.
            path if path.contains("7Qm2xVbN4tRa") => 404,
            _ => 200,
        };
        assert_eq!(answer.status, expected, "{path}");
        assert!(answer.header("content-type").starts_with("text/html"), "{path}");
    }
}

#[tokio::test]
async fn every_form_is_refused_and_keeps_what_was_typed() {
    let product = Product::start().await;
    for path in forms() {
        if PUBLIC_PAGES.contains(&path.as_str()) || path == "/logout" {
            continue;
        }
        let sent = "step=generate&name=Billing+%3Cb%3E&boxes=chats.read&boxes=chats.write";
        let answer = product.send(Call::post(&path).same_origin().form(sent)).await;
        assert_eq!(answer.status, 401, "{path}");
        for kept in
            ["action=\"{path}\"", r#"value="Billing &lt;b&gt;""#, r#"value="chats.read""#, r#"value="chats.write""#]
        {
            assert!(answer.body.contains(&kept.replace("{path}", &path)), "{path}: {kept}");
        }
    }
}

#[tokio::test]
async fn every_server_function_says_that_nobody_is_signed_in() {
    let signed_out = json!({
        "message": "Your session has ended. Sign in again in another tab, then send this form again. What you typed stays here."
    });
    let product = Product::start().await;
    for path in functions().iter().filter(|path| *path != PUBLIC_FUNCTION) {
        let answer = product.send(Call::post(path).same_origin().json("{}")).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (401, signed_out.clone()), "{path}");
    }
    let answer = product.send(Call::get("/integrations/setup/events?key=7Qm2xVbN4tRa")).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (401, signed_out));
}

#[tokio::test]
async fn a_path_that_only_looks_public_is_not() {
    let product = Product::start().await;
    for path in [
        "/login/../keys",
        "/%6Cogin",
        "/login%2f..%2fkeys",
        "/LOGIN",
        "/loginx",
        "/api/login",
        "//login",
        "/reset",
        "/reset/",
        "/reset/a/b",
        "/forgot/x",
    ] {
        let answer = product.send(Call::get(path)).await;
        assert!(matches!(answer.status.as_u16(), 401 | 404), "{path} {}", answer.status);
        assert!(!answer.body.contains("<table"), "{path}");
    }
}

#[tokio::test]
async fn signing_out_ends_the_session_at_once() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    assert_eq!(product.send(Call::get("/keys").cookie(&session)).await.status, 200);
    let answer = product.send(Call::post("/logout").cookie(&session).same_origin().form("")).await;
    assert_eq!(answer.status, 303);
    assert!(answer.header("set-cookie").starts_with("keystead-3000=;"), "{}", answer.header("set-cookie"));
    assert_eq!(answer.header("clear-site-data"), r#""cache", "storage""#);
    assert_eq!(product.send(Call::get("/keys").cookie(&session)).await.status, 303);
}

#[tokio::test]
async fn whoever_has_to_wait_is_told_how_long() {
    let product = Product::start().await;
    product.sign_in().await;
    let sign_in = || {
        let form = "email=owner%40example.com&password=wrong+wrong+wrong";
        product.send(Call::post("/login").same_origin().form(form))
    };
    for _ in 0..5 {
        assert_eq!(sign_in().await.status, 401);
    }
    let waits = sign_in().await;
    assert_eq!((waits.status.as_u16(), waits.header("retry-after")), (429, "1"));
}

/// A try to sign in by a browser with these cookies.
async fn try_in(product: &Product, password: &str, cookies: &str) -> Answer {
    let form = format!("email={}&password={}", EMAIL.replace('@', "%40"), password.replace(' ', "+"));
    product.send(Call::post("/login").same_origin().header("cookie", cookies).form(form)).await
}

/// The cookie of this name that an answer sets, with what the browser is told of it.
fn set(answer: &Answer, name: &str) -> (String, String) {
    let lines = answer.headers.get_all("set-cookie").iter().map(|line| line.to_str().unwrap());
    let line = lines.into_iter().find(|line| line.starts_with(&format!("{name}="))).unwrap();
    let (cookie, rest) = line.split_once("; ").unwrap();
    (cookie.to_owned(), rest.to_owned())
}

#[tokio::test]
async fn a_browser_that_signed_in_before_is_known_by_its_cookie() {
    let product = Product::start().await;
    product.sign_in().await;
    let first = try_in(&product, PASSWORD, "").await;
    assert_eq!(first.status, 303, "{}", first.body);
    let (session, (device, rules)) = (set(&first, "keystead-3000").0, set(&first, "keystead-device-3000"));
    assert_eq!(rules, "Path=/; HttpOnly; SameSite=Strict; Max-Age=7776000");
    for _ in 0..5 {
        assert_eq!(try_in(&product, "wrong wrong wrong", "").await.status, 401);
    }
    assert_eq!(try_in(&product, PASSWORD, "").await.status, 429, "strangers wait");
    assert_eq!(
        try_in(&product, PASSWORD, "keystead-device-3000=0123").await.status,
        429,
        "so does whoever invents one"
    );
    let second = try_in(&product, PASSWORD, &format!("{session}; {device}")).await;
    assert_eq!(second.status, 303, "{}", second.body);
    assert_eq!(set(&second, "keystead-device-3000").0, device, "the browser stays the same");
    let page = async |session: &str| product.send(Call::get("/keys").header("cookie", session)).await.status;
    assert_eq!(page(&session).await, 303, "the session that it had is over");
    assert_eq!(page(&set(&second, "keystead-3000").0).await, 200);
}
