//! Mail to people. It is sent after the change that it tells of, and the change stands, whatever becomes of the mail.

use std::{collections::BTreeMap, fmt, pin::Pin};

use domain::{
    hand_over::HandOver,
    ids::PersonId,
    invite::Invite,
    permission::AdminPermission,
    request::{Decided, KeyRequest, RequestState},
    role::{Rights, Role},
    second_factor::grouped,
};
use secrecy::{ExposeSecret, SecretString};
use store::PersonRow;

use crate::{Service, reset::ResetLink};

/// A mail of plain text.
pub struct Mail {
    /// Whom it goes to: an e-mail in canonical form.
    pub to: String,
    /// Its subject: one line.
    pub subject: String,
    /// Its text, which may hold a one-use link.
    pub text: SecretString,
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail").finish_non_exhaustive()
    }
}

/// Why a mail was not sent. The text is for the log, and holds nothing of the mail.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// This mail is refused. Another may not be.
    #[error("{0}")]
    Refused(String),
    /// No mail can be sent now.
    #[error("{0}")]
    Away(String),
    /// No answer came in time. This mail may be sent all the same, and another one would wait as long.
    #[error("the mail server did not answer in time")]
    Unanswered,
}

/// What comes of sending a mail.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Result<(), MailError>> + Send + 'a>>;

/// Where mail goes.
pub trait Mailer: Send + Sync {
    /// Sends a mail, or says why not, within some seconds.
    fn send(&self, mail: Mail) -> Sending<'_>;
}

impl Service {
    /// Whether this installation sends mail.
    pub fn sends_mail(&self) -> bool {
        self.mailer().is_some()
    }

    /// Mails the link of an invite, and returns whether that worked; `None` if this installation sends no mail.
    pub async fn mail_invite(&self, invite: &Invite, link: &SecretString) -> Option<bool> {
        let mailer = self.mailer()?;
        let (role, made_by) = (invite.role.label().to_lowercase(), &invite.made_by.1);
        let text = format!(
            "Hello {name},\n\n{made_by} invites you to Keystead as {role}. Open this link to set your password:\n\n{link}\n\n\
             The link works once, until {until}. If you did not expect this mail, ignore it.\n",
            name = invite.name,
            link = link.expose_secret(),
            until = invite.expires_at.to_text(),
        );
        let mail =
            Mail { to: invite.email.clone(), subject: "You are invited to Keystead".to_owned(), text: text.into() };
        Some(deliver(mailer, mail, "an invite").await.is_ok())
    }

    /// Mails the link of a hand-over, and returns whether that worked; `None` if this installation sends no mail, or there
    /// is no address. The passphrase comes by other means.
    pub async fn mail_hand_over(&self, hand_over: &HandOver, link: &SecretString) -> Option<bool> {
        let (mailer, to) = (self.mailer()?, hand_over.email.clone()?);
        let made_by = &hand_over.made_by.1;
        let passphrase = if hand_over.has_passphrase {
            format!("\n\nIt asks for a passphrase, which {made_by} gives you by other means.")
        } else {
            String::new()
        };
        let what = if hand_over.rotates.is_some() { "a new secret of an API key" } else { "an API key" };
        let it = if hand_over.rotates.is_some() { "secret" } else { "key" };
        let text = format!(
            "Hello {name},\n\n{made_by} has prepared {what} for you: {key}. Open this link to collect it:\n\n{link}\n\n\
             The {it} is made when you ask for it there, and shown once. The link works once, until {until}.{passphrase}\n\n\
             If you did not expect this mail, ignore it.\n",
            name = hand_over.recipient,
            key = hand_over.key_name,
            link = link.expose_secret(),
            until = hand_over.expires_at.to_text(),
        );
        let mail = Mail { to, subject: "A key waits for you".to_owned(), text: text.into() };
        Some(deliver(mailer, mail, "a hand-over").await.is_ok())
    }

    /// Mails a reset link to whoever asked for it, and returns whether it may have been sent. If not, the log says so.
    pub(crate) async fn mail_reset(&self, made: &ResetLink, link: &SecretString) -> bool {
        let text = format!(
            "Hello {name},\n\nSomebody asked for a new password for {email} in Keystead. Open this link to choose one:\n\n\
             {link}\n\nThe link works once, until {until}. If you did not ask for it, ignore this mail: nothing changes.\n",
            name = made.person.name(),
            email = made.person.email(),
            link = link.expose_secret(),
            until = made.expires_at.to_text(),
        );
        self.mail_once(made.person.email().to_owned(), "Choose a new password", text, "a reset link").await
    }
}

impl Service {
    /// Tells somebody at the e-mail that they had that it was changed, in the background: if they did not do it, they learn of
    /// it. It does not say to which, as others may read that mailbox by now.
    pub(crate) fn mail_email_changed(&self, name: String, email: String) {
        let service = self.clone();
        self.in_background(async move {
            let text = format!(
                "Hello {name},\n\nThe e-mail of your account in Keystead was changed. You no longer sign in with {email}, and get \
                 no more mail from Keystead here.\n\nIf you did not change it, tell an owner of Keystead at once.\n",
            );
            service.mail_one(email, "Your e-mail was changed", &text, "a change of an e-mail").await;
        });
    }

    /// Mails the code that confirms somebody's e-mail, and returns whether it may have been sent. It is for a page of whoever is
    /// signed in: nobody else who reads that mailbox can do anything with it. No words of theirs are in it.
    pub(crate) async fn mail_email_code(&self, person: PersonRow, code: &str) -> bool {
        let text = format!(
            "Hello,\n\nYour new e-mail in Keystead is {email}. To confirm it, enter this code under Your account, Change \
             e-mail, within 24 hours:\n\n{code}\n\nUntil then, Keystead mails no reset link here. If you do not know what this \
             is about, ignore this mail.\n",
            email = person.email,
            code = grouped(code, "-"),
        );
        self.mail_once(person.email, "Confirm your e-mail", text, "a code for an e-mail").await
    }
}

/// How many people are mailed about a request at most. The others see it in the menu.
const TOLD_MAX: u32 = 20;

impl Service {
    /// Mails those who may decide about a request, in the background, with the address of its page.
    pub fn mail_request(&self, request: &KeyRequest, address: &str) {
        let kind = request.kind;
        let text = format!(
            "{asker} asks for a key that somebody else must approve: {name} ({kind}).\n\n{reason}\n\n\
             Approve or decline it here, until {until}:\n\n{address}\n",
            asker = request.asked_by.1,
            name = request.key_name,
            kind = kind.label(),
            reason = request.reason,
            until = request.until.to_text(),
        );
        let (service, asker, app) = (self.clone(), request.asked_by.0.clone(), request.app_id);
        let permissions = request.permissions().into_iter();
        let administers: Vec<_> =
            permissions.filter_map(|permission| AdminPermission::parse(permission.as_str())).collect();
        self.in_background(async move {
            let Some(asker) = PersonId::parse(&asker) else { return };
            let decides = |role: &Role| {
                let rights = Rights::of_role(*role);
                rights.may(kind.rules().changed_with) && administers.iter().all(|needed| rights.may_give(*needed))
            };
            let roles: Vec<_> = Role::ALL.iter().copied().filter(decides).collect();
            // Whoever is limited to some apps cannot give what reaches beyond them.
            let app = if administers.iter().any(|needed| needed.reaches_beyond_app()) { None } else { Some(&app) };
            match service.store().emails_of(&roles, app, &asker, service.now(), TOLD_MAX).await {
                Ok(emails) => {
                    for to in emails {
                        if !service.mail_one(to, "A key waits for your approval", &text, "a request").await {
                            return;
                        }
                    }
                }
                Err(error) => tracing::warn!(%error, "nobody was mailed about a request"),
            }
        });
    }

    /// Mails the people whose requests were decided, in the background, one mail each, with the address of the list.
    pub fn mail_decisions(&self, decided: &[KeyRequest], address: &str) {
        let mut askers: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for request in decided {
            let Some(Decided { by, word, .. }) = &request.decided else { continue };
            let state = if request.state == RequestState::Approved { "approved" } else { "declined" };
            let words = format!("{} has {state} your request for the key {}.\n{word}", by.1, request.key_name);
            askers.entry(request.asked_by.0.clone()).or_default().push(words.trim_end().to_owned());
        }
        let (service, address) = (self.clone(), address.to_owned());
        self.in_background(async move {
            for (asker, words) in askers {
                let Some(id) = PersonId::parse(&asker) else { continue };
                let text = format!(
                    "{}\n\nYour requests, and the keys that you can collect:\n\n{address}\n",
                    words.join("\n\n")
                );
                match service.store().person_by_id(&id).await {
                    Ok(Some(person)) if person.may_enter(service.now()) => {
                        if !service.mail_one(person.email, "Your request was decided", &text, "a decision").await {
                            return;
                        }
                    }
                    Ok(_) => {}
                    Err(error) => tracing::warn!(%error, "nobody was mailed about a decision"),
                }
            }
        });
    }

    /// Runs this without keeping anybody waiting, if this installation sends mail.
    pub(crate) fn in_background(&self, work: impl Future<Output = ()> + Send + 'static) {
        if self.sends_mail() {
            self.mails().spawn(work);
        }
    }

    /// Waits until the mails that are on their way are sent or given up, which takes some seconds at most. Whoever ends the
    /// process before loses them.
    pub async fn mailed(&self) {
        self.mails().close();
        self.mails().wait().await;
    }

    /// A mail of its own. Returns whether it may have been sent.
    async fn mail_once(&self, to: String, subject: &str, text: String, about: &str) -> bool {
        let Some(mailer) = self.mailer() else { return false };
        let mail = Mail { to, subject: subject.to_owned(), text: text.into() };
        matches!(deliver(mailer, mail, about).await, Ok(()) | Err(MailError::Unanswered))
    }

    /// One mail of several. Returns whether the others can be sent.
    async fn mail_one(&self, to: String, subject: &str, text: &str, about: &str) -> bool {
        let Some(mailer) = self.mailer() else { return false };
        let mail = Mail { to, subject: subject.to_owned(), text: text.to_owned().into() };
        !matches!(deliver(mailer, mail, about).await, Err(MailError::Away(_) | MailError::Unanswered))
    }
}

/// Sends a mail about this.
async fn deliver(mailer: &dyn Mailer, mail: Mail, about: &str) -> Result<(), MailError> {
    let sent = mailer.send(mail).await;
    sent.inspect_err(|error| tracing::warn!(%error, "{about} could not be mailed"))
}
