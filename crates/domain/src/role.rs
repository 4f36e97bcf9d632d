//! Who may do what, in one table. To add an act or a role, add a row or a column here, not a branch elsewhere.

use crate::permission::{AdminPermission, Permission};

names! {
    /// The role of a person in this installation.
    pub enum Role {
        Owner = "owner",
        Admin = "admin",
        Auditor = "auditor",
        /// Sees only the keys that the invite named.
        Guest = "guest",
    }
}

names! {
    /// Something that a caller may or may not do. The table of kinds says which act each kind needs.
    pub enum Act {
        /// See keys, their usage and the dashboard.
        SeeKeys = "see_keys",
        /// See the keys that act for any user or make other keys.
        SeePrivilegedKeys = "see_privileged_keys",
        /// Issue, confirm, edit, disable, enable, revoke and delete keys.
        ChangeKeys = "change_keys",
        /// The same for keys that make other keys.
        ChangeAccountKeys = "change_account_keys",
        RestoreKey = "restore_key",
        /// Ask whether other keys may pass.
        CheckKeys = "check_keys",
        SeeAudit = "see_audit",
        /// Take all of the audit that is in sight away as a file.
        ExportAudit = "export_audit",
        /// See how this installation is set up.
        SeeSettings = "see_settings",
        /// Change the settings that are kept in the database.
        ChangeSettings = "change_settings",
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

    const fn may(self, act: Act) -> bool {
        // Columns: owner, admin, auditor, guest.
        let row = match act {
            Act::SeeKeys | Act::SeeAudit | Act::ExportAudit => [true, true, true, false],
            Act::SeePrivilegedKeys | Act::ChangeKeys => [true, true, false, false],
            Act::ChangeAccountKeys | Act::RestoreKey | Act::SeeSettings | Act::ChangeSettings | Act::ManageOwners => {
                [true, false, false, false]
            }
            // A service asks, with a key; a person looks.
            Act::CheckKeys => [false, false, false, false],
        };
        let [owner, admin, auditor, guest] = row;
        match self {
            Self::Owner => owner,
            Self::Admin => admin,
            Self::Auditor => auditor,
            Self::Guest => guest,
        }
    }
}

/// The acts that a caller may do. Roles give them to people, permissions to keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rights {
    acts: u32,
}

impl Rights {
    /// Every act. Anyone with the server's shell could do it anyway.
    pub fn all() -> Self {
        Self::of(Act::ALL.iter().copied())
    }

    /// What a person with this role may do.
    pub fn of_role(role: Role) -> Self {
        Self::of(Act::ALL.iter().copied().filter(|act| role.may(*act)))
    }

    /// What a key with these permissions may do in Keystead itself.
    pub fn of_permissions(permissions: &[Permission]) -> Self {
        let administers = permissions.iter().filter_map(|permission| AdminPermission::parse(permission.as_str()));
        Self::of(administers.map(act_of))
    }

    fn of(acts: impl Iterator<Item = Act>) -> Self {
        Self { acts: acts.fold(0, |acts, act| acts | Self::bit(act)) }
    }

    const fn bit(act: Act) -> u32 {
        1 << act as u32
    }

    /// Whether these rights include this act.
    pub const fn may(self, act: Act) -> bool {
        self.acts & Self::bit(act) != 0
    }
}

/// The act that a permission gives a key.
const fn act_of(permission: AdminPermission) -> Act {
    match permission {
        AdminPermission::Verify => Act::CheckKeys,
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

    fn acts(rights: Rights) -> Vec<Act> {
        Act::ALL.iter().copied().filter(|act| rights.may(*act)).collect()
    }

    #[test]
    fn each_role_may_do_what_the_table_says() {
        let role = |role| acts(Rights::of_role(role));
        let but_check = |act: &Act| *act != Act::CheckKeys;
        assert_eq!(role(Role::Owner), Act::ALL.iter().copied().filter(but_check).collect::<Vec<_>>());
        assert_eq!(
            role(Role::Admin),
            [Act::SeeKeys, Act::SeePrivilegedKeys, Act::ChangeKeys, Act::SeeAudit, Act::ExportAudit]
        );
        assert_eq!(role(Role::Auditor), [Act::SeeKeys, Act::SeeAudit, Act::ExportAudit]);
        assert_eq!(role(Role::Guest), []);
        assert_eq!(acts(Rights::all()), Act::ALL);
    }

    #[test]
    fn a_permission_gives_its_act_and_a_wildcard_none() {
        let rights = |words: &[&str]| {
            let permissions: Vec<_> = words.iter().map(|word| Permission::parse(word).unwrap()).collect();
            acts(Rights::of_permissions(&permissions))
        };
        assert_eq!(rights(&["invoices.read", "keystead.verify"]), [Act::CheckKeys]);
        assert_eq!(rights(&["*", "invoices.*"]), []);
    }
}
