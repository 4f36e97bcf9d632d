//! What the address of the wizard fills in: a kind, a preset, and the fields of a link.

use domain::draft::KeyDraft;
use domain::field::{Field, FieldErrors};
use domain::kind::KeyKind;
use domain::prefill::{LINK_MAX, Prefill};
use domain::preset::Preset;
use domain::text::{joined, quote};
use domain::timestamp::Timestamp;
use leptos_router::params::ParamsMap;

use crate::addresses::PRESET;
use crate::components::key_fields::KeyHints;
use crate::desk::integration::app_of_integration;
use crate::desk::keys::may;
use crate::forms::key::{DRAFT, STEP};

/// The parameters of the address.
#[derive(Debug)]
pub struct Link {
    pairs: Vec<(String, String)>,
}

impl Link {
    pub fn of(query: &ParamsMap) -> Self {
        Self { pairs: query.clone().into_iter().map(|(name, value)| (name.into_owned(), value)).collect() }
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The kind that it names; `None` if it names none.
    pub fn kind(&self) -> Result<Option<KeyKind>, FieldErrors> {
        let Some(word) = self.get(Field::Kind.as_str()) else { return Ok(None) };
        let known = KeyKind::issuable().find(|kind| kind.as_str() == word && may(kind.rules().changed_with));
        known.map(Some).ok_or_else(|| {
            let message = format!("{} is not a kind that you can issue: choose one below.", quote(word));
            FieldErrors::one(Field::Kind, message)
        })
    }

    /// What else it says, for the links to the kinds.
    pub fn further(&self) -> String {
        let known = [Field::Kind.as_str(), PRESET, DRAFT, STEP];
        let further = self.pairs.iter().filter(|(name, _)| !known.contains(&&**name));
        form_urlencoded::Serializer::new(String::new()).extend_pairs(further).finish()
    }

    /// The id of the app that it names; empty if it names none.
    pub fn app(&self) -> String {
        self.get(Field::App.as_str()).unwrap_or_default().to_owned()
    }

    /// The same; for the key of an integration, the id of the app that has the integration.
    pub async fn app_of_key(&self) -> String {
        match self.get(Field::Integration.as_str()) {
            Some(integration) if self.app().is_empty() => app_of_integration(integration).await.unwrap_or_default(),
            _ => self.app(),
        }
    }

    /// The preset that it names, if that is one of this kind.
    fn preset(&self, kind: KeyKind) -> Option<Preset> {
        self.get(PRESET).and_then(Preset::parse).filter(|_| kind == Preset::KIND)
    }

    /// The fields that it fills in, and what to say about them.
    pub fn fill(&self, kind: KeyKind, hints: &KeyHints, now: Timestamp) -> (Prefill, Vec<String>) {
        let mut notes = Vec::new();
        let preset = self.preset(kind);
        let draft = match preset {
            Some(preset) => {
                notes.push(format!("Preset: {}. {}", preset.label(), preset.advice()));
                preset.draft(hints.life, &hints.permissions)
            }
            None => KeyDraft::blank(kind, hints.life),
        };
        if let (Some(word), None) = (self.get(PRESET), preset) {
            notes.push(format!("{} is not a preset of a {} key.", quote(word), kind.label()));
        }
        if self.pairs.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() > LINK_MAX {
            notes.push(format!(
                "The link is too long, so nothing of it was filled in. Use at most {LINK_MAX} characters."
            ));
            return (Prefill { draft, ..Prefill::default() }, notes);
        }
        let pairs = self.pairs.iter().map(|(name, value)| (&**name, &**value));
        let filled = Prefill::read(pairs, draft, kind, &[PRESET, DRAFT, STEP, Field::App.as_str()], now, hints.life);
        if filled.filled {
            notes.push("A link filled in this form. Check every field before you go on.".to_owned());
        }
        if !filled.unknown.is_empty() {
            let names = joined(filled.unknown.iter().map(|name| quote(name)));
            notes.push(format!("The link also has {names}, which the form of a {} key does not have.", kind.label()));
        }
        (filled, notes)
    }
}
