//! What the address of a call names. An extractor of axum's own would answer what it cannot read in words of its own.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

/// The one parameter of a path. What is not text names nothing, like an id that nobody has.
#[derive(Debug)]
pub struct Named(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let named = Path::<String>::from_request_parts(parts, state).await;
        Ok(Self(named.map(|Path(named)| named).unwrap_or_default()))
    }
}

/// The two parameters of a path, such as an integration and one of its webhooks.
#[derive(Debug)]
pub struct NamedPart(pub String, pub String);

impl<S: Send + Sync> FromRequestParts<S> for NamedPart {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let named = Path::<(String, String)>::from_request_parts(parts, state).await;
        let (whole, part) = named.map(|Path(named)| named).unwrap_or_default();
        Ok(Self(whole, part))
    }
}

/// What the query of an address asks for. One that says something twice asks for nothing.
#[derive(Debug)]
pub struct InQuery<T>(pub T);

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequestParts<S> for InQuery<T> {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let asked = Query::<T>::from_request_parts(parts, state).await;
        Ok(Self(asked.map(|Query(asked)| asked).unwrap_or_default()))
    }
}
