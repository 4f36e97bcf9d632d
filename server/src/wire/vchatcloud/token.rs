//! `GET /openapi/token`: an API KEY buys an access token.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderValue;
use axum::response::{IntoResponse, Response};
use domain::access_token::AccessScope;
use secrecy::ExposeSecret;
use serde_json::json;

use super::answer::{Data, Fail};
use super::caller::{ApiKey, X_AUTH_TOKEN};
use super::form::Form;
use crate::api::call::Api;
use crate::json::problem::{Kind, Problem};

/// The token is in the body and in a header, because clients read either.
pub(super) async fn issue(State(api): State<Arc<Api>>, ApiKey(key): ApiKey, form: Form) -> Result<Response, Fail> {
    let scope = match form.text("scope") {
        None => AccessScope::default(),
        Some(word) => AccessScope::parse(word)
            .ok_or_else(|| Fail::incorrect("scope: Send read or write, or leave it out for write."))?,
    };
    let token = api.service.access_token(&key.record, scope)?;
    let token = token.expose_secret();
    let mut header = HeaderValue::from_str(token)
        .map_err(|_| Problem::new(Kind::Internal, "Something broke inside Keystead. Its log has the cause."))?;
    header.set_sensitive(true);
    let mut response = Data(json!({ "X-AUTH-TOKEN": token })).into_response();
    response.headers_mut().insert(X_AUTH_TOKEN, header);
    Ok(response)
}
