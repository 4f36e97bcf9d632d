//! One-use links: their tokens, of which only a MAC is kept, and whoever made them.

use domain::{
    grant::KeyGrant,
    ids::{KeyId, PersonId},
    key::{KeyRecord, Status, status},
    timestamp::Timestamp,
};
use secrecy::{ExposeSecret, SecretString};
use store::{Link, PersonRow, Tx};

use crate::{Caller, Result, Service, entropy, sessions::Person};

/// Reads whoever has this id from the store or in a transaction. The command line and Keystead itself have none.
macro_rules! read_maker {
    ($from:expr, $id:expr, $now:expr) => {
        if $id.is_empty() {
            Some(Caller::system(None))
        } else if let Some(id) = PersonId::parse($id) {
            match $from.person_by_id(&id).await?.filter(|person| person.may_enter($now)) {
                Some(person) => Some(person_now(person, $from.key_grants(&id).await?, $now)),
                None => None,
            }
        } else if let Some(id) = KeyId::parse($id) {
            $from.key_record(&id).await?.and_then(|key| key_now(&key.record, $now))
        } else {
            None
        }
    };
}

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
        let link = self.link_of(&token, purpose, subject, created_at, expires_at);
        Ok((token, link))
    }

    /// The link that this token opens.
    pub(crate) fn link_of(
        &self,
        token: &SecretString,
        purpose: &str,
        subject: &str,
        created_at: Timestamp,
        expires_at: Timestamp,
    ) -> Link {
        let mac = self.keyring().link_mac(purpose, token.expose_secret()).to_vec();
        let (purpose, subject, made_by) = (purpose.to_owned(), subject.to_owned(), String::new());
        Link { mac, purpose, subject, made_by, created_at, expires_at }
    }

    /// The person or key with this id, with the rights that they have now; `None` if they are gone or kept out. Nothing keeps
    /// the command line out, which has an empty id.
    pub(crate) async fn link_maker(&self, id: &str) -> Result<Option<Caller>> {
        let (store, now) = (self.store(), self.now());
        Ok(read_maker!(store, id, now))
    }

    /// The same as the transaction sees it.
    pub(crate) async fn link_maker_in(&self, tx: &mut Tx, id: &str) -> Result<Option<Caller>> {
        let now = self.now();
        Ok(read_maker!(tx, id, now))
    }
}

fn person_now(row: PersonRow, grants: Vec<KeyGrant>, now: Timestamp) -> Caller {
    Caller::person(&Person::from(row).with_grants(grants), now, None)
}

fn key_now(key: &KeyRecord, now: Timestamp) -> Option<Caller> {
    let status = status(key.state, key.not_before, key.expires_at, None, now);
    let works = !key.app_archived && matches!(status, Status::Active | Status::Expiring { .. });
    works.then(|| Caller::key(key.clone(), None))
}
