//! Bodies of the management API that several calls share.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use axum::extract::{FromRequest, Request};
use domain::timestamp::Timestamp;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use utoipa::ToSchema;

use super::super::operation::Documented;
use crate::json::body::{BodyCall, JsonBody};
use crate::json::fault::Faults;
use crate::json::members::Text;
use crate::json::problem::Problem;

/// The longest body, in bytes. A key with as many restrictions as it may have fits.
pub(super) const LIMIT: usize = 256 * 1024;

/// The time for the checks of a body that is refused anyway: no time that it names has passed. Whether one has is asked with
/// the clock, when the rest is right.
pub(super) const BEFORE_ALL: Timestamp = Timestamp::from_millis(0);

/// A body that may be left out. Then it is an empty object.
#[derive(Debug)]
pub(in super::super) struct MaybeBody<B>(pub JsonBody<B>);

impl<B: BodyCall, S: Sync> FromRequest<S> for MaybeBody<B> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        JsonBody::optional(request).await.map(Self)
    }
}

/// A moment as it was sent. With a zone it is put into UTC; without one it is in UTC.
pub(super) fn moment(Text(text): Text<'_>) -> String {
    Timestamp::parse_rfc3339(text.trim()).map_or_else(|| text.into_owned(), Timestamp::to_input)
}

/// A member of a change: left out, cleared with `null`, or set.
#[derive(Debug, Default)]
pub(super) enum Change<T> {
    #[default]
    Left,
    Clear,
    Set(T),
}

impl<T> Change<T> {
    /// The same change, of what this makes of its value.
    pub fn map<U>(self, of: impl FnOnce(T) -> U) -> Change<U> {
        match self {
            Self::Left => Change::Left,
            Self::Clear => Change::Clear,
            Self::Set(value) => Change::Set(of(value)),
        }
    }

    /// The member as a form would send it: blank if it is cleared, nothing if it is left out.
    pub fn sent<U: Default>(self, set: impl FnOnce(T) -> U) -> Option<U> {
        match self {
            Self::Left => None,
            Self::Clear => Some(U::default()),
            Self::Set(value) => Some(set(value)),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Change<T> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(json)?.map_or(Self::Clear, Self::Set))
    }
}

/// Names and values, in the order sent.
#[derive(Debug)]
pub(super) struct Pairs<'a>(pub Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_map(Entries(PhantomData))
    }
}

struct Entries<'a>(PhantomData<&'a ()>);

impl<'de: 'a, 'a> Visitor<'de> for Entries<'a> {
    type Value = Pairs<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut json: A) -> Result<Pairs<'a>, A::Error> {
        let mut pairs = Vec::new();
        while let Some((Text(name), Text(value))) = json.next_entry()? {
            pairs.push((name, value));
        }
        Ok(Pairs(pairs))
    }
}

/// A body without members.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NothingBody {}

/// A call that says all by its address.
#[derive(Debug)]
pub(super) struct Nothing;

impl BodyCall for Nothing {
    type Sent<'a> = NothingBody;
    type Call<'a> = ();

    fn read<'a>(NothingBody {}: Self::Sent<'a>, _: &mut Faults) -> Option<Self::Call<'a>> {
        Some(())
    }
}

impl Documented for Nothing {
    const EXAMPLE: &'static str = "{}";
}
