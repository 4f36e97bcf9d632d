//! `/chat-service/api/…`: chats, messages and contacts in the form of Qwil's Master API.

mod acting;
mod bodies;
mod chats;
mod contacts;
mod export;
mod failure;
mod files;
mod messages;
mod query;
mod shown;

use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use crate::api::routes::{Group, Route};

/// The operations of Qwil's Master API.
pub(super) static ROUTES: Group = Group {
    routes: &[CHATS, MESSAGES, CONTACTS],
    elsewhere: &["/chat-service", "/chat-service/", "/chat-service/{*path}"],
    there: "The paths under /chat-service/api are those of Qwil's Master API: chats, contacts and entity-memberships.",
    error: Some(failure::answer),
};

static CHATS: &[Route] = &[
    Route::of("GET, HEAD", "/chat-service/api/chats", || get(chats::chats)),
    Route::of("POST", "/chat-service/api/chats/create", || post(chats::create)),
    Route::of("POST", "/chat-service/api/chats/rename", || post(chats::rename)),
    Route::of("POST", "/chat-service/api/chats/invite", || post(chats::invite)),
    Route::of("POST", "/chat-service/api/chats/archive", || post(chats::archive)),
    Route::of("GET, HEAD", "/chat-service/api/chats/export", || get(export::export)),
    Route::of("GET, HEAD", "/chat-service/api/entity-memberships", || get(chats::memberships)),
];

static MESSAGES: &[Route] = &[
    Route::of("POST", "/chat-service/api/chats/messages/send-text", || post(messages::send_text)),
    // The files have a limit of their own.
    Route::of("POST", "/chat-service/api/chats/messages/send-files", || {
        post(files::send_files).layer(DefaultBodyLimit::disable())
    }),
    Route::of("GET, HEAD", "/chat-service/api/chats/messages/range", || get(messages::range)),
    Route::of("GET, HEAD", "/chat-service/api/chats/messages/file", || get(files::file)),
    Route::of("POST", "/chat-service/api/chats/butler-says/send-text", || post(messages::butler_says)),
    Route::of("POST", "/chat-service/api/chats/butler-says/send-files", || {
        post(files::butler_sends).layer(DefaultBodyLimit::disable())
    }),
];

static CONTACTS: &[Route] = &[
    Route::of("GET, HEAD", "/chat-service/api/contacts", || get(contacts::lookup)),
    Route::of("GET, HEAD", "/chat-service/api/contacts/list", || get(contacts::list)),
    Route::of("GET, HEAD", "/chat-service/api/contacts/avatar", || get(contacts::avatar)),
    Route::of("POST", "/chat-service/api/contacts/avatar", || post(contacts::set_avatar)),
    Route::of("POST", "/chat-service/api/contacts/invite", || post(contacts::invite)),
];
