//! The folded sections of a key's form, each with its present meaning in a few words.

use domain::draft::{KeyDraft, Part};
use domain::environment::Environment;
use domain::field::Field;

/// A folded section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    Where,
    Often,
    From,
    Labels,
}

impl Section {
    /// Every section, in the order of the form.
    pub const ALL: [Self; 4] = [Self::Where, Self::Often, Self::From, Self::Labels];

    pub const fn label(self) -> &'static str {
        match self {
            Self::Where => "Where it may be used",
            Self::Often => "How often",
            Self::From => "Start and rotation",
            Self::Labels => "Labels",
        }
    }

    /// Its fields, in order.
    pub const fn fields(self) -> &'static [Field] {
        match self {
            Self::Where => &[Field::Cidrs, Field::DeniedCidrs, Field::Domains],
            Self::Often => &[Field::Limits, Field::Quota, Field::QuotaRefill],
            Self::From => &[Field::NotBefore, Field::RotateDays],
            Self::Labels => &[Field::Environment, Field::Owner, Field::ExternalId, Field::Tags, Field::Metadata],
        }
    }

    /// What is typed into it, or what a blank one means, as far as the form has these fields.
    pub fn meaning(self, draft: &KeyDraft, form: &[Field]) -> String {
        let mut draft = draft.clone();
        let mut parts = Vec::new();
        // When the quota refills goes with the quota.
        let shown = |field: &&Field| form.contains(field) && **field != Field::QuotaRefill;
        for field in self.fields().iter().filter(shown) {
            let typed = match draft.part(*field) {
                Some(Part::Text(text)) => text.take().unwrap_or_default().trim().to_owned(),
                Some(Part::Items(items)) => first_of(items.as_deref().unwrap_or_default()),
                None => continue,
            };
            let (before, blank) = words(*field);
            match (*field, typed.is_empty()) {
                (Field::Environment, _) => {
                    parts.push(Environment::parse(&typed).unwrap_or_default().label().to_owned());
                }
                (Field::RotateDays, false) => parts.push(format!("rotated every {typed} days")),
                (_, true) => parts.extend((!blank.is_empty()).then(|| blank.to_owned())),
                (_, false) => parts.push(format!("{before}{typed}")),
            }
        }
        parts.join(" · ")
    }
}

/// What stands before a typed value, and what a blank field means; empty if that is not worth a word.
const fn words(field: Field) -> (&'static str, &'static str) {
    match field {
        Field::Cidrs => ("", "any address"),
        Field::DeniedCidrs => ("not from ", ""),
        Field::Domains => ("", "all domains"),
        Field::Limits => ("", "no rate limit"),
        Field::Quota => ("quota ", "no quota"),
        Field::NotBefore => ("", "at once"),
        _ => ("", ""),
    }
}

/// The first item, and how many more there are.
fn first_of(items: &[String]) -> String {
    let mut items = items.iter().map(|item| item.trim()).filter(|item| !item.is_empty());
    let first = items.next().unwrap_or_default().to_owned();
    match items.count() {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use domain::kind::KeyKind;

    use super::*;

    fn meanings(kind: KeyKind, draft: &KeyDraft) -> Vec<String> {
        Section::ALL.iter().map(|section| section.meaning(draft, kind.rules().asked)).collect()
    }

    #[test]
    fn a_blank_section_says_what_that_means() {
        let draft = KeyDraft { cidrs: Some(vec![" ".to_owned()]), ..KeyDraft::default() };
        let blank = ["any address · all domains", "no rate limit · no quota", "at once", "Live"];
        assert_eq!(meanings(KeyKind::Service, &draft), blank);
        assert_eq!(meanings(KeyKind::Client, &draft), ["all domains", "no rate limit", "", "Live"]);
        // An edit does not have the environment, so it says nothing about it.
        assert_eq!(Section::Labels.meaning(&draft, KeyKind::Service.rules().editable), "");
    }

    #[test]
    fn what_is_typed_is_told_briefly() {
        let items = |items: &[&str]| Some(items.iter().map(|item| (*item).to_owned()).collect::<Vec<_>>());
        let draft = KeyDraft {
            cidrs: items(&["", "203.0.113.0/24", "::1", "10.0.0.0/8"]),
            denied_cidrs: items(&["203.0.113.7"]),
            limits: items(&["100 per minute"]),
            quota: Some("10000".to_owned()),
            not_before: Some("2040-01-01T08:00".to_owned()),
            environment: Some("test".to_owned()),
            tags: items(&["eu", "partner"]),
            ..KeyDraft::default()
        };
        let told = [
            "203.0.113.0/24 and 2 more · not from 203.0.113.7 · all domains",
            "100 per minute · quota 10000",
            "2040-01-01T08:00",
            "Test · eu and 1 more",
        ];
        assert_eq!(meanings(KeyKind::Service, &draft), told);
    }
}
