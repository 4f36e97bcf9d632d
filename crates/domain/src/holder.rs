//! What whoever holds a key may do with it by presenting it, without an account.

use crate::key::{KeyDetail, Status};
use crate::permission::{AdminPermission, Permission};
use crate::rotation::{LiveSecret, Overlap, UsedSecret};
use crate::timestamp::Timestamp;

/// For how long the old secret works after its holder has confirmed a new one. Nobody else is asked, so it is never none:
/// whoever else holds the old secret can notice.
pub const OVERLAP: Overlap = Overlap::USUAL;

/// Whether the holder of a key may rotate it: the key works, is to be rotated regularly, and has no right in Keystead
/// itself.
pub fn may_rotate(key: &KeyDetail, now: Timestamp) -> bool {
    let works = matches!(key.row.status(now), Status::Active | Status::Expiring { .. });
    let own = |permission: &Permission| AdminPermission::parse(permission.as_str()).is_some();
    works && key.rules.rotate_days.is_some() && !key.rules.permissions.iter().any(own)
}

/// Which secret of a key was presented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// The only one that works.
    Only(LiveSecret),
    /// The new one, while the old one still works.
    New {
        /// The secret that was presented.
        secret: LiveSecret,
        /// The other one, with its use.
        old: UsedSecret,
        /// When the old one stops working.
        ends: Timestamp,
    },
    /// The old one, while it still works.
    Old {
        /// The secret that was presented.
        secret: LiveSecret,
        /// When it stops working.
        ends: Timestamp,
    },
}

impl Shown {
    /// The secret that was presented.
    pub const fn secret(&self) -> &LiveSecret {
        match self {
            Self::Only(secret) | Self::New { secret, .. } | Self::Old { secret, .. } => secret,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::KeyState;
    use crate::kind::KeyKind;
    use crate::sample;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

    fn key(
        state: KeyState,
        expires_at: Option<Timestamp>,
        permissions: &[&str],
        rotate_days: Option<u32>,
    ) -> KeyDetail {
        let mut key = sample::key(KeyKind::Service, NOW);
        (key.row.state, key.row.expires_at, key.rules.rotate_days) = (state, expires_at, rotate_days);
        key.rules.permissions = permissions.iter().map(|name| Permission::parse(name).unwrap()).collect();
        key
    }

    #[test]
    fn a_holder_rotates_a_key_that_works_and_is_to_be_rotated() {
        let may =
            |state, expires_at, permissions: &[&str], days| may_rotate(&key(state, expires_at, permissions, days), NOW);
        let active = KeyState::Active;
        assert!(may(active, None, &["invoices.read"], Some(90)));
        assert!(may(active, Some(NOW.plus_seconds(1)), &[], Some(1)));
        assert!(!may(active, None, &["invoices.read"], None), "nobody said that it is to be rotated");
        assert!(!may(active, None, &["invoices.read", "keystead.verify"], Some(90)));
        assert!(!may(active, Some(NOW), &[], Some(90)), "expired");
        for state in [KeyState::Pending, KeyState::Disabled, KeyState::Revoked] {
            assert!(!may(state, None, &[], Some(90)), "{state:?}");
        }
        assert_ne!(OVERLAP, Overlap::NONE);
    }
}
