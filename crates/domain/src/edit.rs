//! Edits: what a draft changes about a key.

use serde::{Deserialize, Serialize};

use crate::audit::Change;
use crate::cidr::CidrRule;
use crate::draft::{KeyDraft, NOT_AFTER_START, moment};
use crate::field::{Field, FieldErrors};
use crate::key::KeyDetail;
use crate::kind::KeyKind;
use crate::limit::RateLimit;
use crate::origin::DomainRule;
use crate::permission::Permission;
use crate::quota::Quota;
use crate::text;
use crate::timestamp::Timestamp;

/// Checked changes; `None`: the field was not sent and stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyChanges {
    /// The name.
    pub name: Option<String>,
    /// The description.
    pub description: Option<String>,
    /// Source addresses.
    pub cidrs: Option<Vec<CidrRule>>,
    /// Source addresses that are refused.
    pub denied_cidrs: Option<Vec<CidrRule>>,
    /// Origins.
    pub domains: Option<Vec<DomainRule>>,
    /// Permissions.
    pub permissions: Option<Vec<Permission>>,
    /// The first moment; `Some(None)`: from the issue on.
    pub not_before: Option<Option<Timestamp>>,
    /// The expiry; `Some(None)`: never.
    pub expires_at: Option<Option<Timestamp>>,
    /// Rate limits.
    pub limits: Option<Vec<RateLimit>>,
    /// The quota, which begins anew with the change; `Some(None)`: none.
    pub quota: Option<Option<Quota>>,
}

impl KeyDraft {
    /// Checks a draft as an edit of a key of this kind. A field that is sent, even blank, must be one that the kind
    /// lets people change. An expiry in the past is possible: it ends the key.
    pub fn check_edit(&self, kind: KeyKind, now: Timestamp) -> Result<KeyChanges, FieldErrors> {
        let rules = kind.rules();
        let mut errors = FieldErrors::default();
        if self.kind.as_deref().is_some_and(|word| word != kind.as_str()) {
            errors.push(Field::Kind, "The kind of a key cannot change: generate a new key instead.");
        }
        let boxes = (!self.boxes.is_empty() && self.permissions.is_none()).then_some(Field::Permissions);
        for field in self.sent().map(|(field, _)| field).chain(boxes) {
            if !rules.allows_edit(field) {
                errors.push(
                    field,
                    format!("This cannot be changed for {} keys: generate a new key instead.", rules.label),
                );
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let mut changes = KeyChanges::default();
        if let Some(name) = &self.name {
            changes.name = errors.keep(Field::Name, text::name(name));
        }
        if let Some(description) = &self.description {
            changes.description = errors.keep(Field::Description, text::description(description));
        }
        if let Some(items) = &self.cidrs {
            changes.cidrs = errors.keep_all(CidrRule::parse_items(Field::Cidrs, items));
        }
        if let Some(items) = &self.denied_cidrs {
            changes.denied_cidrs = errors.keep_all(CidrRule::parse_items(Field::DeniedCidrs, items));
        }
        if let Some(items) = &self.domains {
            changes.domains = errors.keep_all(DomainRule::parse_items(items));
        }
        if self.permissions.is_some() || !self.boxes.is_empty() {
            changes.permissions = errors.keep_all(self.all_permissions(rules));
        }
        if let Some(from) = &self.not_before {
            changes.not_before = errors.keep(Field::NotBefore, moment(Some(from)));
        }
        if self.expiry.is_some() || self.expires_at.is_some() {
            changes.expires_at = errors.keep_all(self.expiry_moment(now));
        }
        if let Some(items) = &self.limits {
            changes.limits = errors.keep_all(RateLimit::parse_items(items));
        }
        if self.quota.is_some() || self.quota_refill.is_some() {
            changes.quota = errors.keep_all(self.whole_quota());
        }
        if let (Some(Some(from)), Some(Some(until))) = (changes.not_before, changes.expires_at)
            && from >= until
        {
            errors.push(self.expiry_field(), NOT_AFTER_START);
        }
        errors.into_result().map(|()| changes)
    }
}

impl KeyChanges {
    /// Puts the changes into `detail` and gives the fields that now differ, for the record; none if nothing does.
    /// On an error `detail` is as it was.
    pub fn apply(self, detail: &mut KeyDetail) -> Result<Vec<Change>, FieldErrors> {
        let not_before = self.not_before.unwrap_or(detail.row.not_before);
        let expires_at = self.expires_at.unwrap_or(detail.row.expires_at);
        if let (Some(from), Some(until)) = (not_before, expires_at)
            && from >= until
        {
            return Err(FieldErrors::one(Field::ExpiresAt, NOT_AFTER_START));
        }
        let mut record = Vec::new();
        let text = |value: &String| value.clone();
        replace(&mut record, Field::Name, &mut detail.row.name, self.name, text);
        replace(&mut record, Field::Description, &mut detail.description, self.description, text);
        replace(&mut record, Field::Cidrs, &mut detail.cidrs, self.cidrs, |rules| listed(rules));
        replace(&mut record, Field::DeniedCidrs, &mut detail.denied_cidrs, self.denied_cidrs, |rules| listed(rules));
        replace(&mut record, Field::Domains, &mut detail.domains, self.domains, |rules| {
            rules.iter().map(DomainRule::as_str).collect::<Vec<_>>().join(", ")
        });
        replace(&mut record, Field::Permissions, &mut detail.permissions, self.permissions, |permissions| {
            permissions.iter().map(Permission::as_str).collect::<Vec<_>>().join(", ")
        });
        let moment = |at: &Option<Timestamp>| at.map(Timestamp::to_rfc3339).unwrap_or_default();
        replace(&mut record, Field::NotBefore, &mut detail.row.not_before, self.not_before, moment);
        replace(&mut record, Field::ExpiresAt, &mut detail.row.expires_at, self.expires_at, moment);
        replace(&mut record, Field::Limits, &mut detail.limits, self.limits, |limits| listed(limits));
        let words = |quota: &Option<Quota>| quota.map(Quota::words).unwrap_or_default();
        replace(&mut record, Field::Quota, &mut detail.quota, self.quota, words);
        detail.row.cidr_count = u32::try_from(detail.cidrs.len()).unwrap_or(u32::MAX);
        detail.row.domain_count = u32::try_from(detail.domains.len()).unwrap_or(u32::MAX);
        Ok(record)
    }
}

fn listed(items: &[impl ToString]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Replaces a value and records it, unless it is the same.
fn replace<T: PartialEq>(
    record: &mut Vec<Change>,
    field: Field,
    old: &mut T,
    new: Option<T>,
    words: impl Fn(&T) -> String,
) {
    let Some(new) = new.filter(|new| new != old) else {
        return;
    };
    let side = |value: &T| Some(words(value)).filter(|words| !words.is_empty());
    record.push(Change { field: field.as_str().to_owned(), from: side(old), to: side(&new) });
    *old = new;
}

#[cfg(test)]
mod tests;
