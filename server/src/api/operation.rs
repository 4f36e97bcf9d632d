//! What the document of the API says of a route.

use domain::permission::AdminPermission;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::manage::query::Param;
use crate::json::body::BodyCall;
#[cfg(test)]
use crate::json::{body::check, problem::Problem};

/// The name of a schema, and that schema with all that it refers to, by their names.
pub(crate) struct Described {
    pub name: String,
    pub schemas: Vec<(String, Value)>,
}

/// The description of a body or an answer: what parses or writes it.
pub(crate) fn described<T: ToSchema>() -> Described {
    let mut named = Vec::new();
    T::schemas(&mut named);
    let name = T::name().into_owned();
    named.push((name.clone(), T::schema()));
    let schemas = named.into_iter().map(|(name, schema)| (name, serde_json::to_value(schema).unwrap_or_default()));
    Described { name, schemas: schemas.collect() }
}

/// The description of a page of these.
pub(crate) fn listed<T: ToSchema>() -> Described {
    let Described { name, mut schemas } = described::<T>();
    let cursor = |about| json!({ "type": ["string", "null"], "description": about });
    let schema = json!({
        "type": "object",
        "required": ["data", "next", "previous"],
        "properties": {
            "data": { "type": "array", "items": { "$ref": format!("#/components/schemas/{name}") } },
            "next": cursor("Send it as after for the next page. Null on the last one."),
            "previous": cursor("Send it as before for the page before. Null on the first one."),
        },
    });
    let name = format!("{name}List");
    schemas.push((name.clone(), schema));
    Described { name, schemas }
}

/// The description of an answer that is one of two. No answer is both.
pub(crate) fn either<A: ToSchema, B: ToSchema>() -> Described {
    let (one, other) = (described::<A>(), described::<B>());
    let reference = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
    let schema = json!({ "oneOf": [reference(&one.name), reference(&other.name)] });
    let name = format!("{}Or{}", one.name, other.name);
    let mut schemas = [one.schemas, other.schemas].concat();
    schemas.push((name.clone(), schema));
    Described { name, schemas }
}

/// How to describe one.
pub(crate) type Describe = fn() -> Described;

/// A call whose body is in the document.
pub(crate) trait Documented: BodyCall {
    /// A small body in JSON to try the call with: Swagger UI fills it in.
    const EXAMPLE: &'static str;
}

/// What the document says of a body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Body {
    pub describe: Describe,
    pub example: &'static str,
    /// Reads the example as a call is read.
    #[cfg(test)]
    pub read: fn() -> Result<(), Problem>,
}

impl Body {
    pub const fn of<B: Documented>() -> Self {
        Self {
            describe: described::<B::Sent<'static>>,
            example: B::EXAMPLE,
            #[cfg(test)]
            read: || check::<B>(B::EXAMPLE),
        }
    }
}

/// A route in the document.
#[derive(Debug)]
pub(crate) struct Operation {
    pub id: &'static str,
    pub tag: &'static str,
    pub summary: &'static str,
    pub about: &'static str,
    /// What the calling key needs; `None` if any key may call.
    pub permission: Option<AdminPermission>,
    pub query: &'static [Param],
    pub body: Option<Body>,
    /// A body that may be left out.
    pub maybe_body: Option<Body>,
    /// Whether it heeds If-Match.
    pub if_match: bool,
    /// The status of a call that was carried out.
    pub status: u16,
    pub answer: Option<Describe>,
}

impl Operation {
    pub const fn new(
        id: &'static str,
        tag: &'static str,
        summary: &'static str,
        permission: AdminPermission,
        status: u16,
        answer: Option<Describe>,
    ) -> Self {
        Self {
            id,
            tag,
            summary,
            about: "",
            permission: Some(permission),
            query: &[],
            body: None,
            maybe_body: None,
            if_match: false,
            status,
            answer,
        }
    }

    /// Whether a POST changes something, by the permission that it needs. A key needs none to revoke itself.
    pub fn changes(&self) -> bool {
        self.permission.is_none_or(AdminPermission::changes)
    }
}
