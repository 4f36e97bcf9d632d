//! Reading the members of a key's body: what the draft of a form would not show to be wrong, and where each fault is.

use std::borrow::Cow;

use domain::field::{Field, FieldErrors};
use domain::kind::KeyKind;
use domain::refusal::Refusal;
use service::Error;

use super::bodies::{Pairs, moment};
use crate::json::fault::{Faults, Step};
use crate::json::members::{Bounded, Text};
use crate::json::problem::Problem;

/// A list of at most so many items.
pub(super) type Items<'a, const MOST: usize> = Bounded<Text<'a>, 0, MOST>;

/// The names in the metadata that was sent, so that a fault is at its name.
#[derive(Debug, Default)]
pub(super) struct Names(Vec<String>);

impl Names {
    /// The problem with each fault at its member.
    pub fn problem(&self, error: Error) -> Problem {
        let Error::Refused(Refusal::Invalid(errors)) = error else { return error.into() };
        Problem::invalid(self.faults(errors))
    }

    pub fn faults(&self, mut errors: FieldErrors) -> Faults {
        // A body has no choice beside the date.
        for error in errors.0.iter_mut().filter(|error| error.field == Field::Expiry) {
            error.field = Field::ExpiresAt;
        }
        let mut faults = Faults::default();
        let named = |item: Option<usize>| item.and_then(|item| self.0.get(item));
        for error in errors.0.extract_if(.., |error| error.field == Field::Metadata && named(error.item).is_some()) {
            let name = named(error.item).cloned().unwrap_or_default();
            let path = vec![Step::Member(Cow::Borrowed("metadata")), Step::Member(Cow::Owned(name))];
            faults.at(path, error.message);
        }
        faults.extend(errors.into());
        faults
    }
}

pub(super) fn text(Text(text): Text<'_>) -> String {
    text.into_owned()
}

/// The items of a list, whose bound is checked by now.
pub(super) fn texts<const MOST: usize>(Bounded(items): Items<'_, MOST>) -> Vec<Text<'_>> {
    items
}

/// The items of a list. A blank one is a fault, and so is one with nothing before or after a comma: where a variable of a
/// script is not set, no restriction must be lost.
pub(super) fn listed(faults: &mut Faults, member: &'static str, items: Option<Vec<Text<'_>>>) -> Vec<String> {
    let items: Vec<_> = items.unwrap_or_default().into_iter().map(text).collect();
    let is_blank = |item: &str| item.split(',').any(|value| value.trim().is_empty());
    for (n, _) in items.iter().enumerate().filter(|(_, item)| is_blank(item)) {
        faults.at(vec![Step::Member(Cow::Borrowed(member)), Step::Item(n)], "An item is blank: leave it out.");
    }
    items
}

/// A time, which must not be blank either.
pub(super) fn when(faults: &mut Faults, member: &'static str, at: Text<'_>) -> String {
    if at.0.trim().is_empty() {
        let words = "A time is not blank: send null, or leave it out, for none.";
        faults.at(vec![Step::Member(Cow::Borrowed(member))], words);
    }
    moment(at)
}

/// A word of a closed set. The forms take a blank one for the usual one, and cut white space off. A program that sends either
/// has lost a variable, and would get another key than it meant.
pub(super) fn word(faults: &mut Faults, member: &'static str, Text(word): Text<'_>) -> String {
    if word.is_empty() || word.trim() != word {
        let words = "Send the word alone, not blank and without white space around it.";
        faults.at(vec![Step::Member(Cow::Borrowed(member))], words);
    }
    word.into_owned()
}

/// Those that the forms of the kind show as boxes apart. In the other list, a blank keeps their place.
pub(super) fn permissions(kind: KeyKind, mut sent: Vec<String>) -> (Vec<String>, Vec<String>) {
    let known = kind.rules().boxes;
    let boxes = sent.iter_mut().filter(|name| known.iter().any(|(known, _)| *known == name.as_str()));
    let boxes = boxes.map(std::mem::take).collect();
    (sent, boxes)
}

/// The items of the metadata, and their names. A name with `=` would be read as a shorter one: it is a fault, and left out.
pub(super) fn metadata(faults: &mut Faults, pairs: Option<Pairs<'_>>) -> (Vec<String>, Names) {
    let mut pairs = pairs.map(|Pairs(pairs)| pairs).unwrap_or_default();
    for (name, _) in pairs.extract_if(.., |(name, _)| name.contains('=')) {
        let path = vec![Step::Member(Cow::Borrowed("metadata")), Step::Member(Cow::Owned(name.into_owned()))];
        faults.at(path, "A name has no = in it.");
    }
    let items = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    (items, Names(pairs.into_iter().map(|(name, _)| name.into_owned()).collect()))
}
