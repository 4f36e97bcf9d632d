//! A draft as hidden fields of a form, and in words.

use domain::draft::{KeyDraft, Part};
use domain::environment::Environment;
use domain::expiry::Expiry;
use domain::field::Field;
use domain::kind::KeyKind;
use domain::quota::{Quota, Refill};
use leptos::prelude::*;

use super::key_fields::sentence;
use crate::forms::fields::{self, BOXES};

/// A draft as hidden fields.
#[component]
pub fn HiddenDraft(draft: KeyDraft) -> impl IntoView {
    let boxes = draft.boxes.clone();
    let fields: Vec<_> = fields::pairs(draft)
        .into_iter()
        .map(|(field, value)| view! { <input type="hidden" name=field.as_str() value=value/> })
        .collect();
    let boxes: Vec<_> = boxes.into_iter().map(|name| view! { <input type="hidden" name=BOXES value=name/> }).collect();
    (fields, boxes)
}

/// The draft in words, line by line, for the summary. A field without lines was left blank, and that means nothing special.
pub fn summary(kind: KeyKind, draft: &KeyDraft) -> Vec<(&'static str, Vec<String>)> {
    let rules = kind.rules();
    let text = |text: &Option<String>, none| filled(text.iter().flat_map(|text| text.lines()), none);
    let list = |items: &Option<Vec<String>>, none| filled(items.iter().flatten().map(String::as_str), none);
    let mut rows = vec![("Kind", vec![rules.label.to_owned()])];
    for field in rules.asked {
        rows.push(match field {
            Field::Name => ("Name", text(&draft.name, "")),
            Field::Cidrs => ("Networks", list(&draft.cidrs, "Any address")),
            Field::DeniedCidrs => ("Blocked networks", list(&draft.denied_cidrs, "")),
            Field::Domains => ("Domains", list(&draft.domains, "All domains")),
            Field::Permissions => {
                let mut held = list(&draft.permissions, "None");
                if !draft.boxes.is_empty() {
                    held.retain(|line| line != "None");
                    held.extend(
                        rules
                            .boxes
                            .iter()
                            .filter(|(name, _)| draft.boxes.iter().any(|b| b == name))
                            .map(|(name, words)| format!("{} ({name})", sentence(words))),
                    );
                }
                ("Permissions", held)
            }
            Field::NotBefore => ("Valid from", text(&utc(draft.not_before.as_ref()), "When you confirm it")),
            Field::Expiry => ("Expires", vec![expiry_words(draft)]),
            Field::RotateDays => {
                let every = draft.rotate_days.as_deref().unwrap_or_default().trim();
                let words = (!every.is_empty()).then(|| format!("{every} days"));
                (Field::RotateDays.label(), words.into_iter().collect())
            }
            Field::Limits => ("Rate limits", list(&draft.limits, "")),
            Field::Quota => ("Call quota", quota_words(draft).into_iter().collect()),
            Field::Environment => {
                let chosen = draft.environment.as_deref().and_then(Environment::parse).unwrap_or_default();
                (Field::Environment.label(), vec![chosen.label().to_owned()])
            }
            // They are part of the lines of others.
            Field::ExpiresAt | Field::QuotaRefill => continue,
            other => match draft.clone().part(*other) {
                Some(Part::Text(value)) => (other.label(), text(value, "")),
                Some(Part::Items(items)) => (other.label(), list(items, "")),
                None => continue,
            },
        });
    }
    rows
}

/// The value, or the word for an empty one, if there is one.
fn filled<'a>(lines: impl Iterator<Item = &'a str>, none: &str) -> Vec<String> {
    let lines: Vec<_> = lines.map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    if lines.is_empty() && !none.is_empty() { vec![none.to_owned()] } else { lines }
}

fn expiry_words(draft: &KeyDraft) -> String {
    match draft.expiry.as_deref().and_then(Expiry::parse) {
        Some(Expiry::Custom) => utc(draft.expires_at.as_ref()).unwrap_or_default(),
        Some(days) if days != Expiry::Never => format!("{} from now", days.label()),
        _ => "Never".to_owned(),
    }
}

fn quota_words(draft: &KeyDraft) -> Option<String> {
    let refill = draft.quota_refill.as_deref().and_then(Refill::parse).unwrap_or_default();
    match Quota::parse_total(draft.quota.as_deref().unwrap_or_default()) {
        Ok(Some(total)) => Some(Quota { total, refill }.words()),
        _ => None,
    }
}

fn utc(value: Option<&String>) -> Option<String> {
    value.filter(|value| !value.trim().is_empty()).map(|value| format!("{} UTC", value.replace('T', " ")))
}
