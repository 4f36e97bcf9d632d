//! What a person who is signed in may only do soon after proving who they are, in one table. A session that somebody left
//! open, or took, is not enough for it.

use crate::kind::KeyKind;
use crate::permission::Permission;
use crate::role::{Act, Role};
use crate::timestamp::Millis;

/// How long a check of the password or of a passkey counts.
pub const PROOF_FOR: Millis = Millis::minutes(5);

/// What is about to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guarded<'a> {
    /// Issue a key, or have somebody else collect it.
    IssueKey {
        /// Its kind.
        kind: KeyKind,
        /// What it may do.
        permissions: &'a [Permission],
    },
    /// Change what a key may do.
    EditKey {
        /// The permissions before.
        before: &'a [Permission],
        /// The permissions after.
        after: &'a [Permission],
    },
    /// Invite somebody with this role, or send such an invite again.
    Invite(Role),
    /// Give somebody another role.
    ChangeRole,
    /// Remove somebody for good.
    RemovePerson,
    /// Make a link with which somebody else sets a new password.
    MakeResetLink,
    /// Take somebody else's second factor away.
    ResetFactor,
    /// Add a way to sign in to one's own account.
    AddFactor,
    /// Say who needs a second factor.
    ChangeFactorRules,
    /// Say which keys a second person must approve.
    ChangeApprovalRules,
    /// Reveal the API KEY of an app, or issue another one in its place.
    MemberKey,
}

impl Guarded<'_> {
    /// Whether a recent proof is needed.
    pub fn needs_proof(&self) -> bool {
        match self {
            Self::IssueKey { kind, permissions } => {
                let rules = kind.rules();
                rules.seen_with == Act::SeePrivilegedKeys
                    || rules.signs()
                    || permissions.iter().any(Permission::is_reserved)
            }
            Self::EditKey { before, after } => {
                after.iter().any(|permission| permission.is_reserved() && !before.contains(permission))
            }
            Self::Invite(role) => role.managed_with() == Act::ManageOwners,
            Self::ChangeRole
            | Self::RemovePerson
            | Self::MakeResetLink
            | Self::ResetFactor
            | Self::AddFactor
            | Self::ChangeFactorRules
            | Self::ChangeApprovalRules
            | Self::MemberKey => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permissions(words: &[&str]) -> Vec<Permission> {
        words.iter().map(|word| Permission::parse(word).unwrap()).collect()
    }

    #[test]
    fn keys_that_act_for_anybody_or_administer_need_a_proof() {
        let needs = |kind, words: &[&str]| Guarded::IssueKey { kind, permissions: &permissions(words) }.needs_proof();
        let privileged: Vec<_> = KeyKind::ALL.iter().copied().filter(|kind| needs(*kind, &[])).collect();
        assert_eq!(privileged, [KeyKind::MasterUser, KeyKind::Integration, KeyKind::App, KeyKind::Account]);
        assert!(!needs(KeyKind::Service, &["*", "invoices.read", "keysteads.verify"]));
        assert!(needs(KeyKind::Service, &["invoices.read", "keystead.verify"]));
    }

    #[test]
    fn an_edit_needs_one_only_if_it_adds_such_a_permission() {
        let needs = |before: &[&str], after: &[&str]| {
            Guarded::EditKey { before: &permissions(before), after: &permissions(after) }.needs_proof()
        };
        assert!(needs(&["a.b"], &["a.b", "keystead.verify"]));
        assert!(!needs(&["keystead.verify"], &["keystead.verify", "a.b"]));
        assert!(!needs(&["keystead.verify"], &[]));
    }

    #[test]
    fn only_invites_of_those_who_manage_need_one() {
        let needing: Vec<_> = Role::ALL.iter().filter(|role| Guarded::Invite(**role).needs_proof()).collect();
        assert_eq!(needing, [&Role::Owner, &Role::Admin]);
    }
}
