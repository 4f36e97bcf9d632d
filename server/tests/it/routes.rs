//! The routes there are: pages, forms and server functions come from the console itself.

use std::collections::BTreeSet;

use app::desk::mount::{SERVER_FUNCTIONS, form_paths, page_paths};
use leptos::server_fn::axum::server_fn_paths;
use server::router::program_calls;

use crate::process::Server;
use crate::support::{Call, Product};

/// What no cookie can authenticate, as method and path.
pub fn without_cookies() -> Vec<(&'static str, String)> {
    let others = [
        ("GET", "/v2/keys.verifyKey"),
        ("POST", "/v2/keys.createKey"),
        ("POST", "/v1/authorize/x"),
        ("POST", "/v1/anything"),
        ("GET", "/healthz"),
        ("GET", "/readyz"),
        ("GET", "/pkg/0/keystead.js"),
        ("GET", "/favicon.svg"),
        ("POST", "/healthz"),
        ("POST", "/csp-report"),
    ];
    let all: Vec<_> = program_calls().chain(others).map(|(method, path)| (method, filled(path))).collect();
    assert!(all.len() > 15, "{all:?}");
    all
}

/// What anybody may see.
pub const PUBLIC_PAGES: [&str; 11] = [
    "/login",
    "/login/code",
    "/setup",
    "/forgot",
    "/reset/0123abcd",
    "/invite/0123abcd",
    "/collect/0123abcd",
    "/collect/0123abcd/stored",
    "/holder",
    "/holder/revoke",
    "/holder/rotate",
];

/// What a script of anybody may ask.
pub const PUBLIC_FUNCTION: &str = "/api/passkey";

/// The pages, with an id where they want one.
pub fn pages() -> Vec<String> {
    let pages: Vec<String> = page_paths().iter().map(|path| filled(path)).collect();
    assert!(pages.len() > 10, "{pages:?}");
    pages
}

/// What takes a native form post.
pub fn forms() -> Vec<String> {
    let forms: Vec<String> = form_paths().into_iter().map(filled).collect();
    assert!(forms.len() > 10, "{forms:?}");
    forms
}

/// The server functions.
pub fn functions() -> Vec<String> {
    let functions: Vec<String> = server_fn_paths().map(|(path, _)| path.to_owned()).collect();
    assert!(!functions.is_empty());
    functions
}

/// Everything that changes something and that a cookie can authenticate.
pub fn unsafe_with_cookie() -> Vec<String> {
    let mut all = forms();
    all.extend(functions());
    all
}

fn filled(path: &str) -> String {
    path.replace("{id}", "7Qm2xVbN4tRa")
        .replace("{*path}", "x")
        .replace("{page}", "console")
        .replace("{provider}", "corp")
        .replace("{token}", "0123abcd")
        .replace("{room}", "0123456789abcdef01234567")
        .replace("{client}", "a")
        .replace("{app}", "0123456789abcdef01234567")
        .replace("{integration}", "0123456789abcdef01234567")
        .replace("{webhook}", "0123456789abcdef01234567")
        .replace("{delivery}", "0123456789abcdef01234567")
        .replace("{event}", "0123456789abcdef01234567")
        .replace("{key}", "int_0123456789abcdef01234567")
        .replace("{user}", "0123456789abcdef01234567")
        .replace("{conversation}", "0123456789abcdef01234567")
        .replace("{message}", "0123456789abcdef01234567")
        .replace("{attachment}", "0123456789abcdef01234567")
}

#[test]
fn every_server_function_is_mounted_where_the_guard_expects_it_and_takes_a_post() {
    let prefix = SERVER_FUNCTIONS.strip_suffix("{*function}").unwrap();
    assert_eq!(prefix, "/api/");
    for (path, method) in server_fn_paths() {
        assert!(path.starts_with(prefix), "{path}");
        // A GET could be sent by another site, with the cookie.
        assert_eq!(method, "POST", "{path}");
    }
}

#[tokio::test]
async fn every_route_for_programs_takes_its_method_and_says_so_to_others() {
    let product = Product::start().await;
    for (method, path) in program_calls() {
        let path = filled(path);
        let answer = product.send(Call::new(method, &path)).await;
        // The address of a file is all that it takes, so a wrong one leads nowhere.
        let is_link = path.contains("/attachments/") && method == "GET";
        let unknown: &[u16] = if is_link { &[405] } else { &[404, 405] };
        assert!(!unknown.contains(&answer.status.as_u16()), "{method} {path}: {}", answer.status);
        // A method that no path takes.
        let other = product.send(Call::new("PROPFIND", &path)).await;
        if path.starts_with("/v1/authorize") {
            assert_eq!(other.status, answer.status, "{path} takes any method");
        } else {
            let allowed: Vec<_> = other.header("allow").split(", ").collect();
            assert!(other.status == 405 && allowed.contains(&method), "{path}: {} {allowed:?}", other.status);
        }
    }
    let detail = product.send(Call::get("/v1/nothing")).await.problem(404)["detail"].take();
    let named = detail.as_str().unwrap();
    assert_eq!(named, "The paths under /v1 are listed at /docs, and for programs at /openapi.json.");
}

/// The headers of an answer, but for those of the connection and those that are another each time.
fn lasting<'a>(headers: impl Iterator<Item = (&'a str, &'a str)>) -> BTreeSet<(String, String)> {
    const OTHERS: [&str; 5] = ["connection", "content-length", "date", "transfer-encoding", "x-request-id"];
    let lasting = headers.filter(|(name, _)| !OTHERS.contains(name));
    lasting.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// A server sends what is called often past the router, which no caller may notice.
#[tokio::test]
async fn the_server_answers_programs_as_the_router_does() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(folder.path(), true);
    let product = Product::start().await;
    let others = [
        ("HEAD", "/v1/keys/self"),
        ("HEAD", "/v1/authorize"),
        ("DELETE", "/v1/authorize"),
        ("PROPFIND", "/v1/authorize"),
        ("GET", "/v1/keys/verify"),
        ("PUT", "/v1/keys/self"),
        ("GET", "/v2/keys.verifyKey"),
        ("POST", "/v1/keys/verify/"),
        ("GET", "/v1/authorize/x"),
    ];
    for (method, path) in program_calls().chain(others) {
        let path = filled(path);
        for key in ["", "Bearer ks_wrong"] {
            let call = Call::new(method, &path);
            let call = if key.is_empty() { call } else { call.header("authorization", key) };
            let named = if key.is_empty() { String::new() } else { format!("Authorization: {key}\r\n") };
            let head = format!("{method} {path} HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n{named}\r\n");
            let (routed, sent) = (product.send(call).await, server.ask(&head));
            let mut lines = sent.split("\r\n\r\n").next().unwrap().lines();
            let status = lines.next().unwrap().split(' ').nth(1).unwrap();
            assert_eq!(status, routed.status.as_str(), "{method} {path} {key}");
            let by_server = lasting(lines.filter_map(|line| line.split_once(": ")));
            let by_router = routed.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
            assert_eq!(by_server, lasting(by_router), "{method} {path} {key}");
        }
    }
    server.stop();
}
