//! One-use links: their tokens, of which only a MAC is kept.

use domain::timestamp::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use store::Link;

use crate::{Result, Service, entropy};

impl Service {
    /// A new link with this purpose, about this subject, and its token, which nobody sees again.
    pub(crate) fn new_link(
        &self,
        purpose: &str,
        subject: &str,
        created_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(SecretString, Link)> {
        let token = entropy::token(self.entropy())?;
        let mac = self.keyring().link_mac(purpose, token.expose_secret()).to_vec();
        let (purpose, subject) = (purpose.to_owned(), subject.to_owned());
        Ok((token, Link { mac, purpose, subject, created_at, expires_at }))
    }
}
