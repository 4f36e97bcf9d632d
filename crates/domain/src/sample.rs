//! A whole key for tests.

use crate::ids::{AppId, KeyId};
use crate::key::{KeyDetail, KeyRow, KeyState};
use crate::kind::KeyKind;
use crate::rules::KeyRules;
use crate::timestamp::Timestamp;

/// An active key of this kind, without restrictions or an end, issued at `at`.
pub fn key(kind: KeyKind, at: Timestamp) -> KeyDetail {
    let rules = KeyRules::default();
    KeyDetail {
        row: KeyRow {
            id: KeyId::from_random([7; 16]),
            kind,
            name: "Billing export".to_owned(),
            token_prefix: kind.token_prefix("ks", rules.environment),
            last4: "9fKd".to_owned(),
            state: KeyState::Active,
            not_before: None,
            expires_at: None,
            ack_deadline: None,
            created_at: at,
            created_by: "owner@example.com".to_owned(),
            last_used_at: None,
            rotation_due_at: None,
            cidr_count: 0,
            domain_count: 0,
            denied_cidr_count: 0,
            permission_count: 0,
            administers: Vec::new(),
        },
        app_id: AppId::from_random([1; 12]),
        description: String::new(),
        rules,
        quota_left: None,
        quota_period: 0,
        quota_epoch: 0,
        last_used_address: None,
        revoked: None,
        revision: 1,
    }
}
