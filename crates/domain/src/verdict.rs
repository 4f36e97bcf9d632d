//! The answer to "may this key pass": a pure decision over a record, a request and a time.

use std::net::IpAddr;

use crate::key::{KeyRecord, KeyState};
use crate::kind::KeyKind;
use crate::origin::Origin;
use crate::permission_query::PermissionQuery;
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
    /// The answer in a plain sentence.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Valid => "The key may pass.",
            Self::NotFound => "There is no such key: it is mistyped, was deleted, or never existed.",
            Self::Pending => "Nobody has confirmed yet that this key is stored.",
            Self::Revoked => "The key was revoked.",
            Self::Disabled => "The key is disabled.",
            Self::NotYetValid => "The key is not valid yet.",
            Self::Expired => "The key has expired.",
            Self::KindNotAllowed => "The key is of another kind than the one asked for.",
            Self::IpNotAllowed => "The source address is unknown, or none of the key's CIDR rules contains it.",
            Self::OriginNotAllowed => "The call has no Origin, or none of the key's domain rules matches it.",
            Self::InsufficientPermissions => "The key lacks a permission that was asked for.",
            Self::RateLimited => "The key was used too often in a short time.",
            Self::UsageExceeded => "The key has used up its quota.",
        }
    }
}

/// What is asked about a key.
#[derive(Debug, Clone, Copy, Default)]
pub struct Request<'a> {
    /// The source address; `None`: unknown.
    pub address: Option<IpAddr>,
    /// The value of the Origin header; `None`: there was none.
    pub origin: Option<&'a str>,
    /// Permissions that the key must have.
    pub permissions: Option<&'a PermissionQuery>,
    /// The kind that the key must have.
    pub kind: Option<KeyKind>,
}

type Check = fn(&KeyRecord, &Request<'_>, Timestamp) -> bool;

/// Each code with the check that, when it fails, gives it; in order.
const CHECKS: [(Code, Check); 9] = [
    (Code::Pending, |key, _, _| key.state != KeyState::Pending),
    (Code::Revoked, |key, _, _| key.state != KeyState::Revoked),
    (Code::Disabled, |key, _, _| key.state != KeyState::Disabled),
    (Code::NotYetValid, |key, _, now| key.not_before.is_none_or(|from| now >= from)),
    (Code::Expired, |key, _, now| key.expires_at.is_none_or(|at| now < at)),
    (Code::KindNotAllowed, |key, request, _| request.kind.is_none_or(|kind| kind == key.kind)),
    (Code::IpNotAllowed, |key, request, _| address_allowed(key, request.address)),
    (Code::OriginNotAllowed, |key, request, _| origin_allowed(key, request.origin)),
    (Code::InsufficientPermissions, |key, request, _| {
        request.permissions.is_none_or(|query| query.allows(&key.permissions))
    }),
];

/// The verdict over a key whose secret was right. Form, existence and secret were checked before; limits come after.
pub fn decide(key: &KeyRecord, request: &Request<'_>, now: Timestamp) -> Code {
    CHECKS.iter().find(|(_, passes)| !passes(key, request, now)).map_or(Code::Valid, |(code, _)| *code)
}

fn address_allowed(key: &KeyRecord, address: Option<IpAddr>) -> bool {
    if key.cidrs.is_empty() {
        return true;
    }
    address.is_some_and(|address| key.cidrs.iter().any(|rule| rule.contains(address)))
}

fn origin_allowed(key: &KeyRecord, origin: Option<&str>) -> bool {
    if key.domains.is_empty() {
        return true;
    }
    origin.and_then(Origin::parse).is_some_and(|origin| key.domains.iter().any(|rule| rule.matches(origin)))
}

#[cfg(test)]
mod tests;
