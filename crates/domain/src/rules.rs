//! The settings of a key: its restrictions and labels. The record, the detail and the spec of a key each hold one of
//! these, so a new field is only one more member here.

use serde::{Deserialize, Serialize};

use crate::audit::Change;
use crate::cidr::CidrRule;
use crate::environment::Environment;
use crate::field::Field;
use crate::ids::{ContactId, IntegrationId};
use crate::labels::{Metadata, Owner};
use crate::limit::RateLimit;
use crate::origin::DomainRule;
use crate::permission::Permission;
use crate::quota::Quota;
use crate::rotation::interval;
use crate::text::joined;

/// The rules and labels of a key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRules {
    /// Networks that the key may be used from; empty for any address.
    pub cidrs: Vec<CidrRule>,
    /// Networks that the key may not be used from, even if `cidrs` contains them.
    pub denied_cidrs: Vec<CidrRule>,
    /// Domains that an origin must match; empty for any origin.
    pub domains: Vec<DomainRule>,
    /// Permissions, sorted by name.
    pub permissions: Vec<Permission>,
    /// Rate limits, at most `LIMITS_MAX`.
    pub limits: Vec<RateLimit>,
    /// The call quota; `None` for any number of calls.
    pub quota: Option<Quota>,
    /// Its environment, which is part of its token and never changes.
    pub environment: Environment,
    /// Its id in other systems.
    pub external_id: Option<String>,
    /// Who is responsible for it.
    pub owner: Option<Owner>,
    /// Words to find it by, in the order given.
    pub tags: Vec<String>,
    /// Names and values that verify calls return.
    pub metadata: Metadata,
    /// After how many days its secret is to be rotated; `None` for no rule.
    pub rotate_days: Option<u32>,
    /// The contacts on whose behalf it may act; empty for any.
    pub acts_for: Vec<ContactId>,
    /// The integration that it belongs to. It never changes.
    pub integration: Option<IntegrationId>,
}

impl KeyRules {
    /// Roughly how many bytes they take in memory beyond their own size, including the allocator's overhead.
    pub fn weight(&self) -> usize {
        let permissions = self.permissions.iter().map(|permission| permission.as_str().len() + 40);
        let tags = self.tags.iter().map(|tag| tag.len() + 40);
        (self.cidrs.len() + self.denied_cidrs.len()) * 24
            + self.limits.len() * 128
            + self.domains.len() * 96
            + self.acts_for.len() * 16
            + self.external_id.as_ref().map_or(0, String::len)
            + self.owner.as_ref().map_or(0, |owner| owner.as_str().len())
            + self.metadata.weight()
            + permissions.chain(tags).sum::<usize>()
    }

    /// Each field with its value in words, as the audit shows it; empty without a value.
    pub fn told(&self) -> [(Field, String); 14] {
        [
            (Field::Cidrs, joined(&self.cidrs)),
            (Field::DeniedCidrs, joined(&self.denied_cidrs)),
            (Field::Domains, joined(self.domains.iter().map(DomainRule::as_str))),
            (Field::Permissions, joined(self.permissions.iter().map(Permission::as_str))),
            (Field::Limits, joined(&self.limits)),
            (Field::Quota, self.quota.map(Quota::words).unwrap_or_default()),
            (Field::Environment, self.environment.told().to_owned()),
            (Field::ExternalId, self.external_id.clone().unwrap_or_default()),
            (Field::Owner, self.owner.as_ref().map(|owner| owner.as_str().to_owned()).unwrap_or_default()),
            (Field::Tags, joined(&self.tags)),
            (Field::Metadata, self.metadata.to_string()),
            (Field::RotateDays, self.rotate_days.map(interval).unwrap_or_default()),
            (Field::ActsFor, joined(self.acts_for.iter().copied().map(ContactId::to_uuid))),
            (Field::Integration, self.integration.map(|id| id.as_str().to_owned()).unwrap_or_default()),
        ]
    }
}

/// The differences between two lists of the same fields, for the audit.
pub fn changes(before: &[(Field, String)], after: &[(Field, String)]) -> Vec<Change> {
    let side = |words: &String| Some(words.clone()).filter(|words| !words.is_empty());
    let differing = before.iter().zip(after).filter(|((_, from), (_, to))| from != to);
    let change = |(field, from): &(Field, String), (_, to): &(Field, String)| Change {
        field: field.as_str().to_owned(),
        from: side(from),
        to: side(to),
    };
    differing.map(|(from, to)| change(from, to)).collect()
}
