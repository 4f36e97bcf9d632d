//! The bodies that make and change a key. They fill the draft that the forms fill, so both have the same checks.

use domain::contact::ACTS_FOR_MAX;
use domain::draft::KeyDraft;
use domain::expiry::Expiry;
use domain::key::KeyDetail;
use domain::kind::KeyKind;
use domain::labels::TAGS_MAX;
use domain::limit::LIMITS_MAX;
use domain::text::{CIDRS_MAX, DOMAINS_MAX, PERMISSIONS_MAX};
use serde::Deserialize;
use utoipa::ToSchema;

use super::super::operation::Documented;
use super::super::words;
use super::bodies::{BEFORE_ALL, Change, LIMIT, Pairs};
use super::bounds;
use super::key_members::{Items, Names, listed, metadata, permissions, text, texts, when, word};
use crate::json::body::BodyCall;
use crate::json::fault::Faults;
use crate::json::members::{Text, Whole};

/// A new key.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct NewKeyBody<'a> {
    /// The kind. Only owners issue account keys.
    #[serde(borrow)]
    #[schema(value_type = words::NewKeyKind)]
    kind: Text<'a>,
    /// The name, 1 to 100 characters.
    #[serde(borrow)]
    #[schema(value_type = String)]
    name: Text<'a>,
    /// What it is for, at most 1,000 characters.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    description: Option<Text<'a>>,
    /// Its permissions, also those of Keystead that the caller has itself.
    #[serde(borrow)]
    #[schema(value_type = Option<bounds::Permissions>)]
    permissions: Option<Items<'a, PERMISSIONS_MAX>>,
    /// Networks that it may be used from. Without any, every address is accepted.
    #[serde(borrow)]
    #[schema(value_type = Option<bounds::Cidrs>)]
    cidrs: Option<Items<'a, CIDRS_MAX>>,
    /// Networks that it may not be used from.
    #[serde(borrow)]
    #[schema(value_type = Option<bounds::Cidrs>)]
    denied_cidrs: Option<Items<'a, CIDRS_MAX>>,
    /// Domains that it may be used from. Without any, every origin is accepted.
    #[serde(borrow)]
    #[schema(value_type = Option<bounds::Domains>)]
    domains: Option<Items<'a, DOMAINS_MAX>>,
    /// When it begins to work: a moment of RFC 3339, or a day or moment in UTC.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    not_before: Option<Text<'a>>,
    /// When it stops working, in the same form. Without it, the key never expires.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    expires_at: Option<Text<'a>>,
    /// Rate limits, each like `100 per minute` or `burst: 20 per 10s`.
    #[serde(borrow)]
    #[schema(value_type = Option<bounds::RateLimits>)]
    limits: Option<Items<'a, LIMITS_MAX>>,
    /// The call quota: how many calls in all, or from one refill to the next.
    #[schema(value_type = Option<bounds::QuotaCalls>)]
    quota: Option<Whole>,
    /// When the call quota refills.
    #[serde(borrow)]
    #[schema(value_type = Option<words::QuotaRefill>)]
    quota_refill: Option<Text<'a>>,
    /// After how many days the secret is to be rotated.
    #[schema(value_type = Option<bounds::RotateDays>)]
    rotate_days: Option<Whole>,
    /// For a Master User key: the contacts on whose behalf it may act, by UUID. Without any, it may act for every contact.
    #[serde(borrow)]
    #[schema(value_type = Option<bounds::ActsFor>)]
    acts_for: Option<Items<'a, ACTS_FOR_MAX>>,
    /// For an integration key: the id of its integration, which has the type `custom`. It never changes.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    integration: Option<Text<'a>>,
    /// The environment. It is part of the token and never changes.
    #[serde(borrow)]
    #[schema(value_type = Option<words::Environment>)]
    environment: Option<Text<'a>>,
    /// What your own systems call the key.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    external_id: Option<Text<'a>>,
    /// Who is responsible for it: the e-mail of a person here, or the name of a team.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    owner: Option<Text<'a>>,
    /// Words to find it by.
    #[serde(borrow)]
    #[schema(value_type = Option<bounds::Tags>)]
    tags: Option<Items<'a, TAGS_MAX>>,
    /// Names and values that verify calls return.
    #[serde(borrow)]
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    metadata: Option<Pairs<'a>>,
    /// Whether the caller stores the secret and so confirms the key. With `false`, it is pending until it is confirmed.
    pub acknowledge: Option<bool>,
}

/// A change of a key. What is left out stays, and `null` clears.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct KeyChangeBody<'a> {
    /// The name, 1 to 100 characters.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    name: Change<Text<'a>>,
    /// What it is for, at most 1,000 characters.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    description: Change<Text<'a>>,
    /// All its permissions from now on.
    #[serde(borrow, default)]
    #[schema(value_type = Option<bounds::Permissions>)]
    permissions: Change<Items<'a, PERMISSIONS_MAX>>,
    /// Networks that it may be used from.
    #[serde(borrow, default)]
    #[schema(value_type = Option<bounds::Cidrs>)]
    cidrs: Change<Items<'a, CIDRS_MAX>>,
    /// Networks that it may not be used from.
    #[serde(borrow, default)]
    #[schema(value_type = Option<bounds::Cidrs>)]
    denied_cidrs: Change<Items<'a, CIDRS_MAX>>,
    /// Domains that it may be used from.
    #[serde(borrow, default)]
    #[schema(value_type = Option<bounds::Domains>)]
    domains: Change<Items<'a, DOMAINS_MAX>>,
    /// When it begins to work: a moment of RFC 3339, or a day or moment in UTC.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    not_before: Change<Text<'a>>,
    /// When it stops working, in the same form; `null` for never.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    expires_at: Change<Text<'a>>,
    /// Rate limits, each like `100 per minute` or `burst: 20 per 10s`.
    #[serde(borrow, default)]
    #[schema(value_type = Option<bounds::RateLimits>)]
    limits: Change<Items<'a, LIMITS_MAX>>,
    /// The call quota; `null` for any number of calls.
    #[serde(default)]
    #[schema(value_type = Option<bounds::QuotaCalls>)]
    quota: Change<Whole>,
    /// When the call quota refills.
    #[serde(borrow, default)]
    #[schema(value_type = Option<words::QuotaRefill>)]
    quota_refill: Change<Text<'a>>,
    /// After how many days the secret is to be rotated; `null` for no rule.
    #[serde(default)]
    #[schema(value_type = Option<bounds::RotateDays>)]
    rotate_days: Change<Whole>,
    /// The contacts on whose behalf a Master User key may act from now on.
    #[serde(borrow, default)]
    #[schema(value_type = Option<bounds::ActsFor>)]
    acts_for: Change<Items<'a, ACTS_FOR_MAX>>,
    /// What your own systems call the key.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    external_id: Change<Text<'a>>,
    /// Who is responsible for it.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    owner: Change<Text<'a>>,
    /// Words to find it by.
    #[serde(borrow, default)]
    #[schema(value_type = Option<bounds::Tags>)]
    tags: Change<Items<'a, TAGS_MAX>>,
    /// All names and values from now on.
    #[serde(borrow, default)]
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    metadata: Change<Pairs<'a>>,
}

/// A new key as it was sent.
#[derive(Debug)]
pub(super) struct NewKey {
    pub draft: KeyDraft,
    pub acknowledge: bool,
    pub names: Names,
}

/// A change as it was sent.
#[derive(Debug)]
pub(super) struct KeyChange {
    draft: KeyDraft,
    pub names: Names,
}

impl BodyCall for NewKey {
    const LIMIT: usize = LIMIT;

    type Sent<'a> = NewKeyBody<'a>;
    type Call<'a> = Self;

    fn read<'a>(sent: Self::Sent<'a>, faults: &mut Faults) -> Option<Self::Call<'a>> {
        Some(Self::of(sent, faults))
    }

    fn found_later(new: &Self) -> Faults {
        new.of_draft()
    }
}

impl NewKey {
    /// Reads the members, and adds the faults that their draft would not show.
    pub fn of(sent: NewKeyBody<'_>, faults: &mut Faults) -> Self {
        // What else is wrong is asked of the kind that was meant.
        let kind = KeyKind::parse(sent.kind.0.trim()).unwrap_or(KeyKind::WIDEST);
        let (items, names) = metadata(faults, sent.metadata);
        let mut list = |member, items| listed(faults, member, items);
        let (permissions, boxes) = permissions(kind, list("permissions", sent.permissions.map(texts)));
        let mut single = Faults::default();
        let draft = KeyDraft {
            kind: Some(word(&mut single, "kind", sent.kind)),
            name: Some(text(sent.name)),
            description: sent.description.map(text),
            cidrs: Some(list("cidrs", sent.cidrs.map(texts))),
            denied_cidrs: Some(list("deniedCidrs", sent.denied_cidrs.map(texts))),
            domains: Some(list("domains", sent.domains.map(texts))),
            permissions: Some(permissions),
            boxes,
            not_before: sent.not_before.map(|at| when(&mut single, "notBefore", at)),
            expiry: None,
            expires_at: sent.expires_at.map(|at| when(&mut single, "expiresAt", at)),
            limits: Some(list("limits", sent.limits.map(texts))),
            quota: sent.quota.map(|Whole(calls)| calls.to_string()),
            quota_refill: sent.quota_refill.map(|refill| word(&mut single, "quotaRefill", refill)),
            rotate_days: sent.rotate_days.map(|Whole(days)| days.to_string()),
            acts_for: Some(list("actsFor", sent.acts_for.map(texts))),
            integration: sent.integration.map(text),
            environment: sent.environment.map(|named| word(&mut single, "environment", named)),
            external_id: sent.external_id.map(text),
            owner: sent.owner.map(text),
            tags: Some(list("tags", sent.tags.map(texts))),
            metadata: Some(items),
        };
        faults.extend(single);
        Self { draft, acknowledge: sent.acknowledge.unwrap_or(true), names }
    }

    /// What is wrong with the draft.
    pub fn of_draft(&self) -> Faults {
        self.names.faults(self.draft.check(BEFORE_ALL).err().unwrap_or_default())
    }
}

impl Documented for NewKey {
    const EXAMPLE: &'static str = r#"{"kind":"service","name":"Invoices","permissions":["invoices.read"]}"#;
}

impl BodyCall for KeyChange {
    const LIMIT: usize = LIMIT;

    type Sent<'a> = KeyChangeBody<'a>;
    type Call<'a> = Self;

    fn read<'a>(sent: Self::Sent<'a>, faults: &mut Faults) -> Option<Self::Call<'a>> {
        let mut single = Faults::default();
        let (metadata, names) = match sent.metadata {
            Change::Left => (None, Names::default()),
            Change::Clear => (Some(Vec::new()), Names::default()),
            Change::Set(pairs) => {
                let (items, names) = metadata(faults, Some(pairs));
                (Some(items), names)
            }
        };
        let mut list = |member, change: Change<Vec<Text<'_>>>| change.sent(|items| listed(faults, member, Some(items)));
        let mut time = |member, change: Change<Text<'_>>| change.sent(|at| when(&mut single, member, at));
        let never = matches!(sent.expires_at, Change::Clear).then(|| Expiry::Never.as_str().to_owned());
        let draft = KeyDraft {
            kind: None,
            name: sent.name.sent(text),
            description: sent.description.sent(text),
            cidrs: list("cidrs", sent.cidrs.map(texts)),
            denied_cidrs: list("deniedCidrs", sent.denied_cidrs.map(texts)),
            domains: list("domains", sent.domains.map(texts)),
            permissions: list("permissions", sent.permissions.map(texts)),
            boxes: Vec::new(),
            not_before: time("notBefore", sent.not_before),
            expiry: never,
            expires_at: time("expiresAt", sent.expires_at).filter(|at| !at.is_empty()),
            limits: list("limits", sent.limits.map(texts)),
            quota: sent.quota.sent(|Whole(calls)| calls.to_string()),
            quota_refill: sent.quota_refill.sent(|refill| word(&mut single, "quotaRefill", refill)),
            rotate_days: sent.rotate_days.sent(|Whole(days)| days.to_string()),
            acts_for: list("actsFor", sent.acts_for.map(texts)),
            integration: None,
            environment: None,
            external_id: sent.external_id.sent(text),
            owner: sent.owner.sent(text),
            tags: list("tags", sent.tags.map(texts)),
            metadata,
        };
        faults.extend(single);
        Some(Self { draft, names })
    }

    /// What is wrong with the draft, whichever key it is for.
    fn found_later(change: &Self) -> Faults {
        let mut draft = change.draft_for(KeyKind::WIDEST);
        // The key may have the quota that refills.
        if draft.quota_refill.is_some() && draft.quota.is_none() {
            draft.quota = Some("1".to_owned());
        }
        change.names.faults(draft.check_fields(BEFORE_ALL).err().unwrap_or_default())
    }
}

impl Documented for KeyChange {
    const EXAMPLE: &'static str = r#"{"description":"Reads invoices","tags":["billing"]}"#;
}

impl KeyChange {
    /// The draft for a key of this kind, whose forms may show some permissions as boxes.
    fn draft_for(&self, kind: KeyKind) -> KeyDraft {
        let mut draft = self.draft.clone();
        if let Some(sent) = draft.permissions.take() {
            let (typed, boxes) = permissions(kind, sent);
            (draft.permissions, draft.boxes) = (Some(typed), boxes);
        }
        draft
    }

    /// The draft of an edit of this key: what two fields give together is completed.
    pub fn of(&self, key: &KeyDetail) -> KeyDraft {
        let mut draft = self.draft_for(key.row.kind);
        let now = key.rules.quota;
        match (&draft.quota, &draft.quota_refill) {
            // Without a quota there is nothing to refill.
            (Some(quota), None) if !quota.is_empty() => {
                draft.quota_refill = now.map(|quota| quota.refill.as_str().to_owned());
            }
            (None, Some(_)) => draft.quota = now.map(|quota| quota.total.to_string()),
            _ => {}
        }
        draft
    }
}

#[cfg(test)]
mod tests {
    use domain::quota::Quota;
    use domain::rotation;
    use serde_json::json;

    use super::*;
    use crate::json::body_errors::tests::parser_and_schema_agree_but;

    #[test]
    fn the_parsers_and_the_schemas_agree() {
        let key = json!({
            "name": "a", "description": "b", "permissions": ["a.b"], "cidrs": ["10.0.0.0/8"], "deniedCidrs": [],
            "domains": ["a.example"], "notBefore": "2026-11-21", "expiresAt": "2030-01-01T00:00:00Z",
            "limits": ["5 per minute"], "quota": 5, "quotaRefill": "daily", "rotateDays": 90, "actsFor": ["a"], "externalId": "x",
            "owner": "Team", "tags": ["a"], "metadata": { "plan": "gold" },
        });
        parser_and_schema_agree_but::<KeyChange>(&key, |call: &KeyChange| has_wrong_number(&call.draft));
        let mut new = key;
        new["kind"] = "service".into();
        new["environment"] = "test".into();
        new["integration"] = "0123456789abcdef01234567".into();
        new["acknowledge"] = false.into();
        parser_and_schema_agree_but::<NewKey>(&new, |call: &NewKey| has_wrong_number(&call.draft));
    }

    /// Whether the draft has a number that its check refuses, beside all else that is wrong then.
    fn has_wrong_number(draft: &KeyDraft) -> bool {
        let (quota, days) = (draft.quota.as_deref(), draft.rotate_days.as_deref());
        quota.is_some_and(|text| Quota::parse_total(text).is_err())
            || days.is_some_and(|text| rotation::rotate_days(text).is_err())
    }
}
