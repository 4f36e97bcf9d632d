//! The answer to "may this key pass": a pure decision over a record, a request and a time.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::cidr::CidrRule;
use crate::key::{KeyRecord, KeyState};
use crate::kind::KeyKind;
use crate::origin::Origin;
use crate::permission_query::PermissionQuery;
use crate::rules::KeyRules;
use crate::text::{joined, quote};
use crate::timestamp::Timestamp;

names! {
    /// The answer as a code.
    pub enum Code {
        Valid = "VALID",
        /// Malformed, wrong checksum, unknown, wrong secret, deleted, or of another app.
        NotFound = "NOT_FOUND",
        Pending = "PENDING",
        Revoked = "REVOKED",
        Disabled = "DISABLED",
        NotYetValid = "NOT_YET_VALID",
        Expired = "EXPIRED",
        KindNotAllowed = "KIND_NOT_ALLOWED",
        IpNotAllowed = "IP_NOT_ALLOWED",
        OriginNotAllowed = "ORIGIN_NOT_ALLOWED",
        InsufficientPermissions = "INSUFFICIENT_PERMISSIONS",
        RateLimited = "RATE_LIMITED",
        UsageExceeded = "USAGE_EXCEEDED",
    }
}

impl Code {
    /// The answer in a few words, for a list.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Valid => "Accepted",
            Self::NotFound => "Key not found",
            Self::Pending => "Not confirmed",
            Self::Revoked => "Revoked",
            Self::Disabled => "Disabled",
            Self::NotYetValid => "Not valid yet",
            Self::Expired => "Expired",
            Self::KindNotAllowed => "Kind not allowed",
            Self::IpNotAllowed => "Address not allowed",
            Self::OriginNotAllowed => "Origin not allowed",
            Self::InsufficientPermissions => "Permission missing",
            Self::RateLimited => "Rate limit",
            Self::UsageExceeded => "Call quota",
        }
    }

    /// The same, of a call that named a key which exists.
    pub const fn label_of_key(self) -> &'static str {
        match self {
            Self::NotFound => "Wrong secret",
            other => other.label(),
        }
    }

    /// The answer in a plain sentence, to a call that named a key which exists.
    pub const fn words_of_key(self) -> &'static str {
        match self {
            Self::NotFound => "The secret is none of this key: it is mistyped, or it ended with a rotation.",
            other => other.words(),
        }
    }

    /// The answer in a plain sentence.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Valid => "The key may pass.",
            Self::NotFound => "The key does not exist: it is mistyped, was deleted, or never existed.",
            Self::Pending => "Nobody has confirmed this key yet.",
            Self::Revoked => "The key was revoked.",
            Self::Disabled => "The key is disabled, or its app is archived.",
            Self::NotYetValid => "The key is not valid yet.",
            Self::Expired => "The key has expired.",
            Self::KindNotAllowed => "The key is not of the kind that was asked for.",
            Self::IpNotAllowed => "The address is unknown, outside the key's networks, or in a blocked one.",
            Self::OriginNotAllowed => "The call has no Origin, or the Origin matches none of the key's domains.",
            Self::InsufficientPermissions => "The key does not have a permission that was asked for.",
            Self::RateLimited => "The key was used too often in a short time.",
            Self::UsageExceeded => "The key has used up its call quota.",
        }
    }
}

/// What is asked about a key.
#[derive(Debug, Clone, Copy, Default)]
pub struct Request<'a> {
    /// The client's address; `None` if it is not known.
    pub address: Option<IpAddr>,
    /// The value of the `Origin` header; `None` if there was none.
    pub origin: Option<&'a str>,
    /// Permissions that the key must have.
    pub permissions: Option<&'a PermissionQuery>,
    /// The kind that the key must have.
    pub kind: Option<KeyKind>,
}

/// One check of a verdict, as people and programs read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckResult {
    /// The code that a failure gives.
    pub code: Code,
    /// Whether the call passed this check.
    pub passed: bool,
    /// What was compared, in one sentence for people.
    pub detail: String,
}

struct Check {
    /// What a failure gives.
    code: Code,
    passes: fn(&KeyRecord, &Request<'_>, Timestamp) -> bool,
    /// Says what is compared, for `CheckResult::detail`.
    words: fn(&KeyRecord, &Request<'_>) -> String,
}

/// The checks over a record, in their order.
const CHECKS: [Check; 9] = [
    Check {
        code: Code::Pending,
        passes: |key, _, _| key.state != KeyState::Pending,
        words: |key, _| match key.state {
            KeyState::Pending => "Nobody has confirmed the key yet.".to_owned(),
            _ => "The key was confirmed.".to_owned(),
        },
    },
    Check {
        code: Code::Revoked,
        passes: |key, _, _| key.state != KeyState::Revoked,
        words: |key, _| state_words(key.state, KeyState::Revoked, "revoked"),
    },
    Check {
        code: Code::Disabled,
        passes: |key, _, _| key.state != KeyState::Disabled && !key.app_archived,
        words: |key, _| match key.state {
            KeyState::Disabled => "The key is disabled.".to_owned(),
            _ if key.app_archived => "The app of the key is archived.".to_owned(),
            _ => "The key is not disabled.".to_owned(),
        },
    },
    Check {
        code: Code::NotYetValid,
        passes: |key, _, now| key.not_before.is_none_or(|from| now >= from),
        words: |key, _| match key.not_before {
            Some(from) => format!("The key is valid from {}.", from.to_rfc3339()),
            None => "The key has no start date.".to_owned(),
        },
    },
    Check {
        code: Code::Expired,
        passes: |key, _, now| key.expires_at.is_none_or(|at| now < at),
        words: |key, _| match key.expires_at {
            Some(at) => format!("The key is valid until {}.", at.to_rfc3339()),
            None => "The key never expires.".to_owned(),
        },
    },
    Check {
        code: Code::KindNotAllowed,
        passes: |key, request, _| request.kind.is_none_or(|kind| kind == key.kind),
        words: |key, request| match request.kind {
            Some(kind) => format!("The call asks for a {} key; this is a {} key.", kind.label(), key.kind.label()),
            None => "The call asks for no particular kind.".to_owned(),
        },
    },
    Check {
        code: Code::IpNotAllowed,
        passes: |key, request, _| address_allowed(&key.rules, request.address),
        words: |key, request| address_words(key, request.address),
    },
    Check {
        code: Code::OriginNotAllowed,
        passes: |key, request, _| origin_allowed(key, request.origin),
        words: |key, request| origin_words(key, request.origin),
    },
    Check {
        code: Code::InsufficientPermissions,
        passes: |key, request, _| request.permissions.is_none_or(|query| query.allows(&key.rules.permissions)),
        words: |key, request| match request.permissions {
            Some(query) => format!("The call asks for {}; the key has {}.", query.as_str(), held(key)),
            None => "The call asks for no permission.".to_owned(),
        },
    },
];

/// The verdict on a key whose secret was right. Form, existence and secret were checked before. Rate limits and the
/// call quota come after.
pub fn decide(key: &KeyRecord, request: &Request<'_>, now: Timestamp) -> Code {
    CHECKS.iter().find(|check| !(check.passes)(key, request, now)).map_or(Code::Valid, |check| check.code)
}

/// Every check of [`decide`], including those after the first failure, which decides the verdict.
pub fn explain(key: &KeyRecord, request: &Request<'_>, now: Timestamp) -> Vec<CheckResult> {
    let result = |check: &Check| CheckResult {
        code: check.code,
        passed: (check.passes)(key, request, now),
        detail: (check.words)(key, request),
    };
    CHECKS.iter().map(result).collect()
}

/// Whether the networks of a key let an address in. One without networks lets in every address, known or not.
pub fn address_allowed(rules: &KeyRules, address: Option<IpAddr>) -> bool {
    if rules.cidrs.is_empty() && rules.denied_cidrs.is_empty() {
        return true;
    }
    address.is_some_and(|address| {
        let within = |rules: &[CidrRule]| rules.iter().any(|rule| rule.contains(address));
        (rules.cidrs.is_empty() || within(&rules.cidrs)) && !within(&rules.denied_cidrs)
    })
}

fn origin_allowed(key: &KeyRecord, origin: Option<&str>) -> bool {
    if key.rules.domains.is_empty() {
        return true;
    }
    origin.and_then(Origin::parse).is_some_and(|origin| key.rules.domains.iter().any(|rule| rule.matches(origin)))
}

fn state_words(state: KeyState, bad: KeyState, word: &str) -> String {
    if state == bad { format!("The key is {word}.") } else { format!("The key is not {word}.") }
}

fn address_words(key: &KeyRecord, address: Option<IpAddr>) -> String {
    if key.rules.cidrs.is_empty() && key.rules.denied_cidrs.is_empty() {
        return "The key is not restricted to networks: any address is accepted.".to_owned();
    }
    let Some(address) = address.map(|address| address.to_canonical()) else {
        return "The address is unknown, and the key is restricted to networks. If a proxy asked, name \
                it in KEYSTEAD_TRUSTED_PROXIES, and let it send X-Forwarded-For."
            .to_owned();
    };
    let first = |rules: &[CidrRule]| rules.iter().find(|rule| rule.contains(address)).map(ToString::to_string);
    if let Some(rule) = first(&key.rules.denied_cidrs) {
        return format!("{address} is in {rule}, which is blocked.");
    }
    match first(&key.rules.cidrs) {
        Some(rule) => format!("{address} is in {rule}."),
        None if key.rules.cidrs.is_empty() => format!("{address} is in none of the blocked networks."),
        None => format!("{address} is in none of {}.", some_of(key.rules.cidrs.iter().map(ToString::to_string))),
    }
}

fn origin_words(key: &KeyRecord, origin: Option<&str>) -> String {
    if key.rules.domains.is_empty() {
        return "The key is not restricted to domains: every origin is accepted.".to_owned();
    }
    let Some(text) = origin else {
        return "There is no Origin, and the key is restricted to domains.".to_owned();
    };
    let shown = quote(text);
    let Some(origin) = Origin::parse(text) else {
        return format!("{shown} is not an origin that any domain could match.");
    };
    match key.rules.domains.iter().find(|rule| rule.matches(origin)) {
        Some(rule) => format!("{shown} matches {}.", rule.as_str()),
        None => {
            format!(
                "{shown} matches none of {}.",
                some_of(key.rules.domains.iter().map(|rule| rule.as_str().to_owned()))
            )
        }
    }
}

fn held(key: &KeyRecord) -> String {
    if key.rules.permissions.is_empty() {
        return "none".to_owned();
    }
    some_of(key.rules.permissions.iter().map(|permission| permission.as_str().to_owned()))
}

/// The first few, and how many more there are.
fn some_of(mut items: impl ExactSizeIterator<Item = String>) -> String {
    const SHOWN: usize = 5;
    let more = items.len().saturating_sub(SHOWN);
    let shown = joined(items.by_ref().take(SHOWN));
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}

#[cfg(test)]
mod tests;
