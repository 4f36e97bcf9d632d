//! The API for programs: a key in a header, JSON in and out, no cookie.

mod authorize;
mod authorize_answer;
mod authorize_options;
pub(crate) mod call;
pub(crate) mod credential;
pub(crate) mod document;
mod key_answer;
mod manage;
mod operation;
mod proxy_warnings;
pub(crate) mod routes;
mod self_check;
mod self_revoke;
mod verify;
mod verify_body;
pub(crate) mod verify_caller;
mod words;

use axum::handler::Handler;
use axum::routing::{any, get, post};
use domain::permission::AdminPermission::Verify;

use document::VERIFICATION;
use key_answer::{Members, Results};
use manage::Revoke;
pub(crate) use manage::call::AtShell;
pub(crate) use manage::query::{Param, Takes};
use operation::{Body, Operation, described};
use routes::{Group, Route};
use self_revoke::SelfRevokedShown;
use verify_body::{VerifyBatch, VerifyCall};

/// Our own API.
pub(crate) static V1: Group = Group {
    routes: &[VERIFYING, manage::ROUTES],
    elsewhere: &["/v1", "/v1/", "/v1/{*path}"],
    there: "The paths under /v1 are listed at /docs, and for programs at /openapi.json.",
    error: None,
};

static VERIFYING: &[Route] = &[
    Route::of("POST", "/v1/keys/verify", || post(verify::verify))
        .called("Check a key")
        .verifies(&VERIFY)
        .often(|request, api| Box::pin(verify::verify.call(request, api))),
    Route::of("POST", "/v1/keys/verify-batch", || post(verify::verify_batch))
        .called("Check several keys")
        .verifies(&VERIFY_BATCH)
        .often(|request, api| Box::pin(verify::verify_batch.call(request, api))),
    Route::of("GET, HEAD", "/v1/keys/self", || get(self_check::self_check))
        .called("Ask about the key itself")
        .verifies(&SELF)
        .often(|request, api| Box::pin(self_check::self_check.call(request, api))),
    Route::of("POST", "/v1/keys/revoke-self", || post(self_revoke::self_revoke))
        .called("Revoke the key itself")
        .verifies(&REVOKE_SELF),
    Route::for_proxies("/v1/authorize", || any(authorize::exact))
        .called("Check a request, from a proxy")
        .often(|request, api| Box::pin(authorize::exact.call(request, api))),
    Route::for_proxies("/v1/authorize/", || any(authorize::below)),
    Route::for_proxies("/v1/authorize/{*path}", || any(authorize::below)),
];

static VERIFY: Operation = Operation {
    about: "A refused key is an answer with the status 200, too: see `valid` and `code`.",
    body: Some(Body::of::<VerifyCall<'static>>()),
    ..Operation::new("verifyKey", VERIFICATION, "Check a key", Verify, 200, Some(described::<Members<'static>>))
};
static VERIFY_BATCH: Operation = Operation {
    body: Some(Body::of::<VerifyBatch>()),
    ..Operation::new("verifyKeys", VERIFICATION, "Check several keys", Verify, 200, Some(described::<Results<'static>>))
};
static SELF: Operation = Operation {
    about: "The same answer, about the key that asks.",
    permission: None,
    ..Operation::new(
        "checkSelf",
        VERIFICATION,
        "Ask about the key itself",
        Verify,
        200,
        Some(described::<Members<'static>>),
    )
};
static REVOKE_SELF: Operation = Operation {
    about: "Whoever holds a key may revoke it, from any address and whatever its status. Every call with it is refused from then \
            on, and nobody can restore it. A second call changes nothing and says so.",
    permission: None,
    maybe_body: Some(Body::of::<Revoke>()),
    ..Operation::new(
        "revokeSelf",
        VERIFICATION,
        "Revoke the key itself",
        Verify,
        200,
        Some(described::<SelfRevokedShown>),
    )
};
