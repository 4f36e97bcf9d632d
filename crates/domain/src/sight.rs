//! What a caller may see. The rest appears nowhere: not in lists, counts, refusals or the audit.

use serde::{Deserialize, Serialize};

use crate::audit::Actor;
use crate::ids::{AppId, KeyId};
use crate::kind::KeyKind;
use crate::role::{Act, Rights};

/// Everything of a sort, or only some.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Scope<T> {
    /// All that exist, and future ones.
    All,
    /// Only these.
    Only(Vec<T>),
}

impl<T: PartialEq> Scope<T> {
    /// Everything if these rights allow the act, and nothing otherwise.
    fn if_may(rights: Rights, act: Act) -> Self {
        if rights.may(act) { Self::All } else { Self::Only(Vec::new()) }
    }

    /// Whether this one is included.
    pub fn has(&self, one: &T) -> bool {
        match self {
            Self::All => true,
            Self::Only(some) => some.contains(one),
        }
    }
}

impl<T: PartialEq + Clone> Scope<T> {
    /// What is in both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::All, _) => other.clone(),
            (_, Self::All) => self.clone(),
            (Self::Only(some), _) => Self::Only(some.iter().filter(|one| other.has(one)).cloned().collect()),
        }
    }

    /// Whether everything in the other is included.
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::All, _) => true,
            (Self::Only(_), Self::All) => false,
            (_, Self::Only(some)) => some.iter().all(|one| self.has(one)),
        }
    }

    /// Whether anything is in both.
    pub fn meets(&self, other: &Self) -> bool {
        !matches!(self.and(other), Self::Only(both) if both.is_empty())
    }
}

impl From<&AppId> for Scope<AppId> {
    fn from(app: &AppId) -> Self {
        Self::Only(vec![*app])
    }
}

/// The keys that a caller may see: those in all three sets.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Sight {
    /// The apps. The installation's own events belong to none; a caller sees them by seeing all apps.
    pub apps: Scope<AppId>,
    /// The apps that the caller may look at, also while they look at fewer: keys of these are named as actors.
    pub allowed: Scope<AppId>,
    /// The kinds, in the order of their declaration.
    pub kinds: Vec<KeyKind>,
    /// The keys.
    pub keys: Scope<KeyId>,
    /// Those whose acts are seen in the audit.
    pub acts: Scope<Actor>,
}

impl Sight {
    /// All apps, the kinds that these rights allow seeing, and all keys and acts if they allow that too.
    pub fn of_rights(rights: Rights) -> Self {
        let kinds = KeyKind::ALL.iter().copied().filter(|kind| rights.may(kind.rules().seen_with));
        Self {
            apps: Scope::All,
            allowed: Scope::All,
            kinds: kinds.collect(),
            keys: Scope::if_may(rights, Act::SeeAllKeys),
            acts: Scope::if_may(rights, Act::SeeAudit),
        }
    }

    /// The same with these keys in sight and no others, whatever their kind.
    pub fn granted(self, keys: Vec<KeyId>) -> Self {
        Self { kinds: KeyKind::ALL.to_vec(), keys: Scope::Only(keys), ..self }
    }

    /// The same for a caller who may look at no other apps than these.
    #[must_use]
    pub fn limited_to(self, apps: Scope<AppId>) -> Self {
        Self { allowed: apps.clone(), apps, ..self }
    }

    /// The same within one app; nothing if the app is out of sight.
    pub fn within(&self, app: AppId) -> Self {
        self.in_apps(&Scope::from(&app))
    }

    /// The same within these apps, as far as they are in sight.
    #[must_use]
    pub fn in_apps(&self, apps: &Scope<AppId>) -> Self {
        Self { apps: self.apps.and(apps), ..self.clone() }
    }

    /// The same with no other keys than these.
    pub fn only(&self, keys: &[KeyId]) -> Self {
        let keys = keys.iter().copied().filter(|key| self.keys.has(key)).collect();
        Self { keys: Scope::Only(keys), ..self.clone() }
    }

    /// Whether this key is in sight.
    pub fn sees(&self, app: &AppId, kind: KeyKind, key: &KeyId) -> bool {
        self.apps.has(app) && self.sees_kind(kind) && self.keys.has(key)
    }

    /// Whether keys of this kind are in sight.
    pub fn sees_kind(&self, kind: KeyKind) -> bool {
        self.kinds.contains(&kind)
    }

    /// Whether every kind is in sight.
    pub fn sees_all_kinds(&self) -> bool {
        self.kinds.len() == KeyKind::ALL.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::role::Role;

    #[test]
    fn an_auditor_sees_no_privileged_keys_and_a_guest_none() {
        let kinds = |role| Sight::of_rights(Rights::of_role(role)).kinds;
        assert_eq!(kinds(Role::Owner), KeyKind::ALL);
        assert_eq!(kinds(Role::Admin), KeyKind::ALL);
        let hidden: Vec<_> = KeyKind::ALL.iter().filter(|kind| !kinds(Role::Auditor).contains(kind)).collect();
        assert_eq!(hidden, [&KeyKind::MasterUser, &KeyKind::Account]);
        let guest = Sight::of_rights(Rights::of_role(Role::Guest));
        assert_eq!((&guest.keys, &guest.acts), (&Scope::Only(Vec::new()), &Scope::Only(Vec::new())));
        let (app, key) = (AppId::from_random([1; 12]), KeyId::from_random([3; 16]));
        let guest = guest.granted(vec![key]);
        assert!(guest.sees(&app, KeyKind::MasterUser, &key));
        assert!(!guest.sees(&app, KeyKind::Service, &KeyId::from_random([4; 16])));
    }

    #[test]
    fn scopes_are_cut_and_compared() {
        let only = |some: &[u8]| Scope::Only(some.to_vec());
        assert_eq!(Scope::All.and(&only(&[1])), only(&[1]));
        assert_eq!(only(&[1, 2]).and(&Scope::All), only(&[1, 2]));
        assert_eq!(only(&[1, 2]).and(&only(&[3, 2])), only(&[2]));
        assert!(Scope::All.covers(&only(&[1])) && Scope::<u8>::All.covers(&Scope::All));
        assert!(only(&[1, 2]).covers(&only(&[2])) && !only(&[1]).covers(&only(&[1, 2])));
        assert!(!only(&[1]).covers(&Scope::All), "all that will be, too");
        assert!(only(&[1, 2]).meets(&only(&[2, 3])) && !only(&[1]).meets(&only(&[2])));
        assert!(Scope::All.meets(&only(&[1])) && !Scope::All.meets(&only(&[])));
    }

    #[test]
    fn an_app_out_of_sight_shows_nothing() {
        let (one, other, key) = (AppId::from_random([1; 12]), AppId::from_random([2; 12]), KeyId::from_random([3; 16]));
        let all = Sight::of_rights(Rights::all());
        assert!(all.within(one).sees(&one, KeyKind::Service, &key));
        assert!(!all.within(one).sees(&other, KeyKind::Service, &key));
        assert_eq!(all.within(one).within(other).apps, Scope::Only(Vec::new()));
        assert_eq!(all.within(one).allowed, Scope::All, "whoever looks at one app may look at others");
        assert_eq!(all.clone().limited_to(Scope::from(&one)).allowed, Scope::from(&one));
        let named = Sight { keys: Scope::Only(vec![key]), ..all };
        assert!(named.sees(&one, KeyKind::Service, &key));
        assert!(!named.sees(&one, KeyKind::Service, &KeyId::from_random([4; 16])));
    }
}
