//! Mail to people. It is sent after the change that it tells of, and the change stands, whatever becomes of the mail.

use std::{fmt, pin::Pin};

use domain::{hand_over::HandOver, invite::Invite};
use secrecy::{ExposeSecret, SecretString};

use crate::Service;

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
#[error("{0}")]
pub struct MailError(pub String);

/// What comes of sending a mail.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Result<(), MailError>> + Send + 'a>>;

/// Where mail goes.
pub trait Mailer: Send + Sync {
    /// Sends a mail, or says why not, within some seconds.
    fn send(&self, mail: Mail) -> Sending<'_>;
}

impl Service {
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
        Some(deliver(mailer, mail, "an invite").await)
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
        let text = format!(
            "Hello {name},\n\n{made_by} has prepared an API key for you: {key}. Open this link to collect it:\n\n{link}\n\n\
             The key is made when you ask for it there, and shown once. The link works once, until {until}.{passphrase}\n\n\
             If you did not expect this mail, ignore it.\n",
            name = hand_over.recipient,
            key = hand_over.key_name,
            link = link.expose_secret(),
            until = hand_over.expires_at.to_text(),
        );
        let mail = Mail { to, subject: "A key waits for you".to_owned(), text: text.into() };
        Some(deliver(mailer, mail, "a hand-over").await)
    }
}

/// Sends a mail about this, and returns whether that worked.
async fn deliver(mailer: &dyn Mailer, mail: Mail, about: &str) -> bool {
    let sent = mailer.send(mail).await;
    if let Err(error) = &sent {
        tracing::warn!(%error, "{about} could not be mailed");
    }
    sent.is_ok()
}
