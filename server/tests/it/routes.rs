//! The routes there are: pages, forms and server functions come from the console itself.

use app::desk::mount::{SERVER_FUNCTIONS, form_paths, page_paths};
use leptos::server_fn::axum::server_fn_paths;

/// What no cookie can authenticate, as method and path.
pub const WITHOUT_COOKIES: [(&str, &str); 16] = [
    ("POST", "/v1/keys/verify"),
    ("POST", "/v1/keys/verify-batch"),
    ("POST", "/v2/keys.verifyKey"),
    ("GET", "/v2/keys.verifyKey"),
    ("POST", "/v2/keys.createKey"),
    ("GET", "/v1/keys/self"),
    ("GET", "/v1/authorize"),
    ("POST", "/v1/authorize/x"),
    ("GET", "/v1/keys"),
    ("POST", "/v1/anything"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/pkg/0/keystead.js"),
    ("GET", "/favicon.svg"),
    ("POST", "/healthz"),
    ("POST", "/csp-report"),
];

/// What anybody may see.
pub const PUBLIC_PAGES: [&str; 2] = ["/login", "/setup"];

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
