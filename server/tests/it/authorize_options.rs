//! What a proxy asks of `/v1/authorize`: its options, and whom it asks about.

use domain::draft::KeyDraft;
use secrecy::ExposeSecret;
use service::keys::ShownSecret;

use crate::authorize::{PROXY, STRANGER, behind_a_proxy, code, from_proxy, identity};
use crate::support::{Call, Product, list, service_key};

#[tokio::test]
async fn what_is_asked_for_on_the_exact_path_stands_in_its_query_alone() {
    let product = behind_a_proxy().await;
    let key = product.token(KeyDraft { permissions: list(&["invoices.read"]), ..service_key("key") }).await;
    for (query, expected) in [
        ("?permissions=invoices.read", (200, "VALID")),
        ("?permissions=invoices.read+OR%20invoices.write", (200, "VALID")),
        ("?permissions=invoices.read+AND+invoices.write", (403, "INSUFFICIENT_PERMISSIONS")),
        ("?kind=service&permissions=invoices.write", (403, "INSUFFICIENT_PERMISSIONS")),
        ("?kind=service", (200, "VALID")),
        ("?kind=client", (403, "KIND_NOT_ALLOWED")),
    ] {
        let expected = (expected.0, expected.1.to_owned());
        let path = format!("/v1/authorize{query}");
        assert_eq!(code(&product, from_proxy(&path, &key)).await, expected);
        assert_eq!(code(&product, Call::get(&path).peer(STRANGER).bearer(&key)).await, expected);
        // An option in the wrong place is never a check that is not made.
        for header in ["permissions", "kind", "cost", "from", "proxy", "permission"] {
            let header = format!("x-keystead-{header}");
            for value in ["", "invoices.read", "service", "1"] {
                for call in [from_proxy(&path, &key), Call::get(&path).peer(STRANGER).bearer(&key)] {
                    let answer = product.send(call.header(&header, value)).await;
                    assert!(answer.problem(400)["detail"].as_str().unwrap().contains(&header), "{}", answer.body);
                    assert_eq!(identity(&answer), [""; 10]);
                }
            }
        }
    }
    let answer = product.send(from_proxy("/v1/authorize?permissions=a.b", &key)).await;
    answer.problem(403);
    assert_eq!(identity(&answer), ["", "", "", "", "", "", "", "", "", "INSUFFICIENT_PERMISSIONS"]);
}

#[tokio::test]
async fn below_the_exact_path_only_a_trusted_proxys_headers_count() {
    let product = behind_a_proxy().await;
    let key = product.token(KeyDraft { permissions: list(&["invoices.read"]), ..service_key("key") }).await;
    // The client's path and query, appended by its proxy.
    let path = "/v1/authorize/invoices?permissions=a.b&kind=client&cost=0&proxy=nginx&x=%zz";
    for (header, value, expected) in [
        ("x-keystead-permissions", "invoices.read", (200, "VALID")),
        ("x-keystead-permissions", "invoices.write OR a.b", (403, "INSUFFICIENT_PERMISSIONS")),
        ("x-keystead-kind", "service", (200, "VALID")),
        ("x-keystead-kind", "client", (403, "KIND_NOT_ALLOWED")),
        ("x-keystead-cost", "3", (200, "VALID")),
        ("x-keystead-proxy", "nginx", (200, "VALID")),
        ("x-keystead-cost", "0", (400, "")),
        ("x-keystead-permissions", "", (400, "")),
    ] {
        let expected = (expected.0, expected.1.to_owned());
        assert_eq!(code(&product, from_proxy(path, &key).header(header, value)).await, expected, "{header}: {value}");
        // From anybody else it is refused, whatever it says: a proxy that is not named would ask in vain.
        let answer = product.send(Call::get(path).peer(STRANGER).bearer(&key).header(header, value)).await;
        assert!(answer.problem(400)["detail"].as_str().unwrap().contains(header), "{header}: {value}");
        assert_eq!(identity(&answer), [""; 10]);
    }
    assert_eq!(code(&product, Call::get(path).peer(STRANGER).bearer(&key)).await, (200, "VALID".to_owned()));
    // A proxy that adds its line to the client's own.
    let twice = from_proxy(path, &key).header("x-keystead-permissions", "a.b");
    product.send(twice.header("x-keystead-permissions", "invoices.read")).await.problem(400);
}

#[tokio::test]
async fn an_option_in_the_query_of_a_path_with_nothing_appended_is_misplaced() {
    let product = behind_a_proxy().await;
    let key = product.token(service_key("key")).await;
    for path in ["/v1/authorize/", "/v1/authorize//", "/v1/authorize/./", "/v1/authorize/request"] {
        for query in ["permissions=a.b", "kind=service", "cost=1", "from=x-api-key", "proxy=nginx", "x=1&permissions="]
        {
            let path = format!("{path}?{query}");
            for call in [from_proxy(&path, &key), Call::get(&path).peer(STRANGER).bearer(&key)] {
                let answer = product.send(call).await;
                assert!(answer.problem(400)["detail"].as_str().unwrap().contains("exact path"), "{}", answer.body);
            }
            // An option that came as a header does not excuse it: a client could have sent that one.
            let both = from_proxy(&path, &key).header("x-keystead-cost", "1");
            product.send(both).await.problem(400);
        }
        assert_eq!(code(&product, from_proxy(&format!("{path}?page=2"), &key)).await.0, 200);
    }
    // Envoy appends the path and query of its client.
    for path in ["/v1/authorize/request/", "/v1/authorize/request/invoices/7", "/v1/authorize/invoices/7"] {
        let path = format!("{path}?permissions=a.b&kind=client&cost=0&from=x&proxy=nginx");
        assert_eq!(code(&product, from_proxy(&path, &key)).await.0, 200, "{path}");
    }
}

#[tokio::test]
async fn an_option_that_cannot_be_read_lets_nobody_pass() {
    let product = Product::start().await;
    let key = product.token(service_key("key")).await;
    for query in [
        "permissions=",
        "permissions=(",
        "permissions=a%20b",
        "permissions=%ff",
        "permission=a.b",
        "kind=all",
        "cost=-1",
        "cost=0",
        "cost=1e9",
        "cost=4294967296",
        "proxy=apache",
        "cost=1&cost=1",
        "key=x",
    ] {
        for call in
            [Call::get(&format!("/v1/authorize?{query}")), Call::get(&format!("/v1/authorize?{query}")).bearer(&key)]
        {
            let answer = product.send(call).await;
            answer.problem(400);
            assert_eq!(identity(&answer), [""; 10]);
        }
    }
}

#[tokio::test]
async fn a_proxy_can_say_where_the_key_is_and_the_rest_is_the_services() {
    let product = behind_a_proxy().await;
    let (one, other) = (product.token(service_key("one")).await, product.token(service_key("other")).await);
    let draft =
        KeyDraft { kind: Some("master_user".to_owned()), boxes: vec!["chats.read".to_owned()], ..service_key("bot") };
    let ShownSecret::Pair { id, secret } = product.issue(draft).await.shown else { panic!() };
    let call = |from: &str, exact: bool| {
        let call = if exact {
            Call::get(&format!("/v1/authorize?from={from}"))
        } else {
            Call::get("/v1/authorize/x").header("x-keystead-from", from)
        };
        call.peer(PROXY).header("x-forwarded-for", "203.0.113.9")
    };
    for exact in [true, false] {
        let pair = |from: &str| {
            let call = call(from, exact).header("X-MASTER-USER-API-KEY", &id);
            call.header("X-MASTER-USER-API-KEY-SECRET", secret.expose_secret())
        };
        let api_key = || call("x-api-key", exact).header("x-api-key", &one);
        for (call, expected) in [
            (api_key(), 200),
            (api_key().bearer("eyJhbGciOiJIUzI1NiJ9.e30.c2ln"), 200),
            (api_key().bearer("a").bearer("b"), 200),
            (api_key().header("authorization", "é"), 200),
            (api_key().bearer(&other), 200),
            (api_key().header("x-api-key", &one), 401),
            (call("X-API-Key", exact).bearer(&one), 401),
            (call("authorization", exact).bearer(&one), 200),
            (call("authorization", exact).bearer(&one).header("x-api-key", "its own"), 200),
            (call("authorization", exact).header("x-api-key", &one), 401),
            (call("authorization", exact).header("authorization", "Basic dTpw").header("x-api-key", &one), 401),
            (pair("x-master-user-api-key").bearer("eyJhbGciOiJIUzI1NiJ9.e30.c2ln").header("x-api-key", &one), 200),
            (call("x-master-user-api-key", exact).bearer(&one), 401),
            (pair("x-api-key"), 401),
            (call("cookie", exact).bearer(&one), 400),
        ] {
            assert_eq!(code(&product, call).await.0, expected);
        }
    }
    // Without the option, two are refused.
    assert_eq!(code(&product, from_proxy("/v1/authorize", "a.b.c").header("x-api-key", &one)).await.0, 401);
}

#[tokio::test]
async fn where_the_clients_address_is_unknown_a_restricted_key_is_refused_and_the_setting_named() {
    let product = behind_a_proxy().await;
    let allowed =
        product.token(KeyDraft { cidrs: list(&["198.51.100.7", "10.0.0.1"]), ..service_key("allowed") }).await;
    let denied = KeyDraft { denied_cidrs: list(&["203.0.113.0/24"]), ..service_key("denied") };
    let (denied, free) = (product.token(denied).await, product.token(service_key("free")).await);
    let with = |call: Call, header: &str| if header.is_empty() { call } else { call.header(header, "203.0.113.9") };
    for (peer, header, known) in [
        (STRANGER, "", true),
        (STRANGER, "x-forwarded-for", false),
        (STRANGER, "forwarded", false),
        (STRANGER, "via", false),
        (STRANGER, "x-real-ip", false),
        (STRANGER, "x-forwarded-uri", false),
        (PROXY, "", false),
        (PROXY, "x-real-ip", false),
        (PROXY, "forwarded", false),
    ] {
        for path in ["/v1/authorize", "/v1/authorize/x"] {
            for token in [&allowed, &denied] {
                let answer = product.send(with(Call::get(path).peer(peer).bearer(token), header)).await;
                assert_eq!(answer.status == 200, known, "{peer} {header} {path}");
                if !known {
                    assert!(answer.problem(403)["detail"].as_str().unwrap().contains("KEYSTEAD_TRUSTED_PROXIES"));
                    assert_eq!(identity(&answer)[9], "IP_NOT_ALLOWED");
                }
            }
            assert_eq!(code(&product, with(Call::get(path).peer(peer).bearer(&free), header)).await.0, 200);
        }
    }
    // A named proxy that says who the client is.
    assert_eq!(code(&product, from_proxy("/v1/authorize", &denied)).await.0, 403);
    let elsewhere = Call::get("/v1/authorize").peer(PROXY).bearer(&denied).header("x-forwarded-for", "192.0.2.9");
    assert_eq!(code(&product, elsewhere).await.0, 200);
}
