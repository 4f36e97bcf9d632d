//! Letting people in whom a provider has signed in: who they are here, who may come for the first time, and their role.

use std::sync::{Mutex, PoisonError};

use domain::{
    audit::{Action, AuditEvent, Subject},
    field::Field,
    ids::PersonId,
    provider::{Join, ProviderRules, Trouble},
    role::Role,
    sight::Scope,
    text,
    timestamp::Timestamp,
};
use secrecy::{ExposeSecret, SecretString};
use store::{IdentityRow, PersonRow, Tx};

use crate::{
    Caller, ClientInfo, Error, Result, Service,
    attempt::Counted,
    entropy,
    metrics::SignInOutcome,
    people::change,
    providers::{Claims, NotLetIn, Provider, Purpose, Redeemed, UnderWay, over, redirect_address},
    service::event,
    sessions::Person,
    sign_in::{CODE_WITHIN, Entry, SignedIn},
};

/// The most refused sign-ins that one server records in an hour. Whoever has an account at a provider can cause them.
const REFUSALS_PER_HOUR: u32 = 100;

/// What a browser brought back from a provider, unchecked.
#[derive(Debug, Default)]
pub struct Answer {
    /// What ties it to this browser.
    pub state: String,
    /// The code, if the provider signed somebody in.
    pub code: Option<SecretString>,
    /// The word of an error, if it did not.
    pub error: Option<String>,
    /// The issuer, if it is named.
    pub issuer: Option<String>,
}

/// What comes of it.
#[derive(Debug)]
pub enum Returned {
    /// Somebody is signed in, or asked for a code, and goes on to this address.
    Entered(Entry, String),
    /// The provider is connected with the account of whoever went there.
    Connected,
}

/// How many refusals are on record for an hour.
#[derive(Debug, Default)]
pub(crate) struct Refusals(Mutex<(i64, u32)>);

impl Refusals {
    /// Whether one more is recorded.
    fn one_more(&self, now: Timestamp) -> bool {
        let hour = now.hour();
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.0 != hour {
            *counted = (hour, 0);
        }
        counted.1 = counted.1.saturating_add(1);
        counted.1 <= REFUSALS_PER_HOUR
    }
}

impl Service {
    /// Ends a sign-in that came back from a provider: lets somebody in, or connects the provider with their account.
    /// `Trouble` if not, of which the record has the reason.
    pub async fn return_from_provider(
        &self,
        id: &str,
        origin: &str,
        answer: Answer,
        cookie: Option<&SecretString>,
        client: &ClientInfo,
    ) -> Result<Returned, NotLetIn> {
        let provider = self.provider(id)?;
        let under_way = self.come_back(id, cookie, &answer.state).await?;
        let returned = match self.claims_of(provider, origin, &answer, &under_way, client).await {
            Ok(claims) if under_way.purpose == Purpose::Connect => {
                self.connect_identity(provider, &claims, &under_way, client).await
            }
            Ok(claims) => self.let_in(provider, claims, &under_way, client).await,
            Err(not) => Err(not),
        };
        if under_way.purpose != Purpose::Connect {
            self.count_return(&returned);
        }
        if let Err(NotLetIn::Trouble(trouble, why)) = &returned {
            self.record_trouble(provider.rules(), *trouble, why, client).await?;
        }
        returned
    }

    /// Counts a sign-in that has ended. One that waits for a code has not.
    fn count_return(&self, returned: &Result<Returned, NotLetIn>) {
        self.metrics().signed_in(match returned {
            Ok(Returned::Entered(Entry::Code { .. }, _)) => return,
            Ok(_) => SignInOutcome::SignedIn,
            Err(NotLetIn::Trouble(..) | NotLetIn::Other(Error::Refused(_))) => SignInOutcome::Refused,
            Err(NotLetIn::Other(_)) => SignInOutcome::Failed,
        });
    }

    async fn claims_of(
        &self,
        provider: &dyn Provider,
        origin: &str,
        answer: &Answer,
        under_way: &UnderWay,
        client: &ClientInfo,
    ) -> Result<Claims, NotLetIn> {
        if let Some(error) = &answer.error {
            return Err(NotLetIn::Trouble(Trouble::Declined, declined(error).to_owned()));
        }
        // Strangers come back as often as they like, and each time is a write. So they wait for a place first.
        let _turn = self.provider_turns().wait(provider, client).await?;
        self.use_state(under_way).await?;
        let Some(code) = &answer.code else {
            return Err(NotLetIn::Trouble(Trouble::Unbelieved, "the answer has no code".to_owned()));
        };
        let redirect = redirect_address(origin, &under_way.provider);
        let redeemed = Redeemed {
            redirect: &redirect,
            code,
            issuer: answer.issuer.as_deref(),
            verifier: &under_way.verifier,
            nonce: &under_way.nonce,
            now: self.now(),
        };
        Ok(provider.claims(redeemed).await?)
    }

    /// A state works once, whatever becomes of its code. `Over` for one that has come back before.
    async fn use_state(&self, under_way: &UnderWay) -> Result<(), NotLetIn> {
        let state = self.state_mac(under_way);
        let is_first = self.write(async |tx: &mut Tx| tx.come_back(&state, under_way.expires_at).await).await;
        if is_first.map_err(Error::from)? { Ok(()) } else { Err(over()) }
    }

    /// Records why somebody was not let in, unless they only took too long or did not want to, which costs a stranger nothing.
    async fn record_trouble(
        &self,
        rules: &ProviderRules,
        trouble: Trouble,
        why: &str,
        client: &ClientInfo,
    ) -> Result<()> {
        let address = client.address.map(tracing::field::display);
        tracing::warn!(provider = rules.id, trouble = trouble.as_str(), address, why, "a sign-in by a provider failed");
        let is_recorded = matches!(trouble, Trouble::Unbelieved | Trouble::Refused);
        if !is_recorded || !self.refusals().one_more(self.now()) {
            return Ok(());
        }
        let event = event(&Caller::system(client.address), self.now(), Action::SignInRefused, Subject::instance());
        let event = AuditEvent { note: Some(format!("By {}: {why}", rules.name)), ..event };
        Ok(self.write(async |tx: &mut Tx| self.record(tx, event).await).await?)
    }

    /// Lets somebody in whom a provider has signed in, or asks for the code of their second factor.
    async fn let_in(
        &self,
        provider: &dyn Provider,
        claims: Claims,
        under_way: &UnderWay,
        client: &ClientInfo,
    ) -> Result<Returned, NotLetIn> {
        let rules = provider.rules();
        let counted = self.failures_of(provider, &claims, client).await?;
        let ended = match &under_way.session {
            Some(mac) => self.session_of(mac).await?,
            None => None,
        };
        let step = entropy::token(self.entropy()).map_err(Error::from)?;
        let step_mac = self.keyring().step_mac(step.expose_secret());
        let work = async |tx: &mut Tx| {
            let row = self.person_of(tx, provider, &claims, client).await?;
            let row = self.follow_role(tx, rules, &claims, row, client).await?;
            if vouched(rules, &claims).is_ok_and(|email| email == row.email) {
                tx.confirm_email(&row.id, &row.email, self.now()).await?;
            }
            let has_factor = tx.has_second_factor(&row.id).await?;
            let person = Person::from(row);
            if has_factor && !rules.is_factor {
                tx.insert_sign_in_step(&step_mac, &person.id, self.now().plus(CODE_WITHIN)).await?;
                tx.set_step_provider(&step_mac, &rules.name).await?;
                return Ok((person, None));
            }
            let (cookie, mut session) = self.new_session(&person.id, client)?;
            session.factor_checked_at = rules.is_factor.then_some(session.created_at);
            if let Some(counted) = &counted {
                self.forgive(tx, counted, &person.email).await?;
            }
            self.begin_session(tx, &person, &session, ended.as_ref(), Some(by(rules)), client).await?;
            Ok::<_, NotLetIn>((person, Some(cookie)))
        };
        let (person, cookie) = self.write(work).await?;
        let entry = match cookie {
            None => Entry::Code { step },
            Some(cookie) => {
                if let Some(ended) = &ended {
                    self.streams().end(&ended.id_mac);
                }
                let known = counted.as_ref().and_then(|counted| counted.known.as_deref());
                let device = self.device_cookie(&person.id, known)?;
                Entry::Session(SignedIn { cookie, device, person })
            }
        };
        Ok(Returned::Entered(entry, under_way.next.clone()))
    }

    /// Under whom the failed sign-ins of the person are counted, if they are known. They refuse nobody here: a provider's
    /// word is not guessed, and whoever knows an e-mail can fail with it.
    async fn failures_of(
        &self,
        provider: &dyn Provider,
        claims: &Claims,
        client: &ClientInfo,
    ) -> Result<Option<Counted>> {
        let identity = self.store().identity(provider.issuer(), &claims.subject).await?;
        let Some(id) = identity.and_then(|identity| identity.person_id) else { return Ok(None) };
        let Some(row) = self.store().person_by_id(&id).await? else { return Ok(None) };
        Ok(Some(self.counted(&row.email, Some(&row.id), client).await?))
    }

    /// The person whom the provider means. Adds whoever may come for the first time.
    async fn person_of(
        &self,
        tx: &mut Tx,
        provider: &dyn Provider,
        claims: &Claims,
        client: &ClientInfo,
    ) -> Result<PersonRow, NotLetIn> {
        let (rules, issuer, now) = (provider.rules(), provider.issuer(), self.now());
        let identity = tx.identity(issuer, &claims.subject).await?;
        let was_removed = identity.as_ref().is_some_and(|identity| identity.person_id.is_none());
        if let Some(id) = identity.and_then(|identity| identity.person_id) {
            let row = tx.person_by_id(&id).await?.ok_or_else(|| refused("the person is gone"))?;
            if !row.may_enter(now) {
                return Err(refused(&format!("{} is disabled, or their access has ended", row.email)));
            }
            tx.use_identity(issuer, &claims.subject, &shown_email(claims), now).await?;
            return Ok(row);
        }
        let email = vouched(rules, claims)?;
        // Only they themselves connect it: whoever controls the provider must not get the account with its e-mail.
        if tx.person_by_email(&email).await?.is_some() {
            return Err(refused(&format!("{email} has an account here that is not connected with it")));
        }
        let mut invite = tx.invite_for(&email, now).await?;
        if let Some(sent) = &invite
            && !self.still_counts(tx, sent).await?
        {
            invite = None;
        }
        let row = if let Some(invite) = invite {
            let role = claimed_role(rules, claims)?.unwrap_or(invite.role);
            let access_ends_at = invite.access_ends_at.filter(|_| role == Role::Guest);
            let apps = if role == Role::Owner { Scope::All } else { invite.apps.clone() };
            let row = PersonRow { role, access_ends_at, apps, ..invited(&invite, name(claims, &invite.name), now) };
            if !row.may_enter(now) {
                return Err(refused(&format!("the access of {email} has ended")));
            }
            self.join_by_invite(tx, &invite, &row, Some(&by(rules)), client).await?;
            row
        } else {
            let email_mac = self.keyring().email_mac(&email);
            if rules.join == Join::Invited {
                return Err(refused(&format!("{email} is not invited")));
            }
            if was_removed || tx.is_removed(&email_mac).await? {
                return Err(refused(&format!("{email} was removed, and is not invited again")));
            }
            let role = rules.roles.of_claim(&claims.roles).ok_or_else(|| no_role(&email))?;
            let local = email.split('@').next().unwrap_or_default();
            let row = PersonRow {
                id: PersonId::from_random(entropy::bytes(self.entropy()).map_err(Error::from)?),
                name: name(claims, local),
                email,
                role,
                password_hash: String::new(),
                created_at: now,
                disabled: false,
                access_ends_at: None,
                apps: Scope::All,
            };
            self.insert_person(tx, &row).await?;
            let caller = Caller::person(&Person::from(row.clone()), now, client.address);
            let changes =
                vec![change(Field::PersonName, None, Some(&row.name)), change(Field::Role, None, Some(role.as_str()))];
            let event = event(&caller, now, Action::PersonCreated, Subject::person(&row.id, &row.email));
            self.record(tx, AuditEvent { changes, note: Some(by(rules)), ..event }).await?;
            row
        };
        let identity = new_identity(provider, claims, &row.id, now);
        if !tx.put_identity(&identity).await? {
            return Err(refused("its name for them is somebody else's here"));
        }
        Ok(row)
    }

    /// Gives a person the role that the provider says, if it decides roles. The last owner stays one.
    async fn follow_role(
        &self,
        tx: &mut Tx,
        rules: &ProviderRules,
        claims: &Claims,
        row: PersonRow,
        client: &ClientInfo,
    ) -> Result<PersonRow, NotLetIn> {
        let Some(role) = claimed_role(rules, claims)?.filter(|role| *role != row.role) else { return Ok(row) };
        tx.set_role(&row.id, role).await?;
        if row.role == Role::Owner && !tx.owners_exist().await? {
            tracing::warn!(provider = rules.id, "the only owner stays one, whatever the provider says");
            tx.set_role(&row.id, Role::Owner).await?;
            return Ok(row);
        }
        tx.set_key_grants(&row.id, &[]).await?;
        let apps = if role == Role::Owner { Scope::All } else { row.apps.clone() };
        tx.set_person_apps(&row.id, &apps).await?;
        let caller = Caller::system(client.address);
        let changes = vec![change(Field::Role, Some(row.role.as_str()), Some(role.as_str()))];
        let event = event(&caller, self.now(), Action::PersonRoleChanged, Subject::person(&row.id, &row.email));
        self.record(tx, AuditEvent { changes, note: Some(by(rules)), ..event }).await?;
        self.revoke_invites_of(tx, &caller, &row.id, Some((role, &apps))).await?;
        let sessions = tx.sessions_of(&row.id).await?;
        tx.delete_sessions_of(&row.id).await?;
        self.end_streams(&sessions);
        Ok(PersonRow { role, apps, access_ends_at: None, ..row })
    }
}

/// An identity that is connected at this time.
pub(crate) fn new_identity(provider: &dyn Provider, claims: &Claims, person: &PersonId, now: Timestamp) -> IdentityRow {
    IdentityRow {
        issuer: provider.issuer().to_owned(),
        subject: claims.subject.clone(),
        person_id: Some(*person),
        email: shown_email(claims),
        connected_at: now,
        used_at: now,
    }
}

/// What the record says of a sign-in by this provider.
pub(crate) fn by(rules: &ProviderRules) -> String {
    format!("By {}", rules.name)
}

pub(crate) fn refused(why: &str) -> NotLetIn {
    NotLetIn::Trouble(Trouble::Refused, why.to_owned())
}

fn no_role(email: &str) -> NotLetIn {
    refused(&format!("{email} has none of the roles"))
}

/// Whoever is invited, without a password.
fn invited(invite: &domain::invite::Invite, name: String, now: Timestamp) -> PersonRow {
    PersonRow {
        id: invite.id,
        email: invite.email.clone(),
        name,
        role: invite.role,
        password_hash: String::new(),
        created_at: now,
        disabled: false,
        access_ends_at: invite.access_ends_at,
        apps: invite.apps.clone(),
    }
}

/// The e-mail that the provider vouches for, in canonical form.
fn vouched(rules: &ProviderRules, claims: &Claims) -> Result<String, NotLetIn> {
    let email = claims.email.as_deref().and_then(|email| text::email(email).ok());
    let email = email.ok_or_else(|| refused("it gives no e-mail"))?;
    if !claims.is_email_verified {
        return Err(refused(&format!("it has not verified {email}")));
    }
    if !rules.vouches_for(&email) {
        return Err(refused(&format!("it may not vouch for {email}")));
    }
    Ok(email)
}

/// The role that the provider's claim stands for; `None` if roles are given here.
fn claimed_role(rules: &ProviderRules, claims: &Claims) -> Result<Option<Role>, NotLetIn> {
    if rules.roles.claim.is_none() {
        return Ok(None);
    }
    let role = rules.roles.of_claim(&claims.roles);
    role.map(Some).ok_or_else(|| no_role(claims.email.as_deref().unwrap_or("somebody")))
}

/// The e-mail in a form that can be shown; empty if there is none.
fn shown_email(claims: &Claims) -> String {
    claims.email.as_deref().and_then(|email| text::email(email).ok()).unwrap_or_default()
}

/// The name that the provider gives, or another one if it is no name.
fn name(claims: &Claims, other: &str) -> String {
    let given = claims.name.as_deref().and_then(|name| text::person_name(name).ok());
    given.unwrap_or_else(|| other.to_owned())
}

/// What an error of the provider means. It came through the browser, so nothing else of it is kept.
fn declined(error: &str) -> &'static str {
    match error {
        "access_denied" => "it was declined there",
        "login_required" | "interaction_required" | "consent_required" | "account_selection_required" => {
            "it needs somebody to act there"
        }
        "temporarily_unavailable" | "server_error" => "it cannot do this right now",
        "invalid_request" | "invalid_scope" | "unauthorized_client" | "unsupported_response_type" => {
            "it does not accept how Keystead is set up there"
        }
        _ => "it gave an error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_recorded_up_to_a_bound_in_each_hour() {
        let refusals = Refusals::default();
        let recorded = |now| (0..1_000).filter(|_| refusals.one_more(Timestamp::from_millis(now))).count();
        assert_eq!((recorded(0), recorded(3_599_999)), (100, 0));
        assert_eq!(recorded(3_600_000), 100);
    }
}
