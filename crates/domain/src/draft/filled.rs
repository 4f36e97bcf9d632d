//! Drafts with the values of a key: for its edit form, and for a key like it.

use super::{KeyDraft, Part};
use crate::expiry::Expiry;
use crate::field::Field;
use crate::ids::ContactId;
use crate::key::KeyDetail;
use crate::permission::Permission;
use crate::timestamp::Timestamp;

impl KeyDraft {
    /// The values for the edit form of a key: only the fields that its kind lets people change.
    pub fn from_detail(detail: &KeyDetail) -> Self {
        Self::filled_from(detail, detail.row.kind.rules().editable)
    }

    /// The values for a new key with the same fields.
    pub fn again(detail: &KeyDetail) -> Self {
        let kind = detail.row.kind;
        Self { kind: Some(kind.as_str().to_owned()), ..Self::filled_from(detail, kind.rules().asked) }
    }

    fn filled_from(detail: &KeyDetail, fields: &[Field]) -> Self {
        let rules = &detail.rules;
        let ticked = |permission: &&Permission| {
            detail.row.kind.rules().boxes.iter().any(|(name, _)| *name == permission.as_str())
        };
        let (boxes, typed): (Vec<_>, Vec<_>) = rules.permissions.iter().partition(ticked);
        let names = |held: Vec<&Permission>| held.into_iter().map(|p| p.as_str().to_owned()).collect();
        let moment = |at: Option<Timestamp>| Some(at.map(Timestamp::to_input).unwrap_or_default());
        let expiry = if detail.row.expires_at.is_some() { Expiry::Custom } else { Expiry::Never };
        let refill = rules.quota.map(|quota| quota.refill).unwrap_or_default();
        let mut draft = Self {
            kind: None,
            name: Some(detail.row.name.clone()),
            description: Some(detail.description.clone()),
            cidrs: Some(texts(&rules.cidrs)),
            denied_cidrs: Some(texts(&rules.denied_cidrs)),
            domains: Some(rules.domains.iter().map(|rule| rule.as_str().to_owned()).collect()),
            permissions: Some(names(typed)),
            boxes: if fields.contains(&Field::Permissions) { names(boxes) } else { Vec::new() },
            not_before: moment(detail.row.not_before),
            expiry: Some(expiry.as_str().to_owned()),
            expires_at: moment(detail.row.expires_at),
            limits: Some(texts(&rules.limits)),
            quota: Some(rules.quota.map(|quota| quota.total.to_string()).unwrap_or_default()),
            quota_refill: Some(refill.as_str().to_owned()),
            environment: Some(rules.environment.as_str().to_owned()),
            external_id: Some(rules.external_id.clone().unwrap_or_default()),
            owner: Some(rules.owner.as_ref().map(|owner| owner.as_str().to_owned()).unwrap_or_default()),
            tags: Some(rules.tags.clone()),
            metadata: Some(rules.metadata.to_items()),
            rotate_days: Some(rules.rotate_days.map(|days| days.to_string()).unwrap_or_default()),
            acts_for: Some(rules.acts_for.iter().copied().map(ContactId::to_uuid).collect()),
            integration: Some(rules.integration.map(|id| id.as_str().to_owned()).unwrap_or_default()),
        };
        for field in Field::ALL.iter().filter(|field| !fields.contains(field)) {
            match draft.part(*field) {
                Some(Part::Text(text)) => *text = None,
                Some(Part::Items(items)) => *items = None,
                None => {}
            }
        }
        draft
    }
}

pub(super) fn texts(items: &[impl ToString]) -> Vec<String> {
    items.iter().map(ToString::to_string).collect()
}
