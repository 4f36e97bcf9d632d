//! `/v2/…` and `/sc/v2/…`: apps, integrations, their keys and webhooks, and the conversations of an app, in the form of
//! Sunshine Conversations.

mod app_keys;
mod apps;
mod attachments;
mod body;
mod caller;
mod conversations;
mod failure;
mod integrations;
mod keys;
mod messages;
mod paging;
mod participants;
mod place;
pub(crate) mod shown;
mod users;
mod webhooks;

use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use crate::api::routes::{Group, Route};

/// The paths of one base. Clients use either, so both answer alike.
macro_rules! base {
    ($base:literal) => {
        &[
            Route::of("GET, HEAD, POST", concat!($base, "/apps"), || get(apps::list).post(apps::create)),
            Route::of("GET, HEAD, PATCH, DELETE", concat!($base, "/apps/{app}"), || {
                get(apps::get).patch(apps::update).delete(apps::delete)
            }),
            Route::of("GET, HEAD, POST", concat!($base, "/apps/{app}/keys"), || {
                get(app_keys::list).post(app_keys::create)
            }),
            Route::of("GET, HEAD, DELETE", concat!($base, "/apps/{app}/keys/{key}"), || {
                get(app_keys::get).delete(app_keys::delete)
            }),
            Route::of("GET, HEAD, POST", concat!($base, "/apps/{app}/integrations"), || {
                get(integrations::list).post(integrations::create)
            }),
            Route::of("GET, HEAD, PATCH, DELETE", concat!($base, "/apps/{app}/integrations/{integration}"), || {
                get(integrations::get).patch(integrations::update).delete(integrations::delete)
            }),
            Route::of("GET, HEAD, POST", concat!($base, "/apps/{app}/integrations/{integration}/keys"), || {
                get(keys::list).post(keys::create)
            }),
            Route::of("GET, HEAD, DELETE", concat!($base, "/apps/{app}/integrations/{integration}/keys/{key}"), || {
                get(keys::get).delete(keys::delete)
            }),
            Route::of("GET, HEAD, POST", concat!($base, "/apps/{app}/integrations/{integration}/webhooks"), || {
                get(webhooks::list).post(webhooks::create)
            }),
            Route::of(
                "GET, HEAD, PATCH, DELETE",
                concat!($base, "/apps/{app}/integrations/{integration}/webhooks/{webhook}"),
                || get(webhooks::get).patch(webhooks::update).delete(webhooks::delete),
            ),
            Route::of("POST", concat!($base, "/apps/{app}/users"), || post(users::create)),
            Route::of("GET, HEAD, PATCH, DELETE", concat!($base, "/apps/{app}/users/{user}"), || {
                get(users::get).patch(users::update).delete(users::delete)
            }),
            Route::of("GET, HEAD, POST", concat!($base, "/apps/{app}/conversations"), || {
                get(conversations::list).post(conversations::create)
            }),
            Route::of("GET, HEAD, PATCH, DELETE", concat!($base, "/apps/{app}/conversations/{conversation}"), || {
                get(conversations::get).patch(conversations::update).delete(conversations::delete)
            }),
            Route::of("GET, HEAD", concat!($base, "/apps/{app}/conversations/{conversation}/participants"), || {
                get(participants::list)
            }),
            Route::of("POST", concat!($base, "/apps/{app}/conversations/{conversation}/join"), || {
                post(participants::join)
            }),
            Route::of("POST", concat!($base, "/apps/{app}/conversations/{conversation}/leave"), || {
                post(participants::leave)
            }),
            Route::of(
                "GET, HEAD, POST, DELETE",
                concat!($base, "/apps/{app}/conversations/{conversation}/messages"),
                || get(messages::list).post(messages::post).delete(messages::delete_all),
            ),
            Route::of("DELETE", concat!($base, "/apps/{app}/conversations/{conversation}/messages/{message}"), || {
                axum::routing::delete(messages::delete)
            }),
            // The files have a limit of their own.
            Route::of("POST", concat!($base, "/apps/{app}/attachments"), || {
                post(attachments::upload).layer(DefaultBodyLimit::disable())
            }),
            Route::of("POST", concat!($base, "/apps/{app}/attachments/remove"), || post(attachments::remove)),
            Route::of(
                "GET, HEAD",
                concat!($base, "/apps/{app}/conversations/{conversation}/attachments/{attachment}"),
                || get(attachments::file),
            ),
        ]
    };
}

static PLAIN: &[Route] = base!("/v2");
static BELOW_SC: &[Route] = base!("/sc/v2");

/// The operations of Sunshine Conversations. Of the paths below `/v2`, those that begin with `keys.` are another
/// family's.
pub(super) static ROUTES: Group = Group {
    routes: &[PLAIN, BELOW_SC],
    elsewhere: &["/v2", "/v2/", "/v2/{*path}", "/sc", "/sc/", "/sc/{*path}"],
    there: "Resource not found.",
    error: Some(failure::answer),
};
