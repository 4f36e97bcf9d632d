//! Presenting a key to a page that is open to everybody. A try costs what a sign-in costs, whatever comes of it.

use std::fmt;

use domain::{
    cidr::subscriber,
    field::{Field, FieldErrors},
};
use secrecy::{ExposeSecret, SecretString};
use store::Tx;

use crate::{
    ClientInfo, Error, Result, Service, entropy,
    passwords::Lane,
    throttle::FAILURES_MAX,
    turns::{Source, Turn},
    verify::{Credential, Held},
};

/// The longest text that is read as a key. No key is nearly as long.
const LONGEST: usize = 512;

/// A key as its holder enters it.
#[derive(Clone, Default)]
pub struct Presented {
    /// The id, for a key that is an id and a secret; empty for a token.
    pub id: String,
    /// The token, or the secret beside the id.
    pub key: SecretString,
}

impl fmt::Debug for Presented {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Presented(..)")
    }
}

impl Presented {
    fn credential(&self) -> Credential<'_> {
        let (id, secret) = (self.id.trim(), self.key.expose_secret().trim());
        // The ids of keys for Basic end in 24 hexadecimal digits, those of other pairs in 12 letters and digits.
        let is_basic = id.rsplit_once('_').is_some_and(|(_, end)| end.len() == 24);
        match id {
            "" => Credential::Token(secret),
            id if is_basic => Credential::Basic { id, secret },
            id => Credential::Pair { id, secret },
        }
    }
}

/// The one answer to everything that is not a key here.
pub(super) fn unknown() -> Error {
    let message = "No key here is this one. Check that you have pasted all of it, and nothing else.";
    FieldErrors::one(Field::HeldKey, message).into()
}

impl Service {
    /// The key that somebody presents. `Invalid` for any other text, whatever is wrong with it, and `Wait` after too many of
    /// them from one address.
    pub(super) async fn present(&self, presented: &Presented, client: &ClientInfo) -> Result<Held> {
        let wrong = |message: &str| Error::from(FieldErrors::one(Field::HeldKey, message));
        let key = presented.key.expose_secret();
        if key.trim().is_empty() {
            return Err(wrong("Paste your key."));
        }
        if key.len() + presented.id.len() > LONGEST {
            return Err(wrong("This is longer than any key; paste the key alone."));
        }
        let counted_as = self.presented_mac(client);
        self.refuse_waiting(&counted_as).await?;
        let lane = Lane::Stranger { source: Source::of(client.address), first_try: client.first_try };
        let turn = self.passwords().turn(lane).await?;
        // In its own task, so that a caller who hangs up cannot keep a failure off the record.
        let (service, presented) = (self.clone(), presented.clone());
        let judged = tokio::spawn(async move { service.judge_presented(turn, counted_as, presented).await });
        let held = judged.await.map_err(|error| Error::internal("a key was not judged to the end", error))??;
        held.ok_or_else(unknown)
    }

    async fn judge_presented(&self, turn: Turn, counted_as: [u8; 32], presented: Presented) -> Result<Option<Held>> {
        let failures = self.begin_attempt(&counted_as).await?;
        // The price of a try. No password is compared.
        self.passwords().verify(turn, presented.key.clone(), None, entropy::bytes(self.entropy())?).await?;
        let held = self.verifier().held(presented.credential()).await?;
        // There is no known browser here that could end a row of the most failures: a new row begins instead.
        if held.is_some() || failures + 1 >= FAILURES_MAX {
            let forget = async |tx: &mut Tx| tx.clear_sign_in_failures(&counted_as).await;
            self.write(forget).await?;
        }
        Ok(held)
    }

    /// Under which the tries from an address are counted.
    fn presented_mac(&self, client: &ClientInfo) -> [u8; 32] {
        let source = client.address.map(|address| subscriber(address).to_string());
        self.keyring().link_mac("presented keys", &source.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_says_in_which_form_a_key_is_presented() {
        let form = |id: &str| {
            let presented = Presented { id: id.to_owned(), key: " secret ".into() };
            match presented.credential() {
                Credential::Token("secret") => "token",
                Credential::Pair { secret: "secret", .. } => "pair",
                Credential::Basic { secret: "secret", .. } => "basic",
                _ => "wrong",
            }
        };
        assert_eq!((form(""), form("  "), form("mk_7Qm2xVbN4tRa ")), ("token", "token", "pair"));
        assert_eq!((form("int_0123456789abcdef01234567"), form("int_0"), form("x")), ("basic", "pair", "pair"));
        let shown = format!("{:?}", Presented { id: "mk_7Qm2xVbN4tRa".to_owned(), key: "secret".into() });
        assert_eq!(shown, "Presented(..)");
    }
}
