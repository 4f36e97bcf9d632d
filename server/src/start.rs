//! Opens an installation from its settings.

use std::fs::DirBuilder;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use service::chat::attachments::Files;
use service::clock::SystemClock;
use service::entropy::SystemEntropy;
use service::mail::Mailer;
use service::passwords::{Argon2id, HashError};
use service::providers::Provider;
use service::root_key::{RootKey, RootKeyError};
use service::{Service, Setup};
use store::{Opening, Schema, Store, StoreError};

use crate::config::{Config, Listen, RootKeyFile};
use crate::oidc::OidcProvider;
use crate::oidc::settings::ProviderSettings;

/// Why Keystead could not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder could not be created.
    #[error("cannot create the data folder {path}: {source}")]
    DataDir {
        /// The folder that could not be created.
        path: PathBuf,
        /// Why the system refused.
        source: io::Error,
    },
    /// A command that creates nothing needs a file that is not there.
    #[error("{} is missing: name the data folder of an installation, or start Keystead first", .0.display())]
    Missing(PathBuf),
    /// There is a database, but not the key that opens it.
    #[error(
        "the root key {} is missing, and the database cannot be used without it: put it back from a backup", .key.display()
    )]
    RootKeyMissing {
        /// Where the key would be.
        key: PathBuf,
    },
    /// There is a root key, but not its database.
    #[error(
        "there is a root key in {}, but its database is missing or empty: mount or restore the database, or remove the \
         key to begin a new installation", .key.display()
    )]
    DatabaseMissing {
        /// Where the key is.
        key: PathBuf,
    },
    /// Other accounts may put files into the data folder.
    #[error("other accounts may write into the data folder {}; run chmod 700 on it", .0.display())]
    DataDirOpen(PathBuf),
    /// The root key could not be read or created.
    #[error(transparent)]
    RootKey(#[from] RootKeyError),
    /// The database could not be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The service refused this database.
    #[error(transparent)]
    Service(#[from] service::StartError),
    /// Passwords cannot be hashed.
    #[error(transparent)]
    Passwords(#[from] HashError),
    /// The address is in use, or does not belong to this machine.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address and port that were configured.
        address: Listen,
        /// Why the system refused.
        source: io::Error,
    },
    /// Signals cannot be received, or standard output is closed.
    #[error("cannot start: {0}")]
    System(#[from] io::Error),
    /// The set-up link could not be created.
    #[error("cannot create the set-up link: {0}")]
    SetupLink(service::Error),
    /// A provider cannot be asked: there is no TLS.
    #[error("cannot ask a provider: {0}")]
    Provider(String),
    /// No webhook can be called: there is no TLS.
    #[error("cannot call webhooks: {0}")]
    Webhooks(String),
    /// The background work or the server ended by itself.
    #[error("the background work ended unexpectedly; the log says why")]
    Background,
}

impl StartError {
    /// Whether the database may answer differently a little later.
    pub(crate) fn is_passing(&self) -> bool {
        let store = match self {
            Self::Store(error)
            | Self::Service(
                service::StartError::Store(error) | service::StartError::Other(service::Error::Store(error)),
            ) => error,
            Self::Service(service::StartError::Keyring(error)) => match error.store() {
                Some(error) => error,
                None => return false,
            },
            _ => return false,
        };
        store.may_pass() || matches!(store, StoreError::Elsewhere(_))
    }
}

/// The product without its edges, shared by the server and the command line.
#[derive(Debug, Clone)]
pub struct Product {
    /// The database.
    pub store: Store,
    /// The use cases.
    pub service: Service,
}

/// Who opens an installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opener {
    /// The server, or the command that updates a database for it.
    Server,
    /// Any other command. A server of an older version may be running, so it leaves an older schema as it is. It needs
    /// one connection, and leaves the others to the server.
    Command,
}

/// Opens the data folder (if it is used), the root key and the database, and creates what is missing.
pub async fn open(config: &Config, opener: Opener) -> Result<Product, StartError> {
    if let Some(folder) = &config.data_dir {
        make_private(folder).map_err(|source| StartError::DataDir { path: folder.clone(), source })?;
        if mode(folder) & 0o002 != 0 {
            return Err(StartError::DataDirOpen(folder.clone()));
        }
    }
    let (store, root_key) = open_both(config, opener).await?;
    let setup = Setup {
        store: store.clone(),
        root_key,
        clock: Arc::new(SystemClock::default()),
        entropy: Arc::new(SystemEntropy),
        hasher: Arc::new(Argon2id::new()?),
        token_prefix: config.token_prefix.clone(),
        mailer: config.mail.clone().map(|server| Arc::new(server) as Arc<dyn Mailer>),
        providers: providers(config)?,
    };
    let service = Service::start(setup).await?;
    service.keeps_files(Files { folder: attachments(config.database_url.expose()), most: config.attachment_max });
    Ok(Product { store, service })
}

/// The name of the folder with the files of rooms.
pub(crate) const ATTACHMENTS: &str = "attachments";

/// Where the files of rooms are: beside a SQLite database; `None` if the database keeps them, as several servers need.
pub(crate) fn attachments(url: &str) -> Option<PathBuf> {
    Some(Store::file(url)?.parent()?.join(ATTACHMENTS))
}

/// The providers of the configuration. None of them is asked anything yet.
fn providers(config: &Config) -> Result<Vec<Arc<dyn Provider>>, StartError> {
    let open = |settings: &ProviderSettings| {
        let provider = OidcProvider::new(settings.clone()).map_err(StartError::Provider)?;
        Ok(Arc::new(provider) as Arc<dyn Provider>)
    };
    config.providers.iter().map(open).collect()
}

/// Opens the database and the root key. Creates the two together or neither: one without the other is an installation
/// that lost a part, perhaps because a volume is not mounted, and a new part beside it would hide that.
async fn open_both(config: &Config, opener: Opener) -> Result<(Store, RootKey), StartError> {
    let url = config.database_url.expose();
    let (connections, schema) = match opener {
        Opener::Server => (config.database_connections, Schema::Update),
        Opener::Command => (Some(1), Schema::Keep),
    };
    let opening = Opening { url, connections, schema };
    let path = match &config.root_key {
        // Whoever names a key file made it for a database that may be new.
        RootKeyFile::Named(path) => {
            let root_key = RootKey::load(path)?;
            return Ok((Store::open_as(opening).await?, root_key));
        }
        RootKeyFile::Own(path) => path,
    };
    let had_key = path.exists();
    let is_gone = |file: &PathBuf| file.metadata().map_or(true, |metadata| metadata.len() == 0);
    if had_key && Store::file(url).as_ref().is_some_and(is_gone) {
        return Err(StartError::DatabaseMissing { key: path.clone() });
    }
    // The database comes first, so that a key beside no database is never a start that was cut short.
    let store = Store::open_as(opening).await?;
    let is_new = store.data_keys().await?.is_empty();
    match (had_key, is_new) {
        (true, true) => Err(StartError::DatabaseMissing { key: path.clone() }),
        (false, false) => Err(StartError::RootKeyMissing { key: path.clone() }),
        _ => Ok((store, RootKey::load_or_create(path, &SystemEntropy)?)),
    }
}

/// Opens an installation, and creates nothing.
pub async fn open_existing(config: &Config) -> Result<Product, StartError> {
    let (RootKeyFile::Own(root_key) | RootKeyFile::Named(root_key)) = &config.root_key;
    let files = [Store::file(config.database_url.expose()), Some(root_key.clone())];
    if let Some(missing) = files.into_iter().flatten().find(|file| !file.exists()) {
        return Err(StartError::Missing(missing));
    }
    open(config, Opener::Command).await
}

/// Creates a folder that only this account can read.
fn make_private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;

    match folder.metadata() {
        Ok(metadata) if metadata.is_dir() => return Ok(()),
        Ok(_) => return Err(io::ErrorKind::NotADirectory.into()),
        Err(_) => {}
    }
    if let Some(parent) = folder.parent() {
        std::fs::create_dir_all(parent)?;
    }
    DirBuilder::new().mode(0o700).create(folder)
}

/// Warns if an existing folder is open to others. Only its owner knows whether that is intended.
pub(crate) fn warn_if_open(folder: &Path) {
    if mode(folder) & 0o007 != 0 {
        tracing::warn!(folder = %folder.display(), "the data folder is open to other accounts; run chmod 700 on it");
    }
}

fn mode(folder: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;

    folder.metadata().map_or(0, |metadata| metadata.permissions().mode())
}
