//! A key as a form or a program sends it, and the checks that make a key of it.

use serde::{Deserialize, Serialize};

use crate::cidr::CidrRule;
use crate::field::{Field, FieldErrors};
use crate::key::KeyDetail;
use crate::kind::{KeyKind, KindRules};
use crate::limit::RateLimit;
use crate::origin::DomainRule;
use crate::permission::Permission;
use crate::quota::{Quota, Refill};
use crate::text;
use crate::timestamp::{Millis, Timestamp};

names! {
    /// How long a new key is valid.
    pub enum Expiry {
        Never = "never",
        Days7 = "7",
        Days30 = "30",
        Days60 = "60",
        Days90 = "90",
        /// Until `expires_at`.
        Custom = "custom",
    }
}

impl Expiry {
    /// The name that people see.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Never => "Never expires",
            Self::Days7 => "7 days",
            Self::Days30 => "30 days",
            Self::Days60 => "60 days",
            Self::Days90 => "90 days",
            Self::Custom => "Until a date",
        }
    }

    const fn days(self) -> Option<i64> {
        match self {
            Self::Days7 => Some(7),
            Self::Days30 => Some(30),
            Self::Days60 => Some(60),
            Self::Days90 => Some(90),
            Self::Never | Self::Custom => None,
        }
    }
}

/// What was sent, unchecked and as it came, so that it can be shown again. `None`: the field was not sent. Blank items
/// of a list are skipped, but counted where an error names an item.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct KeyDraft {
    /// The word of a `KeyKind`.
    pub kind: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// The description.
    pub description: Option<String>,
    /// CIDR rules.
    pub cidrs: Option<Vec<String>>,
    /// CIDR rules from which it is refused.
    pub denied_cidrs: Option<Vec<String>>,
    /// Domain rules.
    pub domains: Option<Vec<String>>,
    /// Permissions in the customer's own APIs.
    pub permissions: Option<Vec<String>>,
    /// Permissions that its kind offers by name. With `permissions` it is one field: if either is sent, both are taken.
    pub boxes: Vec<String>,
    /// The first moment, as `Timestamp::parse_input` reads it.
    pub not_before: Option<String>,
    /// The word of an `Expiry`.
    pub expiry: Option<String>,
    /// The last moment, with the expiry `custom` only.
    pub expires_at: Option<String>,
    /// Rate limits.
    pub limits: Option<Vec<String>>,
    /// How often it may be used in all. With `quota_refill` it is one thing: if either is sent, both are taken.
    pub quota: Option<String>,
    /// The word of a `Refill`.
    pub quota_refill: Option<String>,
}

/// A key that may be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeySpec {
    /// Its kind.
    pub kind: KeyKind,
    /// Its name.
    pub name: String,
    /// Its description; may be empty.
    pub description: String,
    /// Source addresses; empty: any.
    pub cidrs: Vec<CidrRule>,
    /// Source addresses that are refused, even where `cidrs` has them.
    pub denied_cidrs: Vec<CidrRule>,
    /// Origins; empty: any.
    pub domains: Vec<DomainRule>,
    /// What it may do, in the order of the names.
    pub permissions: Vec<Permission>,
    /// The first moment at which it works; whole seconds.
    pub not_before: Option<Timestamp>,
    /// The first moment at which it no longer works; whole seconds.
    pub expires_at: Option<Timestamp>,
    /// How many calls in how long a time.
    pub limits: Vec<RateLimit>,
    /// How many calls in all.
    pub quota: Option<Quota>,
}

impl KeyDraft {
    /// Checks a draft for a new key. Fields that its kind does not ask for must be blank.
    pub fn check(&self, now: Timestamp) -> Result<KeySpec, FieldErrors> {
        let mut errors = FieldErrors::default();
        let Some(kind) = errors.keep(Field::Kind, issuable_kind(self.kind.as_deref())) else {
            return Err(errors);
        };
        let rules = kind.rules();
        let boxes = (!self.boxes.is_empty()).then_some(Field::Permissions);
        let filled = self.sent().filter_map(|(field, filled)| filled.then_some(field));
        for field in filled.chain(boxes).filter(|field| !rules.asks(*field)) {
            errors.push(field, format!("{} keys do not have this: leave it blank.", rules.label));
        }
        let name = errors.keep(Field::Name, text::name(self.name.as_deref().unwrap_or_default()));
        let description = self.description.as_deref().unwrap_or_default();
        let description = errors.keep(Field::Description, text::description(description));
        let cidrs = errors.keep_all(CidrRule::parse_items(Field::Cidrs, items(self.cidrs.as_ref())));
        let denied_cidrs =
            errors.keep_all(CidrRule::parse_items(Field::DeniedCidrs, items(self.denied_cidrs.as_ref())));
        let domains = errors.keep_all(DomainRule::parse_items(items(self.domains.as_ref())));
        let permissions = errors.keep_all(self.all_permissions(rules));
        let not_before = errors.keep(Field::NotBefore, moment(self.not_before.as_deref()));
        let expires_at = errors.keep_all(self.expiry_moment(now));
        let limits = errors.keep_all(RateLimit::parse_items(items(self.limits.as_ref())));
        let quota = errors.keep_all(self.whole_quota());
        if let Some(Some(at)) = expires_at {
            let field = self.expiry_field();
            if at <= now {
                errors.push(field, "This moment has passed: choose a later one.");
            } else if not_before.flatten().is_some_and(|from| from >= at) {
                errors.push(field, NOT_AFTER_START);
            }
        }
        let restrictions = (cidrs, denied_cidrs, domains, permissions);
        match (name, description, restrictions, not_before, expires_at, limits, quota) {
            (
                Some(name),
                Some(description),
                (Some(cidrs), Some(denied_cidrs), Some(domains), Some(permissions)),
                Some(not_before),
                Some(expires_at),
                Some(limits),
                Some(quota),
            ) if errors.is_empty() => Ok(KeySpec {
                kind,
                name,
                description,
                cidrs,
                denied_cidrs,
                domains,
                permissions,
                not_before,
                expires_at,
                limits,
                quota,
            }),
            _ => Err(errors),
        }
    }

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
        let has = |field| fields.contains(&field);
        let ticked = |permission: &&Permission| {
            detail.row.kind.rules().boxes.iter().any(|(name, _)| *name == permission.as_str())
        };
        let (boxes, typed): (Vec<_>, Vec<_>) = detail.permissions.iter().partition(ticked);
        let names = |held: Vec<&Permission>| held.into_iter().map(|p| p.as_str().to_owned()).collect();
        let moment = |at: Option<Timestamp>| at.map(Timestamp::to_input).unwrap_or_default();
        let expiry = if detail.row.expires_at.is_some() { Expiry::Custom } else { Expiry::Never };
        Self {
            kind: None,
            name: has(Field::Name).then(|| detail.row.name.clone()),
            description: has(Field::Description).then(|| detail.description.clone()),
            cidrs: has(Field::Cidrs).then(|| detail.cidrs.iter().map(ToString::to_string).collect()),
            denied_cidrs: has(Field::DeniedCidrs)
                .then(|| detail.denied_cidrs.iter().map(ToString::to_string).collect()),
            domains: has(Field::Domains).then(|| detail.domains.iter().map(|rule| rule.as_str().to_owned()).collect()),
            permissions: has(Field::Permissions).then(|| names(typed)),
            boxes: if has(Field::Permissions) { names(boxes) } else { Vec::new() },
            not_before: has(Field::NotBefore).then(|| moment(detail.row.not_before)),
            expiry: has(Field::Expiry).then(|| expiry.as_str().to_owned()),
            expires_at: has(Field::ExpiresAt).then(|| moment(detail.row.expires_at)),
            limits: has(Field::Limits).then(|| detail.limits.iter().map(ToString::to_string).collect()),
            quota: has(Field::Quota).then(|| detail.quota.map(|quota| quota.total.to_string()).unwrap_or_default()),
            quota_refill: has(Field::QuotaRefill)
                .then(|| detail.quota.map(|quota| quota.refill).unwrap_or_default().as_str().to_owned()),
        }
    }

    /// Typed and ticked permissions together, in the order of their names.
    pub(crate) fn all_permissions(&self, rules: &KindRules) -> Result<Vec<Permission>, FieldErrors> {
        let typed = items(self.permissions.as_ref());
        let mut all = Vec::new();
        if rules.typed_permissions {
            all = Permission::parse_items(typed)?;
        } else if rules.asks(Field::Permissions) && !is_blank(typed) {
            return Err(FieldErrors::one(
                Field::Permissions,
                format!("{} keys have no typed permissions: tick the boxes instead.", rules.label),
            ));
        }
        for ticked in &self.boxes {
            let known = rules.boxes.iter().any(|(name, _)| name == ticked);
            match Permission::parse(ticked) {
                Ok(permission) if known => all.push(permission),
                _ => {
                    let shown = text::quote(ticked);
                    return Err(FieldErrors::one(
                        Field::Permissions,
                        format!("{shown} is not among the boxes: tick the ones that are shown."),
                    ));
                }
            }
        }
        all.sort();
        all.dedup();
        if all.len() > text::PERMISSIONS_MAX {
            let message = format!("Use at most {} permissions; there are {}.", text::PERMISSIONS_MAX, all.len());
            return Err(FieldErrors::one(Field::Permissions, message));
        }
        Ok(all)
    }

    /// When the key expires; `None`: never. Whole seconds.
    pub(crate) fn expiry_moment(&self, now: Timestamp) -> Result<Option<Timestamp>, FieldErrors> {
        let date = self.expires_at.as_deref().filter(|text| !text.trim().is_empty());
        let word = self.expiry.as_deref().unwrap_or_default().trim();
        let expiry = match Expiry::parse(word) {
            Some(expiry) => expiry,
            None if word.is_empty() && date.is_some() => Expiry::Custom,
            None if word.is_empty() => Expiry::Never,
            None => {
                return Err(FieldErrors::one(Field::Expiry, "Choose one of the offered times."));
            }
        };
        let at = |message: &str| FieldErrors::one(Field::ExpiresAt, message);
        match (expiry, date) {
            (Expiry::Custom, None) => Err(at("Give the date until which the key is valid.")),
            (Expiry::Custom, date) => moment(date).map_err(|message| at(&message)),
            (_, Some(_)) => Err(at("Choose “Until a date” to use this date, or clear it.")),
            (expiry, None) => Ok(expiry.days().map(|days| now.plus(Millis::days(days)).whole_second())),
        }
    }

    /// The quota; `None`: no end of calls.
    pub(crate) fn whole_quota(&self) -> Result<Option<Quota>, FieldErrors> {
        let mut errors = FieldErrors::default();
        let total = errors.keep(Field::Quota, Quota::parse_total(self.quota.as_deref().unwrap_or_default()));
        let word = self.quota_refill.as_deref().unwrap_or_default().trim();
        let refill = if word.is_empty() { Some(Refill::Never) } else { Refill::parse(word) };
        if refill.is_none() {
            errors.push(Field::QuotaRefill, "Choose one of the offered times.");
        }
        if total == Some(None) && refill.is_some_and(|refill| refill != Refill::Never) {
            errors.push(Field::Quota, "Give the number of calls that is filled up, or choose no refill.");
        }
        match (total, refill) {
            (Some(total), Some(refill)) if errors.is_empty() => Ok(total.map(|total| Quota { total, refill })),
            _ => Err(errors),
        }
    }

    /// Where an error about the expiry belongs.
    pub(crate) fn expiry_field(&self) -> Field {
        let dated = self.expires_at.as_deref().is_some_and(|text| !text.trim().is_empty());
        if dated { Field::ExpiresAt } else { Field::Expiry }
    }

    /// The fields that were sent, apart from the kind and the boxes, and whether each holds something.
    pub(crate) fn sent(&self) -> impl Iterator<Item = (Field, bool)> {
        let text = |field, text: &Option<String>| {
            let filled = |text: &String| !text.trim().is_empty() && !is_unset(field, text);
            text.as_ref().map(|text| (field, filled(text)))
        };
        let list = |field, items: &Option<Vec<String>>| items.as_ref().map(|items| (field, !is_blank(items)));
        [
            text(Field::Name, &self.name),
            text(Field::Description, &self.description),
            list(Field::Cidrs, &self.cidrs),
            list(Field::DeniedCidrs, &self.denied_cidrs),
            list(Field::Domains, &self.domains),
            list(Field::Permissions, &self.permissions),
            text(Field::NotBefore, &self.not_before),
            text(Field::Expiry, &self.expiry),
            text(Field::ExpiresAt, &self.expires_at),
            list(Field::Limits, &self.limits),
            text(Field::Quota, &self.quota),
            text(Field::QuotaRefill, &self.quota_refill),
        ]
        .into_iter()
        .flatten()
    }
}

/// Whether a choice is as it was before anybody chose.
fn is_unset(field: Field, word: &str) -> bool {
    match field {
        Field::Expiry => word == Expiry::Never.as_str(),
        Field::QuotaRefill => word == Refill::Never.as_str(),
        _ => false,
    }
}

fn items(list: Option<&Vec<String>>) -> &[String] {
    list.map_or(&[], Vec::as_slice)
}

fn is_blank(items: &[String]) -> bool {
    items.iter().all(|item| item.trim().is_empty())
}

pub(crate) const NOT_AFTER_START: &str = "Choose a moment after the one from which the key is valid.";

fn issuable_kind(word: Option<&str>) -> Result<KeyKind, String> {
    let word = word.unwrap_or_default().trim();
    if word.is_empty() {
        return Err("Choose what the key is for.".to_owned());
    }
    KeyKind::parse(word).filter(|kind| kind.rules().issuable_now).ok_or_else(|| {
        format!("{} is not a kind that can be issued: choose one of the offered kinds.", text::quote(word))
    })
}

/// A typed moment; blank is none.
pub(crate) fn moment(text: Option<&str>) -> Result<Option<Timestamp>, String> {
    let text = text.unwrap_or_default().trim();
    if text.is_empty() {
        return Ok(None);
    }
    Timestamp::parse_input(text).map(Some).ok_or_else(|| {
        format!("{} is not a date: write one such as 2026-11-21 or 2026-11-21T09:30, in UTC.", text::quote(text))
    })
}

#[cfg(test)]
mod tests;
