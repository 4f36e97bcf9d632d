//! The folder of the database and the root key: making it, and what is said where Keystead may not use it.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};
use rustix::io::Errno;
use rustix::process::geteuid;

/// Why the data folder, or a file in it, cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// It belongs to another account.
    #[error(
        "{path} belongs to account {owner}, and Keystead runs as account {account}, which may not write there: run \
         chown -R {account} on the data folder, or start Keystead as the account that owns it"
    )]
    Theirs {
        /// The folder or the file.
        path: PathBuf,
        /// The number of the account that owns it.
        owner: u32,
        /// The number of Keystead's own account.
        account: u32,
    },
    /// Its own account may not write there.
    #[error("Keystead may not write to {}, although it belongs to the same account; run chmod u+rwX on it", .0.display())]
    Closed(PathBuf),
    /// Nobody can write there.
    #[error(
        "{} is on a read-only file system: mount a volume there that can be written, or name another data folder",
        .0.display()
    )]
    ReadOnly(PathBuf),
}

/// Creates a folder that only this account can read.
pub(crate) fn make_private(folder: &Path) -> io::Result<()> {
    match folder.metadata() {
        Ok(metadata) if metadata.is_dir() => return Ok(()),
        Ok(_) => return Err(io::ErrorKind::NotADirectory.into()),
        Err(_) => {}
    }
    if let Some(parent) = folder.parent() {
        std::fs::create_dir_all(parent)?;
    }
    make_folder(folder)
}

/// The same in a folder that is there. Another process may be faster.
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        made => made,
    }
}

/// Checks that this account may write there. The database would only say that it cannot be opened.
pub(crate) fn may_write(path: &Path) -> Result<(), Unusable> {
    let Ok(metadata) = path.metadata() else { return Ok(()) };
    let asked = if metadata.is_dir() { Access::WRITE_OK | Access::EXEC_OK } else { Access::READ_OK | Access::WRITE_OK };
    let account = geteuid().as_raw();
    match access(path, asked) {
        Err(Errno::ROFS) => Err(Unusable::ReadOnly(path.to_owned())),
        Err(Errno::ACCESS) if metadata.uid() == account => Err(Unusable::Closed(path.to_owned())),
        Err(Errno::ACCESS) => Err(Unusable::Theirs { path: path.to_owned(), owner: metadata.uid(), account }),
        // Whatever else is wrong, opening it says so.
        _ => Ok(()),
    }
}

/// Whether other accounts may put files there.
pub(crate) fn is_open_to_write(folder: &Path) -> bool {
    mode(folder) & 0o002 != 0
}

/// Warns if an existing folder is open to others. Only its owner knows whether that is intended.
pub(crate) fn warn_if_open(folder: &Path) {
    if mode(folder) & 0o007 != 0 {
        tracing::warn!(folder = %folder.display(), "the data folder is open to other accounts; run chmod 700 on it");
    }
}

/// Warns if Keystead runs as root, which it needs for nothing.
pub(crate) fn warn_if_root() {
    if geteuid().is_root() {
        tracing::warn!("Keystead runs as root and does not need to; start it under an account of its own");
    }
}

fn mode(folder: &Path) -> u32 {
    folder.metadata().map_or(0, |metadata| metadata.permissions().mode())
}
