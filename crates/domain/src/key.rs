//! A key as it is stored and shown. Never its secret.

use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::environment::Environment;
use crate::ids::{AppId, KeyId};
use crate::kind::{KeyKind, Presented};
use crate::permission::AdminPermission;
use crate::rules::KeyRules;
use crate::spec::KeySpec;
use crate::timestamp::{Millis, Timestamp};
use crate::token;

/// How long a new key may wait to be confirmed before it is dropped.
pub const ACKNOWLEDGE_WITHIN: Millis = Millis::minutes(15);
/// How long after a revoke an owner may restore the key.
pub const RESTORE_WITHIN: Millis = Millis::hours(24);
/// How long before its expiry a key is shown as expiring.
pub const EXPIRING_WITHIN: Millis = Millis::days(7);

/// The version of a key's secret, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SecretNumber(pub i64);

impl SecretNumber {
    /// The first secret of a key.
    pub const FIRST: Self = Self(1);
}

names! {
    /// What people have decided about a key. `Status` adds its dates.
    pub enum KeyState {
        /// Issued, but not confirmed; refused everywhere.
        Pending = "pending",
        Active = "active",
        Disabled = "disabled",
        Revoked = "revoked",
    }
}

names! {
    /// Why a key was revoked.
    pub enum RevokeReason {
        Leaked = "leaked",
        NoLongerNeeded = "no_longer_needed",
        OwnerLeft = "owner_left",
        Superseded = "superseded",
        Other = "other",
    }
}

impl RevokeReason {
    /// The words that people choose from.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Leaked => "It leaked, or may have",
            Self::NoLongerNeeded => "It is no longer needed",
            Self::OwnerLeft => "Its owner left",
            Self::Superseded => "Another key replaces it",
            Self::Other => "Another reason",
        }
    }

    /// Whether an owner may restore a key that was revoked for this reason.
    pub const fn restorable(self) -> bool {
        !matches!(self, Self::Leaked)
    }
}

names! {
    /// The word of a `Status`, for style sheets and JSON.
    pub enum StatusWord {
        Pending = "pending",
        Active = "active",
        Expiring = "expiring",
        NotYetValid = "not_yet_valid",
        Expired = "expired",
        Disabled = "disabled",
        Revoked = "revoked",
    }
}

/// The one status that people see, derived from state and time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Waits to be confirmed; refused until then.
    Pending {
        /// When it is dropped if nobody confirms it.
        until: Timestamp,
    },
    /// Works, within its restrictions.
    Active,
    /// Works, but expires within `EXPIRING_WITHIN`.
    Expiring {
        /// When it stops working.
        at: Timestamp,
    },
    /// Refused, because its start has not come yet.
    NotYetValid {
        /// When it begins to work.
        from: Timestamp,
    },
    /// Refused, because it has expired.
    Expired {
        /// When it stopped working.
        at: Timestamp,
    },
    /// Refused, because somebody disabled it.
    Disabled,
    /// Refused, because somebody revoked it.
    Revoked,
}

impl Status {
    /// The status in one or two words for people. Show the time next to it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Pending { .. } => "Pending",
            Self::Active => "Active",
            Self::Expiring { .. } => "Expiring",
            Self::NotYetValid { .. } => "Not yet valid",
            Self::Expired { .. } => "Expired",
            Self::Disabled => "Disabled",
            Self::Revoked => "Revoked",
        }
    }

    /// Its word, without the time.
    pub const fn word(self) -> StatusWord {
        match self {
            Self::Pending { .. } => StatusWord::Pending,
            Self::Active => StatusWord::Active,
            Self::Expiring { .. } => StatusWord::Expiring,
            Self::NotYetValid { .. } => StatusWord::NotYetValid,
            Self::Expired { .. } => StatusWord::Expired,
            Self::Disabled => StatusWord::Disabled,
            Self::Revoked => StatusWord::Revoked,
        }
    }

    /// A word for style sheets and JSON.
    pub const fn as_str(self) -> &'static str {
        self.word().as_str()
    }
}

/// The status at `now`. A key is valid from `not_before` until just before `expires_at`.
pub fn status(
    state: KeyState,
    not_before: Option<Timestamp>,
    expires_at: Option<Timestamp>,
    ack_deadline: Option<Timestamp>,
    now: Timestamp,
) -> Status {
    match state {
        KeyState::Pending => {
            return Status::Pending { until: ack_deadline.unwrap_or(now) };
        }
        KeyState::Revoked => return Status::Revoked,
        KeyState::Disabled => return Status::Disabled,
        KeyState::Active => {}
    }
    if let Some(from) = not_before.filter(|from| now < *from) {
        return Status::NotYetValid { from };
    }
    match expires_at {
        Some(at) if now >= at => Status::Expired { at },
        Some(at) if now.plus(EXPIRING_WITHIN) >= at => Status::Expiring { at },
        _ => Status::Active,
    }
}

/// What a verdict needs to know about a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRecord {
    /// The key's id.
    pub id: KeyId,
    /// The app it belongs to.
    pub app_id: AppId,
    /// The key's kind.
    pub kind: KeyKind,
    /// The key's name, for answers and logs.
    pub name: String,
    /// What people have decided about the key.
    pub state: KeyState,
    /// The first moment at which it works; `None` if it works once it is confirmed.
    pub not_before: Option<Timestamp>,
    /// The first moment at which it no longer works; `None` if it never expires.
    pub expires_at: Option<Timestamp>,
    /// Its restrictions and labels.
    pub rules: KeyRules,
    /// Whether its app is archived.
    pub app_archived: bool,
}

/// A key in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRow {
    /// The key's id.
    pub id: KeyId,
    /// The key's kind.
    pub kind: KeyKind,
    /// The key's name.
    pub name: String,
    /// The prefix of its token.
    pub token_prefix: String,
    /// The last four characters of its token.
    pub last4: String,
    /// What people have decided about the key.
    pub state: KeyState,
    /// The first moment at which it works; `None` if it works once it is confirmed.
    pub not_before: Option<Timestamp>,
    /// The first moment at which it no longer works; `None` if it never expires.
    pub expires_at: Option<Timestamp>,
    /// When it is dropped if nobody confirms it; `None` unless it is pending.
    pub ack_deadline: Option<Timestamp>,
    /// When it was issued.
    pub created_at: Timestamp,
    /// Who issued it, in words.
    pub created_by: String,
    /// The last call with the right secret, accepted or refused; `None` if there was none.
    pub last_used_at: Option<Timestamp>,
    /// When its secret is to be rotated; `None` without a rotation interval.
    pub rotation_due_at: Option<Timestamp>,
    /// How many networks it may be used from; 0 for any address.
    pub cidr_count: u32,
    /// How many domains it has; 0 for any origin.
    pub domain_count: u32,
    /// How many networks it may not be used from.
    pub denied_cidr_count: u32,
    /// How many permissions it has.
    pub permission_count: u32,
    /// Those of them that administer Keystead itself.
    pub administers: Vec<AdminPermission>,
}

impl KeyRow {
    /// The token as lists show it, without its secret: `ks_7Qm2xVbN4tRa_…9fKd`.
    pub fn masked(&self) -> String {
        token::masked(&self.token_prefix, &self.id, &self.last4)
    }

    /// The id that programs present with its secret, if that has a form of its own: `int_` and 24 hexadecimal digits.
    pub fn basic_id(&self) -> Option<String> {
        let has = self.kind.rules().presented == Presented::BasicOrJwt;
        has.then(|| format!("{}_{}", self.token_prefix, self.id.to_hex()))
    }

    /// Its environment, which is part of its token.
    pub fn environment(&self) -> Environment {
        Environment::of_prefix(&self.token_prefix)
    }

    /// Whether its secret should have been rotated by now. Nobody has to rotate a key that is off.
    pub fn is_rotation_overdue(&self, now: Timestamp) -> bool {
        self.state == KeyState::Active && self.rotation_due_at.is_some_and(|due| due <= now)
    }

    /// The status at `now`.
    pub fn status(&self, now: Timestamp) -> Status {
        status(self.state, self.not_before, self.expires_at, self.ack_deadline, now)
    }
}

/// When and why a key was revoked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoked {
    /// When it was revoked.
    pub at: Timestamp,
    /// The reason that was chosen.
    pub reason: RevokeReason,
    /// Until when an owner may restore it; `None` if nobody may.
    pub restorable_until: Option<Timestamp>,
    /// The state after a restore.
    pub from: KeyState,
}

/// Everything about a key that its page shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyDetail {
    /// The part that the list shows as well.
    pub row: KeyRow,
    /// The app it belongs to.
    pub app_id: AppId,
    /// What it is for; may be empty.
    pub description: String,
    /// Its restrictions and labels.
    pub rules: KeyRules,
    /// How many calls of the quota are left in the database, not counting calls that running servers have reserved.
    pub quota_left: Option<u64>,
    /// The refill period that `quota_left` belongs to, as `Refill::period` numbers it.
    pub quota_period: i64,
    /// Increases with each change of the quota, so that blocks of an earlier one are void; 0 without a quota.
    pub quota_epoch: i64,
    /// The address of its last use; `None` if it is not known.
    pub last_used_address: Option<IpAddr>,
    /// When and why it was revoked; `None` unless it is revoked.
    pub revoked: Option<Revoked>,
    /// Increases with every change. An edit names the revision that its author saw.
    pub revision: i64,
}

impl KeyDetail {
    /// The settings that people have made.
    pub fn spec(&self) -> KeySpec {
        KeySpec {
            kind: self.row.kind,
            name: self.row.name.clone(),
            description: self.description.clone(),
            not_before: self.row.not_before,
            expires_at: self.row.expires_at,
            rules: self.rules.clone(),
        }
    }

    /// What a verdict needs to know about the key, whose app is archived or not.
    pub fn record(&self, app_archived: bool) -> KeyRecord {
        KeyRecord {
            id: self.row.id,
            app_id: self.app_id,
            kind: self.row.kind,
            name: self.row.name.clone(),
            state: self.row.state,
            not_before: self.row.not_before,
            expires_at: self.row.expires_at,
            rules: self.rules.clone(),
            app_archived,
        }
    }

    /// The key with its quota as of `now`. The store refills a quota only with the first call of a period.
    pub fn refilled(self: Arc<Self>, now: Timestamp) -> Arc<Self> {
        match self.rules.quota {
            Some(quota) if quota.refill.period(now) > self.quota_period => {
                let detail = Arc::unwrap_or_clone(self);
                Arc::new(Self { quota_left: Some(quota.total), quota_period: quota.refill.period(now), ..detail })
            }
            _ => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    #[test]
    fn validity_has_sharp_edges() {
        let at = |from: Option<i64>, until: Option<i64>| {
            let moment = |by: Option<i64>| by.map(|by| NOW.plus(Millis(by)));
            status(KeyState::Active, moment(from), moment(until), None, NOW).as_str()
        };
        assert_eq!(at(None, None), "active");
        assert_eq!(at(Some(0), None), "active");
        assert_eq!(at(Some(1), None), "not_yet_valid");
        assert_eq!(at(None, Some(0)), "expired");
        assert_eq!(at(None, Some(1)), "expiring");
        assert_eq!(at(None, Some(EXPIRING_WITHIN.0)), "expiring");
        assert_eq!(at(None, Some(EXPIRING_WITHIN.0 + 1)), "active");
    }

    #[test]
    fn state_comes_before_time() {
        let past = Some(NOW.plus_seconds(-1));
        assert_eq!(status(KeyState::Revoked, None, past, None, NOW), Status::Revoked);
        assert_eq!(status(KeyState::Disabled, None, past, None, NOW), Status::Disabled);
        let until = NOW.plus(ACKNOWLEDGE_WITHIN);
        assert_eq!(status(KeyState::Pending, None, past, Some(until), NOW), Status::Pending { until });
    }
}
