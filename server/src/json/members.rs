//! Members that several bodies share, and their checks.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::net::IpAddr;

use axum::http::Method;
use domain::kind::KeyKind;
use domain::limit::COST_MAX;
use domain::permission_query::PermissionQuery;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Unexpected, Visitor};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::fault::{Faults, Wrong};

/// The most characters of a path; a query is cut off before they are counted.
const PATH_MAX: usize = 2_000;
/// The most characters of a method.
const METHOD_MAX: usize = 32;

/// Text borrowed from the body unless it has escapes. A plain `Option<Cow>` would copy it.
#[derive(Debug, Deserialize)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub Cow<'a, str>);

impl AsRef<str> for Text<'_> {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl<'a> Text<'a> {
    /// The text without outer white space: whoever reads a key from a file has a line break at its end.
    pub fn trimmed(self) -> Cow<'a, str> {
        match self.0 {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
            Cow::Owned(text) if text.trim().len() == text.len() => Cow::Owned(text),
            Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
        }
    }
}

/// What a call costs: a whole number up to `COST_MAX`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost(pub u32);

impl Cost {
    /// The given cost, or 1.
    pub fn or_one(cost: Option<Self>) -> u32 {
        cost.map_or(1, |Self(cost)| cost)
    }
}

impl<'de> Deserialize<'de> for Cost {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        match u32::try_from(Whole::deserialize(json)?.0) {
            Ok(cost @ 0..=COST_MAX) => Ok(Self(cost)),
            _ => Err(Error::custom("a cost that is too high")),
        }
    }
}

/// A whole number, 0 or greater, however it is written: some languages write 1.0.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Whole(pub u64);

impl Whole {
    /// The whole number that a fraction is, if it is one and exact.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked before")]
    pub fn of(number: f64) -> Option<u64> {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        (number.fract() == 0.0 && (0.0..=EXACT).contains(&number)).then_some(number as u64)
    }
}

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_u64(WholeNumber).map(Self)
    }
}

struct WholeNumber;

impl Visitor<'_> for WholeNumber {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number")
    }

    fn visit_u64<E>(self, number: u64) -> Result<u64, E> {
        Ok(number)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<u64, E> {
        Whole::of(number).ok_or_else(|| Error::invalid_value(Unexpected::Float(number), &self))
    }
}

impl PartialSchema for Cost {
    fn schema() -> RefOr<Schema> {
        let number = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0_u32)).maximum(Some(COST_MAX));
        number.description(Some("How many calls one counts as; 0 only looks.")).into()
    }
}

impl ToSchema for Cost {}

/// Accepts only an object. A derived `Deserialize` would also accept an array, with the members in order.
#[derive(Debug)]
pub(crate) struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_map(Members(PhantomData)).map(Self)
    }
}

struct Members<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, json: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(json))
    }
}

/// A list of `LEAST` to `MOST` items. Items beyond `MOST` are not read.
#[derive(Debug)]
pub(crate) struct Bounded<T, const LEAST: usize, const MOST: usize>(pub Vec<T>);

impl<'de, T: Deserialize<'de>, const LEAST: usize, const MOST: usize> Deserialize<'de> for Bounded<T, LEAST, MOST> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_seq(Items::<T, LEAST, MOST>(PhantomData)).map(Self)
    }
}

struct Items<T, const LEAST: usize, const MOST: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const LEAST: usize, const MOST: usize> Visitor<'de> for Items<T, LEAST, MOST> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{LEAST} to {MOST} items")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut json: A) -> Result<Vec<T>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = json.next_element()? {
            if items.len() == MOST {
                return Err(Error::invalid_length(MOST + 1, &self));
            }
            items.push(item);
        }
        if items.len() < LEAST { Err(Error::invalid_length(items.len(), &self)) } else { Ok(items) }
    }
}

/// Checks a text whose schema names this format. So a body that does not parse has these faults listed too.
pub(super) fn check_format(format: &str, text: &str) -> Result<(), Wrong> {
    match format {
        "ip" => read_address(text).map(drop),
        "permission-query" => read_permissions(text).map(drop),
        "key-kind" => read_kind(text).map(drop),
        "http-method" => check_method(text),
        "path" => check_path(text),
        _ => Ok(()),
    }
}

/// The client's address; `None` if it is not known.
pub(crate) fn address(faults: &mut Faults, text: Option<&Text<'_>>) -> Option<IpAddr> {
    faults.checked("clientIp", text, read_address)
}

pub(crate) fn permissions(faults: &mut Faults, text: Option<&Text<'_>>) -> Option<PermissionQuery> {
    faults.checked("permissions", text, read_permissions)
}

pub(crate) fn kind(faults: &mut Faults, text: Option<&Text<'_>>) -> Option<KeyKind> {
    faults.checked("kind", text, read_kind)
}

pub(crate) fn method<'a>(faults: &mut Faults, text: Option<Text<'a>>) -> Option<Cow<'a, str>> {
    let checked = faults.checked("method", text.as_ref(), check_method);
    checked.and(text).map(|Text(method)| method)
}

/// The path without its query string, which may hold secrets.
pub(crate) fn path<'a>(faults: &mut Faults, text: Option<Text<'a>>) -> Option<Cow<'a, str>> {
    let checked = faults.checked("path", text.as_ref(), check_path);
    checked.and(text).map(|Text(path)| match path {
        Cow::Borrowed(path) => Cow::Borrowed(without_query(path)),
        Cow::Owned(path) => Cow::Owned(without_query(&path).to_owned()),
    })
}

fn read_address(text: &str) -> Result<IpAddr, Wrong> {
    let address: Result<IpAddr, _> = text.parse();
    address.map(|address| address.to_canonical()).map_err(|_| {
        let fix = "Send one like 203.0.113.9 or 2001:db8::7, without a port.";
        ("This is not an IP address.".into(), Some(fix.into()))
    })
}

fn read_permissions(text: &str) -> Result<PermissionQuery, Wrong> {
    PermissionQuery::parse(text).map_err(|error| (error.to_string().into(), None))
}

fn read_kind(text: &str) -> Result<KeyKind, Wrong> {
    KeyKind::parse(text).ok_or_else(|| {
        let names: Vec<_> = KeyKind::ALL.iter().map(|kind| kind.as_str()).collect();
        let fix = format!("Use one of {}.", names.join(", "));
        ("This kind is unknown.".into(), Some(fix.into()))
    })
}

fn check_method(text: &str) -> Result<(), Wrong> {
    if text.len() <= METHOD_MAX && Method::from_bytes(text.as_bytes()).is_ok() {
        return Ok(());
    }
    let fix = format!("Send one like GET, of at most {METHOD_MAX} characters.");
    Err(("This is not an HTTP method.".into(), Some(fix.into())))
}

fn check_path(text: &str) -> Result<(), Wrong> {
    at_most(PATH_MAX, without_query(text))
}

fn without_query(path: &str) -> &str {
    path.split('?').next().unwrap_or_default()
}

/// Whether a text is short enough.
pub(crate) fn at_most(most: usize, text: &str) -> Result<(), Wrong> {
    // A character has at least one byte, so short texts need not be counted.
    if text.len() <= most || text.chars().count() <= most {
        return Ok(());
    }
    Err((format!("This has more than {most} characters.").into(), None))
}
