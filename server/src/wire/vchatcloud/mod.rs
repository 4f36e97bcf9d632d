//! `/openapi/…`: the rooms of an app, in the form of the VChatCloud REST API. Its API KEY buys an X-AUTH-TOKEN, and every
//! other call presents both. Forms and query parameters are read alike, and each answer is JSON with a `result_cd`.

mod answer;
mod caller;
mod chat;
pub(crate) mod document;
mod form;
mod operations;
mod place;
mod rooms;
mod token;
mod users;

use axum::routing::{get, post};

use crate::api::routes::{Group, Route};

/// The paths of one version. Callers use either, so both answer alike.
macro_rules! version {
    ($base:literal) => {
        &[
            Route::of("GET, HEAD", concat!($base, "/token"), || get(token::issue)),
            Route::of("GET, HEAD", concat!($base, "/rooms"), || get(rooms::list)),
            Route::of("POST", concat!($base, "/rooms"), || post(rooms::create)),
            Route::of("GET, HEAD, POST, DELETE", concat!($base, "/rooms/{room}"), || {
                get(rooms::one).post(rooms::modify).delete(rooms::close_or_delete)
            }),
            Route::of("POST", concat!($base, "/rooms/{room}/open"), || post(rooms::open)),
            Route::of("POST", concat!($base, "/rooms/{room}/close"), || post(rooms::close)),
            Route::of("GET, HEAD, POST", concat!($base, "/users/{room}"), || get(users::list).post(users::join)),
            Route::of("DELETE", concat!($base, "/users/{room}/{client}"), || axum::routing::delete(users::leave)),
            Route::of("GET, HEAD", concat!($base, "/exiles/{room}"), || get(users::exiled)),
            Route::of("POST, PUT", concat!($base, "/exiles/{room}/{client}"), || {
                post(users::exile).put(users::cancel_exile)
            }),
            Route::of("GET, HEAD", concat!($base, "/mute/{room}"), || get(users::muted)),
            Route::of("POST, PUT", concat!($base, "/mute/{room}/{client}"), || post(users::mute).put(users::unmute)),
            Route::of("POST", concat!($base, "/notice/{room}"), || post(chat::notice)),
            Route::of("POST", concat!($base, "/custom/{room}"), || post(chat::custom)),
            Route::of("POST", concat!($base, "/whisper/{room}/{client}"), || post(chat::whisper)),
        ]
    };
}

static TOKEN: &[Route] =
    &[Route::of("GET, HEAD", "/openapi/token", || get(token::issue)).called("Buy an X-AUTH-TOKEN (VChatCloud form)")];
static V1: &[Route] = version!("/openapi/v1");
static V2: &[Route] = version!("/openapi/v2");

/// The operations of the VChatCloud REST API. Its client libraries use another family below `/api/openapi/`, which stays
/// free.
pub(super) static ROUTES: Group = Group {
    routes: &[TOKEN, V1, V2],
    elsewhere: &["/openapi", "/openapi/", "/openapi/{*path}"],
    there: "The paths under /openapi are listed at /docs/openapi, and for programs at /openapi/openapi.json.",
    error: Some(answer::problem),
};
