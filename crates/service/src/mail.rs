//! Mail to people. It is sent after the change that it tells of, and the change stands, whatever becomes of the mail.

use std::{fmt, pin::Pin};

use domain::invite::Invite;
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
        let sent = mailer.send(mail).await;
        if let Err(error) = &sent {
            tracing::warn!(%error, "an invite could not be mailed");
        }
        Some(sent.is_ok())
    }
}
