//! The JSON body of a call, as handlers receive it.

use std::fmt;
use std::marker::PhantomData;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use serde::Deserialize;
use utoipa::ToSchema;

use super::body_errors::look_through;
use super::fault::Faults;
use super::members::Object;
use super::problem::Problem;
use crate::reading;

/// A call whose body is JSON.
pub(crate) trait BodyCall {
    /// The longest body, in bytes. The longest sensible one of most calls fits, even with every character escaped.
    const LIMIT: usize = 64 * 1024;

    /// The body as sent. This struct is its only description: the parser fills it, and its schema says what is wrong.
    type Sent<'a>: Deserialize<'a> + ToSchema;

    /// The question, with every member checked.
    type Call<'a>;

    /// The question; `None` if it cannot be asked. Adds what is wrong with the body.
    fn read<'a>(sent: Self::Sent<'a>, faults: &mut Faults) -> Option<Self::Call<'a>>;

    /// What its handler will find wrong with a question, as far as that alone shows it.
    fn found_later(_: &Self::Call<'_>) -> Faults {
        Faults::default()
    }

    /// The question, or everything that is wrong with the body.
    fn check(sent: Self::Sent<'_>) -> Result<Self::Call<'_>, Problem> {
        let mut faults = Faults::default();
        match Self::read(sent, &mut faults) {
            Some(call) if faults.is_empty() => Ok(call),
            call => {
                faults.extend_elsewhere(call.as_ref().map(Self::found_later).unwrap_or_default());
                Err(Problem::invalid(faults))
            }
        }
    }

    /// Everything that is wrong with a body that is refused anyway: whoever mends it learns all at once.
    fn faults(sent: Self::Sent<'_>) -> Faults {
        let mut faults = Faults::default();
        let call = Self::read(sent, &mut faults);
        faults.extend_elsewhere(call.as_ref().map(Self::found_later).unwrap_or_default());
        faults
    }
}

/// A body that arrived whole, was sent as JSON and is not too long. It is not parsed yet: the parsed value borrows its
/// texts from it, and an extractor could not hand over both.
pub(crate) struct JsonBody<B> {
    bytes: Bytes,
    call: PhantomData<fn() -> B>,
}

impl<B: BodyCall> JsonBody<B> {
    /// A body that may be left out; then it is an empty object.
    pub async fn optional(request: Request) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = reading::of_call(&parts, body, B::LIMIT).await;
        let mut bytes = bytes.map_err(|error| Problem::no_body(error, B::LIMIT))?;
        if bytes.is_empty() {
            bytes = Bytes::from_static(b"{}");
        } else if !is_json(&parts.headers) {
            return Err(Problem::not_json());
        }
        Ok(Self { bytes, call: PhantomData })
    }

    /// Its question, or everything that is wrong with it.
    pub fn read(&self) -> Result<B::Call<'_>, Problem> {
        B::check(parse::<B>(&self.bytes)?)
    }
}

impl<B> fmt::Debug for JsonBody<B> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // It may hold keys.
        write!(formatter, "JsonBody({} bytes)", self.bytes.len())
    }
}

impl<B: BodyCall, S: Sync> FromRequest<S> for JsonBody<B> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        if !is_json(&parts.headers) {
            return Err(Problem::not_json());
        }
        let bytes = reading::of_call(&parts, body, B::LIMIT).await;
        let bytes = bytes.map_err(|error| Problem::no_body(error, B::LIMIT))?;
        Ok(Self { bytes, call: PhantomData })
    }
}

/// Reads a body, which must be an object, in one pass. If it is wrong, reads it again to find every fault.
fn parse<B: BodyCall>(body: &[u8]) -> Result<B::Sent<'_>, Problem> {
    let text = std::str::from_utf8(body).map_err(|error| {
        Problem::malformed(format!("The body is not UTF-8 text: byte {} is wrong.", error.valid_up_to() + 1))
    })?;
    let read = serde_json::from_str::<Object<B::Sent<'_>>>(text);
    read.map(|Object(read)| read).map_err(|error| look_through::<B>(text, &error))
}

/// Whether a call with this body would be right.
#[cfg(test)]
pub(crate) fn check<B: BodyCall>(body: &'static str) -> Result<(), Problem> {
    B::check(parse::<B>(body.as_bytes())?).map(drop)
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(Ok(value)) = headers.get(header::CONTENT_TYPE).map(|value| value.to_str()) else { return false };
    let (kind, parameters) = value.split_once(';').unwrap_or((value, ""));
    let utf8 = parameters.split(';').all(|parameter| {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        !name.trim().eq_ignore_ascii_case("charset") || value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
    });
    kind.trim().eq_ignore_ascii_case("application/json") && utf8
}
