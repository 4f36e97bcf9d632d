//! The data keys: random, one per purpose, wrapped by the root key in the database, with versions.

use std::fmt;

use domain::{ids::RoomId, timestamp::Timestamp, token::TokenMac};
use store::{DataKey, Store, StoreError, Tx};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::{
    entropy::{self, Entropy, EntropyError},
    mac::MacKey,
    root_key::{RootKey, UnwrapError},
    seal::{OpenError, SealKey},
};

/// The setting with the fingerprint of the root key that wraps the data keys.
const FINGERPRINT: &str = "root_key_fingerprint";

/// What a data key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// MACs of key secrets.
    Pepper,
    /// The chain of the record.
    Audit,
    /// Cookies, one-use links, and the e-mails that the throttle knows.
    Cookie,
    /// Secrets that must come back, such as those of second factors.
    Seal,
    /// Signatures of access tokens.
    Access,
}

impl Purpose {
    /// Those of the first version. Without one of them, a database is damaged.
    const FIRST: [Self; 3] = [Self::Pepper, Self::Audit, Self::Cookie];
    /// Those that came later, and are made when they are missing.
    const LATER: [Self; 2] = [Self::Seal, Self::Access];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Pepper => "pepper",
            Self::Audit => "audit",
            Self::Cookie => "cookie",
            Self::Seal => "seal",
            Self::Access => "access",
        }
    }
}

/// Why the data keys could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// The database belongs to another root key.
    #[error(
        "the database belongs to the root key {database}, but the root key in use is {ours}: start with the root key \
         file of this database"
    )]
    RootKey {
        /// The fingerprint that the database names.
        database: String,
        /// The fingerprint of the root key in use.
        ours: String,
    },
    /// A data key is damaged or was moved.
    #[error("the data key {purpose}, version {version}, cannot be opened: {source}")]
    Damaged {
        /// The purpose of the data key.
        purpose: String,
        /// The version of the data key.
        version: i64,
        /// Why it could not be unwrapped.
        source: UnwrapError,
    },
    /// A purpose has no data key, although the installation exists.
    #[error("the data key {0} is missing from the database")]
    Missing(&'static str),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There was no randomness to create keys.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

impl KeyringError {
    /// What the store says, if that is the cause.
    pub fn store(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            _ => None,
        }
    }
}

/// The versions of one data key, oldest first; there is at least one.
struct Versions<K = MacKey> {
    old: Vec<(i64, K)>,
    current: (i64, K),
}

impl<K> Versions<K> {
    fn get(&self, version: i64) -> Option<&K> {
        let (current, key) = &self.current;
        if *current == version {
            return Some(key);
        }
        let old = self.old.iter().find(|(number, _)| *number == version);
        old.map(|(_, key)| key)
    }
}

/// The data keys, open.
pub(crate) struct Keyring {
    pepper: Versions,
    audit: Versions,
    cookie: Versions,
    seal: Versions<SealKey>,
    access: Versions,
}

impl Keyring {
    /// The MAC of a token, or of an API KEY, under one version of the pepper; `None` if there is no such version.
    pub(crate) fn token_mac(&self, version: i64, text: &[u8]) -> Option<TokenMac> {
        Some(TokenMac(self.pepper.get(version)?.mac(&[text])))
    }

    /// The MAC of a new one, and the version of the pepper that it was made with.
    pub(crate) fn new_token_mac(&self, text: &[u8]) -> (TokenMac, i64) {
        let (version, key) = &self.pepper.current;
        (TokenMac(key.mac(&[text])), *version)
    }

    /// The key that new access tokens are signed with, and its version.
    pub(crate) fn access(&self) -> (&MacKey, i64) {
        let (version, key) = &self.access.current;
        (key, *version)
    }

    /// The key that access tokens of this version are signed with; `None` if there is no such version.
    pub(crate) fn access_version(&self, version: i64) -> Option<&MacKey> {
        self.access.get(version)
    }

    /// What the password of a room is checked against. Whoever has only the database cannot try passwords: the pepper is
    /// not in it. No token contains the separator.
    pub(crate) fn room_password(&self, room: &RoomId, password: &str) -> String {
        let (version, key) = &self.pepper.current;
        format!("{version}:{}", hex::encode(room_mac(key, room, password)))
    }

    /// Whether this is the password of a room.
    pub(crate) fn is_room_password(&self, room: &RoomId, password: &str, kept: &str) -> bool {
        let right = kept.split_once(':').and_then(|(version, mac)| {
            let key = self.pepper.get(version.parse().ok()?)?;
            Some(hex::decode(mac).ok()?.ct_eq(&room_mac(key, room, password)))
        });
        right.is_some_and(bool::from)
    }

    /// The key that new events are chained with, and its version.
    pub(crate) fn audit(&self) -> (&MacKey, i64) {
        let (version, key) = &self.audit.current;
        (key, *version)
    }

    /// The key that events of this version are chained with; `None` if there is no such version.
    pub(crate) fn audit_version(&self, version: i64) -> Option<&MacKey> {
        self.audit.get(version)
    }

    pub(crate) fn session_mac(&self, cookie: &str) -> [u8; 32] {
        self.cookie_mac("session", cookie)
    }

    /// The MAC of the cookie of a sign-in that waits for a code.
    pub(crate) fn step_mac(&self, cookie: &str) -> [u8; 32] {
        self.cookie_mac("sign-in step", cookie)
    }

    pub(crate) fn email_mac(&self, email: &str) -> [u8; 32] {
        self.cookie_mac("email", email)
    }

    /// What proves that a person signed in with the browser that holds this nonce.
    pub(crate) fn device_mac(&self, person: &str, nonce: &str) -> [u8; 32] {
        self.cookie_mac("device", &format!("{person}\0{nonce}"))
    }

    /// Under which the failures of that browser are counted.
    pub(crate) fn device_failures_mac(&self, nonce: &str) -> [u8; 32] {
        self.cookie_mac("device failures", nonce)
    }

    pub(crate) fn link_mac(&self, purpose: &str, token: &str) -> [u8; 32] {
        self.cookie_mac(purpose, token)
    }

    /// The MAC of one of a person's recovery codes.
    pub(crate) fn recovery_mac(&self, person: &str, code: &str) -> [u8; 32] {
        self.cookie_mac("recovery code", &format!("{person}\0{code}"))
    }

    /// Under which the answer to a call of this caller with this Idempotency-Key is kept.
    pub(crate) fn repeatable_mac(&self, caller: &str, key: &str) -> [u8; 32] {
        self.cookie_mac("idempotency key", &format!("{caller}\0{key}"))
    }

    /// What tells requests apart: method, path and body. Neither of the first two contains the separator.
    pub(crate) fn request_mac(&self, [method, path, body]: [&[u8]; 3]) -> [u8; 32] {
        let (_, key) = &self.cookie.current;
        key.mac(&[b"request\0", method, b"\0", path, b"\0", body])
    }

    /// A secret, sealed for its place, and the version of the key that sealed it. The place must not hold the version.
    pub(crate) fn seal(
        &self,
        plain: &[u8],
        place: &str,
        entropy: &dyn Entropy,
    ) -> Result<(Vec<u8>, i64), EntropyError> {
        let (version, key) = &self.seal.current;
        Ok((key.seal(plain, &format!("{place}|{version}"), entropy)?, *version))
    }

    /// What `seal` sealed for this place, with this version of the key.
    pub(crate) fn unseal(&self, sealed: &[u8], place: &str, version: i64) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        self.seal.get(version).ok_or(OpenError)?.open(sealed, &format!("{place}|{version}"))
    }

    /// The label separates the uses of this key. No label contains the separator.
    fn cookie_mac(&self, label: &str, text: &str) -> [u8; 32] {
        let (_, key) = &self.cookie.current;
        key.mac(&[label.as_bytes(), b"\0", text.as_bytes()])
    }

    /// Opens the data keys. The first start creates them.
    pub(crate) async fn open(
        store: &Store,
        root: &RootKey,
        entropy: &dyn Entropy,
        now: Timestamp,
    ) -> Result<Self, KeyringError> {
        let ours = root.fingerprint();
        let prepare = async |tx: &mut Tx| {
            match tx.setting(FINGERPRINT).await? {
                Some(database) if database == ours => {}
                Some(database) => return Err(KeyringError::RootKey { database, ours }),
                None => {
                    tx.put_setting(FINGERPRINT, &ours).await?;
                    for purpose in Purpose::FIRST {
                        tx.insert_data_key(&make(purpose, root, entropy, now)?).await?;
                    }
                }
            }
            let known = tx.data_keys().await?;
            for purpose in Purpose::LATER {
                if !known.iter().any(|key| key.purpose == purpose.as_str()) {
                    tx.insert_data_key(&make(purpose, root, entropy, now)?).await?;
                }
            }
            Ok(())
        };
        store.write(prepare).await?;
        let rows = store.data_keys().await?;
        let read = |purpose| versions(purpose, &rows, root, |key| MacKey::new(&key));
        Ok(Self {
            pepper: read(Purpose::Pepper)?,
            audit: read(Purpose::Audit)?,
            cookie: read(Purpose::Cookie)?,
            seal: versions(Purpose::Seal, &rows, root, SealKey::new)?,
            access: read(Purpose::Access)?,
        })
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyring(..)")
    }
}

fn room_mac(key: &MacKey, room: &RoomId, password: &str) -> [u8; 32] {
    key.mac(&[b"room password\0", room.as_str().as_bytes(), b"\0", password.as_bytes()])
}

fn make(purpose: Purpose, root: &RootKey, entropy: &dyn Entropy, now: Timestamp) -> Result<DataKey, EntropyError> {
    let key = Zeroizing::new(entropy::bytes(entropy)?);
    let purpose = purpose.as_str();
    Ok(DataKey {
        purpose: purpose.to_owned(),
        version: 1,
        wrapped: root.wrap(&key, &place(purpose, 1), entropy)?,
        created_at: now,
    })
}

fn versions<K>(
    purpose: Purpose,
    rows: &[DataKey],
    root: &RootKey,
    ready: fn(Zeroizing<[u8; 32]>) -> K,
) -> Result<Versions<K>, KeyringError> {
    let mine = rows.iter().filter(|row| row.purpose == purpose.as_str());
    let mut keys = Vec::new();
    for row in mine {
        let key = root
            .unwrap(&row.wrapped, &place(&row.purpose, row.version))
            .map_err(|source| KeyringError::Damaged { purpose: row.purpose.clone(), version: row.version, source })?;
        keys.push((row.version, ready(key)));
    }
    // The store returns them in the order of their versions.
    let current = keys.pop().ok_or(KeyringError::Missing(purpose.as_str()))?;
    Ok(Versions { old: keys, current })
}

/// The place of a wrapped key, used as associated data: table, row, column and version.
fn place(purpose: &str, version: i64) -> String {
    format!("data_key|{purpose}|wrapped|{version}")
}
