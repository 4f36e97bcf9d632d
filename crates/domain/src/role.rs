//! Who may do what: one table. Later issues add rows and columns, not branches elsewhere.

use crate::kind::KeyKind;

names! {
    /// What a person is in this installation.
    pub enum Role {
        Owner = "owner",
        Admin = "admin",
        Auditor = "auditor",
        /// Sees only what the invite named.
        Guest = "guest",
    }
}

names! {
    /// Something that a role may or may not do.
    pub enum Act {
        /// Keys, usage, dashboard.
        SeeKeys = "see_keys",
        /// Issue, acknowledge, edit, disable, enable, revoke, delete.
        ChangeKeys = "change_keys",
        RestoreKey = "restore_key",
        SeeAudit = "see_audit",
        /// How this installation is set up.
        SeeSettings = "see_settings",
        /// Make, recover and unlock owners.
        ManageOwners = "manage_owners",
    }
}

impl Role {
    /// The name that people see.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Owner => "Owner",
            Self::Admin => "Admin",
            Self::Auditor => "Auditor",
            Self::Guest => "Guest",
        }
    }

    /// Whether this role may do this at all; `may_see_kind` and `may_change_kind` narrow it.
    pub const fn may(self, act: Act) -> bool {
        // Columns: owner, admin, auditor, guest.
        let row = match act {
            Act::SeeKeys | Act::SeeAudit => [true, true, true, false],
            Act::ChangeKeys => [true, true, false, false],
            Act::RestoreKey | Act::SeeSettings | Act::ManageOwners => [true, false, false, false],
        };
        let [owner, admin, auditor, guest] = row;
        match self {
            Self::Owner => owner,
            Self::Admin => admin,
            Self::Auditor => auditor,
            Self::Guest => guest,
        }
    }

    /// Whether this role may see keys of this kind.
    pub const fn may_see_kind(self, kind: KeyKind) -> bool {
        match self {
            Self::Owner | Self::Admin => true,
            Self::Auditor => !matches!(kind, KeyKind::MasterUser | KeyKind::Account),
            Self::Guest => false,
        }
    }

    /// Whether this role may issue and change keys of this kind.
    pub const fn may_change_kind(self, kind: KeyKind) -> bool {
        match self {
            Self::Owner => true,
            Self::Admin => !matches!(kind, KeyKind::Account),
            Self::Auditor | Self::Guest => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn role_words_are_exact() {
        for text in ["Owner", "OWNER", " owner", "owner ", "administrator", ""] {
            assert_eq!(Role::parse(text), None, "{text}");
        }
    }

    #[test]
    fn each_role_may_do_what_the_table_says() {
        let acts = |role: Role| Act::ALL.iter().copied().filter(|act| role.may(*act)).collect::<Vec<_>>();
        assert_eq!(acts(Role::Owner), Act::ALL);
        assert_eq!(acts(Role::Admin), [Act::SeeKeys, Act::ChangeKeys, Act::SeeAudit]);
        assert_eq!(acts(Role::Auditor), [Act::SeeKeys, Act::SeeAudit]);
        assert_eq!(acts(Role::Guest), []);
    }

    #[test]
    fn kinds_narrow_the_table() {
        for kind in KeyKind::ALL.iter().copied() {
            let account = kind == KeyKind::Account;
            assert!(Role::Owner.may_see_kind(kind) && Role::Owner.may_change_kind(kind));
            assert_eq!(Role::Admin.may_change_kind(kind), !account);
            assert_eq!(Role::Auditor.may_see_kind(kind), !account && kind != KeyKind::MasterUser);
            assert!(!Role::Auditor.may_change_kind(kind) && !Role::Guest.may_see_kind(kind));
        }
    }
}
