//! A new password for somebody who lost the old one, by a link that works once. An owner makes it, and it works while they
//! may make one, or it is mailed to whoever asks for it.

use domain::{
    audit::{Action, Subject},
    field::{Field, FieldErrors},
    ids::PersonId,
    proof::Guarded,
    refusal::Refusal,
    role::Act,
    shown_once::ShownOnce,
    text,
    timestamp::{Millis, Timestamp},
};
use secrecy::{ExposeSecret, SecretString};
use store::{Link, PersonRow, Tx};

use crate::{Caller, ClientInfo, Error, Result, Service, entropy, service::event, sessions::Person};

/// How long a link works.
pub(crate) const LINK_FOR: Millis = Millis::hours(1);

/// The purpose of the row of a link that an owner made.
const RESET: &str = "reset";

/// That of a link that was mailed. It needs nobody's rights, and has been nowhere but in that mailbox.
pub(crate) const MAILED: &str = "mailed reset";

/// A link with which a person can set a new password.
#[derive(Debug)]
pub struct ResetLink {
    /// The token in it. Nobody else sees it, and it is not stored.
    pub token: SecretString,
    /// Whose password it resets.
    pub person: Person,
    /// When it stops working.
    pub expires_at: Timestamp,
}

/// Replaces a password, and ends whatever goes on by the old one or in its place.
pub(crate) async fn replace_password(tx: &mut Tx, person: &PersonId, hash: &str) -> Result<()> {
    tx.set_password(person, hash).await?;
    tx.revoke_links_of(RESET, person.as_str()).await?;
    tx.revoke_links_of(MAILED, person.as_str()).await?;
    tx.delete_sign_in_steps_of(person).await?;
    Ok(())
}

fn may_make(maker: Option<Caller>) -> bool {
    maker.is_some_and(|maker| maker.may(Act::ManageOwners).is_ok())
}

impl Service {
    /// A new link for the person with this e-mail, which replaces earlier ones. `PersonNotFound` if nobody has it, and
    /// `KeptOut` for somebody who may not sign in.
    pub async fn reset_link(&self, caller: &Caller, email: &str) -> Result<ResetLink> {
        caller.may(Act::ManageOwners)?;
        let email = text::email(email).map_err(|message| FieldErrors::one(Field::Email, message))?;
        let person = self.store().person_by_email(&email).await?.ok_or(Refusal::PersonNotFound)?;
        self.reset_link_of(caller, &person.id).await
    }

    /// The same for the person with this id, once for each form.
    pub async fn reset_link_of(&self, caller: &Caller, id: &PersonId) -> Result<ResetLink> {
        caller.may(Act::ManageOwners)?;
        let make = async |tx: &mut Tx| {
            let person = tx.person_by_id(id).await?.ok_or(Refusal::PersonNotFound)?;
            if !person.may_enter(self.now()) {
                return Err(Refusal::KeptOut.into());
            }
            caller.proved_for(Guarded::MakeResetLink, self.now())?;
            self.make_once(tx, caller.form(), ShownOnce::ResetLink).await?;
            let now = self.now();
            let (token, link) = self.new_link(RESET, person.id.as_str(), now, now.plus(LINK_FOR))?;
            let link = Link { made_by: caller.actor().id().to_owned(), ..link };
            tx.revoke_links_of(RESET, person.id.as_str()).await?;
            tx.insert_link(&link).await?;
            let event = event(caller, now, Action::ResetLinkMade, Subject::person(&person.id, &person.email));
            self.record(tx, event).await?;
            Ok::<_, Error>(ResetLink { token, person: person.into(), expires_at: link.expires_at })
        };
        self.write(make).await
    }

    /// Whose password the link with this token resets; `None` if it is unknown, used, replaced or expired, or if its maker
    /// could not make it now. Looking does not use it up.
    pub async fn reset_door(&self, token: &str) -> Result<Option<Person>> {
        Ok(self.reset_row(token).await?.map(|(_, row)| Person::from(row)))
    }

    /// The purpose of a link that works, and whom it is about.
    async fn reset_row(&self, token: &str) -> Result<Option<(&'static str, PersonRow)>> {
        for purpose in [RESET, MAILED] {
            let mac = self.keyring().link_mac(purpose, token);
            let Some(link) = self.store().live_link(&mac, purpose, self.now()).await? else { continue };
            if !may_make(self.link_maker(&link.made_by).await?) {
                return Ok(None);
            }
            let Some(id) = PersonId::parse(&link.subject) else { return Ok(None) };
            let row = self.store().person_by_id(&id).await?.filter(|person| person.may_enter(self.now()));
            return Ok(row.map(|row| (purpose, row)));
        }
        Ok(None)
    }

    /// Sets a new password with a link, ends the person's sessions and waiting time, and signs nobody in. `LinkInvalid`
    /// if the link does not work.
    pub async fn reset_password(&self, token: &str, new: &SecretString, client: &ClientInfo) -> Result<()> {
        // Check the link before hashing the password: until then, the page is open to everybody.
        let (purpose, row) = self.reset_row(token).await?.ok_or(Refusal::LinkInvalid)?;
        let words = [row.name.as_str(), row.email.as_str()];
        let new = text::password(new.expose_secret(), &words, self.password_min(&row.id).await?)
            .map_err(|message| FieldErrors::one(Field::NewPassword, message))?;
        let hash = self.passwords().hash(new.into(), entropy::bytes(self.entropy())?).await?;
        let mac = self.keyring().link_mac(purpose, token);
        let now = self.now();
        let email_mac = self.keyring().email_mac(&row.email);
        // The link is the proof of who it is, and gives no rights.
        let caller = Caller::person(&Person::from(row.clone()), now, client.address);
        let event = event(&caller, now, Action::PasswordReset, Subject::person(&row.id, &row.email));
        let reset = async |tx: &mut Tx| {
            let link = tx.consume_link(&mac, purpose, now).await?.ok_or(Refusal::LinkInvalid)?;
            if !may_make(self.link_maker_in(tx, &link.made_by).await?) {
                return Err(Refusal::LinkInvalid.into());
            }
            // They may have been taken out while the password was hashed.
            if tx.person_by_id(&row.id).await?.is_none_or(|person| !person.may_enter(now)) {
                return Err(Refusal::LinkInvalid.into());
            }
            replace_password(tx, &row.id, &hash).await?;
            if purpose == MAILED {
                tx.confirm_email(&row.id, &row.email, now).await?;
            }
            let sessions = tx.sessions_of(&row.id).await?;
            tx.delete_sessions_of(&row.id).await?;
            tx.clear_sign_in_failures(&email_mac).await?;
            self.record(tx, event).await?;
            Ok::<_, Error>(sessions)
        };
        let sessions = self.write(reset).await?;
        self.end_streams(&sessions);
        Ok(())
    }
}
