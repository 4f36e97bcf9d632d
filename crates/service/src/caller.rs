//! On whose behalf a use case runs.

use std::net::IpAddr;

use domain::{
    audit::Actor,
    kind::KeyKind,
    refusal::Refusal,
    role::{Act, Role},
};

/// Longer user agents are cut: they are for people to recognise a session by.
const USER_AGENT_MAX: usize = 300;

/// Who asks, in which role, and from where.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who, for the record.
    pub actor: Actor,
    /// What they may do.
    pub role: Role,
    /// From where.
    pub address: Option<IpAddr>,
}

impl Caller {
    /// Somebody at the server's shell, who could read the database anyway: an owner.
    pub fn command_line(user: &str) -> Self {
        Self { actor: Actor::CommandLine { user: user.to_owned() }, role: Role::Owner, address: None }
    }

    /// Keystead itself.
    pub(crate) fn system(address: Option<IpAddr>) -> Self {
        Self { actor: Actor::System, role: Role::Owner, address }
    }

    /// `Forbidden` unless the role may do this at all.
    pub fn may(&self, act: Act) -> Result<(), Refusal> {
        if self.role.may(act) { Ok(()) } else { Err(Refusal::Forbidden) }
    }

    /// `NotFound` for a key that the role may not see, `Forbidden` for one that it may not change.
    pub(crate) fn may_change(&self, kind: KeyKind) -> Result<(), Refusal> {
        if !self.role.may_see_kind(kind) {
            Err(Refusal::NotFound)
        } else if self.role.may_change_kind(kind) {
            Ok(())
        } else {
            Err(Refusal::Forbidden)
        }
    }
}

/// What a browser shows of itself before anybody has signed in.
#[derive(Debug, Clone, Default)]
pub struct ClientInfo {
    /// Its address.
    pub address: Option<IpAddr>,
    /// Its `User-Agent`.
    pub user_agent: String,
}

impl ClientInfo {
    /// The user agent without control characters, at most 300 characters long.
    pub(crate) fn user_agent(&self) -> String {
        let shown = self.user_agent.chars().filter(|c| !c.is_control());
        shown.take(USER_AGENT_MAX).collect()
    }
}
