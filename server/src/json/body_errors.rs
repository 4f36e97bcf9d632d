//! Reads a wrong body again beside its schema, to report every fault, member by member. The schema comes from the
//! parsed struct, as for an `OpenAPI` document.

use std::borrow::Cow;
use std::slice;

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{
    AdditionalProperties, Array, ArrayItems, Object, Schema, SchemaFormat, SchemaType, Type,
};
use utoipa::{Number, ToSchema};

use super::body::BodyCall;
use super::fault::{Faults, Step, Wrong};
use super::members::{self, check_format};
use super::problem::Problem;
use super::tree::{Tree, Unreadable};

/// Reports what is wrong with the body of a call, which could not be read for `error`.
pub(super) fn look_through<B: BodyCall>(text: &str, error: &serde_json::Error) -> Problem {
    let mut faults = match Tree::read(text) {
        Ok(mut tree) => {
            let mut faults = mend::<B::Sent<'_>>(&mut tree);
            faults.extend_outside(faults_of_rest::<B>(&tree));
            faults
        }
        Err(Unreadable::Empty) => return Problem::malformed("The body is empty; send a JSON object."),
        Err(Unreadable::TooDeep) => return Problem::malformed("The body is nested too deeply."),
        Err(Unreadable::NoJson(reason)) => return Problem::malformed(format!("The body is not JSON: {reason}.")),
    };
    if faults.is_empty() {
        faults.here(format!("{error}."));
    }
    Problem::invalid(faults)
}

/// Finds where a body differs from its schema, and puts the least that the schema allows there.
fn mend<T: ToSchema>(tree: &mut Tree) -> Faults {
    let mut named = Vec::new();
    T::schemas(&mut named);
    let mut faults = Faults::default();
    Schemas { named }.check(tree, &T::schema(), &mut faults);
    faults
}

/// What is wrong with the values of a mended body.
fn faults_of_rest<B: BodyCall>(mended: &Tree) -> Faults {
    // Without what was not looked at, it would say something else.
    let text = mended.is_whole().then(|| serde_json::to_string(mended).ok()).flatten().unwrap_or_default();
    let sent = serde_json::from_str::<members::Object<B::Sent<'_>>>(&text);
    sent.map_or_else(|_| Faults::default(), |members::Object(sent)| B::faults(sent))
}

/// The schemas that others refer to by name.
struct Schemas {
    named: Vec<(String, RefOr<Schema>)>,
}

impl Schemas {
    fn check(&self, tree: &mut Tree, schema: &RefOr<Schema>, faults: &mut Faults) {
        if matches!(tree, Tree::Null) && may_be_null(schema) {
            return;
        }
        let checked = match self.behind(schema) {
            Some(Schema::Array(array)) => self.check_list(tree, array, faults),
            Some(Schema::Object(object)) => match type_of(object) {
                Some(Type::String) => check_text(tree, object),
                Some(Type::Integer) => check_whole(tree, object),
                Some(Type::Boolean) if !matches!(tree, Tree::Flag(_)) => Err(wanted("true or false", tree)),
                Some(Type::Object) => self.check_object(tree, object, faults),
                _ => Ok(()),
            },
            // No parsed struct has another one.
            _ => Ok(()),
        };
        if let Err(wrong) = checked {
            faults.wrong_here(wrong);
            *tree = self.least(schema);
        }
    }

    /// The least that a schema allows.
    fn least(&self, schema: &RefOr<Schema>) -> Tree {
        match self.behind(schema) {
            Some(Schema::Array(array)) => {
                let count = array.min_items.unwrap_or(0);
                let items = (0..count).filter_map(|_| item_of(array).map(|item| self.least(item)));
                Tree::List(items.collect(), count)
            }
            Some(Schema::Object(object)) => match type_of(object) {
                Some(Type::String) => Tree::Text("x".repeat(object.min_length.unwrap_or(0))),
                Some(Type::Integer) => Tree::Number(Some(least_number(object))),
                Some(Type::Boolean) => Tree::Flag(false),
                Some(Type::Object) => {
                    let required = object.required.iter().filter_map(|name| self.least_member(object, name));
                    Tree::Object(required.collect(), true)
                }
                _ => Tree::Null,
            },
            _ => Tree::Null,
        }
    }

    fn least_member(&self, object: &Object, name: &str) -> Option<(String, Tree)> {
        Some((name.to_owned(), self.least(object.properties.get(name)?)))
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

    fn check_list(&self, tree: &mut Tree, array: &Array, faults: &mut Faults) -> Result<(), Wrong> {
        let Tree::List(found, count) = tree else { return Err(wanted("an array", tree)) };
        let (least, most) = (array.min_items.unwrap_or(0), array.max_items.unwrap_or(usize::MAX));
        if !(least..=most).contains(count) {
            return Err((format!("This must have {least} to {most} items, not {count}.").into(), None));
        }
        let Some(schema) = item_of(array) else { return Ok(()) };
        for (n, item) in found.iter_mut().enumerate() {
            faults.within(Step::Item(n), |faults| self.check(item, schema, faults));
        }
        Ok(())
    }

    fn check_object(&self, tree: &mut Tree, object: &Object, faults: &mut Faults) -> Result<(), Wrong> {
        let Tree::Object(found, all) = tree else { return Err(wanted("a JSON object", tree)) };
        let required = object.required.iter().filter(|_| *all);
        let missing: Vec<_> = required.filter(|name| found.iter().all(|(there, _)| there != *name)).collect();
        for name in &missing {
            let what = object.properties.get(*name).and_then(description).map(what).unwrap_or_default();
            let step = Step::Member(Cow::Owned((*name).clone()));
            faults.within(step, |faults| faults.here(format!("This member is required: {what}.")));
        }
        let mut seen = Vec::new();
        found.retain_mut(|(name, tree)| {
            let step = Step::Member(Cow::Owned(name.clone()));
            faults.within(step, |faults| self.check_member(name, tree, object, &mut seen, faults))
        });
        found.extend(missing.into_iter().filter_map(|name| self.least_member(object, name)));
        Ok(())
    }

    /// Whether to keep the member. `seen` has the known ones before it.
    fn check_member(
        &self,
        name: &str,
        tree: &mut Tree,
        object: &Object,
        seen: &mut Vec<String>,
        faults: &mut Faults,
    ) -> bool {
        if let Some(schema) = object.properties.get(name) {
            let is_first = seen.iter().all(|before| before != name);
            if is_first {
                seen.push(name.to_owned());
            } else {
                faults.here("This member is repeated.");
            }
            self.check(tree, schema, faults);
            return is_first;
        }
        match object.additional_properties.as_deref() {
            Some(AdditionalProperties::RefOr(schema)) => self.check(tree, schema, faults),
            Some(AdditionalProperties::FreeForm(false)) => {
                let names: Vec<_> = object.properties.keys().map(String::as_str).collect();
                let fix =
                    if names.is_empty() { "Send {}.".to_owned() } else { format!("Use one of {}.", names.join(", ")) };
                faults.here_with("This member is unknown.", fix);
                return false;
            }
            _ => {}
        }
        true
    }
}

fn check_text(tree: &Tree, object: &Object) -> Result<(), Wrong> {
    let Tree::Text(text) = tree else { return Err(wanted("a string", tree)) };
    let (least, most) = (object.min_length.unwrap_or(0), object.max_length.unwrap_or(usize::MAX));
    match (text.chars().count(), &object.format) {
        (length, _) if length < least => {
            Err(("This is empty.".into(), Some(format!("Send {least} to {most} characters.").into())))
        }
        (length, _) if length > most => Err((format!("This has more than {most} characters.").into(), None)),
        (_, Some(SchemaFormat::Custom(format))) => check_format(format, text),
        _ => Ok(()),
    }
}

/// A whole number in a body starts at 0 unless its schema says more.
fn check_whole(tree: &Tree, object: &Object) -> Result<(), Wrong> {
    let Tree::Number(number) = tree else { return Err(wanted("a whole number", tree)) };
    let (least, most) = (least_number(object), bound(object.maximum.as_ref()));
    let wrong = match most {
        _ if number.is_some_and(|number| (least..=most.unwrap_or(u64::MAX)).contains(&number)) => return Ok(()),
        Some(most) => format!("This must be a whole number from {least} to {most}."),
        None => format!("This must be a whole number, {least} or greater."),
    };
    Err((wrong.into(), None))
}

fn least_number(object: &Object) -> u64 {
    bound(object.minimum.as_ref()).unwrap_or(0)
}

fn bound(bound: Option<&Number>) -> Option<u64> {
    match bound {
        Some(Number::Int(bound)) => u64::try_from(*bound).ok(),
        Some(Number::UInt(bound)) => u64::try_from(*bound).ok(),
        Some(Number::Float(_)) | None => None,
    }
}

fn wanted(what: &str, tree: &Tree) -> Wrong {
    (format!("This must be {what}, not {}.", tree.named()).into(), None)
}

/// The type of a value that is not null.
fn type_of(object: &Object) -> Option<&Type> {
    types(&object.schema_type).iter().find(|kind| **kind != Type::Null)
}

fn item_of(array: &Array) -> Option<&RefOr<Schema>> {
    let ArrayItems::RefOrSchema(schema) = &array.items else { return None };
    Some(schema)
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
            let Ok(mut tree) = Tree::read(&text) else { panic!("{text} is JSON") };
            let faults = mend::<B::Sent<'_>>(&mut tree);
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
