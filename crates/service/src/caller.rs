//! The caller on whose behalf a use case runs.

use std::{net::IpAddr, sync::Arc};

use domain::{
    access_token::AccessScope,
    audit::Actor,
    delegation,
    field::{Field, FieldErrors},
    grant::{KeyAct, KeyGrant},
    ids::{AppId, IntegrationId, KeyId, PersonId},
    key::{KeyDetail, KeyRecord, KeyRow, SecretNumber},
    kind::KeyKind,
    permission::{AdminPermission, Permission},
    proof::{Guarded, PROOF_FOR},
    refusal::Refusal,
    role::{Act, Rights},
    rotation::NoRotation,
    sight::{Scope, Sight},
    spec::KeySpec,
    timestamp::Timestamp,
};

use secrecy::SecretString;
use serde::Serialize;

use crate::seen::SeenState;
use crate::sessions::{AHEAD, Person, Session};

/// The most characters of a user agent that are kept. People only need it to recognise a session.
const USER_AGENT_MAX: usize = 300;

/// Who asks, what they may do and see, from where, and how they proved who they are. Only the constructors give rights,
/// so no edge can invent a role.
#[derive(Debug, Clone)]
pub struct Caller {
    actor: Actor,
    rights: Rights,
    sight: Sight,
    /// What was granted besides, key by key.
    grants: Vec<KeyGrant>,
    /// The key, if a key asks.
    own: Option<Arc<KeyRecord>>,
    /// Whether it is a person who is limited to some apps.
    limited: bool,
    address: Option<IpAddr>,
    proof: Authentication,
    /// The revision of the key that they act on, as they saw it.
    saw: Option<i64>,
    /// The newest secret of that key, as they saw it.
    saw_secret: Option<SecretNumber>,
    /// The state of what they change, as they saw it.
    saw_state: Option<SeenState>,
    /// The one-use id of the form that they sent.
    form: Option<String>,
}

/// How and when a caller proved who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authentication {
    /// With the cookie of a session.
    Cookie {
        /// When the password, or a passkey in its place, was last checked.
        password_checked_at: Timestamp,
    },
    /// With a key, in this call.
    Key,
    /// With access to the server's shell.
    Shell,
    /// Keystead itself, without anybody asking.
    System,
}

impl Caller {
    /// A person with an account, whose password was last checked at this time.
    pub fn person(person: &Person, password_checked_at: Timestamp, address: Option<IpAddr>) -> Self {
        let proof = Authentication::Cookie { password_checked_at };
        let caller = Self::new(person.actor(), Rights::of_role(person.role()), address, proof);
        let limited = *person.apps() != Scope::All;
        let caller = Self { sight: caller.sight.limited_to(person.apps().clone()), limited, ..caller };
        if caller.rights.may(Act::SeeAllKeys) {
            return caller;
        }
        let keys = person.grants.iter().map(|grant| grant.key).collect();
        Self { sight: caller.sight.granted(keys), grants: person.grants.clone(), ..caller }
    }

    /// A key. It sees its own app, and may do what its permissions say.
    pub fn key(key: impl Into<Arc<KeyRecord>>, address: Option<IpAddr>) -> Self {
        let key = key.into();
        let rights = Rights::of_permissions(&key.rules.permissions);
        Self::of_key(key, rights, address)
    }

    /// A Master User key. It may do with the chats and contacts of its own app what its permissions say.
    pub fn chat_key(key: &KeyRecord, address: Option<IpAddr>) -> Self {
        Self::of_key(key.clone().into(), Rights::of_master(&key.rules.permissions), address)
    }

    /// A key that calls for an account, for an app or for an integration. It may do what its kind says: in all apps if it
    /// manages apps, and otherwise in its own. Of the keys it sees those alone that it makes, which are all below it.
    pub fn scoped(key: impl Into<Arc<KeyRecord>>, address: Option<IpAddr>) -> Self {
        let key = key.into();
        let kind = key.kind;
        let mut caller = Self::of_key(key, Rights::of_scope(kind), address);
        if caller.rights.may(Act::ManageApps) {
            caller.sight = caller.sight.limited_to(Scope::All);
        }
        caller.sight.kinds = kind.rules().makes.to_vec();
        caller
    }

    fn of_key(key: Arc<KeyRecord>, rights: Rights, address: Option<IpAddr>) -> Self {
        let actor = Actor::Key { id: key.id, name: key.name.clone() };
        let caller = Self::new(actor, rights, address, Authentication::Key);
        Self { sight: caller.sight.limited_to(Scope::from(&key.app_id)), own: Some(key), ..caller }
    }

    /// The API KEY of an app, with what its access token allows. It sees its app alone.
    pub fn member(key: &KeyRecord, scope: AccessScope, address: Option<IpAddr>) -> Self {
        let actor = Actor::Key { id: key.id, name: key.name.clone() };
        let caller = Self::new(actor, Rights::of_member(scope == AccessScope::Read), address, Authentication::Key);
        Self { sight: caller.sight.limited_to(Scope::from(&key.app_id)), ..caller }
    }

    /// A person at the server's shell, who could read the database anyway.
    pub fn command_line(user: &str) -> Self {
        Self::new(Actor::CommandLine { user: user.to_owned() }, Rights::all(), None, Authentication::Shell)
    }

    /// Keystead itself as the caller.
    pub(crate) fn system(address: Option<IpAddr>) -> Self {
        Self::new(Actor::System, Rights::all(), address, Authentication::System)
    }

    /// The same caller, who looks at nothing but one app.
    pub fn within(self, app: &AppId) -> Self {
        Self { sight: self.sight.within(*app), ..self }
    }

    /// The same caller, who comes from this address.
    #[must_use]
    pub(crate) fn at(self, address: Option<IpAddr>) -> Self {
        Self { address, ..self }
    }

    /// The same caller, who acts on a key only if it is at this revision; `None` for any.
    #[must_use]
    pub fn having_seen(self, revision: Option<i64>) -> Self {
        Self { saw: revision, ..self }
    }

    /// The same caller, who acts on a rotation only if this is its new secret; `None` for any.
    #[must_use]
    pub fn having_seen_secret(self, number: Option<SecretNumber>) -> Self {
        Self { saw_secret: number, ..self }
    }

    /// The same caller, who changes a thing only if its state is this one; `None` for any.
    #[must_use]
    pub fn having_seen_state(self, state: Option<SeenState>) -> Self {
        Self { saw_state: state, ..self }
    }

    /// The same caller, who sent the form with this one-use id; `None` for none.
    #[must_use]
    pub fn by_form(self, form_id: Option<String>) -> Self {
        Self { form: form_id, ..self }
    }

    /// The same caller, who may do and see nothing.
    pub(crate) fn without_rights(self) -> Self {
        Self::new(self.actor, Rights::default(), self.address, self.proof)
    }

    fn new(actor: Actor, rights: Rights, address: Option<IpAddr>, proof: Authentication) -> Self {
        let mut sight = Sight::of_rights(rights);
        if let Scope::Only(actors) = &mut sight.acts {
            actors.push(actor.clone());
        }
        Self {
            actor,
            rights,
            sight,
            grants: Vec::new(),
            own: None,
            limited: false,
            address,
            proof,
            saw: None,
            saw_secret: None,
            saw_state: None,
            form: None,
        }
    }

    /// The actor that audit events name.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The actor as what they make in this app names it, for all who see it. They need not see a key of another app.
    pub(crate) fn actor_in(&self, app: &AppId) -> Actor {
        match (&self.actor, &self.own) {
            (Actor::Key { id, .. }, Some(own)) if own.app_id != *app => {
                Actor::Key { id: *id, name: "of another app".to_owned() }
            }
            (actor, _) => actor.clone(),
        }
    }

    /// The person who asks; `Forbidden` for a caller who is none.
    pub(crate) fn person_id(&self) -> Result<&PersonId, Refusal> {
        match &self.actor {
            Actor::Person { id, .. } => Ok(id),
            _ => Err(Refusal::Forbidden),
        }
    }

    /// What the role allows everywhere.
    pub fn rights(&self) -> Rights {
        self.rights
    }

    /// What the caller may do with this key: what the role allows with keys of its kind and its permissions, and what was
    /// granted. Whether one key may change another is a question of its own.
    pub fn rights_on(&self, key: &KeyRow) -> Rights {
        let beyond = self.own.is_none() && key.administers.iter().any(|permission| !self.may_give_one(*permission));
        self.rights.on_key(key.kind, beyond, self.granted_on(&key.id))
    }

    /// The same with a key of this kind, as far as that is known without its permissions.
    pub(crate) fn rights_on_kind(&self, kind: KeyKind, key: &KeyId) -> Rights {
        self.rights.on_key(kind, false, self.granted_on(key))
    }

    fn granted_on(&self, key: &KeyId) -> &[KeyAct] {
        self.grants.iter().find(|grant| grant.key == *key).map_or(&[], |grant| &grant.acts)
    }

    /// The app of a key that asks, or the one that somebody looks at; `None` for several.
    pub fn app(&self) -> Option<AppId> {
        match &self.sight.apps {
            Scope::Only(apps) => match apps.as_slice() {
                [one] => Some(*one),
                _ => None,
            },
            Scope::All => None,
        }
    }

    /// The integration whose key asks; `None` for every other caller.
    pub fn own_integration(&self) -> Option<IntegrationId> {
        self.own.as_ref().and_then(|own| own.rules.integration)
    }

    /// Whether a key asks that calls on behalf of this app.
    pub(crate) fn calls_for(&self, app: &AppId) -> bool {
        let [_, of_app, _] = KeyKind::SCOPED;
        self.own.as_ref().is_some_and(|own| own.kind == of_app && own.app_id == *app)
    }

    /// What they may see.
    pub fn sight(&self) -> &Sight {
        &self.sight
    }

    /// The apps whose people they see and manage. A key that may do so does for the whole installation: only an owner can
    /// have given it that.
    pub(crate) fn people_of(&self) -> &Scope<AppId> {
        if self.proof == Authentication::Key { &Scope::All } else { &self.sight.apps }
    }

    /// The client's address, if it is known.
    pub fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// The one-use id of the form that they sent.
    pub(crate) fn form(&self) -> Option<&str> {
        self.form.as_deref()
    }

    /// How they proved who they are.
    pub fn authentication(&self) -> Authentication {
        self.proof
    }

    /// `Forbidden` unless the caller may do this.
    pub fn may(&self, act: Act) -> Result<(), Refusal> {
        if self.rights.may(act) { Ok(()) } else { Err(Refusal::Forbidden) }
    }

    /// `ProveAgain` unless the caller proved who they are recently enough for this. Ask only once they may do it.
    pub(crate) fn proved_for(&self, what: Guarded<'_>, now: Timestamp) -> Result<(), Refusal> {
        if !what.needs_proof() || self.has_proved_recently(now) { Ok(()) } else { Err(Refusal::ProveAgain) }
    }

    /// Whether the last proof still counts. One in the future comes from a wrong clock.
    pub fn has_proved_recently(&self, now: Timestamp) -> bool {
        match self.proof {
            Authentication::Cookie { password_checked_at: at } => now.since(at) < PROOF_FOR && at.since(now) <= AHEAD,
            Authentication::Key | Authentication::Shell | Authentication::System => true,
        }
    }

    /// `Forbidden` unless the caller may do this with any key at all.
    pub(crate) fn may_with_some(&self, act: Act) -> Result<(), Refusal> {
        let granted = self.grants.iter().flat_map(|grant| &grant.acts).any(|granted| granted.act() == act);
        if granted { Ok(()) } else { self.may(act) }
    }

    /// Like `may_see`, but also `Forbidden` or `OwnersKey` if the caller may not do this with the key.
    pub(crate) fn may_with(&self, act: Act, key: &KeyDetail) -> Result<(), Refusal> {
        self.may_with_some(act)?;
        self.may_see(key)?;
        if self.rights_on(&key.row).may(act) {
            return Ok(());
        }
        // Whoever may do it with other keys is told what this one is.
        Err(if self.rights.may(act) { self.refused_kind(key.row.kind) } else { Refusal::Forbidden })
    }

    /// `Forbidden` unless the caller may see keys, `NotFound` for a key out of sight.
    pub(crate) fn may_see(&self, key: &KeyDetail) -> Result<(), Refusal> {
        self.may(Act::SeeKeys)?;
        let in_sight = self.sight.sees(&key.app_id, key.row.kind, &key.row.id);
        if in_sight { Ok(()) } else { Err(Refusal::NotFound) }
    }

    /// `Changed` if the key is at another revision than the caller saw.
    pub(crate) fn sees_now(&self, key: &KeyDetail) -> Result<(), Refusal> {
        if self.saw.is_none_or(|revision| revision == key.revision) { Ok(()) } else { Err(Refusal::Changed) }
    }

    /// `Changed` if the state of what they change is another than they saw.
    pub(crate) fn sees_state(&self, now: &impl Serialize) -> Result<(), Refusal> {
        let same = self.saw_state.as_ref().is_none_or(|saw| *saw == SeenState::of(now));
        if same { Ok(()) } else { Err(Refusal::Changed) }
    }

    /// `NoRotation` if the rotation is about another new secret than the caller saw.
    pub(crate) fn means(&self, number: SecretNumber) -> Result<(), Refusal> {
        let same = self.saw_secret.is_none_or(|saw| saw == number);
        if same { Ok(()) } else { Err(Refusal::NoRotation(NoRotation::Another)) }
    }

    /// `OwnKey` or `BeyondOwnRights` for a key that would change itself, or a key that may do more.
    pub(crate) fn stays_below(&self, key: &KeyDetail) -> Result<(), Refusal> {
        let Some(own) = &self.own else { return Ok(()) };
        if own.id == key.row.id {
            return Err(Refusal::OwnKey);
        }
        self.may_make(&key.spec())
    }

    /// Whether a key asks that lacks this permission. Whoever is no key needs none.
    pub fn lacks(&self, permission: AdminPermission) -> bool {
        let lacks = |own: &KeyRecord| own.rules.permissions.iter().all(|held| held.as_str() != permission.as_str());
        self.own.as_deref().is_some_and(lacks)
    }

    /// `BeyondOwnRights` for a key that would make one that may do more.
    pub(crate) fn may_make(&self, spec: &KeySpec) -> Result<(), Refusal> {
        let beyond = self.own.as_ref().is_some_and(|own| delegation::exceeds(own, spec));
        if beyond { Err(Refusal::BeyondOwnRights) } else { Ok(()) }
    }

    /// `Invalid` at the permissions if the caller would give a key one of Keystead's own that they do not have
    /// themselves.
    pub(crate) fn may_give(&self, permissions: &[Permission]) -> Result<(), Refusal> {
        let refused = permissions.iter().find(|permission| {
            AdminPermission::parse(permission.as_str()).is_some_and(|permission| !self.may_give_one(permission))
        });
        let Some(refused) = refused else { return Ok(()) };
        let message = format!("You may not give {}, because you may not do that yourself.", refused.as_str());
        Err(FieldErrors::one(Field::Permissions, message).into())
    }

    /// Whoever is limited to some apps cannot reach beyond them, and so cannot have a key do it.
    fn may_give_one(&self, permission: AdminPermission) -> bool {
        self.rights.may_give(permission) && !(self.limited && permission.reaches_beyond_app())
    }

    /// Whether the caller may create apps: a key with the permission may, though it will not see them.
    pub(crate) fn may_create_apps(&self) -> Result<(), Refusal> {
        self.may(Act::ManageApps)?;
        let may = self.sight.apps == Scope::All || self.proof == Authentication::Key;
        if may { Ok(()) } else { Err(Refusal::Forbidden) }
    }

    /// Why the caller may not do with keys of this kind what they may do with others.
    fn refused_kind(&self, kind: KeyKind) -> Refusal {
        let needed = kind.rules().changed_with;
        let is_owners = matches!(needed, Act::ChangeAccountKeys) && !self.rights.may(needed);
        if is_owners { Refusal::OwnersKey } else { Refusal::Forbidden }
    }

    /// `Forbidden` unless the caller may issue keys, `OwnersKey` if not of this kind, `NotFound` for a kind out of sight.
    pub(crate) fn may_issue(&self, kind: KeyKind) -> Result<(), Refusal> {
        self.may(Act::ChangeKeys)?;
        if !self.sight.sees_kind(kind) {
            return Err(Refusal::NotFound);
        }
        self.may(kind.rules().changed_with).map_err(|_| self.refused_kind(kind))
    }
}

/// What is known of a browser before anybody signs in.
#[derive(Debug, Clone, Default)]
pub struct ClientInfo {
    /// The client's address, if it is known.
    pub address: Option<IpAddr>,
    /// The value of its `User-Agent` header, unchecked.
    pub user_agent: String,
    /// The value of its device cookie, unchecked.
    pub device: Option<SecretString>,
    /// Whether this is the first sign-in on its connection. Whoever tries many passwords keeps their connections.
    pub first_try: bool,
    /// The session that its cookie holds, if there is one.
    pub session: Option<Session>,
    /// The one-use id of the form that it sent, unchecked.
    pub form: Option<String>,
}

impl ClientInfo {
    /// The user agent without control characters, at most 300 characters long.
    pub(crate) fn user_agent(&self) -> String {
        let shown = self.user_agent.chars().filter(|c| !c.is_control());
        shown.take(USER_AGENT_MAX).collect()
    }
}
