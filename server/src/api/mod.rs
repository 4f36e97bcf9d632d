//! The API for programs: a key in a header, JSON in and out, no cookie.

mod authorize;
mod authorize_answer;
mod authorize_options;
pub(crate) mod call;
mod credential;
mod key_answer;
mod proxy_warnings;
pub(crate) mod routes;
mod self_check;
mod verify;
mod verify_body;
pub(crate) mod verify_caller;

use axum::routing::{any, get, post};

use routes::{Group, Route};

/// Our own API.
pub(crate) static V1: Group = Group {
    routes: &[
        Route::of("POST", "/v1/keys/verify", || post(verify::verify)).called("Check a key"),
        Route::of("POST", "/v1/keys/verify-batch", || post(verify::verify_batch)).called("Check several keys"),
        Route::of("GET, HEAD", "/v1/keys/self", || get(self_check::self_check)).called("Ask about the key itself"),
        Route::for_proxies("/v1/authorize", || any(authorize::exact)).called("Check a request, from a proxy"),
        Route::for_proxies("/v1/authorize/", || any(authorize::below)),
        Route::for_proxies("/v1/authorize/{*path}", || any(authorize::below)),
    ],
    elsewhere: &["/v1", "/v1/", "/v1/{*path}"],
    there: "The paths under /v1 are",
    error: None,
};
