//! A body that could not be read in one pass is looked through, to say what is wrong member by member.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::fault::{Faults, Step};
use super::problem::Problem;

/// So many values are looked at. A body that is nearly right has fewer, and one that is not fills no memory.
const LOOKED_AT: usize = 10_000;

/// What a value has to be.
#[derive(Debug)]
pub(crate) enum Shape {
    Text,
    Flag,
    /// A whole number from 0 to this one.
    Whole(u64),
    Object(&'static [Member]),
    /// Of at least and at most so many items.
    List(usize, usize, &'static Shape),
}

/// A member of an object. One that is not needed may be null.
#[derive(Debug)]
pub(crate) struct Member {
    pub name: &'static str,
    pub shape: Shape,
    /// What it is, if it is needed.
    pub needed: Option<&'static str>,
}

impl Member {
    pub const fn optional(name: &'static str, shape: Shape) -> Self {
        Self { name, shape, needed: None }
    }

    pub const fn needed(name: &'static str, shape: Shape, what: &'static str) -> Self {
        Self { name, shape, needed: Some(what) }
    }
}

/// Says what is wrong with a body that should have this shape, and was refused for `error`.
pub(crate) fn look_through(text: &str, error: &serde_json::Error, shape: &Shape) -> Problem {
    let mut faults = Faults::default();
    let (path, left) = (RefCell::default(), Cell::new(LOOKED_AT));
    match read(text, &path, &left) {
        Ok(tree) => check(&tree, shape, &mut faults),
        Err(_) if text.trim().is_empty() => {
            return Problem::malformed("The body is empty; send a JSON object.");
        }
        Err(error) => {
            let reason = error.to_string();
            if reason.starts_with("recursion limit") {
                return Problem::malformed("The body is nested too deeply.");
            }
            if !reason.starts_with("number out of range") {
                return Problem::malformed(format!("The body is not JSON: {reason}."));
            }
            faults.at(path.into_inner(), "This number is too large.");
        }
    }
    if faults.is_empty() {
        faults.here(format!("{error}."));
    }
    Problem::invalid(faults)
}

/// As much of a value as has to be known.
enum Tree {
    Null,
    Flag,
    Number(Option<u64>),
    Text,
    /// Its items, as far as they are looked at, and how many there are.
    List(Vec<Tree>, usize),
    Object(Vec<(String, Tree)>),
}

impl Tree {
    const fn named(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Flag => "true or false",
            Self::Number(_) => "a number",
            Self::Text => "a string",
            Self::List(..) => "an array",
            Self::Object(_) => "an object",
        }
    }
}

fn check(tree: &Tree, shape: &Shape, faults: &mut Faults) {
    match (shape, tree) {
        (Shape::Text, Tree::Text) | (Shape::Flag, Tree::Flag) => {}
        (Shape::Whole(most), Tree::Number(Some(number))) if number <= most => {}
        (Shape::Whole(u64::MAX), Tree::Number(_)) => faults.here("This has to be a whole number, not below 0."),
        (Shape::Whole(most), Tree::Number(_)) => {
            faults.here(format!("This has to be a whole number from 0 to {most}."));
        }
        (Shape::Object(members), Tree::Object(found)) => check_members(found, members, faults),
        (Shape::List(least, most, _), Tree::List(_, count)) if !(*least..=*most).contains(count) => {
            faults.here(format!("This has to have {least} to {most} items, not {count}."));
        }
        (Shape::List(.., shape), Tree::List(items, _)) => {
            for (n, item) in items.iter().enumerate() {
                faults.within(Step::Item(n), |faults| check(item, shape, faults));
            }
        }
        (shape, tree) => {
            let wanted = match shape {
                Shape::Text => "a string",
                Shape::Flag => "true or false",
                Shape::Whole(_) => "a whole number",
                Shape::Object(_) => "a JSON object",
                Shape::List(..) => "an array",
            };
            faults.here(format!("This has to be {wanted}, not {}.", tree.named()));
        }
    }
}

fn check_members(found: &[(String, Tree)], members: &'static [Member], faults: &mut Faults) {
    for member in members {
        if let Some(what) = member.needed
            && found.iter().all(|(name, _)| name != member.name)
        {
            let step = Step::Member(Cow::Borrowed(member.name));
            faults.within(step, |faults| faults.here(format!("This member is needed: {what}.")));
        }
    }
    let mut seen = Vec::new();
    for (name, tree) in found {
        faults.within(Step::Member(Cow::Owned(name.clone())), |faults| {
            let Some(member) = members.iter().find(|member| member.name == name) else {
                let names: Vec<_> = members.iter().map(|member| member.name).collect();
                let fix = format!("There are {}.", names.join(", "));
                return faults.here_with("There is no such member.", fix);
            };
            if seen.contains(&member.name) {
                faults.here("This member is there twice.");
            }
            seen.push(member.name);
            if member.needed.is_some() || !matches!(tree, Tree::Null) {
                check(tree, &member.shape, faults);
            }
        });
    }
}

fn read(text: &str, path: &RefCell<Vec<Step>>, left: &Cell<usize>) -> serde_json::Result<Tree> {
    let mut json = serde_json::Deserializer::from_str(text);
    let tree = Reader { path, left }.deserialize(&mut json)?;
    json.end()?;
    Ok(tree)
}

/// Reads a value, and leaves behind where it was when it could not go on.
#[derive(Clone, Copy)]
struct Reader<'r> {
    path: &'r RefCell<Vec<Step>>,
    left: &'r Cell<usize>,
}

impl Reader<'_> {
    /// Whether one more value is looked at.
    fn goes_on(self) -> bool {
        let left = self.left.get();
        self.left.set(left.saturating_sub(1));
        left > 0
    }

    fn enter(self, step: Step) {
        self.path.borrow_mut().push(step);
    }

    fn leave(self) {
        self.path.borrow_mut().pop();
    }
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Tree;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Tree, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Tree, E> {
        Ok(Tree::Flag)
    }

    fn visit_u64<E>(self, number: u64) -> Result<Tree, E> {
        Ok(Tree::Number(Some(number)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Tree, E> {
        Ok(Tree::Number(u64::try_from(number).ok()))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Tree, E> {
        Ok(Tree::Number(None))
    }

    fn visit_str<E>(self, _: &str) -> Result<Tree, E> {
        Ok(Tree::Text)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut json: A) -> Result<Tree, A::Error> {
        let (mut items, mut count) = (Vec::new(), 0);
        while self.goes_on() {
            self.enter(Step::Item(count));
            let item = json.next_element_seed(self)?;
            self.leave();
            let Some(item) = item else { return Ok(Tree::List(items, count)) };
            items.push(item);
            count += 1;
        }
        while json.next_element::<IgnoredAny>()?.is_some() {
            count += 1;
        }
        Ok(Tree::List(items, count))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut json: A) -> Result<Tree, A::Error> {
        let mut members = Vec::new();
        while let Some(name) = json.next_key::<String>()? {
            if self.goes_on() {
                self.enter(Step::Member(Cow::Owned(name.clone())));
                members.push((name, json.next_value_seed(self)?));
                self.leave();
            } else {
                json.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Tree::Object(members))
    }
}
