//! A key as a form or a program sends it, and the checks that it must pass.

use serde::{Deserialize, Serialize};

use crate::cidr::CidrRule;
use crate::contact;
use crate::environment::Environment;
use crate::expiry::Expiry;
use crate::field::{Field, FieldErrors};
use crate::ids::IntegrationId;
use crate::key::KeyDetail;
use crate::kind::{KeyKind, KindRules};
use crate::labels::{self, Metadata, Owner};
use crate::life::LifeRules;
use crate::limit::RateLimit;
use crate::origin::DomainRule;
use crate::quota::Refill;
use crate::rotation;
use crate::spec::KeySpec;
use crate::text;
use crate::timestamp::Timestamp;
use crate::token;

mod filled;
mod pairs;

/// The input, unchecked and unchanged, so that it can be shown again. `None` means that the field was not sent. Blank
/// items of a list are skipped, but count when an error names an item.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeyDraft {
    /// The word of a `KeyKind`.
    pub kind: Option<String>,
    /// The name, unchecked.
    pub name: Option<String>,
    /// The description, unchecked.
    pub description: Option<String>,
    /// Networks that the key may be used from.
    pub cidrs: Option<Vec<String>>,
    /// Networks that the key may not be used from.
    pub denied_cidrs: Option<Vec<String>>,
    /// Domains that the key may be used from.
    pub domains: Option<Vec<String>>,
    /// Permissions in the customer's own APIs.
    pub permissions: Option<Vec<String>>,
    /// Ticked permissions, which the kind offers by name. They form one field with `permissions`: if either is sent,
    /// both are read.
    pub boxes: Vec<String>,
    /// The start of the key's validity, in the form that `Timestamp::parse_input` reads.
    pub not_before: Option<String>,
    /// The word of an `Expiry`.
    pub expiry: Option<String>,
    /// The date of expiry, only with the expiry `custom`.
    pub expires_at: Option<String>,
    /// The new rate limits; empty for none.
    pub limits: Option<Vec<String>>,
    /// The call quota, a number. It forms one field with `quota_refill`: if either is sent, both are read.
    pub quota: Option<String>,
    /// The word of a `Refill`.
    pub quota_refill: Option<String>,
    /// The word of an `Environment`.
    pub environment: Option<String>,
    /// The key's id in other systems.
    pub external_id: Option<String>,
    /// The e-mail of a person, or the name of a team.
    pub owner: Option<String>,
    /// Tags.
    pub tags: Option<Vec<String>>,
    /// Metadata, in the form `name=value`.
    pub metadata: Option<Vec<String>>,
    /// After how many days the secret is to be rotated, a number.
    pub rotate_days: Option<String>,
    /// The contacts on whose behalf the key may act, by id.
    pub acts_for: Option<Vec<String>>,
    /// The integration that the key belongs to, by id.
    pub integration: Option<String>,
}

/// One field of a draft, as it was sent.
#[derive(Debug)]
pub enum Part<'a> {
    /// One text.
    Text(&'a mut Option<String>),
    /// A list.
    Items(&'a mut Option<Vec<String>>),
}

impl KeyDraft {
    /// The value of a field, so that forms need not name each of them; `None` if it is not a field of a key. The boxes
    /// of permissions are separate.
    pub fn part(&mut self, field: Field) -> Option<Part<'_>> {
        Some(match field {
            Field::Kind => Part::Text(&mut self.kind),
            Field::Name => Part::Text(&mut self.name),
            Field::Description => Part::Text(&mut self.description),
            Field::Cidrs => Part::Items(&mut self.cidrs),
            Field::DeniedCidrs => Part::Items(&mut self.denied_cidrs),
            Field::Domains => Part::Items(&mut self.domains),
            Field::Permissions => Part::Items(&mut self.permissions),
            Field::NotBefore => Part::Text(&mut self.not_before),
            Field::Expiry => Part::Text(&mut self.expiry),
            Field::ExpiresAt => Part::Text(&mut self.expires_at),
            Field::Limits => Part::Items(&mut self.limits),
            Field::Quota => Part::Text(&mut self.quota),
            Field::QuotaRefill => Part::Text(&mut self.quota_refill),
            Field::Environment => Part::Text(&mut self.environment),
            Field::ExternalId => Part::Text(&mut self.external_id),
            Field::Owner => Part::Text(&mut self.owner),
            Field::Tags => Part::Items(&mut self.tags),
            Field::Metadata => Part::Items(&mut self.metadata),
            Field::RotateDays => Part::Text(&mut self.rotate_days),
            Field::ActsFor => Part::Items(&mut self.acts_for),
            Field::Integration => Part::Text(&mut self.integration),
            _ => return None,
        })
    }

    /// Whether a whole token stands in one of its fields.
    pub fn holds_token(&self) -> bool {
        let mut draft = self.clone();
        Field::ALL.iter().any(|field| match draft.part(*field) {
            Some(Part::Text(text)) => text.as_deref().is_some_and(token::stands_in),
            Some(Part::Items(items)) => items.iter().flatten().any(|item| token::stands_in(item)),
            None => false,
        })
    }

    /// The fields of a new key before anybody has typed: only the expiry that the rules suggest.
    pub fn blank(kind: KeyKind, rules: LifeRules) -> Self {
        let expiry = kind.rules().asks(Field::Expiry).then(|| rules.default.expiry().as_str().to_owned());
        Self { kind: Some(kind.as_str().to_owned()), expiry, ..Self::default() }
    }

    /// Checks a draft for a new key. Fields that its kind does not ask for must be blank.
    pub fn check(&self, now: Timestamp) -> Result<KeySpec, FieldErrors> {
        let mut errors = FieldErrors::default();
        let known = errors.keep(Field::Kind, issuable_kind(self.kind.as_deref()));
        if let Some(kind) = known {
            self.check_asked(kind.rules(), &mut errors);
        }
        // A key of a known kind needs a name, and the error says so.
        let no_name = || known.map(|_| String::new());
        let named = Self { name: self.name.clone().or_else(no_name), ..self.clone() };
        let mut of_values = FieldErrors::default();
        let spec = named.fill(KeySpec::blank(known.unwrap_or(KeyKind::WIDEST)), now, &mut of_values);
        // A field that the kind does not have is wrong whatever it says.
        of_values.0.retain(|error| known.is_none_or(|kind| kind.rules().asks(error.field)));
        errors.0.extend(of_values.0);
        let needs = known.is_some_and(|kind| kind.rules().asks(Field::Integration));
        if needs && spec.rules.integration.is_none() && errors.of(Field::Integration).next().is_none() {
            errors.push(Field::Integration, "Choose the integration that the key is for.");
        }
        if spec.expires_at.is_some_and(|at| at <= now) && errors.of(self.expiry_field()).next().is_none() {
            errors.push(self.expiry_field(), "This time has passed: choose a later one.");
        }
        self.check_order(&spec, &mut errors);
        errors.into_result().map(|()| spec)
    }

    /// Adds an error for each field that was filled and that the kind does not have.
    fn check_asked(&self, rules: &KindRules, errors: &mut FieldErrors) {
        let boxes = (!self.boxes.is_empty()).then_some(Field::Permissions);
        let sent = self.sent().into_iter().filter(|(field, _)| *field != Field::Kind);
        let filled = sent.filter_map(|(field, filled)| filled.then_some(field));
        for field in filled.chain(boxes).filter(|field| !rules.asks(*field)) {
            errors.push(field, format!("{} do not have this field: leave it blank.", rules.keys()));
        }
    }

    /// Checks a draft as an edit of this key, and returns the key after the edit. A field of this kind that was sent, even a
    /// blank one, must be one that people may change. An expiry in the past may only stay as it is.
    pub fn check_edit(&self, key: &KeyDetail, now: Timestamp) -> Result<KeySpec, FieldErrors> {
        let before = key.spec();
        let old = before.expires_at;
        let (spec, mut errors) = self.edit(before, now);
        let is_past = spec.expires_at != old && spec.expires_at.is_some_and(|at| at <= now);
        if is_past && errors.of(self.expiry_field()).next().is_none() {
            errors.push(self.expiry_field(), "Choose a time in the future. To stop the key now, disable it.");
        }
        errors.into_result().map(|()| spec)
    }

    /// Does the same with the form alone, as far as that is possible without the key.
    pub fn check_sent(&self, kind: KeyKind, now: Timestamp) -> Result<(), FieldErrors> {
        self.edit(KeySpec::blank(kind), now).1.into_result()
    }

    /// Checks the fields that were sent, for a key of any kind.
    pub fn check_fields(&self, now: Timestamp) -> Result<(), FieldErrors> {
        let mut errors = FieldErrors::default();
        let spec = self.fill(KeySpec::blank(KeyKind::WIDEST), now, &mut errors);
        self.check_order(&spec, &mut errors);
        errors.into_result()
    }

    /// The key as far as the fields are right; what is wrong counts as blank. For words about a form that is not done.
    pub fn sketch(&self, kind: KeyKind, now: Timestamp) -> KeySpec {
        self.fill(KeySpec::blank(kind), now, &mut FieldErrors::default())
    }

    /// The key after the edit, as far as the fields are right, and all that is wrong.
    fn edit(&self, before: KeySpec, now: Timestamp) -> (KeySpec, FieldErrors) {
        let (kind, rules) = (before.kind, before.kind.rules());
        let mut errors = FieldErrors::default();
        if self.kind.as_deref().is_some_and(|word| word != kind.as_str()) {
            errors.push(Field::Kind, "The kind of a key cannot be changed: generate a new key instead.");
        }
        let boxes = (!self.boxes.is_empty() && self.permissions.is_none()).then_some(Field::Permissions);
        // A blank one that the kind does not have changes nothing: a program may send back what it got.
        let sent = self.sent().into_iter().filter(|(field, filled)| *filled || rules.asks(*field));
        let sent = sent.map(|(field, _)| field).filter(|field| *field != Field::Kind);
        for field in sent.chain(boxes).filter(|field| !rules.allows_edit(*field)) {
            errors.push(field, format!("This cannot be changed for {}: generate a new key instead.", rules.keys()));
        }
        let mut of_values = FieldErrors::default();
        let spec = self.fill(before, now, &mut of_values);
        of_values.0.retain(|error| rules.allows_edit(error.field));
        errors.0.extend(of_values.0);
        self.check_order(&spec, &mut errors);
        (spec, errors)
    }

    /// Adds an error if the key would end before it begins, and both times are right by themselves.
    fn check_order(&self, spec: &KeySpec, errors: &mut FieldErrors) {
        let times = [Field::NotBefore, Field::Expiry, Field::ExpiresAt];
        let are_right = times.into_iter().all(|field| errors.of(field).next().is_none());
        if are_right && !spec.begins_before_it_ends() {
            errors.push(self.expiry_field(), NOT_AFTER_START);
        }
    }

    /// The spec with every field that was sent. A field with an error keeps its old value.
    fn fill(&self, mut spec: KeySpec, now: Timestamp, errors: &mut FieldErrors) -> KeySpec {
        let kind = spec.kind.rules();
        let rules = &mut spec.rules;
        if let Some(name) = &self.name {
            put(&mut spec.name, errors.keep(Field::Name, text::name(name)));
        }
        if let Some(description) = &self.description {
            put(&mut spec.description, errors.keep(Field::Description, text::description(description)));
        }
        if let Some(items) = &self.cidrs {
            put(&mut rules.cidrs, errors.keep_all(CidrRule::parse_items(Field::Cidrs, items)));
        }
        if let Some(items) = &self.denied_cidrs {
            put(&mut rules.denied_cidrs, errors.keep_all(CidrRule::parse_items(Field::DeniedCidrs, items)));
        }
        if let Some(items) = &self.domains {
            put(&mut rules.domains, errors.keep_all(DomainRule::parse_items(items)));
        }
        if self.permissions.is_some() || !self.boxes.is_empty() {
            put(&mut rules.permissions, errors.keep_all(self.all_permissions(kind)));
        }
        if let Some(from) = &self.not_before {
            put(&mut spec.not_before, errors.keep(Field::NotBefore, moment(Some(from))));
        }
        if self.expiry.is_some() || self.expires_at.is_some() {
            put(&mut spec.expires_at, errors.keep_all(self.expiry_moment(now)));
        }
        if let Some(items) = &self.limits {
            put(&mut rules.limits, errors.keep_all(RateLimit::parse_items(items)));
        }
        if self.quota.is_some() || self.quota_refill.is_some() {
            put(&mut rules.quota, errors.keep_all(self.whole_quota()));
        }
        if let Some(word) = &self.environment {
            put(&mut rules.environment, errors.keep(Field::Environment, environment(word)));
        }
        if let Some(id) = &self.external_id {
            put(&mut rules.external_id, errors.keep(Field::ExternalId, labels::external_id(id)));
        }
        if let Some(owner) = &self.owner {
            put(&mut rules.owner, errors.keep(Field::Owner, Owner::parse(owner)));
        }
        if let Some(items) = &self.tags {
            put(&mut rules.tags, errors.keep_all(labels::tags(items)));
        }
        if let Some(items) = &self.metadata {
            put(&mut rules.metadata, errors.keep_all(Metadata::parse_items(items)));
        }
        if let Some(days) = &self.rotate_days {
            put(&mut rules.rotate_days, errors.keep(Field::RotateDays, rotation::rotate_days(days)));
        }
        if let Some(items) = &self.acts_for {
            put(&mut rules.acts_for, errors.keep_all(contact::acts_for(items)));
        }
        if let Some(id) = &self.integration {
            put(&mut rules.integration, errors.keep(Field::Integration, integration(id)));
        }
        spec
    }

    /// How many bytes its texts have.
    pub fn bytes(&self) -> usize {
        let mut draft = self.clone();
        let fields = Field::ALL.iter().map(|field| match draft.part(*field) {
            Some(Part::Text(text)) => text.as_ref().map_or(0, String::len),
            // Blank lines take room too.
            Some(Part::Items(items)) => items.iter().flatten().map(|item| item.len() + 1).sum(),
            None => 0,
        });
        fields.sum::<usize>() + self.boxes.iter().map(|name| name.len() + 1).sum::<usize>()
    }

    /// The fields that were sent, except the boxes, and whether each has a value.
    fn sent(&self) -> Vec<(Field, bool)> {
        let mut draft = self.clone();
        let sent = |field: &Field| {
            let filled = match draft.part(*field)? {
                Part::Text(text) => text.as_ref().map(|text| !text.trim().is_empty() && !is_unset(*field, text)),
                Part::Items(items) => items.as_ref().map(|items| !is_blank(items)),
            };
            Some((*field, filled?))
        };
        Field::ALL.iter().filter_map(sent).collect()
    }
}

/// Stores a valid value. An invalid one has left an error.
fn put<T>(place: &mut T, checked: Option<T>) {
    if let Some(value) = checked {
        *place = value;
    }
}

fn environment(word: &str) -> Result<Environment, String> {
    match word.trim() {
        "" => Ok(Environment::default()),
        word => Environment::parse(word).ok_or_else(|| "Choose live or test.".to_owned()),
    }
}

fn integration(id: &str) -> Result<Option<IntegrationId>, String> {
    match id.trim() {
        "" => Ok(None),
        id => IntegrationId::parse(id).map(Some).ok_or_else(|| {
            format!("{} is not the id of an integration: copy it from the integration's page.", text::quote(id))
        }),
    }
}

/// Whether a choice still has its default value.
fn is_unset(field: Field, word: &str) -> bool {
    match field {
        Field::Expiry => word == Expiry::Never.as_str(),
        Field::QuotaRefill => word == Refill::Never.as_str(),
        Field::Environment => word == Environment::Live.as_str(),
        _ => false,
    }
}

fn items(list: Option<&Vec<String>>) -> &[String] {
    list.map_or(&[], Vec::as_slice)
}

fn is_blank(items: &[String]) -> bool {
    items.iter().all(|item| item.trim().is_empty())
}

/// The year 2000. An earlier one was typed with two digits, of which a browser makes 0027.
const EARLIEST: Timestamp = Timestamp::from_millis(946_684_800_000);

const NOT_AFTER_START: &str = "Choose a time after the one from which the key is valid.";

fn issuable_kind(word: Option<&str>) -> Result<KeyKind, String> {
    let word = word.unwrap_or_default().trim();
    if word.is_empty() {
        return Err("Choose what the key is for.".to_owned());
    }
    KeyKind::parse(word).filter(|kind| kind.rules().issuable_now).ok_or_else(|| {
        let kinds = text::joined(KeyKind::issuable().map(KeyKind::as_str));
        format!("{} is not a kind that you can issue: choose one of {kinds}.", text::quote(word))
    })
}

/// A typed date and time; `None` if blank.
fn moment(text: Option<&str>) -> Result<Option<Timestamp>, String> {
    let text = text.unwrap_or_default().trim();
    if text.is_empty() {
        return Ok(None);
    }
    Timestamp::parse_input(text).filter(|at| *at >= EARLIEST).map(Some).ok_or_else(|| {
        format!("{} is not a date: write one like 2026-11-21 or 2026-11-21T09:30, in UTC.", text::quote(text))
    })
}

#[cfg(test)]
mod edit_tests;
#[cfg(test)]
mod tests;
