//! The e-mail that somebody gave themselves. It may be mistyped, and so somebody else's: before they have typed the code that
//! Keystead mailed there, no reset link goes to it.

use domain::{
    audit::{Action, AuditEvent, Subject},
    field::{Field, FieldErrors},
    refusal::Refusal,
    second_factor::Code,
    timestamp::Millis,
};
use secrecy::SecretString;
use store::Tx;

use crate::{ClientInfo, Error, Result, Service, allowance::Allowance, service::event, sessions::Session};

/// The purpose of the row of a code.
pub(crate) const CONFIRMS: &str = "confirmed e-mail";

/// How long a code works.
const CODE_FOR: Millis = Millis::hours(24);

/// How many codes are mailed to the e-mails of one person.
const PER_PERSON: Allowance = Allowance { most: 5, within: Millis::hours(1) };

impl Service {
    /// Whether the person who is signed in has changed their e-mail, and not confirmed it. Never where no mail is sent.
    pub async fn is_own_email_doubted(&self, session: &Session) -> Result<bool> {
        Ok(self.sends_mail() && self.store().email_is_doubted(&session.person.id).await?)
    }

    /// Mails another code to the e-mail of the person who is signed in, in the background, if it has to be confirmed. The
    /// one before stops working. `Wait` after five within an hour. Returns whether one is mailed.
    pub async fn mail_own_code(&self, session: &Session) -> Result<bool> {
        if !self.is_own_email_doubted(session).await? {
            return Ok(false);
        }
        let (id, now) = (&session.person.id, self.now());
        let counted_as = self.keyring().reset_asks_mac(id.as_str());
        let code = self.new_code()?;
        let link = self.link_of(&SecretString::from(code.as_str()), CONFIRMS, id.as_str(), now, now.plus(CODE_FOR));
        let make = async |tx: &mut Tx| {
            if let Some(seconds) = PER_PERSON.take(tx, &counted_as, now).await? {
                return Err(Refusal::Wait { seconds }.into());
            }
            tx.revoke_links_of(CONFIRMS, id.as_str()).await?;
            tx.insert_link(&link).await?;
            Ok::<_, Error>(tx.person_by_id(id).await?)
        };
        let Some(person) = self.write(make).await? else { return Ok(false) };
        let service = self.clone();
        self.in_background(async move {
            let id = person.id;
            // If it came to nobody, they can ask again when the mail server is back.
            if !service.mail_email_code(person, &code).await
                && let Err(error) = service.forget_mail(id.as_str()).await
            {
                tracing::warn!(%error, "a code that was not mailed still counts");
            }
        });
        Ok(true)
    }

    /// Confirms the e-mail of the person who is signed in with the newest code that was mailed there. `Invalid` at the code if
    /// it is another. Once nothing is in doubt, every code is right.
    pub async fn confirm_own_email(&self, session: &Session, code: &str, client: &ClientInfo) -> Result<()> {
        if !self.is_own_email_doubted(session).await? {
            return Ok(());
        }
        let wrong =
            || FieldErrors::one(Field::Code, "This is not the code of the newest mail. Copy it from there again.");
        let Ok(Code::Recovery(code)) = Code::parse(code) else { return Err(wrong().into()) };
        let (id, now) = (&session.person.id, self.now());
        let mac = self.keyring().link_mac(CONFIRMS, &code);
        let confirm = async |tx: &mut Tx| {
            // Where it is somebody else's, nothing of this is written.
            let link = tx.consume_link(&mac, CONFIRMS, now).await?.filter(|link| link.subject == id.as_str());
            let (Some(_), Some(person)) = (link, tx.person_by_id(id).await?) else { return Err(wrong().into()) };
            tx.confirm_email(id, &person.email, now).await?;
            // While it was in doubt, who asked for a reset link got none.
            tx.clear_sign_in_failures(&self.keyring().reset_asks_mac(&person.email)).await?;
            let subject = Subject::person(id, &person.email);
            let event = event(&session.caller(client.address), now, Action::AccountEdited, subject);
            self.record(tx, AuditEvent { note: Some("The e-mail is confirmed".to_owned()), ..event }).await?;
            Ok::<_, Error>(())
        };
        self.write(confirm).await
    }
}
