//! The providers that people sign in by: which are connected with an account, and connecting and disconnecting them.

use domain::{
    audit::{Action, AuditEvent, Subject},
    field::Field,
    ids::PersonId,
    refusal::Refusal,
    role::Act,
    timestamp::Timestamp,
};
use secrecy::SecretString;
use store::{IdentityRow, Tx};

use crate::{
    Caller, ClientInfo, Error, Result, Service,
    provider_sign_in::{Returned, by, new_identity, refused},
    providers::{Claims, NotLetIn, Offered, Provider, Purpose, UnderWay, over},
    service::event,
    sessions::Session,
};

/// How much of an identity's MAC names it in a form.
const HANDLE: usize = 32;

/// A provider that is connected with an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connected {
    /// What names it in a form.
    pub handle: String,
    /// The name of the provider.
    pub provider: String,
    /// The e-mail that it last gave; empty if it gave none.
    pub email: String,
    /// Since when.
    pub since: Timestamp,
    /// When the person last signed in by it.
    pub used_at: Timestamp,
}

/// How somebody signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaysIn {
    /// Whether there is a password.
    pub has_password: bool,
    /// The providers that are connected, the oldest first.
    pub connected: Vec<Connected>,
    /// The providers that can be connected besides.
    pub offered: Vec<Offered>,
}

impl Service {
    /// How the person who is signed in can sign in.
    pub async fn own_ways_in(&self, session: &Session) -> Result<WaysIn> {
        self.ways_in(&session.person.id).await
    }

    /// The names of the providers that some people can sign in by, by person. Whoever signs in by none is left out.
    pub async fn providers_of(&self, caller: &Caller, people: &[PersonId]) -> Result<Vec<(PersonId, String)>> {
        caller.may(Act::SeePeople)?;
        if self.providers().is_empty() {
            return Ok(Vec::new());
        }
        let found = self.store().issuers_of(people).await?;
        Ok(found.into_iter().map(|(id, issuer)| (id, self.provider_name(&issuer))).collect())
    }

    pub(crate) async fn ways_in(&self, person: &PersonId) -> Result<WaysIn> {
        let row = self.store().person_by_id(person).await?.ok_or(Refusal::PersonNotFound)?;
        let rows = self.store().identities_of(person).await?;
        let is_new = |provider: &&Offered| {
            let issuer = self.provider(&provider.id).map(Provider::issuer).unwrap_or_default();
            rows.iter().all(|row| row.issuer != issuer)
        };
        let offered = self.offered_providers();
        let offered = offered.iter().filter(is_new).cloned().collect();
        let connected = rows.iter().map(|row| self.connected(row)).collect();
        Ok(WaysIn { has_password: row.has_password(), connected, offered })
    }

    fn connected(&self, row: &IdentityRow) -> Connected {
        Connected {
            handle: self.identity_handle(row),
            provider: self.provider_name(&row.issuer),
            email: row.email.clone(),
            since: row.connected_at,
            used_at: row.used_at,
        }
    }

    fn identity_handle(&self, row: &IdentityRow) -> String {
        let mac = self.keyring().link_mac("identity", &format!("{}\0{}", row.issuer, row.subject));
        hex::encode(mac).get(..HANDLE).unwrap_or_default().to_owned()
    }

    /// Begins to connect a provider with the account of whoever is signed in, if the password is right. Returns the value
    /// of the cookie with which it goes on; nobody else sees it, and it is not stored. `NotFound` if there is no such
    /// provider.
    pub async fn begin_to_connect(
        &self,
        session: &Session,
        id: &str,
        password: &SecretString,
        client: &ClientInfo,
    ) -> Result<SecretString> {
        let under_way = self.under_way(id, Purpose::Connect, Some(session), "/account")?;
        let proven = self.prove_oneself(session, password, Field::CurrentPassword, client).await?;
        self.write(async |tx: &mut Tx| self.accept(tx, &proven).await.map(drop)).await?;
        self.seal_under_way(&under_way)
    }

    /// Connects what a provider said with the account of the session that asked for it.
    pub(crate) async fn connect_identity(
        &self,
        provider: &dyn Provider,
        claims: &Claims,
        under_way: &UnderWay,
        client: &ClientInfo,
    ) -> Result<Returned, NotLetIn> {
        let mac = under_way.session.ok_or_else(over)?;
        let session = self.session_of(&mac).await?.ok_or_else(over)?;
        let person = &session.person;
        let event = event(
            &session.caller(client.address),
            self.now(),
            Action::IdentityConnected,
            Subject::person(&person.id, &person.email),
        );
        let connect = async |tx: &mut Tx| {
            let identity = new_identity(provider, claims, &person.id, self.now());
            if !tx.put_identity(&identity).await? {
                let known = tx.identity(&identity.issuer, &identity.subject).await?;
                if known.and_then(|known| known.person_id) == Some(person.id) {
                    return Ok(());
                }
                return Err(refused(&format!("{} chose an account there that is another person's here", person.email)));
            }
            self.record(tx, AuditEvent { note: Some(by(provider.rules())), ..event }).await?;
            Ok::<_, NotLetIn>(())
        };
        self.write(connect).await?;
        Ok(Returned::Connected)
    }

    /// Disconnects a provider from the account of whoever is signed in. `NotConnected` if it is not connected, `LastWayIn` if
    /// they could not sign in any more.
    pub async fn disconnect_identity(&self, session: &Session, handle: &str, client: &ClientInfo) -> Result<()> {
        let person = &session.person;
        let subject = Subject::person(&person.id, &person.email);
        let event = event(&session.caller(client.address), self.now(), Action::IdentityDisconnected, subject);
        let disconnect = async |tx: &mut Tx| {
            let row = tx.person_by_id(&person.id).await?.ok_or(Refusal::PersonNotFound)?;
            let (named, others): (Vec<_>, Vec<_>) =
                tx.identities_of(&person.id).await?.into_iter().partition(|row| self.identity_handle(row) == handle);
            let named = named.into_iter().next().ok_or(Refusal::NotConnected)?;
            let leads_in = |row: &IdentityRow| self.providers().iter().any(|provider| provider.issuer() == row.issuer);
            if !row.has_password() && !others.iter().any(leads_in) {
                return Err(Refusal::LastWayIn.into());
            }
            tx.delete_identity(&person.id, &named.issuer, &named.subject).await?;
            let note = Some(format!("By {}", self.provider_name(&named.issuer)));
            self.record(tx, AuditEvent { note, ..event }).await?;
            Ok::<_, Error>(())
        };
        self.write(disconnect).await
    }
}
