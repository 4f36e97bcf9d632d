//! Signed-in browsers.

use std::{net::IpAddr, time::Duration};

use domain::{
    audit::Actor,
    grant::KeyGrant,
    ids::{AppId, PersonId},
    role::Role,
    sight::Scope,
    timestamp::{Millis, Timestamp},
};
use secrecy::{ExposeSecret, SecretString};
use store::{PersonRow, SessionRow, StoreError, Tx};
use tokio::time::timeout;

use crate::{Caller, ClientInfo, Result, Service, entropy};

/// A session ends after this long without use.
pub const IDLE: Millis = Millis::minutes(30);

/// A session ends this long after its sign-in, used or not.
pub const ABSOLUTE: Millis = Millis::hours(12);

/// How far in the future a session may have begun or been seen: as far as the clocks of two servers may differ. Beyond
/// that a clock was wrong, and the session is over.
pub(crate) const AHEAD: Millis = Millis::minutes(1);

/// How precisely "last seen" is kept. A write per page would cost too much.
const TOUCH_EVERY: Millis = Millis::minutes(1);

/// How long a page waits for that write.
const TOUCH_WITHIN: Duration = Duration::from_secs(1);

/// A person with an account, as stored. No edge can invent one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub(crate) id: PersonId,
    pub(crate) email: String,
    pub(crate) name: String,
    role: Role,
    /// The apps to which they are limited.
    apps: Scope<AppId>,
    /// The keys of a guest.
    pub(crate) grants: Vec<KeyGrant>,
}

impl Person {
    /// The id, which is not secret.
    pub fn id(&self) -> &PersonId {
        &self.id
    }

    /// The same with these keys in sight, for a guest.
    #[must_use]
    pub fn with_grants(self, grants: Vec<KeyGrant>) -> Self {
        Self { grants, ..self }
    }

    /// The e-mail in canonical form.
    pub fn email(&self) -> &str {
        &self.email
    }

    /// The name that others see.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The role in this installation.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The apps to which they are limited. An owner never is.
    pub fn apps(&self) -> &Scope<AppId> {
        if self.role == Role::Owner { &Scope::All } else { &self.apps }
    }

    pub(crate) fn actor(&self) -> Actor {
        Actor::Person { id: self.id, email: self.email.clone() }
    }
}

impl From<PersonRow> for Person {
    fn from(row: PersonRow) -> Self {
        Self { id: row.id, email: row.email, name: row.name, role: row.role, apps: row.apps, grants: Vec::new() }
    }
}

/// A session that is running. It does not hold the cookie's value.
#[derive(Debug, Clone)]
pub struct Session {
    /// The person who signed in.
    pub person: Person,
    /// When the person signed in.
    pub created_at: Timestamp,
    /// When it ends, however often it is used.
    pub expires_at: Timestamp,
    /// When the person must have a second factor; `None` if there is one, or if none is required.
    pub factor_due: Option<Timestamp>,
    /// Whether that time is over. Until the person has set one up, they may do nothing else.
    pub owes_factor: bool,
    /// Whether the password is too short to be all that protects the account, as an owner has removed the second factor.
    /// Until the person has changed it, they may do nothing else.
    pub owes_password: bool,
    /// The name of the zone that the person reads times in; empty for the browser's.
    pub time_zone: String,
    pub(crate) password_checked_at: Timestamp,
    pub(crate) last_seen_at: Timestamp,
    pub(crate) id_mac: [u8; 32],
}

impl Session {
    /// The person as the caller of use cases: without any rights as long as something is owed.
    pub fn caller(&self, address: Option<IpAddr>) -> Caller {
        let caller = Caller::person(&self.person, self.password_checked_at, address);
        if self.owes() { caller.without_rights() } else { caller }
    }

    /// Whether a second factor or another password is owed.
    pub(crate) fn owes(&self) -> bool {
        self.owes_factor || self.owes_password
    }
}

impl Service {
    /// The session of a cookie's value, which this call prolongs if the database can be written; `None` if it has ended or
    /// never existed.
    pub async fn session(&self, cookie: &str) -> Result<Option<Session>> {
        let session = self.idle_session(cookie).await?;
        if let Some(session) = &session
            && self.now().since(session.last_seen_at) >= TOUCH_EVERY
        {
            let touch = async |tx: &mut Tx| tx.touch_session(&session.id_mac, self.now()).await;
            let late =
                || StoreError::Unavailable(format!("the database did not answer in {} s", TOUCH_WITHIN.as_secs()));
            // Pages work while nothing can be written. The next one tries again.
            if let Err(error) = timeout(TOUCH_WITHIN, self.write(touch)).await.unwrap_or_else(|_| Err(late())) {
                tracing::warn!(%error, "it could not be noted that a session was used");
            }
        }
        Ok(session)
    }

    /// Like `session`, but without prolonging it: for requests that a browser makes by itself.
    pub async fn idle_session(&self, cookie: &str) -> Result<Option<Session>> {
        let well_formed = cookie.len() == 64 && cookie.bytes().all(|b| b.is_ascii_hexdigit());
        if !well_formed {
            return Ok(None);
        }
        self.session_of(&self.keyring().session_mac(cookie)).await
    }

    /// The same session as it is now, if it has not ended.
    pub async fn session_again(&self, session: &Session) -> Result<Option<Session>> {
        self.session_of(&session.id_mac).await
    }

    /// The session with this MAC, if it has not ended.
    pub(crate) async fn session_of(&self, id_mac: &[u8; 32]) -> Result<Option<Session>> {
        let now = self.now();
        let Some((row, person, time_zone)) = self.store().session_by_mac(id_mac).await? else {
            return Ok(None);
        };
        if !person.may_enter(now) || is_over(&row, now) {
            return Ok(None);
        }
        let factor_due = match row.factor_checked_at {
            Some(_) => None,
            None => self.factor_rules_now().await?.due(person.role, person.created_at),
        };
        let mut person = Person::from(person);
        if person.role == Role::Guest {
            let grants = self.store().key_grants(&person.id).await?;
            person = person.with_grants(grants);
        }
        Ok(Some(Session {
            person,
            created_at: row.created_at,
            expires_at: row.expires_at,
            factor_due,
            time_zone,
            owes_factor: factor_due.is_some_and(|due| due <= now),
            owes_password: row.owes_password,
            password_checked_at: row.password_checked_at,
            last_seen_at: row.last_seen_at,
            id_mac: *id_mac,
        }))
    }

    /// A new session's cookie value and row.
    pub(crate) fn new_session(&self, person: &PersonId, client: &ClientInfo) -> Result<(SecretString, SessionRow)> {
        let cookie = entropy::token(self.entropy())?;
        let now = self.now();
        let row = SessionRow {
            id_mac: self.keyring().session_mac(cookie.expose_secret()).to_vec(),
            person_id: *person,
            created_at: now,
            last_seen_at: now,
            expires_at: now.plus(ABSOLUTE),
            address: client.address.map(|address| address.to_string()),
            user_agent: Some(client.user_agent()),
            password_checked_at: now,
            factor_checked_at: None,
            owes_password: false,
        };
        Ok((cookie, row))
    }
}

/// Whether a session has ended by time, or began in the future.
pub(crate) fn is_over(row: &SessionRow, now: Timestamp) -> bool {
    let is_ahead = |at: Timestamp| at.since(now) > AHEAD;
    let has_ended = now >= row.expires_at || now.since(row.last_seen_at) >= IDLE;
    has_ended || is_ahead(row.created_at) || is_ahead(row.last_seen_at)
}
