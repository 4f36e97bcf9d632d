//! What restricts the keys that are asked about, and what is asked about them: one thing of each sort.

use anyhow::Result;
use domain::cidr::CidrRule;
use domain::draft::KeyDraft;
use domain::kind::KeyKind;
use domain::limit::RateLimit;
use domain::origin::DomainRule;
use domain::permission::Permission;
use domain::spec::KeySpec;

/// The network that the key may be used from, and an address in it.
const CIDR: &str = "203.0.113.0/24";
pub(crate) const ADDRESS: &str = "203.0.113.9";

/// The domain, and an origin of it.
const DOMAIN: &str = "*.example.com";
pub(crate) const ORIGIN: &str = "https://app.example.com";

/// What the key holds, and what is asked for.
pub(crate) const PERMISSIONS: [&str; 2] = ["invoices.read", "invoices.write"];
pub(crate) const QUERY: &str = "invoices.read AND (invoices.write OR reports.read)";

/// Counted with each call, and never reached.
const LIMIT: &str = "1000000000 per 1d";

/// A service key without restrictions.
pub(crate) fn draft(name: &str) -> KeyDraft {
    let kind = KeyKind::Service.as_str();
    KeyDraft { kind: Some(kind.to_owned()), name: Some(name.to_owned()), ..KeyDraft::default() }
}

/// A service key with all of them.
pub(crate) fn restricted_draft(name: &str) -> KeyDraft {
    KeyDraft {
        cidrs: Some(vec![CIDR.to_owned()]),
        domains: Some(vec![DOMAIN.to_owned()]),
        permissions: Some(PERMISSIONS.iter().map(ToString::to_string).collect()),
        limits: Some(vec![LIMIT.to_owned()]),
        ..draft(name)
    }
}

/// The parsed rules, for keys that go straight into the store.
#[derive(Debug)]
pub(crate) struct Rules {
    cidr: CidrRule,
    domain: DomainRule,
    limit: RateLimit,
    permissions: Vec<Permission>,
}

impl Rules {
    pub fn parse() -> Result<Self> {
        let permissions = PERMISSIONS.iter().map(|text| Permission::parse(text)).collect::<Result<_, _>>();
        Ok(Self {
            cidr: CidrRule::parse(CIDR).map_err(anyhow::Error::msg)?,
            domain: DomainRule::parse(DOMAIN).map_err(anyhow::Error::msg)?,
            limit: RateLimit::parse(LIMIT).map_err(anyhow::Error::msg)?,
            permissions: permissions.map_err(anyhow::Error::msg)?,
        })
    }

    pub fn permit(&self, spec: &mut KeySpec) {
        spec.rules.permissions.clone_from(&self.permissions);
    }

    pub fn restrict(&self, spec: &mut KeySpec) {
        spec.rules.cidrs = vec![self.cidr];
        spec.rules.domains = vec![self.domain.clone()];
        spec.rules.limits = vec![self.limit.clone()];
    }
}
