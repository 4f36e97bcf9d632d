//! Reads a wrong body again beside its schema, to report every fault, member by member. The schema comes from the
//! parsed struct, as for an `OpenAPI` document.

use std::borrow::Cow;
use std::slice;

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{
    AdditionalProperties, Array, ArrayItems, Object, Schema, SchemaFormat, SchemaType, Type,
};
use utoipa::{Number, ToSchema};

use super::fault::{Faults, Step};
use super::members::check_format;
use super::problem::Problem;
use super::tree::{Tree, Unreadable};

/// Reports what is wrong with a body that should have been a `T` and failed with `error`.
pub(super) fn look_through<T: ToSchema>(text: &str, error: &serde_json::Error) -> Problem {
    let mut faults = match Tree::read(text) {
        Ok(tree) => faults_of::<T>(&tree),
        Err(Unreadable::Empty) => return Problem::malformed("The body is empty; send a JSON object."),
        Err(Unreadable::TooDeep) => return Problem::malformed("The body is nested too deeply."),
        Err(Unreadable::NoJson(reason)) => return Problem::malformed(format!("The body is not JSON: {reason}.")),
        Err(Unreadable::TooLarge(path)) => {
            let mut faults = Faults::default();
            faults.at(path, "This number is too large.");
            faults
        }
    };
    if faults.is_empty() {
        faults.here(format!("{error}."));
    }
    Problem::invalid(faults)
}

fn faults_of<T: ToSchema>(tree: &Tree) -> Faults {
    let mut named = Vec::new();
    T::schemas(&mut named);
    let mut faults = Faults::default();
    Schemas { named }.check(tree, &T::schema(), &mut faults);
    faults
}

/// The schemas that others refer to by name.
struct Schemas {
    named: Vec<(String, RefOr<Schema>)>,
}

impl Schemas {
    fn check(&self, tree: &Tree, schema: &RefOr<Schema>, faults: &mut Faults) {
        if matches!(tree, Tree::Null) && may_be_null(schema) {
            return;
        }
        match self.behind(schema) {
            Some(Schema::Array(array)) => self.check_list(tree, array, faults),
            Some(Schema::Object(object)) => match types(&object.schema_type).iter().find(|kind| **kind != Type::Null) {
                Some(Type::String) => check_text(tree, object, faults),
                Some(Type::Integer) => check_whole(tree, object, faults),
                Some(Type::Boolean) if !matches!(tree, Tree::Flag) => wanted("true or false", tree, faults),
                Some(Type::Object) => self.check_object(tree, object, faults),
                _ => {}
            },
            // No parsed struct has another one.
            _ => {}
        }
    }

    /// The schema behind a name or a null.
    fn behind<'s>(&'s self, schema: &'s RefOr<Schema>) -> Option<&'s Schema> {
        match schema {
            RefOr::Ref(to) => {
                let name = to.ref_location.rsplit('/').next()?;
                let (_, schema) = self.named.iter().find(|(known, _)| known == name)?;
                self.behind(schema)
            }
            RefOr::T(Schema::OneOf(either)) => self.behind(either.items.iter().find(|item| !is_null(item))?),
            RefOr::T(schema) => Some(schema),
        }
    }

    fn check_list(&self, tree: &Tree, array: &Array, faults: &mut Faults) {
        let Tree::List(found, count) = tree else { return wanted("an array", tree, faults) };
        let (least, most) = (array.min_items.unwrap_or(0), array.max_items.unwrap_or(usize::MAX));
        if !(least..=most).contains(count) {
            return faults.here(format!("This must have {least} to {most} items, not {count}."));
        }
        let ArrayItems::RefOrSchema(schema) = &array.items else { return };
        for (n, item) in found.iter().enumerate() {
            faults.within(Step::Item(n), |faults| self.check(item, schema, faults));
        }
    }

    fn check_object(&self, tree: &Tree, object: &Object, faults: &mut Faults) {
        let Tree::Object(found, all) = tree else { return wanted("a JSON object", tree, faults) };
        let required = object.required.iter().filter(|_| *all);
        for name in required.filter(|name| found.iter().all(|(there, _)| there != *name)) {
            let what = object.properties.get(name).and_then(description).map(what).unwrap_or_default();
            let step = Step::Member(Cow::Owned(name.clone()));
            faults.within(step, |faults| faults.here(format!("This member is required: {what}.")));
        }
        let closed = matches!(object.additional_properties.as_deref(), Some(AdditionalProperties::FreeForm(false)));
        for (n, (name, tree)) in found.iter().enumerate() {
            faults.within(Step::Member(Cow::Owned(name.clone())), |faults| match object.properties.get(name) {
                Some(schema) => {
                    if found.iter().take(n).any(|(before, _)| before == name) {
                        faults.here("This member is repeated.");
                    }
                    self.check(tree, schema, faults);
                }
                None if let Some(AdditionalProperties::RefOr(schema)) = object.additional_properties.as_deref() => {
                    self.check(tree, schema, faults);
                }
                None if closed => {
                    let names: Vec<_> = object.properties.keys().map(String::as_str).collect();
                    let fix = if names.is_empty() {
                        "Send {}.".to_owned()
                    } else {
                        format!("Use one of {}.", names.join(", "))
                    };
                    faults.here_with("This member is unknown.", fix);
                }
                None => {}
            });
        }
    }
}

fn check_text(tree: &Tree, object: &Object, faults: &mut Faults) {
    let Tree::Text(text) = tree else { return wanted("a string", tree, faults) };
    let (least, most) = (object.min_length.unwrap_or(0), object.max_length.unwrap_or(usize::MAX));
    let length = text.chars().count();
    if length < least {
        faults.here_with("This is empty.", format!("Send {least} to {most} characters."));
    } else if length > most {
        faults.here(format!("This has more than {most} characters."));
    } else if let Some(SchemaFormat::Custom(format)) = &object.format
        && let Err(wrong) = check_format(format, text)
    {
        faults.wrong_here(wrong);
    }
}

/// A whole number in a body starts at 0 unless its schema says more.
fn check_whole(tree: &Tree, object: &Object, faults: &mut Faults) {
    let Tree::Number(number) = tree else { return wanted("a whole number", tree, faults) };
    let (least, most) = (bound(object.minimum.as_ref()).unwrap_or(0), bound(object.maximum.as_ref()));
    match most {
        _ if number.is_some_and(|number| (least..=most.unwrap_or(u64::MAX)).contains(&number)) => {}
        Some(most) => faults.here(format!("This must be a whole number from {least} to {most}.")),
        None => faults.here(format!("This must be a whole number, {least} or greater.")),
    }
}

fn bound(bound: Option<&Number>) -> Option<u64> {
    match bound {
        Some(Number::Int(bound)) => u64::try_from(*bound).ok(),
        Some(Number::UInt(bound)) => u64::try_from(*bound).ok(),
        Some(Number::Float(_)) | None => None,
    }
}

fn wanted(what: &str, tree: &Tree, faults: &mut Faults) {
    faults.here(format!("This must be {what}, not {}.", tree.named()));
}

fn types(types: &SchemaType) -> &[Type] {
    match types {
        SchemaType::Type(one) => slice::from_ref(one),
        SchemaType::Array(several) => several,
        SchemaType::AnyValue => &[],
    }
}

fn may_be_null(schema: &RefOr<Schema>) -> bool {
    match schema {
        RefOr::T(Schema::OneOf(either)) => either.items.iter().any(is_null),
        RefOr::T(Schema::Object(object)) => types(&object.schema_type).contains(&Type::Null),
        RefOr::T(Schema::Array(array)) => types(&array.schema_type).contains(&Type::Null),
        RefOr::T(_) | RefOr::Ref(_) => false,
    }
}

fn is_null(schema: &RefOr<Schema>) -> bool {
    matches!(schema, RefOr::T(Schema::Object(object)) if types(&object.schema_type) == [Type::Null])
}

fn description(schema: &RefOr<Schema>) -> Option<&str> {
    match schema {
        RefOr::Ref(to) => Some(&to.description),
        RefOr::T(Schema::Object(object)) => object.description.as_deref(),
        RefOr::T(Schema::Array(array)) => array.description.as_deref(),
        RefOr::T(_) => None,
    }
}

/// The first sentence of a description, as part of another sentence.
fn what(description: &str) -> String {
    let sentence = description.split(['.', ':', '\n']).next().unwrap_or_default();
    let mut letters = sentence.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::test_runner::TestRunner;
    use serde_json::{Value, json};

    use super::super::body::BodyCall;
    use super::super::members::Object;
    use super::*;

    /// One change of a body: which of all its values, and how.
    #[derive(Debug, Clone)]
    enum Change {
        Replace(Value),
        Repeat(usize),
        Remove,
        Add,
    }

    fn changes() -> impl Strategy<Value = Vec<(usize, Change)>> {
        let text = |length: usize| Value::from("x".repeat(length));
        let mut values: Vec<Value> =
            [0, 1, 31, 32, 33, 50, 51, 256, 257, 512, 513, 1_000, 1_001, 2_001].map(text).into();
        values.extend([json!(null), json!(true), json!([]), json!({}), json!(["a"]), json!({ "name": "a" })]);
        values.extend([
            json!("é".repeat(512)),
            json!("é".repeat(513)),
            json!("GET"),
            json!("10.0.0.1"),
            json!("a AND b"),
        ]);
        values.extend([
            json!(0),
            json!(1),
            json!(1.0),
            json!(-1),
            json!(1.5),
            json!(1e30),
            json!(u64::MAX),
            json!(i64::MIN),
        ]);
        values.extend([json!(1_000_000_000), json!(1_000_000_001), json!(u32::MAX), json!(1_u64 << 32)]);
        values.extend([json!(90), json!(91), json!(3_653), json!(3_654)]);
        values.extend([json!(1_000_000_000_000_u64), json!(1_000_000_000_001_u64)]);
        let change = prop_oneof![
            4 => prop::sample::select(values).prop_map(Change::Replace),
            2 => prop::sample::select(vec![0, 1, 2, 4, 5, 10, 11, 20, 21, 50, 51, 100, 101, 200, 201]).prop_map(Change::Repeat),
            1 => Just(Change::Remove),
            1 => Just(Change::Add),
        ];
        vec((any::<usize>(), change), 0..4)
    }

    /// The JSON pointers of all values.
    fn places(value: &Value, at: String, found: &mut Vec<String>) {
        match value {
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(n, item)| places(item, format!("{at}/{n}"), found));
            }
            Value::Object(members) => {
                members.iter().for_each(|(name, value)| places(value, format!("{at}/{name}"), found));
            }
            _ => {}
        }
        found.push(at);
    }

    fn apply(change: &Change, place: &str, body: &mut Value) {
        let value = body.pointer_mut(place).unwrap();
        match change {
            Change::Replace(with) => *value = with.clone(),
            Change::Repeat(times) => {
                if let Value::Array(items) = value {
                    *items = items.first().cloned().into_iter().cycle().take(*times).collect();
                }
            }
            Change::Add => {
                if let Value::Object(members) = value {
                    members.insert("more".to_owned(), json!(1));
                }
            }
            Change::Remove => {
                let (outer, name) = place.rsplit_once('/').unwrap_or_default();
                if let Some(Value::Object(members)) = body.pointer_mut(outer) {
                    members.remove(name);
                }
            }
        }
    }

    /// However a right body is changed, a body that fails to parse has at least one fault, and a body that parses has
    /// none. So the parser and the schema, which both come from one struct, agree.
    pub(crate) fn parser_and_schema_agree<B: BodyCall>(right: &Value) {
        parser_and_schema_agree_but::<B>(right, |_| false);
    }

    /// The same, of a body with members that only a later check refuses.
    pub(crate) fn parser_and_schema_agree_but<B: BodyCall>(right: &Value, refused: impl Fn(&B::Call<'_>) -> bool) {
        let mut runner = TestRunner::new(ProptestConfig { cases: 2_000, ..ProptestConfig::default() });
        let outcome = runner.run(&changes(), |changes| {
            let mut body = right.clone();
            for (number, change) in &changes {
                let mut found = Vec::new();
                places(&body, String::new(), &mut found);
                apply(change, &found[number % found.len()], &mut body);
            }
            let text = body.to_string();
            let Ok(tree) = Tree::read(&text) else { panic!("{text} is JSON") };
            let faults = faults_of::<B::Sent<'_>>(&tree);
            match serde_json::from_str::<Object<B::Sent<'_>>>(&text) {
                Err(error) => prop_assert!(!faults.is_empty(), "{error}, but nothing is wrong with {text}"),
                Ok(Object(sent)) => {
                    let is_right = B::check(sent).is_ok_and(|call| !refused(&call));
                    prop_assert!(!is_right || faults.is_empty(), "{faults:?} in {text}");
                }
            }
            Ok(())
        });
        outcome.unwrap();
    }

    #[test]
    fn a_description_becomes_a_part_of_a_sentence() {
        assert_eq!(what("The key to ask about, as it came. It may be wrong."), "the key to ask about, as it came");
        assert_eq!(what(""), "");
    }
}
