//! The bounds of lists and numbers in the document, each from the constant that its value is checked against, so that both
//! cannot differ.

use domain::kind::KeyKind;
use domain::{app, approval, bulk, contact, grant, labels, limit, quota, rotation, second_factor, text};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ArrayBuilder, ArrayItems, ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::super::words;
use super::access::GrantBody;

/// The most items of the list of acts: each once.
pub(super) const ACTS_MAX: usize = grant::KeyAct::ALL.len();
/// The most items of the list of kinds: each once.
pub(super) const KINDS_MAX: usize = KeyKind::ALL.len();

/// Lists by the names that they have in the document: of what, the fewest and the most items.
macro_rules! lists {
    ($($name:ident: $item:ty, $least:expr, $most:expr;)+) => {
        $(
            #[derive(Debug)]
            pub(super) struct $name;

            impl PartialSchema for $name {
                fn schema() -> RefOr<Schema> {
                    list(<$item as PartialSchema>::schema(), $least, $most).into()
                }
            }

            impl ToSchema for $name {
                fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
                    <$item as ToSchema>::schemas(schemas);
                }
            }
        )+
    };
}

/// Whole numbers by the names that they have in the document: the least and the greatest.
macro_rules! numbers {
    ($($name:ident: $least:expr, $most:expr;)+) => {
        $(
            #[derive(Debug)]
            pub(super) struct $name;

            impl PartialSchema for $name {
                fn schema() -> RefOr<Schema> {
                    let number = ObjectBuilder::new().schema_type(Type::Integer);
                    number.minimum(Some($least)).maximum(Some($most)).into()
                }
            }

            impl ToSchema for $name {}
        )+
    };
}

lists! {
    ActsFor: String, None, contact::ACTS_FOR_MAX;
    ApprovalKinds: words::NewKeyKind, None, KINDS_MAX;
    ApprovalPermissions: String, None, approval::PATTERNS_MAX;
    Apps: String, None, app::PERSON_APPS_MAX;
    Cidrs: String, None, text::CIDRS_MAX;
    Domains: String, None, text::DOMAINS_MAX;
    GrantedActs: words::KeyAct, None, ACTS_MAX;
    GrantedKeys: GrantBody<'static>, None, grant::GRANTS_MAX;
    KeyIds: String, Some(1), usize::try_from(bulk::BULK_MAX).unwrap_or(usize::MAX);
    Permissions: String, None, text::PERMISSIONS_MAX;
    RateLimits: String, None, limit::LIMITS_MAX;
    Tags: String, None, labels::TAGS_MAX;
}

numbers! {
    GraceDays: 0_u32, second_factor::GRACE_MAX.unsigned_abs();
    QuotaCalls: quota::QUOTA_MIN, quota::QUOTA_MAX;
    RotateDays: rotation::ROTATE_DAYS_MIN, rotation::ROTATE_DAYS_MAX;
}

fn list(item: impl Into<ArrayItems>, least: Option<usize>, most: usize) -> ArrayBuilder {
    ArrayBuilder::new().items(item).min_items(least).max_items(Some(most))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::key_body::{KeyChange, NewKey};
    use super::super::many::KeysAct;
    use super::super::people::{PersonApps, PersonKeys};
    use super::*;
    use crate::json::body::BodyCall;
    use crate::json::members::Object;

    /// Each list of a body takes as many items as its schema says, and not one more.
    #[test]
    fn a_parser_takes_as_many_items_as_the_schema_says() {
        let key = json!({ "kind": "service", "name": "a" });
        for member in ["permissions", "cidrs", "deniedCidrs", "domains", "limits", "actsFor", "tags"] {
            takes::<NewKey>(&key, member, &json!("a"));
            takes::<KeyChange>(&json!({}), member, &json!("a"));
        }
        takes::<service::settings::SettingsChange>(&json!({}), "approvalKinds", &json!("service"));
        takes::<service::settings::SettingsChange>(&json!({}), "approvalPermissions", &json!("a.b"));
        takes::<KeysAct>(&json!({ "act": "disable" }), "ids", &json!("7Qm2xVbN4tRa"));
        takes::<PersonApps>(&json!({}), "apps", &json!("0123456789abcdef01234567"));
        takes::<PersonKeys>(&json!({}), "keys", &json!({ "key": "7Qm2xVbN4tRa" }));
    }

    fn takes<B: BodyCall>(body: &Value, member: &str, item: &Value) {
        let most = most::<B::Sent<'static>>(member);
        for (count, right) in [(most, true), (most + 1, false)] {
            let mut body = body.clone();
            body[member] = vec![item.clone(); count].into();
            let text = body.to_string();
            let read = serde_json::from_str::<Object<B::Sent<'_>>>(&text);
            assert_eq!(read.is_ok(), right, "{count} {member}");
        }
    }

    /// The most items of a member, by the document.
    fn most<T: ToSchema>(member: &str) -> usize {
        let mut named = Vec::new();
        T::schemas(&mut named);
        let schema = serde_json::to_value(T::schema()).unwrap();
        let property = &schema["properties"][member];
        let either = property["oneOf"].as_array().into_iter().flatten();
        let mut references = std::iter::once(property).chain(either).filter_map(|schema| schema["$ref"].as_str());
        let name = references.next().unwrap().rsplit('/').next().unwrap();
        let (_, list) = named.iter().find(|(known, _)| known == name).unwrap();
        serde_json::to_value(list).unwrap()["maxItems"].as_u64().unwrap().try_into().unwrap()
    }

    #[test]
    fn the_parser_of_ids_has_the_bound_of_many_keys() {
        assert_eq!(u32::try_from(super::super::many::IDS_MAX), Ok(bulk::BULK_MAX));
    }
}
