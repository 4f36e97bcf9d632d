//! An authenticator app, written apart from the code that checks it.

use data_encoding::BASE32_NOPAD;
use domain::timestamp::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// The app, with one secret in it.
pub struct Authenticator(Vec<u8>);

impl Authenticator {
    /// The app with the secret that a page shows.
    pub fn of(shown: &str) -> Self {
        Self(BASE32_NOPAD.decode(shown.replace(' ', "").as_bytes()).expect("a secret in base 32"))
    }

    /// The bytes of the secret.
    pub fn secret(&self) -> &[u8] {
        &self.0
    }

    /// The code that it shows then.
    pub fn at(&self, now: Timestamp) -> String {
        let mut mac = Hmac::<Sha1>::new_from_slice(&self.0).expect("a key of any length");
        mac.update(&(now.millis() / 30_000).to_be_bytes());
        let mac: [u8; 20] = mac.finalize().into_bytes().into();
        let at = usize::from(mac[19] & 15);
        let four = [mac[at], mac[at + 1], mac[at + 2], mac[at + 3]];
        format!("{:06}", (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000)
    }
}

impl std::fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authenticator(..)")
    }
}
