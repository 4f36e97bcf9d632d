//! Addresses that carry the state of the list, or what is behind a dialog.

use domain::ids::KeyId;
use domain::list::KeyQuery;
use domain::preset::Preset;
use domain::query_string::ListQuery;
use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_query_map};

use crate::forms::key::{DRAFT, STEP, WizardStep};

/// The name of the preset in the address of the wizard.
pub const PRESET: &str = "preset";

/// The wizard with a preset filled in.
pub fn preset_address(preset: Preset) -> String {
    format!("/keys/new?kind={}&{PRESET}={}", Preset::KIND.as_str(), preset.as_str())
}

/// The address of a step of the wizard, which shows what was typed into this form.
pub fn wizard_address(form_id: &str, step: WizardStep) -> String {
    if step == WizardStep::HandOver {
        return format!("/keys/handovers/new?{DRAFT}={form_id}");
    }
    format!("/keys/new?{DRAFT}={form_id}&{STEP}={}", step.as_str())
}

/// The decoded pairs in the address of the page.
pub fn address_pairs() -> Vec<(String, String)> {
    use_query_map().get_untracked().into_iter().map(|(name, value)| (name.into_owned(), value)).collect()
}

/// The list that the address of the page asks for.
pub fn read_address<Q: ListQuery>() -> Q {
    Q::from_pairs(address_pairs().iter().map(|(name, value)| (&**name, &**value)))
}

/// The filters and position of the key list.
pub fn list_query() -> KeyQuery {
    read_address()
}

/// The address of the list in this state.
pub fn list_address(query: &KeyQuery) -> String {
    with_query("/keys", &query.to_query_string())
}

/// The address of an act on a key, with the state of the list to return to.
pub fn act_address(id: &str, act: &str, query: &KeyQuery) -> String {
    with_query(&format!("/keys/{id}/{act}"), &query.to_query_string())
}

/// `path?query`, or the path alone.
pub fn with_query(path: &str, query: &str) -> String {
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// What the address of a dialog over a key's page ends with.
pub const FROM_KEY: &str = "from=key";

/// The address of a dialog about a key that returns to `back`.
pub fn dialog_address(id: &str, act: &str, back: &str) -> String {
    let query = match back.strip_prefix("/keys") {
        Some(list) if !list.starts_with('/') => list.trim_start_matches('?'),
        _ => FROM_KEY,
    };
    with_query(&format!("/keys/{id}/{act}"), query)
}

/// The key whose page is behind a dialog; `None` if the list is.
pub fn key_behind() -> Option<KeyId> {
    let from = use_query_map().get_untracked().get("from");
    let path = use_location().pathname.get_untracked();
    let id = path.strip_prefix("/keys/")?.split('/').next()?;
    KeyId::parse(id).filter(|_| from.as_deref() == FROM_KEY.split('=').nth(1))
}

/// The address of the page behind a dialog.
pub fn behind() -> String {
    key_behind().map_or_else(|| list_address(&list_query()), |id| format!("/keys/{}", id.as_str()))
}

/// `back` comes from a form, so only the key list, its pages and the page of a key are accepted.
pub fn back_to(back: &str) -> String {
    if back.strip_prefix("/keys/").and_then(KeyId::parse).is_some() {
        return back.to_owned();
    }
    let query = back.strip_prefix("/keys?").unwrap_or_default();
    if query.bytes().all(|byte| byte.is_ascii_graphic()) { with_query("/keys", query) } else { "/keys".to_owned() }
}

/// Where a modal returns to: the address that its form sent, or the page that its own address names.
pub fn back_of(sent: Option<&str>) -> String {
    sent.map_or_else(behind, back_to)
}

#[cfg(test)]
mod tests {
    use super::{back_to, dialog_address};

    #[test]
    fn only_the_list_and_keys_are_gone_back_to() {
        for page in ["/keys?status=active", "/keys/7Qm2xVbN4tRa"] {
            assert_eq!(back_to(page), page);
        }
        let beside = ["/keys/new", "/keys/7Qm2xVbN4tRa/edit", "/keys/7Qm2xVbN4tRa?x", "/keys?a\r\nb"];
        for elsewhere in ["", "/", "//evil.example", "https://evil.example/keys?x"].into_iter().chain(beside) {
            assert_eq!(back_to(elsewhere), "/keys", "{elsewhere:?}");
        }
    }

    #[test]
    fn a_dialog_knows_what_is_behind_it() {
        for (back, address) in [
            ("/keys", "/keys/7Qm2xVbN4tRa/edit"),
            ("/keys?q=a&kind=service", "/keys/7Qm2xVbN4tRa/edit?q=a&kind=service"),
            ("/keys/7Qm2xVbN4tRa", "/keys/7Qm2xVbN4tRa/edit?from=key"),
        ] {
            assert_eq!(dialog_address("7Qm2xVbN4tRa", "edit", back), address);
        }
    }
}
