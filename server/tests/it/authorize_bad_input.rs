//! `/v1/authorize` against what is malformed, huge or strange: never a 500, and never a way in.

use domain::draft::KeyDraft;

use crate::support::{Call, Product, Settings, list, service_key};

async fn bound() -> (Product, String) {
    let product = Product::with(Settings { trusted_proxies: "10.0.0.0/8", ..Settings::default() }).await;
    let draft = KeyDraft { cidrs: list(&["203.0.113.0/24", "2001:db8::/32"]), ..service_key("bound") };
    let token = product.token(draft).await;
    (product, token)
}

#[tokio::test]
async fn every_notation_of_an_address_is_understood_or_refused() {
    let (product, token) = bound().await;
    let long = format!("{}203.0.113.9", "1.2.3.4, ".repeat(9_999));
    let ours = format!("203.0.113.9, {}10.0.0.2", "10.0.0.3, ".repeat(9_998));
    for (lines, status) in [
        (&["203.0.113.9"][..], 200),
        (&["203.0.113.9:80"], 200),
        (&["::ffff:203.0.113.9"], 200),
        (&["[::ffff:203.0.113.9]:443"], 200),
        (&["[2001:db8::7]:443"], 200),
        (&["1.2.3.4", "203.0.113.9, 10.0.0.1"], 200),
        (&["unknown, 203.0.113.9"], 200),
        (&[&long], 200),
        (&[&ours], 200),
        (&["203.0.113.9, 1.2.3.4"], 403),
        (&["203.0.113.9", "1.2.3.4, 10.0.0.1"], 403),
        (&["::ffff:127.0.0.1"], 403),
        (&["[::1]:443"], 403),
        (&["1.2.3.4:80"], 403),
        (&["unknown"], 403),
        (&["_hidden"], 403),
        (&[""], 403),
        (&["203.0.113.9,"], 403),
        (&["203.0.113.9", ""], 403),
        (&["2001:db8::7%eth0"], 403),
        (&["0313.0.0161.9"], 403),
        (&["3405803785"], 403),
        (&["203.0.113.9/24"], 403),
        (&["0.0.0.0/0"], 403),
        (&["é"], 403),
        (&[], 403),
    ] {
        for path in ["/v1/authorize", "/v1/authorize/x"] {
            let call = Call::get(path).bearer(&token).peer("10.0.0.1");
            let call = lines.iter().fold(call, |call, line| call.header("x-forwarded-for", line));
            let shown: Vec<_> = lines.iter().map(|line| line.chars().take(60).collect::<String>()).collect();
            assert_eq!(product.send(call).await.status, status, "{path} {shown:?}");
            // From a stranger no notation helps.
            let call = Call::get(path).bearer(&token).peer("198.51.100.7");
            let call = lines.iter().fold(call, |call, line| call.header("x-forwarded-for", line));
            assert_eq!(product.send(call).await.status, 403, "{path} {shown:?}");
        }
    }
}

#[tokio::test]
async fn malformed_keys_are_401_and_nothing_else() {
    let (product, token) = bound().await;
    let huge = "k".repeat(1_000_000);
    let sizes = [0, 1, 511, 512, 513].map(|length| "k".repeat(length));
    let mut values: Vec<&str> = sizes.iter().map(String::as_str).collect();
    let padded = format!("{token}\t");
    let (prefix, upper) = (token.replacen("ks_", "kz_", 1), token.to_uppercase());
    values.extend([&huge, " ", "é", "a,b", "\u{80}", "ks__", "___", "Bearer", &padded, &prefix, &upper]);
    for value in values {
        for call in [
            Call::get("/v1/authorize").bearer(value),
            Call::get("/v1/authorize/x").header("x-api-key", value),
            Call::get("/v1/authorize")
                .header("X-MASTER-USER-API-KEY", value)
                .header("X-MASTER-USER-API-KEY-SECRET", value),
            Call::get("/v1/authorize")
                .header("X-MASTER-USER-API-KEY", "mk_x")
                .header("X-MASTER-USER-API-KEY-SECRET", value),
            Call::get("/v1/authorize").header("authorization", value),
        ] {
            let answer = product.send(call.peer("203.0.113.9")).await;
            assert_eq!(answer.status, 401, "{}: {}", value.chars().take(60).collect::<String>(), answer.body);
        }
    }
}

#[tokio::test]
async fn huge_and_strange_requests_are_answered() {
    let (product, token) = bound().await;
    let huge = "x".repeat(200_000);
    let nested = format!("{}a{}", "(".repeat(1_000), ")".repeat(1_000));
    let call = |path: &str| Call::get(path).bearer(&token).peer("10.0.0.1").header("x-forwarded-for", "203.0.113.9");
    for (call, status) in [
        (call("/v1/authorize").header("origin", &huge), 200),
        (call("/v1/authorize").header("x-forwarded-uri", &huge), 200),
        (call("/v1/authorize").header("x-forwarded-method", &huge), 200),
        (call("/v1/authorize").header("x-forwarded-uri", "\u{80}"), 200),
        (call("/v1/authorize/x").header("x-keystead-permissions", &huge), 400),
        (call("/v1/authorize/x").header("x-keystead-permissions", &nested), 400),
        (call("/v1/authorize/x").header("x-keystead-cost", &"9".repeat(10_000)), 400),
        (call(&format!("/v1/authorize?permissions={nested}")), 400),
        (call(&format!("/v1/authorize?{}", "a=b&".repeat(5_000))), 400),
        (call(&format!("/v1/authorize?{}", "&".repeat(50_000))), 200),
        (call(&format!("/v1/authorize/{}?{}", &huge[..30_000], &huge[..30_000])), 200),
        (call("/v1/authorize?%"), 400),
        (call("/v1/authorize/%"), 200),
        (call("/v1/authorize/%00%0d%0a"), 200),
        (call("/v1/authorize/../keys/verify"), 200),
        (call("/v1/authorizee"), 404),
        (call("/v1/authorize;x"), 404),
        (call("/v1/Authorize"), 404),
    ] {
        let answer = product.send(call).await;
        assert_eq!(answer.status, status, "{}", answer.body.chars().take(200).collect::<String>());
    }
}
