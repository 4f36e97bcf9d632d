//! Opens an installation from its settings.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use service::chat::attachments::Files;
use service::clock::SystemClock;
use service::entropy::SystemEntropy;
use service::mail::Mailer;
use service::passwords::{Argon2id, HashError};
use service::providers::Provider;
use service::root_key::{RootKey, RootKeyError};
use service::{Service, Setup};
use store::{Opening, Schema, Store, StoreError};
use tokio::time::sleep;

use crate::config::{Config, Listen, RootKeyFile};
use crate::data_folder::{self, Unusable};
use crate::oidc::OidcProvider;
use crate::oidc::settings::ProviderSettings;

/// How often a root key beside an empty database has it looked at again: another server may be filling it.
const LOOKS: u32 = 20;

/// How long to wait before each of these looks.
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(100);

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
    /// A restore was cut short after it had set aside what was there.
    #[error(
        "a restore into {} was cut short: run keystead restore again (what was there before is in before-restore-…)",
        .0.display()
    )]
    RestoreCutShort(PathBuf),
    /// Other accounts may put files into the data folder.
    #[error("other accounts may write into the data folder {}; run chmod 700 on it", .0.display())]
    DataDirOpen(PathBuf),
    /// This account may not write into the data folder, or to the database in it.
    #[error(transparent)]
    DataDirUnusable(#[from] Unusable),
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
    /// The address for metrics is in use, or does not belong to this machine.
    #[error("cannot listen on {address} for metrics (KEYSTEAD_METRICS_LISTEN): {source}")]
    MetricsListen {
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

/// The folder in which a restore prepares what it puts into the data folder.
pub(crate) const RESTORING: &str = "restoring";

/// Who opens an installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opener {
    /// The server, or the command that updates a database for it.
    Server,
    /// Any other command. A server of an older version may be running, so it leaves an older schema as it is. It needs
    /// one connection, and leaves the others to the server.
    Command,
    /// A command on a copy that nobody else has, whatever version it is of.
    Copy,
}

/// Opens the data folder (if it is used), the root key and the database, and creates what is missing.
pub async fn open(config: &Config, opener: Opener) -> Result<Product, StartError> {
    if let Some(folder) = &config.data_dir {
        data_folder::make_private(folder).map_err(|source| StartError::DataDir { path: folder.clone(), source })?;
        if data_folder::is_open_to_write(folder) {
            return Err(StartError::DataDirOpen(folder.clone()));
        }
        may_write(config, folder)?;
    }
    let (store, root_key) = open_both(config, opener).await?;
    if opener == Opener::Server
        && let Some(migration) = store.unknown_migration().await?
    {
        tracing::warn!(migration, "a newer Keystead has updated the database; this one works on it with what it knows");
    }
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

/// Checks the data folder, if anything is written there: a database with the files of rooms beside it, or a root key that is
/// not there yet.
fn may_write(config: &Config, folder: &Path) -> Result<(), Unusable> {
    let database = Store::file(config.database_url.expose()).filter(|file| file.parent() == Some(folder));
    let makes_key = matches!(&config.root_key, RootKeyFile::Own(path) if !path.exists());
    if database.is_some() || makes_key {
        data_folder::may_write(folder)?;
    }
    let files = database.as_ref().and_then(|_| attachments(config.database_url.expose()));
    // SQLite would only say that the database is read-only.
    let journal = |suffix: &str| {
        let mut path = database.clone()?.into_os_string();
        path.push(suffix);
        Some(PathBuf::from(path))
    };
    let journals = [journal("-wal"), journal("-shm")];
    [database, files].into_iter().chain(journals).flatten().try_for_each(|path| data_folder::may_write(&path))
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
        Opener::Copy => (Some(1), Schema::Update),
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
    // One that leads nowhere is a key on a volume that is not mounted, and not a new installation.
    if path.is_symlink() {
        RootKey::load(path)?;
    }
    let had_key = path.exists();
    let is_gone = |file: &PathBuf| file.metadata().map_or(true, |metadata| metadata.len() == 0);
    let is_gone = Store::file(url).as_ref().is_some_and(is_gone);
    if let Some(folder) = path.parent().filter(|folder| is_gone && folder.join(RESTORING).exists()) {
        return Err(StartError::RestoreCutShort(folder.to_owned()));
    }
    if had_key && is_gone {
        return Err(StartError::DatabaseMissing { key: path.clone() });
    }
    // The database comes first, so that a key beside no database is never a start that was cut short.
    let store = Store::open_as(opening).await?;
    let is_new = store.data_keys().await?.is_empty();
    // Servers that start at the same time share the folder: one of them may have made the key meanwhile.
    match (had_key, is_new) {
        (true, true) if !is_filled_soon(&store, url).await? => Err(StartError::DatabaseMissing { key: path.clone() }),
        (false, false) if !path.exists() => Err(StartError::RootKeyMissing { key: path.clone() }),
        _ => Ok((store, RootKey::load_or_create(path, &SystemEntropy)?)),
    }
}

/// Whether a server that starts at the same time makes the data keys, which it does right after the root key. No other
/// server has the same file.
async fn is_filled_soon(store: &Store, url: &str) -> Result<bool, StoreError> {
    let looks = if Store::file(url).is_some() { 0 } else { LOOKS };
    for _ in 0..looks {
        sleep(LOOK_AGAIN_AFTER).await;
        if !store.data_keys().await?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Opens an installation for a command, and creates nothing.
pub async fn open_existing(config: &Config, opener: Opener) -> Result<Product, StartError> {
    let (RootKeyFile::Own(root_key) | RootKeyFile::Named(root_key)) = &config.root_key;
    let files = [Store::file(config.database_url.expose()), Some(root_key.clone())];
    if let Some(missing) = files.into_iter().flatten().find(|file| !file.exists()) {
        return Err(StartError::Missing(missing));
    }
    open(config, opener).await
}
