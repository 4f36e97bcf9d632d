//! The data keys: random, one per purpose, wrapped by the root key in the database, with versions.

use std::{
    fmt,
    sync::atomic::{AtomicI64, Ordering},
};

use domain::{ids::RoomId, timestamp::Timestamp, token::TokenMac};
use store::{DataKey, Store, StoreError, Tx};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::{
    entropy::{self, Entropy, EntropyError},
    mac::MacKey,
    root_key::{RootKey, UnwrapError},
    seal::{OpenError, SealKey},
    versions::Versions,
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

/// The data keys, open.
pub(crate) struct Keyring {
    /// What opens those that another process adds.
    root: RootKey,
    /// How many there were when they were last read.
    count: AtomicI64,
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
        let (version, key) = self.pepper.current();
        (TokenMac(key.mac(&[text])), version)
    }

    /// The key that new access tokens are signed with, and its version.
    pub(crate) fn access(&self) -> (&MacKey, i64) {
        let (version, key) = self.access.current();
        (key, version)
    }

    /// The key that access tokens of this version are signed with; `None` if there is no such version.
    pub(crate) fn access_version(&self, version: i64) -> Option<&MacKey> {
        self.access.get(version)
    }

    /// What the password of a room is checked against. Whoever has only the database cannot try passwords: the pepper is
    /// not in it. No token contains the separator.
    pub(crate) fn room_password(&self, room: &RoomId, password: &str) -> String {
        let (version, key) = self.pepper.current();
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
        let (version, key) = self.audit.current();
        (key, version)
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

    /// Under which it is counted how often somebody wanted an e-mail that is another's.
    pub(crate) fn met_emails_mac(&self, person: &str) -> [u8; 32] {
        self.cookie_mac("met e-mails", person)
    }

    /// Under which it is counted how often a reset link was asked for, for an e-mail or from an address.
    pub(crate) fn reset_asks_mac(&self, whose: &str) -> [u8; 32] {
        self.cookie_mac("reset asks", whose)
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
        let (_, key) = self.cookie.current();
        key.mac(&[b"request\0", method, b"\0", path, b"\0", body])
    }

    /// A secret, sealed for its place, and the version of the key that sealed it. The place must not hold the version.
    pub(crate) fn seal(
        &self,
        plain: &[u8],
        place: &str,
        entropy: &dyn Entropy,
    ) -> Result<(Vec<u8>, i64), EntropyError> {
        let (version, key) = self.seal.current();
        Ok((key.seal(plain, &format!("{place}|{version}"), entropy)?, version))
    }

    /// What `seal` sealed for this place, with this version of the key.
    pub(crate) fn unseal(&self, sealed: &[u8], place: &str, version: i64) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        self.seal.get(version).ok_or(OpenError)?.open(sealed, &format!("{place}|{version}"))
    }

    /// The label separates the uses of this key. No label contains the separator.
    fn cookie_mac(&self, label: &str, text: &str) -> [u8; 32] {
        let (_, key) = self.cookie.current();
        key.mac(&[label.as_bytes(), b"\0", text.as_bytes()])
    }

    /// Whether every data key is known that these versions of the pepper, and of the one that seals, name.
    pub(crate) fn knows(&self, pepper: i64, seal: Option<i64>) -> bool {
        self.pepper.get(pepper).is_some() && seal.is_none_or(|version| self.seal.get(version).is_some())
    }

    /// Reads the data keys again if there are not `count` of them. Whether it learned of a newer one.
    pub(crate) async fn follow(&self, store: &Store, count: i64) -> Result<bool, StoreError> {
        if self.count.load(Ordering::Acquire) == count { Ok(false) } else { self.reread(store).await }
    }

    /// Learns the data keys that another process has added. One that cannot be opened fails only what it is needed for.
    async fn reread(&self, store: &Store) -> Result<bool, StoreError> {
        let rows = store.data_keys().await?;
        let known = self.newest();
        for (purpose, versions) in [
            (Purpose::Pepper, &self.pepper),
            (Purpose::Audit, &self.audit),
            (Purpose::Cookie, &self.cookie),
            (Purpose::Access, &self.access),
        ] {
            self.learn(purpose, versions, &rows, |key| MacKey::new(&key));
        }
        self.learn(Purpose::Seal, &self.seal, &rows, SealKey::new);
        self.count.store(count(&rows), Ordering::Release);
        Ok(self.newest() != known)
    }

    fn learn<K>(
        &self,
        purpose: Purpose,
        versions: &Versions<K>,
        rows: &[DataKey],
        ready: fn(Zeroizing<[u8; 32]>) -> K,
    ) {
        let newest = versions.newest();
        // The store returns them in the order of their versions.
        for row in rows.iter().filter(|row| row.purpose == purpose.as_str() && row.version > newest) {
            match open_row(row, &self.root, ready) {
                Ok(key) => versions.add(row.version, key),
                Err(error) => tracing::error!(%error, "another process added a data key"),
            }
        }
    }

    /// The newest version for each purpose.
    fn newest(&self) -> [i64; 5] {
        [self.pepper.newest(), self.audit.newest(), self.cookie.newest(), self.access.newest(), self.seal.newest()]
    }

    /// Opens the data keys. The first start creates them.
    pub(crate) async fn open(
        store: &Store,
        root: RootKey,
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
                        tx.insert_data_key(&make(purpose, &root, entropy, now)?).await?;
                    }
                }
            }
            let known = tx.data_keys().await?;
            for purpose in Purpose::LATER {
                if !known.iter().any(|key| key.purpose == purpose.as_str()) {
                    tx.insert_data_key(&make(purpose, &root, entropy, now)?).await?;
                }
            }
            Ok(())
        };
        store.write(prepare).await?;
        let rows = store.data_keys().await?;
        let read = |purpose| versions(purpose, &rows, &root, |key| MacKey::new(&key));
        Ok(Self {
            pepper: read(Purpose::Pepper)?,
            audit: read(Purpose::Audit)?,
            cookie: read(Purpose::Cookie)?,
            seal: versions(Purpose::Seal, &rows, &root, SealKey::new)?,
            access: read(Purpose::Access)?,
            count: AtomicI64::new(count(&rows)),
            root,
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
    // The store returns them in the order of their versions.
    let mut mine = rows.iter().filter(|row| row.purpose == purpose.as_str());
    let oldest = mine.next().ok_or(KeyringError::Missing(purpose.as_str()))?;
    let key = open_row(oldest, root, ready)?;
    let versions = Versions::new(oldest.version, key);
    for row in mine {
        versions.add(row.version, open_row(row, root, ready)?);
    }
    Ok(versions)
}

fn open_row<K>(row: &DataKey, root: &RootKey, ready: fn(Zeroizing<[u8; 32]>) -> K) -> Result<K, KeyringError> {
    let key = root.unwrap(&row.wrapped, &place(&row.purpose, row.version)).map_err(|source| KeyringError::Damaged {
        purpose: row.purpose.clone(),
        version: row.version,
        source,
    })?;
    Ok(ready(key))
}

fn count(rows: &[DataKey]) -> i64 {
    i64::try_from(rows.len()).unwrap_or(i64::MAX)
}

/// The place of a wrapped key, used as associated data: table, row, column and version.
fn place(purpose: &str, version: i64) -> String {
    format!("data_key|{purpose}|wrapped|{version}")
}

#[cfg(test)]
mod tests {
    use testkit::TestDatabase;

    use super::*;
    use crate::entropy::SystemEntropy;

    const NOW: Timestamp = Timestamp::from_millis(1_780_000_000_000);

    fn pepper(version: i64, root: &RootKey) -> DataKey {
        let wrapped = root.wrap(&[7; 32], &place("pepper", version), &SystemEntropy).unwrap();
        DataKey { purpose: "pepper".to_owned(), version, wrapped, created_at: NOW }
    }

    async fn added(store: &Store, key: &DataKey) -> i64 {
        store.write(async |tx| tx.insert_data_key(key).await).await.unwrap();
        count(&store.data_keys().await.unwrap())
    }

    async fn a_running_process_learns_what_another_adds(database: TestDatabase) {
        let store = Store::open(database.url()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let root = |name: &str| RootKey::load_or_create(&folder.path().join(name), &SystemEntropy).unwrap();
        let keyring = Keyring::open(&store, root("ours"), &SystemEntropy, NOW).await.unwrap();
        let first = keyring.token_mac(1, b"token");
        let known = count(&store.data_keys().await.unwrap());
        assert!(!keyring.follow(&store, known).await.unwrap());
        assert!(keyring.knows(1, Some(1)) && !keyring.knows(2, None));

        let two = added(&store, &pepper(2, &root("ours"))).await;
        assert!(keyring.follow(&store, two).await.unwrap());
        assert_eq!(keyring.token_mac(1, b"token"), first, "the old one still works");
        let (new, version) = keyring.new_token_mac(b"token");
        assert_eq!(version, 2);
        assert!(keyring.token_mac(2, b"token") == Some(new) && first != Some(new));

        let three = added(&store, &pepper(3, &root("theirs"))).await;
        assert!(!keyring.follow(&store, three).await.unwrap(), "it cannot be opened, and fails nothing else");
        assert_eq!(keyring.new_token_mac(b"token"), (new, 2));
        store.close().await;
    }

    #[tokio::test]
    async fn a_running_process_learns_what_another_adds_on_sqlite() {
        a_running_process_learns_what_another_adds(TestDatabase::sqlite()).await;
    }

    #[tokio::test]
    async fn a_running_process_learns_what_another_adds_on_postgres() {
        a_running_process_learns_what_another_adds(TestDatabase::postgres()).await;
    }
}
