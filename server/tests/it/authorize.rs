//! `/v1/authorize`: the answers to a proxy, and whose headers count.

use data_encoding::BASE64;
use domain::draft::KeyDraft;
use domain::usage::RefusedCall;
use secrecy::ExposeSecret;
use service::keys::{Issued, ShownSecret};

use crate::support::{Answer, Call, Product, Settings, list, operator, service_key};

/// The headers of every answer to a proxy.
const IDENTITY: [&str; 10] = [
    "x-key-id",
    "x-key-name",
    "x-key-kind",
    "x-key-permissions",
    "x-key-environment",
    "x-key-external-id",
    "x-key-owner",
    "x-key-tags",
    "x-key-metadata",
    "x-verify-code",
];
pub const PROXY: &str = "10.0.0.1";
pub const STRANGER: &str = "198.51.100.7";

pub async fn behind_a_proxy() -> Product {
    Product::with(Settings { trusted_proxies: "10.0.0.0/8", ..Settings::default() }).await
}

pub fn from_proxy(path: &str, token: &str) -> Call {
    Call::get(path).bearer(token).peer(PROXY).header("x-forwarded-for", "203.0.113.9")
}

fn secret(issued: &Issued) -> &str {
    let ShownSecret::Token(token) = &issued.shown else { panic!() };
    token.expose_secret()
}

/// The ten headers, each there exactly once.
pub fn identity(answer: &Answer) -> [&str; 10] {
    IDENTITY.map(|name| {
        assert_eq!(answer.headers.get_all(name).iter().count(), 1, "{name}: {:?}", answer.headers);
        answer.header(name)
    })
}

pub async fn code(product: &Product, call: Call) -> (u16, String) {
    let answer = product.send(call).await;
    (answer.status.as_u16(), identity(&answer)[9].to_owned())
}

async fn refusals(product: &Product, key: &Issued) -> Vec<RefusedCall> {
    product.service.verifier().flush_usage().await.unwrap();
    product.store.key_refusals(&key.key.row.id).await.unwrap()
}

#[tokio::test]
async fn any_method_and_any_path_below_is_allowed_with_every_header_and_nothing_else() {
    let product = Product::start().await;
    let key = product
        .issue(KeyDraft { permissions: list(&["invoices.*", "orders.read"]), ..service_key("Rechnungen für 7%") })
        .await;
    for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"] {
        for path in
            ["/v1/authorize", "/v1/authorize/", "/v1/authorize/a/b?permissions=x&cost=0", "/v1/authorize//%ff/../x"]
        {
            let answer = product.send(Call::new(method, path).bearer(secret(&key)).body("ignored")).await;
            assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, ""), "{method} {path}");
            let name = "Rechnungen%20f%C3%BCr%207%25";
            let id = key.key.row.id.as_str();
            assert_eq!(
                identity(&answer),
                [id, name, "service", "invoices.*,orders.read", "live", "", "", "", "", "VALID"]
            );
            assert_eq!(answer.header("cache-control"), "no-store");
            assert_eq!(answer.header("set-cookie"), "");
        }
    }
    let plain = product.token(service_key("plain")).await;
    let answer = product.send(Call::get("/v1/authorize").bearer(&plain)).await;
    assert_eq!(identity(&answer)[3], "");
}

#[tokio::test]
async fn a_key_comes_in_one_of_three_ways_and_never_in_the_query() {
    let product = Product::start().await;
    let (one, other) = (product.token(service_key("one")).await, product.token(service_key("other")).await);
    let draft =
        KeyDraft { kind: Some("master_user".to_owned()), boxes: vec!["chats.read".to_owned()], ..service_key("bot") };
    let ShownSecret::Pair { id, secret } = product.issue(draft).await.shown else { panic!() };
    let call = || Call::get("/v1/authorize/x");
    let api_key = |token: &str| call().header("x-api-key", token);
    let pair =
        || call().header("X-MASTER-USER-API-KEY", &id).header("X-MASTER-USER-API-KEY-SECRET", secret.expose_secret());
    for passes in [
        call().bearer(&one),
        call().header("authorization", &format!("bEARER  {one} ")),
        api_key(&one),
        api_key(&one).bearer(&one),
        // The service's own, of another scheme.
        api_key(&one).header("authorization", "Basic dTpw"),
        pair(),
        pair().header("authorization", "Basic dTpw"),
        pair().header("authorization", "Digest username=\"u\", realm=\"a, b\""),
        api_key(&one).header("authorization", ""),
    ] {
        assert_eq!(code(&product, passes).await, (200, "VALID".to_owned()));
    }
    for refused in [
        call(),
        Call::get(&format!("/v1/authorize/x?key={one}&token={one}&access_token={one}")),
        call().header("authorization", &one),
        call().header("authorization", "Basic dTpw"),
        call().header("cookie", &format!("key={one}")),
        api_key(&other).bearer(&one),
        api_key("").bearer(&one),
        api_key(&one).header("x-api-key", &one),
        call().bearer(&one).bearer(&other),
        pair().bearer(&one),
        pair().header("x-api-key", &one),
        pair().header("X-MASTER-USER-API-KEY", &id),
        call().header("X-MASTER-USER-API-KEY", &id),
        call().header("X-MASTER-USER-API-KEY-SECRET", secret.expose_secret()).bearer(&one),
        api_key("é"),
    ]
    .into_iter()
    .chain(
        second_keys(&other)
            .iter()
            .flat_map(|second| [api_key(&one), pair()].map(|first| first.header("authorization", second))),
    ) {
        let answer = product.send(refused).await;
        let problem = answer.problem(401).to_string();
        assert!(!problem.contains(&one) && !problem.contains(&other) && !problem.contains(secret.expose_secret()));
        assert_eq!(identity(&answer), [""; 10]);
        assert_eq!(answer.header("www-authenticate"), r#"Bearer realm="keystead""#);
    }
}

/// A second key, in every spelling that a lenient service may understand.
fn second_keys(key: &str) -> Vec<String> {
    [
        "Bearer\tKEY",
        "Bearer \tKEY",
        "Bearer,KEY",
        "Bearer, KEY",
        "Bearer:KEY",
        "Bearer=KEY",
        "bearer\u{a0}KEY",
        "BEARER\tKEY",
        "Bearer",
        "BearerKEY",
        "\"Bearer\" KEY",
        "Basic dTpw, Bearer KEY",
        "Basic dTpw,bEaReR\tKEY",
        "Basic dTpw Bearer KEY",
        "Basic Bearer",
        "Token KEY",
        "ApiKey key=\"KEY\"",
        "Basic KEY:",
        "Basic xKEYx",
        "TokenKEY x",
        "KEY",
        "KEY x",
        ",Bearer KEY",
        "Basic\tdTpw",
        "Negotiate",
    ]
    .map(|spelling| spelling.replace("KEY", key))
    .into_iter()
    .chain([format!("Basic {}", BASE64.encode(format!("git:{key}").as_bytes()))])
    .collect()
}

#[tokio::test]
async fn every_key_that_does_not_work_gets_the_same_answer() {
    let product = Product::with(Settings { public_url: Some("https://keys.example.com"), ..Settings::default() }).await;
    let disabled = product.issue(service_key("off")).await;
    product.service.disable(&operator(), &disabled.key.row.id, None).await.unwrap();
    let revoked = product.issue(service_key("gone")).await;
    product.service.revoke(&operator(), &revoked.key.row.id, domain::key::RevokeReason::Leaked, None).await.unwrap();
    let app = *product.service.default_app();
    let pending =
        product.service.issue(&operator(), &app, &service_key("waiting"), "form-0123456789abcdef").await.unwrap();
    let later = KeyDraft { not_before: Some("2030-01-01".to_owned()), ..service_key("later") };
    let later = product.issue(later).await;
    let works = product.token(service_key("works")).await;
    let (damaged, long) = (format!("{works}x"), "k".repeat(5_000));
    let mut answers = Vec::new();
    for token in [secret(&disabled), secret(&revoked), secret(&pending), secret(&later), &damaged, &long, "x", "ks_"] {
        let answer = product.send(Call::get("/v1/authorize").bearer(token)).await;
        answer.problem(401);
        assert_eq!(identity(&answer), [""; 10]);
        // The proxy hands it on from a host that is not Keystead's.
        assert_eq!(answer.header("strict-transport-security"), "");
        answers.push((answer.body, answer.headers));
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
    assert_eq!(answers[0].1["www-authenticate"], r#"Bearer realm="keystead", error="invalid_token""#);
}

#[tokio::test]
async fn too_many_calls_are_429_and_for_nginx_403() {
    let product = behind_a_proxy().await;
    let limits = list(&["2 per minute", "hourly: 100 per hour"]);
    let key = product.token(KeyDraft { limits, ..service_key("few") }).await;
    let pass = |cost: &str| from_proxy(&format!("/v1/authorize?cost={cost}"), &key);
    assert_eq!(code(&product, pass("2")).await.0, 200);
    let answer = product.send(pass("1")).await;
    answer.problem(429);
    assert_eq!(identity(&answer), ["", "", "", "", "", "", "", "", "", "RATE_LIMITED"]);
    assert_eq!((answer.header("ratelimit-limit"), answer.header("ratelimit-remaining")), ("2", "0"));
    let wait: u32 = answer.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait) && answer.header("ratelimit-reset") == answer.header("retry-after"));
    for call in [
        from_proxy("/v1/authorize?proxy=nginx", &key),
        from_proxy("/v1/authorize/x", &key).header("x-keystead-proxy", "nginx"),
    ] {
        let answer = product.send(call).await;
        answer.problem(403);
        assert_eq!(identity(&answer), ["", "", "", "", "", "", "", "", "", "RATE_LIMITED"]);
        assert_eq!(answer.header("retry-after"), wait.to_string());
    }
    // No call costs less than one.
    assert_eq!(code(&product, from_proxy("/v1/authorize/x?cost=0&proxy=nginx", &key)).await.0, 429);
    assert_eq!(code(&product, from_proxy("/v1/authorize?cost=0", &key)).await.0, 400);
    let stranger = Call::get("/v1/authorize/x").peer(STRANGER).bearer(&key);
    assert_eq!(code(&product, stranger.header("x-keystead-cost", "0")).await.0, 400);
}

#[tokio::test]
async fn a_quota_that_is_used_up_says_when_it_is_filled_up_if_it_is() {
    let product = Product::start().await;
    for (refill, filled_up) in [("never", false), ("daily", true)] {
        let draft =
            KeyDraft { quota: Some("3".to_owned()), quota_refill: Some(refill.to_owned()), ..service_key(refill) };
        let key = product.token(draft).await;
        let call = |query: &str| Call::get(&format!("/v1/authorize{query}")).bearer(&key);
        assert_eq!(code(&product, call("?cost=2")).await.0, 200);
        assert_eq!(code(&product, call("?cost=2")).await, (429, "USAGE_EXCEEDED".to_owned()));
        assert_eq!(code(&product, call("")).await.0, 200);
        let answer = product.send(call("")).await;
        answer.problem(429);
        assert_eq!((answer.header("ratelimit-limit"), answer.header("ratelimit-remaining")), ("3", "0"));
        let wait = answer.header("retry-after");
        assert_eq!(!wait.is_empty(), filled_up, "{wait}");
        assert!(wait.parse::<u32>().is_ok_and(|wait| (1..=86_400).contains(&wait)) == filled_up, "{wait}");
    }
}

#[tokio::test]
async fn a_refusal_is_kept_with_what_a_trusted_proxy_says_of_the_request() {
    let product = behind_a_proxy().await;
    // Each with its own key, because calls at the same moment have no order.
    let kept = async |call: Call| {
        let key = product.issue(service_key("key")).await;
        assert_eq!(product.send(call.bearer(secret(&key))).await.status, 403);
        let [call] = refusals(&product, &key).await.try_into().unwrap();
        let RefusedCall { method, path, .. } = call;
        (method.unwrap_or_default(), path.unwrap_or_default())
    };
    let pair = |method: &str, path: &str| (method.to_owned(), path.to_owned());
    let asked = |method: &str, peer: &str| Call::new(method, "/v1/authorize?permissions=a.b").peer(peer);
    let by = |call: Call, names: [&str; 2], path: &str| call.header(names[0], "PUT").header(names[1], path);
    let forwarded = ["x-forwarded-method", "x-forwarded-uri"];
    let (original, url) = (["x-original-method", "x-original-uri"], ["x-original-method", "x-original-url"]);
    for (names, uri, path) in [
        (forwarded, "/invoices/7?token=secret", "/invoices/7"),
        (original, "/invoices?x", "/invoices"),
        (url, "https://a.example/b?x=/y", "/b"),
        (forwarded, "é", ""),
    ] {
        assert_eq!(kept(by(asked("GET", PROXY), names, uri)).await, pair("PUT", path), "{names:?} {uri}");
        // From anybody else, each of them is ignored.
        assert_eq!(kept(by(asked("GET", STRANGER), names, uri)).await, pair("GET", ""), "{names:?} {uri}");
    }
    assert_eq!(kept(asked("DELETE", PROXY).header("x-forwarded-host", "forged")).await, pair("DELETE", ""));

    // Below the exact path, the request itself counts.
    let below = || {
        let call = Call::new("PATCH", "/v1/authorize/things/7?token=secret").peer(PROXY);
        call.header("x-keystead-permissions", "a.b")
    };
    assert_eq!(kept(below()).await, pair("PATCH", "/things/7"));
    assert_eq!(kept(by(below(), forwarded, "/else")).await, pair("PUT", "/else"));
}

#[tokio::test]
async fn without_the_store_nothing_passes_and_it_says_try_again() {
    let product = Product::start().await;
    let token = product.token(service_key("key")).await;
    product.store.close().await;
    let answer = product.send(Call::get("/v1/authorize").bearer(&token)).await;
    answer.problem(503);
    assert_eq!(identity(&answer), [""; 10]);
    assert_eq!(answer.header("retry-after"), "1");
    // Refusing a malformed key does not need the store.
    product.send(Call::get("/v1/authorize").bearer("x")).await.problem(401);
}
