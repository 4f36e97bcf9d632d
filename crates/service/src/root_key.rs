//! The root key: a file beside the data. It only wraps the data keys in the database.

use std::{
    fmt,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use crate::{
    entropy::{self, Entropy, EntropyError},
    mac::MacKey,
    seal::SealKey,
};

/// 256 random bits that wrap the data keys.
pub struct RootKey(SealKey);

/// Why a root key could not be read or created.
#[derive(Debug, thiserror::Error)]
pub enum RootKeyError {
    /// The file could not be read or written.
    #[error("the root key file {path}: {source}")]
    File {
        /// The path of the root key file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The file does not hold a root key.
    #[error("the root key file {0} must hold 64 hexadecimal digits and nothing else")]
    Malformed(PathBuf),
    /// Accounts outside the file's group have access to it.
    #[error("the root key file {0} is open to other accounts; run chmod 600 on it")]
    Open(PathBuf),
    /// There was no randomness to create a root key.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

/// The data key was wrapped by another root key, or for another place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a data key could not be unwrapped")]
pub struct UnwrapError;

impl RootKey {
    /// Reads the key in `path`, or creates it on first start. Fails if the file cannot be used.
    pub fn load_or_create(path: &Path, entropy: &dyn Entropy) -> Result<Self, RootKeyError> {
        if !path.exists() {
            match Self::create(path, entropy) {
                // Another process has created it in the meantime: use that one.
                Err(RootKeyError::File { source, .. }) if source.kind() == io::ErrorKind::AlreadyExists => {}
                made => return made,
            }
        }
        Self::load(path)
    }

    /// Reads the key in `path`.
    pub fn load(path: &Path) -> Result<Self, RootKeyError> {
        let failed = |source| RootKeyError::File { path: path.to_owned(), source };
        refuse_open_file(path)?;
        let text = Zeroizing::new(fs::read(path).map_err(failed)?);
        let mut key = Zeroizing::new([0; 32]);
        hex::decode_to_slice(text.trim_ascii(), &mut key[..]).map_err(|_| RootKeyError::Malformed(path.to_owned()))?;
        Ok(Self(SealKey::new(key)))
    }

    fn create(path: &Path, entropy: &dyn Entropy) -> Result<Self, RootKeyError> {
        let key = Zeroizing::new(entropy::bytes(entropy)?);
        write_new(path, &key, entropy::bytes(entropy)?)
            .map_err(|source| RootKeyError::File { path: path.to_owned(), source })?;
        Ok(Self(SealKey::new(key)))
    }

    /// 16 hexadecimal digits that identify a root key and reveal nothing about it.
    pub fn fingerprint(&self) -> String {
        let mac = MacKey::new(self.0.bytes()).mac(&[b"root key fingerprint"]);
        hex::encode(mac.get(..8).unwrap_or_default())
    }

    /// `nonce ‖ ciphertext` of a data key, bound to the place it is stored in.
    pub(crate) fn wrap(&self, key: &[u8; 32], place: &str, entropy: &dyn Entropy) -> Result<Vec<u8>, EntropyError> {
        self.0.seal(key, place, entropy)
    }

    /// The data key in `wrapped`, if it was wrapped by this key for this place.
    pub(crate) fn unwrap(&self, wrapped: &[u8], place: &str) -> Result<Zeroizing<[u8; 32]>, UnwrapError> {
        let plain = self.0.open(wrapped, place).map_err(|_| UnwrapError)?;
        plain.as_slice().try_into().map(Zeroizing::new).map_err(|_| UnwrapError)
    }
}

impl fmt::Debug for RootKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RootKey({})", self.fingerprint())
    }
}

/// Writes a temporary file and links it to `path`, so that a crash never leaves half a key. Nobody can guess the name
/// of the temporary file and put one there first, and one that is there is not opened.
fn write_new(path: &Path, key: &[u8; 32], name: [u8; 8]) -> io::Result<()> {
    let part = path.with_extension(format!("{}.part", hex::encode(name)));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&part)?;
    let text = Zeroizing::new(hex::encode(key));
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    let linked = fs::hard_link(&part, path);
    fs::remove_file(&part)?;
    linked?;
    // The key's directory entry must be on disk before the database uses the key.
    if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(unix)]
fn refuse_open_file(path: &Path) -> Result<(), RootKeyError> {
    use std::os::unix::fs::PermissionsExt;

    let metadata = fs::metadata(path).map_err(|source| RootKeyError::File { path: path.to_owned(), source })?;
    match metadata.permissions().mode() & 0o007 {
        0 => Ok(()),
        _ => Err(RootKeyError::Open(path.to_owned())),
    }
}

#[cfg(not(unix))]
fn refuse_open_file(_: &Path) -> Result<(), RootKeyError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SystemEntropy;

    #[cfg(unix)]
    #[test]
    fn the_file_is_made_once_with_mode_0600_and_refused_when_open_to_others() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("root.key");
        let made = RootKey::load_or_create(&path, &SystemEntropy).unwrap();
        let permissions = fs::metadata(&path).unwrap().permissions();
        assert_eq!(permissions.mode() & 0o777, 0o600);
        let read = RootKey::load_or_create(&path, &SystemEntropy).unwrap();
        assert_eq!(made.fingerprint(), read.fingerprint());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);

        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(RootKey::load(&path), Err(RootKeyError::Open(_))));
    }

    #[test]
    fn a_damaged_file_is_refused_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("root.key");
        RootKey::load_or_create(&path, &SystemEntropy).unwrap();
        fs::write(&path, "abc").unwrap();
        let refused = RootKey::load_or_create(&path, &SystemEntropy);
        assert!(matches!(refused, Err(RootKeyError::Malformed(_))));
        assert_eq!(fs::read(&path).unwrap(), b"abc");
    }

    #[test]
    fn a_wrapped_key_opens_only_under_its_root_key_in_its_place_and_undamaged() {
        let root = RootKey(SealKey::new(Zeroizing::new([1; 32])));
        let other = RootKey(SealKey::new(Zeroizing::new([2; 32])));
        let wrapped = root.wrap(&[9; 32], "data_key|audit|1", &SystemEntropy).unwrap();
        assert_eq!(*root.unwrap(&wrapped, "data_key|audit|1").unwrap(), [9; 32]);
        assert!(other.unwrap(&wrapped, "data_key|audit|1").is_err());
        assert!(root.unwrap(&wrapped, "data_key|audit|2").is_err());
        assert!(root.unwrap(&[], "data_key|audit|1").is_err());
        for at in 0..wrapped.len() {
            let mut damaged = wrapped.clone();
            damaged[at] ^= 1;
            assert!(root.unwrap(&damaged, "data_key|audit|1").is_err());
        }
        let again = root.wrap(&[9; 32], "data_key|audit|1", &SystemEntropy).unwrap();
        assert_ne!(wrapped, again, "each wrapping has a nonce of its own");
    }
}
