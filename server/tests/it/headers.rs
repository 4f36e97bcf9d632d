//! The headers of the console's answers, whatever they are.

use crate::support::{Answer, Call, Product, Settings};

fn nonce(answer: &Answer) -> &str {
    let policy = answer.header("content-security-policy");
    policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap()
}

#[tokio::test]
async fn every_kind_of_answer_has_them() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let huge = || Call::post("/login").same_origin().form("x".repeat(1_000_000));
    for (call, status) in [
        (Call::get("/login"), 200),
        (Call::get("/keys").cookie(&session), 200),
        (Call::get("/keys"), 303),
        (Call::get("/nothing/here").cookie(&session), 404),
        (Call::post("/api/keys"), 401),
        (Call::post("/login").header("sec-fetch-site", "cross-site"), 403),
        (Call::new("DELETE", "/login").same_origin(), 405),
        (huge(), 413),
    ] {
        let answer = product.send(call).await;
        assert_eq!(answer.status, status, "{}", answer.body);
        for (name, value) in [
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("x-frame-options", "DENY"),
            ("x-xss-protection", "0"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-embedder-policy", "require-corp"),
            ("cross-origin-resource-policy", "same-origin"),
            ("strict-transport-security", ""),
            ("server", ""),
        ] {
            assert_eq!(answer.header(name), value, "{status} {name}");
        }
        assert!(answer.header("permissions-policy").contains("camera=()"), "{status}");
        let policy = answer.header("content-security-policy").replace(nonce(&answer), "N");
        assert_eq!(
            policy,
            "default-src 'none'; script-src 'nonce-N' 'strict-dynamic' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; \
             font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; \
             frame-ancestors 'none'; report-uri /csp-report"
        );
    }
}

#[tokio::test]
async fn a_report_against_the_policy_is_taken_and_nothing_else_in_its_place() {
    let product = Product::start().await;
    // As Chromium sends it.
    let report = r#"{"csp-report":{"document-uri":"http://localhost:3000/keys?q=a","referrer":"","violated-directive":
        "script-src-elem","effective-directive":"script-src-elem","original-policy":"default-src 'none'","disposition":
        "enforce","blocked-uri":"inline","line-number":7,"status-code":200,"script-sample":""}}"#;
    let post = || Call::post("/csp-report").header("content-type", "application/csp-report");
    for (call, status) in [
        (post().body(report), 204),
        (post().body("{}"), 400),
        (post().body(""), 400),
        (post().body("x".repeat(20_000)), 413),
        (Call::get("/csp-report"), 405),
    ] {
        let answer = product.send(call).await;
        assert_eq!((answer.status.as_u16(), &*answer.body), (status, ""));
    }
}

#[tokio::test]
async fn the_nonce_of_the_policy_is_that_of_the_scripts_and_never_comes_twice() {
    let product = Product::start().await;
    let mut seen = Vec::new();
    for path in ["/login", "/login", "/setup"] {
        let answer = product.send(Call::get(path)).await;
        let own = nonce(&answer).to_owned();
        assert!(own.len() >= 22, "{own}");
        let in_page: Vec<&str> =
            answer.body.split("nonce=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        assert!(!in_page.is_empty() && in_page.iter().all(|nonce| *nonce == own), "{path} {own} {in_page:?}");
        assert!(!answer.body.contains(" style=\"") && !answer.body.contains(" onclick=\""), "{path}");
        seen.push(own);
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 3);
}

#[tokio::test]
async fn a_page_with_a_one_use_link_tells_its_address_to_nobody() {
    let product = Product::start().await;
    for call in [
        Call::get("/setup?token=a"),
        Call::get("/setup"),
        Call::get("/reset/a"),
        Call::post("/setup").same_origin().form(""),
    ] {
        assert_eq!(product.send(call).await.header("referrer-policy"), "no-referrer");
    }
    // There, no-referrer would make the form's Origin null, and a browser sends no Sec-Fetch-Site.
    let plain = Call::get("/setup?token=a").header("host", "keys.lan:3000");
    assert_eq!(product.send(plain).await.header("referrer-policy"), "strict-origin");
}

#[tokio::test]
async fn https_is_for_good() {
    let settings = Settings { public_url: Some("https://keys.example.com"), ..Settings::default() };
    let product = Product::with(settings).await;
    for path in ["/login", "/keys", "/healthz", "/favicon.svg", "/v1/keys/self", "/v1/nothing", "/v2/keys.verifyKey"] {
        let answer = product.send(Call::get(path)).await;
        assert_eq!(answer.header("strict-transport-security"), "max-age=63072000; includeSubDomains", "{path}");
    }
}

#[tokio::test]
async fn an_answer_of_the_api_is_no_page() {
    let product = Product::start().await;
    let verifier = product.verifier().await;
    let good = Call::post("/v1/keys/verify").bearer(&verifier).json(r#"{"key":"a"}"#);
    let several = Call::post("/v1/keys/verify-batch").bearer(&verifier).json(r#"{"calls":[{"key":"a"},{"key":"b"}]}"#);
    let unkey = || Call::post("/v2/keys.verifyKey").bearer(&verifier);
    for call in [
        good,
        several,
        unkey().json(r#"{"key":"a"}"#),
        unkey(),
        Call::get("/v2/keys.verifyKey"),
        Call::post("/v2/keys.createKey"),
        Call::get("/v1/keys/self"),
        Call::get("/v1/nothing"),
        Call::get("/v1/keys/verify"),
    ] {
        let answer = product.send(call).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'; sandbox");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("set-cookie"), "");
        assert_eq!(answer.header("access-control-allow-origin"), "");
        assert_eq!(answer.header("content-encoding"), "");
    }
}

/// No answer can be put into a frame of another site, or be taken for a page of its own.
#[tokio::test]
async fn files_and_health_are_no_pages() {
    let product = Product::start().await;
    for path in ["/favicon.svg", "/pkg/none/keystead.js", "/healthz", "/readyz"] {
        let answer = product.send(Call::get(path)).await;
        let policy = "default-src 'none'; frame-ancestors 'none'; sandbox";
        assert_eq!(answer.header("content-security-policy"), policy, "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
    }
}
