//! The routes there are: pages, forms and server functions come from the console itself.

use app::desk::mount::{SERVER_FUNCTIONS, form_paths, page_paths};
use leptos::server_fn::axum::server_fn_paths;
use server::router::program_calls;

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
