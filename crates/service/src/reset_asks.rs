//! A reset link by mail, for whoever gives an e-mail. Neither the answer nor its time tells whether anybody has it: before the
//! answer, the e-mail is only counted, and all else happens in the background.

use domain::{
    audit::{Action, Subject},
    cidr::subscriber,
    field::{Field, FieldErrors},
    refusal::Refusal,
    text,
    timestamp::Millis,
};
use secrecy::{ExposeSecret, SecretString};
use store::{PersonRow, Tx};

use crate::{
    Caller, ClientInfo, Error, Result, Service,
    allowance::Allowance,
    invented::Invented,
    reset::{LINK_FOR, MAILED, ResetLink},
    service::event,
    turns::{Source, Turns},
};

/// How many links are mailed to one e-mail, so that nobody floods a mailbox.
const PER_EMAIL: Allowance = Allowance { most: 3, within: Millis::hours(1) };

/// How many links one source asks for. People in one office share an address.
const PER_SOURCE: Allowance = Allowance { most: 30, within: Millis::hours(1) };

/// How many wait to be mailed, in all and from one source.
const WAITING_MAX: usize = 100;
const SHARE: usize = 30;

/// The line of those that wait to be mailed: the mail server gets one at a time.
pub(crate) fn line() -> Turns {
    Turns::new(WAITING_MAX, SHARE)
}

impl Service {
    /// Mails a reset link, in the background, if somebody who may sign in has this e-mail and a password. The token follows
    /// `page` in its address. `Wait` for a source that asks too often, and `NotFound` if this installation sends no mail.
    pub async fn ask_for_reset(&self, email: &str, page: &str, client: &ClientInfo) -> Result<()> {
        if !self.sends_mail() {
            return Err(Refusal::NotFound.into());
        }
        let email = text::email(email).map_err(|message| FieldErrors::one(Field::Email, message))?;
        if !self.count_reset_ask(&email, client).await? {
            // The newest of the links in that mailbox still works.
            return Ok(());
        }
        let (service, page, client) = (self.clone(), page.to_owned(), client.clone());
        tokio::spawn(async move {
            if let Err(error) = service.answer_reset_ask(&email, &page, &client).await {
                tracing::warn!(%error, "a reset link was not mailed");
            }
        });
        Ok(())
    }

    /// Counts one by its source and its e-mail, with the same work for every e-mail. Whether the e-mail gets a mail.
    async fn count_reset_ask(&self, email: &str, client: &ClientInfo) -> Result<bool> {
        let source = client.address.map(|address| subscriber(address).to_string()).unwrap_or_default();
        let source = self.keyring().reset_asks_mac(&source);
        let email = self.keyring().reset_asks_mac(email);
        let now = self.now();
        // A flood writes nothing.
        if let Some(seconds) = PER_SOURCE.wait(self.store().sign_in_failures(&source).await?, now) {
            return Err(Refusal::Wait { seconds }.into());
        }
        let count = async |tx: &mut Tx| {
            if let Some(seconds) = PER_SOURCE.take(tx, &source, now).await? {
                return Err(Refusal::Wait { seconds }.into());
            }
            Ok::<_, Error>(PER_EMAIL.take(tx, &email, now).await?.is_none())
        };
        self.write(count).await
    }

    async fn answer_reset_ask(&self, email: &str, page: &str, client: &ClientInfo) -> Result<()> {
        // Held until the mail is sent.
        let _turn = self.reset_asks().wait(Source::of(client.address), false).await?;
        let make = async |tx: &mut Tx| self.mailed_link(tx, email, client).await;
        if let Some(made) = self.write(make).await? {
            let address: SecretString = format!("{page}/{}", made.token.expose_secret()).into();
            if !self.mail_reset(&made, &address).await {
                return self.forget_mail(email).await;
            }
        }
        Ok(())
    }

    /// A mail that was not sent flooded nobody's mailbox. Its source has asked all the same: otherwise one could tell by its
    /// count who has an account.
    pub(crate) async fn forget_mail(&self, counted_as: &str) -> Result<()> {
        let (counted, now) = (self.keyring().reset_asks_mac(counted_as), self.now());
        let forget = async |tx: &mut Tx| Allowance::give_back(tx, &counted, now).await;
        Ok(self.write(forget).await?)
    }

    /// A new link, which replaces one that was mailed before, and none that an owner made: strangers can ask, too. Where
    /// nobody may sign in with this e-mail and a password, counts that, in one transaction as well.
    async fn mailed_link(&self, tx: &mut Tx, email: &str, client: &ClientInfo) -> Result<Option<ResetLink>> {
        let now = self.now();
        // Whoever signs in by a provider has no password to lose, and the provider checks more than who reads their mail.
        let may_reset = |person: &PersonRow| person.may_enter(now) && person.has_password();
        let person = tx.person_by_email(email).await?.filter(may_reset);
        // Whose mailbox it is, nobody has shown yet.
        let is_doubted = match &person {
            Some(person) => tx.email_is_doubted(&person.id).await?,
            None => false,
        };
        let Some(person) = person.filter(|_| !is_doubted) else {
            self.count_more_invented(tx, Invented::ResetAsks, 1).await?;
            return Ok(None);
        };
        let (token, link) = self.new_link(MAILED, person.id.as_str(), now, now.plus(LINK_FOR))?;
        tx.revoke_links_of(MAILED, person.id.as_str()).await?;
        tx.insert_link(&link).await?;
        let subject = Subject::person(&person.id, &person.email);
        self.record(tx, event(&Caller::system(client.address), now, Action::ResetAsked, subject)).await?;
        Ok(Some(ResetLink { token, person: person.into(), expires_at: link.expires_at }))
    }
}
