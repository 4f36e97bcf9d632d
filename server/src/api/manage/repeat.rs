//! `Idempotency-Key`: a call that is sent again with the same key is carried out once, and answered as the first time.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use domain::ids::KeyId;
use service::once::{Answer, Repeatable, Repeated, check_key};
use tracing::Instrument;

use super::super::call::Api;
use super::answer::{ToKeep, again};
use super::bodies::LIMIT;
use crate::json::problem::Problem;
use crate::reading;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that an answer was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

pub(in super::super) fn is_asked(headers: &HeaderMap) -> bool {
    headers.contains_key(KEY)
}

/// Carries a call of this key out once. It goes on if the caller goes away: they will ask again for the answer.
pub(in super::super) async fn carry_out<W: Future<Output = Response> + Send>(
    api: Arc<Api>,
    caller: KeyId,
    request: Request,
    work: impl FnOnce(Request) -> W + Send + 'static,
) -> Response {
    let answer = async move { once(&api, &caller, request, work).await.unwrap_or_else(Problem::into_response) };
    // The lines of the log name this request there, too.
    match tokio::spawn(answer.in_current_span()).await {
        Ok(response) => response,
        Err(error) => {
            tracing::error!(%error, "a call of the API failed");
            Problem::lost_answer().into_response()
        }
    }
}

async fn once<W: Future<Output = Response>>(
    api: &Api,
    caller: &KeyId,
    request: Request,
    work: impl FnOnce(Request) -> W,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let key = key(&parts.headers)?;
    let bytes = reading::of_call(&parts, body, LIMIT).await;
    let bytes = bytes.map_err(|error| Problem::no_body(error, LIMIT))?;
    let method = parts.method.clone();
    let path = parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    // With another condition it is another call.
    let condition = parts.headers.get(header::IF_MATCH).map(|tag| String::from_utf8_lossy(tag.as_bytes()));
    let path = format!("{path} {}", condition.unwrap_or_default());
    let call = Repeatable { key: &key, method: method.as_str(), path: &path, body: &bytes };
    let work = work(Request::from_parts(parts, Body::from(bytes.clone())));
    match api.service.once(caller.as_str(), call, work).await? {
        Repeated::Done(response, None) => Ok(response),
        Repeated::Done(mut response, Some(done)) => {
            let kept = response.extensions_mut().remove::<ToKeep>();
            let (response, kept) = match kept {
                Some(kept) => (response, kept),
                None => plain(response).await,
            };
            if !response.status().is_success() {
                return Ok(response);
            }
            // The caller has the answer, even if nobody can be given it again.
            if let Err(error) = api.service.keep_answer(done, &kept.answer, kept.of).await {
                tracing::error!(%error, "the answer to a call could not be kept");
            }
            Ok(response)
        }
        Repeated::Before(answer) => {
            let mut response = again(&answer);
            response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
            Ok(response)
        }
        Repeated::AnotherCall => Err(Problem::key_of_another_call()),
        Repeated::UnderWay => Err(Problem::under_way()),
        Repeated::Lost => Err(Problem::lost_answer()),
    }
}

fn key(headers: &HeaderMap) -> Result<String, Problem> {
    let mut values = headers.get_all(KEY).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(Problem::malformed("The header Idempotency-Key is repeated."));
    };
    let text = value.to_str().map_err(|_| Problem::malformed("The header Idempotency-Key is not printable ASCII."))?;
    check_key(text).map(str::to_owned).map_err(Problem::malformed)
}

/// An answer without a secret.
async fn plain(response: Response) -> (Response, ToKeep) {
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, LIMIT).await.unwrap_or_default();
    let etag = parts.headers.get(header::ETAG).and_then(|tag| tag.to_str().ok());
    let headers = etag.map(|tag| format!("etag: {tag}\n")).unwrap_or_default();
    let body = String::from_utf8_lossy(&bytes).into_owned();
    let answer = Answer { status: parts.status.as_u16(), headers, body, secret: None };
    (Response::from_parts(parts, Body::from(bytes)), ToKeep { answer, of: None })
}
