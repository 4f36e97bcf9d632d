//! A condition on a time of a key, and how keys that meet it are found.

use domain::field::Field;
use domain::timestamp::{Millis, Timestamp};
use domain::verdict::Code;

use crate::sql::{Sql, push_words};

/// A condition on a time of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// It has begun and has not expired.
    Valid {
        now: Timestamp,
    },
    NotYetValid {
        now: Timestamp,
    },
    Expired {
        now: Timestamp,
    },
    Expiring {
        now: Timestamp,
        until: Timestamp,
    },
    /// Never used. This condition has its own index in each order.
    NeverUsed,
    /// Never used, and created then or earlier. The index in the order of creation has exactly these.
    NeverUsedSince {
        created: Timestamp,
    },
    /// Its secret is older than its rotation interval. This condition has its own index.
    RotationOverdue {
        now: Timestamp,
    },
    /// No network, no domain and no expiry. This condition has its own index.
    Unrestricted,
    /// A call with the key was accepted, or one was refused, in the hour that begins at `since` or later, whatever the
    /// state of the key.
    Called {
        since: i64,
        accepted: bool,
    },
}

/// How the keys that match a condition are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Find {
    /// By the index of the condition.
    ByIndex,
    /// By reading all keys in the order of the list, and testing each.
    InOrder,
}

impl Moment {
    pub(crate) fn called(now: Timestamp, accepted: bool) -> Self {
        Self::Called { since: now.plus(Millis::hours(-24)).hour(), accepted }
    }

    pub(crate) fn expiring(now: Timestamp, days: i64) -> Self {
        Self::Expiring { now, until: now.plus(Millis::days(days)) }
    }

    pub(crate) fn never_used_since(now: Timestamp, days: i64) -> Self {
        Self::NeverUsedSince { created: now.plus(Millis::days(-days)) }
    }

    /// Whether every match was never used.
    pub(crate) const fn is_never_used(self) -> bool {
        matches!(self, Self::NeverUsed | Self::NeverUsedSince { .. })
    }

    /// The field that a kind must ask for, or none of its keys can meet the condition.
    pub(crate) const fn asked(self) -> Option<Field> {
        match self {
            Self::Expired { .. } | Self::Expiring { .. } | Self::Unrestricted => Some(Field::ExpiresAt),
            Self::NotYetValid { .. } => Some(Field::NotBefore),
            Self::RotationOverdue { .. } => Some(Field::RotateDays),
            Self::Valid { .. } | Self::NeverUsed | Self::NeverUsedSince { .. } | Self::Called { .. } => None,
        }
    }

    /// Whether it leaves out few of the keys that are in the right state.
    pub(crate) const fn is_of_most(self) -> bool {
        matches!(self, Self::Valid { .. })
    }

    /// Up to this many matching keys are gathered and sorted. If there are more, reading in the order of the list soon
    /// meets enough of them. An expiry is tested in the index, a call in the counts.
    pub(crate) const fn gathered(self) -> i64 {
        match self {
            Self::Called { .. } | Self::NeverUsedSince { .. } | Self::Unrestricted => 5_000,
            _ => 2_000,
        }
    }

    /// The index of the condition.
    pub(crate) const fn index(self) -> Option<&'static str> {
        match self {
            Self::Valid { .. } | Self::Expired { .. } | Self::Expiring { .. } => Some("api_key_kind_state_expiry"),
            Self::NotYetValid { .. } => Some("api_key_start"),
            Self::NeverUsed => Some("api_key_unused_name"),
            Self::NeverUsedSince { .. } => Some("api_key_unused_created"),
            Self::RotationOverdue { .. } => Some("api_key_rotation_due"),
            Self::Unrestricted => Some("api_key_open"),
            Self::Called { .. } => None,
        }
    }

    /// The columns that a test of the condition reads.
    pub(crate) const fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Valid { .. } => &["expires_at", "not_before"],
            Self::Expired { .. } | Self::Expiring { .. } => &["expires_at"],
            Self::NotYetValid { .. } => &["not_before"],
            Self::NeverUsed => &["last_used_at"],
            Self::NeverUsedSince { .. } => &["last_used_at", "created_at"],
            Self::RotationOverdue { .. } => &["rotation_due_at"],
            Self::Unrestricted => &["cidr_count", "domain_count", "denied_cidrs", "expires_at"],
            Self::Called { .. } => &[],
        }
    }

    /// Adds the condition. `+ 0` and `|| ''` hide a column from the planner on both engines. `KeyRange` looks up calls,
    /// unless the keys are few; this function only tests them.
    pub(crate) fn push(self, sql: &mut Sql, find: Find) {
        let expires_at = if find == Find::InOrder { "expires_at + 0" } else { "expires_at" };
        match (self, find) {
            (Self::Valid { now }, _) => {
                sql.push(" AND ").push(expires_at).push(" > ").bind(now).push(" AND not_before <= ").bind(now)
            }
            // The first condition is that of the index.
            (Self::NotYetValid { now }, Find::ByIndex) => sql.push(" AND not_before > 0 AND not_before > ").bind(now),
            (Self::NotYetValid { now }, Find::InOrder) => sql.push(" AND not_before + 0 > ").bind(now),
            (Self::Expired { now }, _) => sql.push(" AND ").push(expires_at).push(" <= ").bind(now),
            (Self::Expiring { now, until }, _) => {
                sql.push(" AND ").push(expires_at).push(" > ").bind(now);
                sql.push(" AND ").push(expires_at).push(" <= ").bind(until)
            }
            (Self::NeverUsed, _) => sql.push(" AND last_used_at = 0"),
            (Self::NeverUsedSince { created }, Find::InOrder) => {
                sql.push(" AND last_used_at = 0 AND created_at + 0 <= ").bind(created)
            }
            (Self::NeverUsedSince { created }, Find::ByIndex) => {
                sql.push(" AND last_used_at = 0 AND created_at <= ").bind(created)
            }
            // The first condition is that of the index.
            (Self::RotationOverdue { now }, Find::ByIndex) => {
                sql.push(" AND rotation_due_at < 9223372036854775807 AND rotation_due_at <= ").bind(now)
            }
            (Self::RotationOverdue { now }, Find::InOrder) => sql.push(" AND rotation_due_at + 0 <= ").bind(now),
            // The words of its index, and others that mean the same.
            (Self::Unrestricted, Find::ByIndex) => sql.push(
                " AND cidr_count + 0 = 0 AND domain_count + 0 = 0 AND denied_cidrs || '' = '[]' \
                 AND expires_at + 0 = 9223372036854775807",
            ),
            (Self::Unrestricted, Find::InOrder) => sql.push(
                " AND cidr_count + 1 = 1 AND domain_count + 1 = 1 AND denied_cidrs || ' ' = '[] ' \
                 AND expires_at - 1 = 9223372036854775806",
            ),
            (Self::Called { since, accepted }, _) => {
                sql.push(" AND EXISTS (SELECT 1 FROM key_usage_hour u WHERE u.key_id = id AND u.hour >= ").bind(since);
                push_codes(sql, " AND u.code || '' IN (", accepted);
                sql.push(")")
            }
        };
    }
}

/// Adds the codes of accepted calls, or those of refused ones.
pub(crate) fn push_codes(sql: &mut Sql, before: &'static str, accepted: bool) {
    let codes = Code::ALL.iter().filter(|code| (**code == Code::Valid) == accepted);
    push_words(sql, before, codes.map(|code| code.as_str()));
}
