//! Who may do what, in one table. To add an act or a role, add a row or a column here, not a branch elsewhere.

use crate::grant::KeyAct;
use crate::kind::KeyKind;
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
        /// See keys, their usage and the dashboard. A guest sees the keys that were granted.
        SeeKeys = "see_keys",
        /// See the keys that nobody granted, too.
        SeeAllKeys = "see_all_keys",
        /// See the keys that act for any user or make other keys.
        SeePrivilegedKeys = "see_privileged_keys",
        /// Find out why a call with a key is refused.
        TestKeys = "test_keys",
        /// See the keys that people asked for.
        SeeRequests = "see_requests",
        /// Issue, confirm, edit and enable keys.
        ChangeKeys = "change_keys",
        /// Disable and delete keys, and drop pending ones.
        StopKeys = "stop_keys",
        /// Give a key a new secret, and decide how long the old one works.
        RotateKeys = "rotate_keys",
        RevokeKeys = "revoke_keys",
        /// Change and revoke keys that make other keys.
        ChangeAccountKeys = "change_account_keys",
        RestoreKey = "restore_key",
        /// Ask whether other keys may pass.
        CheckKeys = "check_keys",
        /// See in the audit what one did oneself.
        SeeOwnActs = "see_own_acts",
        /// See in the audit what anybody did.
        SeeAudit = "see_audit",
        /// Take all of the audit that is in sight away as a file.
        ExportAudit = "export_audit",
        /// See how this installation is set up.
        SeeSettings = "see_settings",
        /// See whether this installation works, its nodes and their figures.
        SeeStatus = "see_status",
        /// Change the settings that are kept in the database.
        ChangeSettings = "change_settings",
        SeePeople = "see_people",
        /// Invite, disable, unlock and remove guests and auditors, and say which keys a guest sees.
        ManageGuests = "manage_guests",
        /// The same for admins and owners, and change the role of anybody.
        ManageOwners = "manage_owners",
        /// See which apps there are.
        SeeApps = "see_apps",
        /// Create, rename, archive and bring back apps.
        ManageApps = "manage_apps",
        /// See rooms, who is in them, and what is said there.
        SeeRooms = "see_rooms",
        /// Create, change, open, close, archive and delete rooms, say who is in them, and write in them.
        ManageRooms = "manage_rooms",
        /// Take what is said in all rooms away as a file.
        ExportChats = "export_chats",
        SeeContacts = "see_contacts",
        ManageContacts = "manage_contacts",
        /// See the integrations of an app, their webhooks, and what programs reported to them.
        SeeIntegrations = "see_integrations",
        /// Set up, change and delete integrations and their webhooks, and see what was delivered to those.
        ManageIntegrations = "manage_integrations",
        /// See the member API key of an app, and issue it again.
        RevealMemberKey = "reveal_member_key",
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

    /// What people of this role may do, in a few words.
    pub const fn summary(self) -> &'static str {
        match self {
            Self::Owner => "everything, also settings, roles and other owners",
            Self::Admin => "issues and changes keys, invites guests and auditors",
            Self::Auditor => "sees keys, people and the audit, and changes nothing",
            Self::Guest => "sees the keys that you name, and nothing else",
        }
    }

    /// The same, as the people themselves read it.
    pub const fn summary_for_them(self) -> &'static str {
        match self {
            Self::Owner => "you may do everything, also change settings, roles and other owners",
            Self::Admin => "you issue and change keys, and invite guests and auditors",
            Self::Auditor => "you see keys, people and the audit, and change nothing",
            Self::Guest => "you see the keys that were chosen for you",
        }
    }

    /// The act that lets somebody invite, disable, unlock and remove people of this role.
    pub const fn managed_with(self) -> Act {
        match self {
            Self::Owner | Self::Admin => Act::ManageOwners,
            Self::Auditor | Self::Guest => Act::ManageGuests,
        }
    }

    const fn may(self, act: Act) -> bool {
        // Columns: owner, admin, auditor, guest.
        let row = match act {
            Act::SeeKeys | Act::SeeOwnActs => [true, true, true, true],
            Act::SeeAllKeys
            | Act::TestKeys
            | Act::SeeAudit
            | Act::ExportAudit
            | Act::SeePeople
            | Act::SeeApps
            | Act::SeeRooms
            | Act::SeeContacts
            | Act::SeeIntegrations => [true, true, true, false],
            Act::SeePrivilegedKeys
            | Act::SeeRequests
            | Act::ChangeKeys
            | Act::StopKeys
            | Act::RotateKeys
            | Act::RevokeKeys
            | Act::ManageGuests
            | Act::ManageApps
            | Act::ManageRooms
            | Act::ExportChats
            | Act::ManageContacts
            | Act::ManageIntegrations => [true, true, false, false],
            Act::ChangeAccountKeys
            | Act::RestoreKey
            | Act::SeeSettings
            | Act::SeeStatus
            | Act::ChangeSettings
            | Act::ManageOwners
            | Act::RevealMemberKey => [true, false, false, false],
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
        Self::of(administers.flat_map(|permission| acts_of(permission).iter().copied()))
    }

    /// What a Master User key with these permissions may do with rooms and contacts.
    pub fn of_master(permissions: &[Permission]) -> Self {
        let acts = permissions.iter().flat_map(|permission| match permission.as_str() {
            "chats.read" => &[Act::SeeRooms][..],
            "chats.write" => &[Act::ManageRooms],
            "chats.export" => &[Act::ExportChats],
            "contacts.manage" => &[Act::SeeContacts, Act::ManageContacts],
            _ => &[],
        });
        Self::of(acts.copied())
    }

    /// What the member API key of an app may do, by an access token that only reads or one that writes too.
    pub fn of_member(read_only: bool) -> Self {
        let acts: &[Act] = if read_only { &[Act::SeeRooms] } else { &[Act::SeeRooms, Act::ManageRooms] };
        Self::of(acts.iter().copied())
    }

    /// What a key that calls for an account, for an app or for an integration may do; nothing for any other kind.
    pub fn of_scope(kind: KeyKind) -> Self {
        Self::of(kind.rules().acts.iter().copied())
    }

    /// Whether somebody with these rights may give a key this permission. Nobody gives what they may not do themselves.
    /// Asking about keys is for programs alone, so whoever issues keys may give that.
    pub fn may_give(self, permission: AdminPermission) -> bool {
        let needed = Self::of(acts_of(permission).iter().copied()).acts & !Self::bit(Act::CheckKeys);
        self.acts & needed == needed
    }

    /// What these rights allow with one key of this kind, for somebody to whom these acts with it were granted. With a key
    /// `beyond` them, which may do in Keystead what they may not, they allow only what takes away from it.
    pub fn on_key(self, kind: KeyKind, beyond: bool, granted: &[KeyAct]) -> Self {
        let by_kind = if self.may(kind.rules().changed_with) { 0 } else { Self::WIDENS | Self::TAKES_AWAY };
        let refused = if beyond { by_kind | Self::WIDENS } else { by_kind };
        let granted = Self::of(granted.iter().map(|act| act.act()));
        Self { acts: self.acts & !refused | granted.acts }
    }

    /// What gives a key more, or gives somebody its secret.
    const WIDENS: u32 = Self::bit(Act::ChangeKeys) | Self::bit(Act::RotateKeys);
    /// What only stops a key.
    const TAKES_AWAY: u32 = Self::bit(Act::StopKeys) | Self::bit(Act::RevokeKeys);

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

/// The acts that a permission gives a key. Whoever changes keys has to see them.
const fn acts_of(permission: AdminPermission) -> &'static [Act] {
    match permission {
        AdminPermission::Verify => &[Act::CheckKeys],
        AdminPermission::KeysRead => &[Act::SeeKeys, Act::SeeAllKeys, Act::TestKeys, Act::SeeRequests],
        AdminPermission::KeysWrite => &[
            Act::SeeKeys,
            Act::SeeAllKeys,
            Act::SeePrivilegedKeys,
            Act::TestKeys,
            Act::SeeRequests,
            Act::ChangeKeys,
            Act::StopKeys,
            Act::RotateKeys,
            Act::RevokeKeys,
            Act::RestoreKey,
        ],
        AdminPermission::PeopleRead => &[Act::SeePeople],
        AdminPermission::PeopleWrite => &[Act::SeePeople, Act::ManageGuests, Act::ManageOwners],
        AdminPermission::AppsRead => &[Act::SeeApps],
        AdminPermission::AppsWrite => &[Act::SeeApps, Act::ManageApps],
        AdminPermission::SettingsRead => &[Act::SeeSettings],
        AdminPermission::SettingsWrite => &[Act::SeeSettings, Act::ChangeSettings],
        // Events of keys are seen by whoever may see the keys.
        AdminPermission::AuditRead => {
            &[Act::SeeKeys, Act::SeeAllKeys, Act::SeeOwnActs, Act::SeeAudit, Act::ExportAudit]
        }
    }
}

#[cfg(test)]
mod tests;
