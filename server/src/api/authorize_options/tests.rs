use axum::http::HeaderValue;

use super::*;

const BELOW: &str = "/v1/authorize/invoices/7";
const NONE: Options = Options { permissions: None, kind: None, cost: 1, nginx: false, from: None };

fn of_query(query: &str) -> Result<Options, BadOption> {
    Options::of_exact(Some(query), &HeaderMap::new())
}

fn of_headers(headers: &HeaderMap, trusted: bool) -> Result<Options, BadOption> {
    Options::of_below(BELOW, None, headers, trusted)
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    headers
}

fn header(name: &str) -> HeaderName {
    format!("{HEADERS}{name}").parse().unwrap()
}

#[test]
fn the_query_and_the_headers_say_the_same() {
    let written = of_query("permissions=a.b+OR%20%28c.d%29&kind=service&cost=5&from=X-Api-Key&proxy=nginx").unwrap();
    let sent = of_headers(
        &headers(&[
            ("x-keystead-permissions", "a.b OR (c.d)"),
            ("x-keystead-kind", "service"),
            ("x-keystead-cost", "5"),
            ("x-keystead-from", "x-api-key"),
            ("x-keystead-proxy", "nginx"),
        ]),
        true,
    );
    assert_eq!(written.permissions.as_ref().unwrap().as_str(), "a.b OR (c.d)");
    assert_eq!((written.kind, written.cost, written.nginx), (Some(KeyKind::Service), 5, true));
    assert_eq!(written.from, Some(Place::ApiKey));
    assert_eq!(written, sent.unwrap());
    for query in ["", "&&"] {
        assert_eq!(of_query(query).unwrap(), NONE);
    }
    assert_eq!(Options::of_exact(None, &HeaderMap::new()).unwrap(), NONE);
    assert_eq!(of_headers(&HeaderMap::new(), true).unwrap(), NONE);
    assert_eq!(of_headers(&HeaderMap::new(), false).unwrap(), NONE);
}

#[test]
fn what_cannot_be_read_is_refused_in_both_places() {
    let long = "a".repeat(1_001);
    let deep = "(".repeat(1_000);
    for (name, value) in [
        ("permissions", ""),
        ("permissions", "a b"),
        ("permissions", "(a"),
        ("permissions", "a, b"),
        ("permissions", &long),
        ("permissions", &deep),
        ("kind", ""),
        ("kind", "Service"),
        ("kind", "services"),
        ("cost", ""),
        ("cost", "0"),
        ("cost", "-1"),
        ("cost", "+1"),
        ("cost", "1.5"),
        ("cost", "1000000001"),
        ("cost", "99999999999999999999"),
        ("proxy", ""),
        ("proxy", "Nginx"),
        ("proxy", "caddy"),
        ("from", ""),
        ("from", "cookie"),
        ("from", "x-api-key "),
        ("from", "x-master-user-api-key-secret"),
    ] {
        let query: String = form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish();
        assert!(of_query(&query).is_err(), "{query}");
        let mut headers = HeaderMap::new();
        headers.insert(header(name), value.parse().unwrap());
        assert!(of_headers(&headers, true).is_err(), "{name}: {value}");
    }
    for query in ["permission=a", "PERMISSIONS=a", "a", "kind=app&kind=app", "proxy=nginx&proxy=nginx", "%ff=1"] {
        assert!(of_query(query).is_err(), "{query}");
    }
    // A proxy that adds its header to the client's, although it should replace it.
    let twice = headers(&[("x-keystead-permissions", "a.b"), ("x-keystead-permissions", "c.d")]);
    assert!(of_headers(&twice, true).is_err());
    assert!(of_headers(&headers(&[("x-keystead-kind", "é")]), true).is_err());
}

#[test]
fn a_strangers_headers_are_refused_each() {
    for header in NAMES.map(header) {
        let mut headers = HeaderMap::new();
        headers.insert(&header, HeaderValue::from_static("1"));
        let problem = format!("{:?}", of_headers(&headers, false).unwrap_err());
        assert!(problem.contains("KEYSTEAD_TRUSTED_PROXIES") && problem.contains(header.as_str()), "{problem}");
    }
}

#[test]
fn a_header_on_the_exact_path_is_refused_and_a_misspelt_one_everywhere() {
    for header in NAMES.map(header).into_iter().chain([header("permission"), header("")]) {
        for value in ["", "1", "invoices.read", "service", "x-api-key", "nginx"] {
            let mut headers = HeaderMap::new();
            headers.insert(&header, value.parse().unwrap());
            let bad = Options::of_exact(Some("cost=1"), &headers).unwrap_err();
            assert_eq!(bad.name, NAMES.into_iter().find(|name| header == self::header(name)));
        }
    }
    assert!(of_headers(&headers(&[("x-keystead-permission", "a.b")]), true).is_err());
}

#[test]
fn a_query_below_is_refused_where_nothing_of_a_clients_path_is() {
    let below = |path: &str, query: &str| Options::of_below(path, Some(query), &HeaderMap::new(), true);
    for path in ["", "/", "//", "/.", "/./", "/..", "/%2e", "/%2F", "/request"] {
        let path = format!("{PATH}{path}");
        for query in ["permissions=a.b", "x=1&kind=service", "cost", "FROM=x", "%70ermissions=a.b", "+proxy=nginx"] {
            assert!(below(&path, query).is_err(), "{path}?{query}");
        }
        assert_eq!(below(&path, "page=2&permission=x").unwrap(), NONE);
        assert_eq!(Options::of_below(&path, None, &HeaderMap::new(), true).unwrap(), NONE);
    }
    for path in ["/request/", "/request/invoices", "/invoices", "/a/", "/requests"] {
        let path = format!("{PATH}{path}");
        assert_eq!(below(&path, "permissions=a.b&kind=x&cost=0&from=x&proxy=x").unwrap(), NONE, "{path}");
    }
}

#[test]
fn a_name_that_may_be_a_secret_is_not_kept() {
    assert_eq!(of_query("ks_secret=1").unwrap_err().name, None);
    assert_eq!(of_query("cost=0").unwrap_err().name, Some("cost"));
}
