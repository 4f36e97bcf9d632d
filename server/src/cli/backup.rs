//! `keystead backup` and `keystead restore`: the database, its root key and the files of rooms together, for none is of use
//! alone.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use service::Caller;
use store::Store;

use super::check;
use super::failure::Failure;
use super::many::spinner;
use super::output::show;
use crate::config::{Config, DatabaseUrl, RootKeyFile};
use crate::data_folder::make_folder;
use crate::start::{self, ATTACHMENTS, Opener, RESTORING, StartError};

/// The files of an installation, in its data folder and in a backup.
const DATABASE: &str = "keystead.db";
const ROOT_KEY: &str = "root.key";

/// Copies a running installation into a new folder, and checks the copy.
pub(super) async fn backup(config: &Config, into: &Path, caller: &Caller) -> Result<(), Failure> {
    let url = config.database_url.expose();
    if Store::file(url).is_none() {
        let (RootKeyFile::Own(key) | RootKeyFile::Named(key)) = &config.root_key;
        let key = key.display();
        return Err(Failure::Usage(format!(
            "the database is in Postgres: use pg_dump, and copy the root key {key} too"
        )));
    }
    make_folder(into)?;
    if fs::read_dir(into)?.next().is_some() {
        return Err(Failure::Usage(format!("{} is not empty; name a new folder", into.display())));
    }
    let copied = copy(config, into).await;
    let checked = match copied {
        Ok(()) => check::sound(&in_folder(config, into)?, Opener::Command, caller).await,
        Err(failure) => Err(failure),
    };
    match checked {
        Ok(rows) => show(format_args!("Backed up {} to {}.", check::words(rows), into.display())),
        Err(failure) => {
            // Half a backup looks like one.
            for file in [DATABASE, ROOT_KEY] {
                let _ = fs::remove_file(into.join(file));
            }
            let _ = fs::remove_dir_all(into.join(ATTACHMENTS));
            Err(failure)
        }
    }
}

async fn copy(config: &Config, into: &Path) -> Result<(), Failure> {
    let (RootKeyFile::Own(key) | RootKeyFile::Named(key)) = &config.root_key;
    copy_private(key, &into.join(ROOT_KEY))?;
    let database = into.join(DATABASE);
    // SQLite gives an existing file its contents, and leaves its mode.
    File::options().write(true).create_new(true).mode(0o600).open(&database)?;
    let spinner = spinner("Copying the database");
    let copied = Store::copy(config.database_url.expose(), &database).await.map_err(StartError::Store);
    spinner.finish_and_clear();
    copied?;
    File::open(&database)?.sync_all()?;
    // After the database: a file is there before its row.
    if let Some(files) = start::attachments(config.database_url.expose()) {
        copy_files(&files, &into.join(ATTACHMENTS))?;
    }
    File::open(into)?.sync_all()?;
    Ok(())
}

/// Puts a backup in the place of what is in the data folder, which is kept beside it.
pub(super) async fn restore(config: &Config, from: &Path, caller: &Caller) -> Result<(), Failure> {
    let usage = |text: &str| Err(Failure::Usage(text.to_owned()));
    let (Some(folder), RootKeyFile::Own(_)) = (&config.data_dir, &config.root_key) else {
        return usage("only a data folder that holds both the database and the root key can be restored into");
    };
    let url = config.database_url.expose();
    if Store::file(url) != Some(folder.join(DATABASE)) {
        return usage("the database is not in the data folder; put its backup back with its own tools");
    }
    for file in [DATABASE, ROOT_KEY] {
        if !from.join(file).is_file() {
            return Err(Failure::Usage(format!("{} is no backup: it has no {file}", from.display())));
        }
    }
    make_folder(folder)?;
    // A server that starts waits for this lock.
    let lock = File::open(folder)?;
    lock.try_lock().map_err(|_| busy(folder))?;
    if Store::is_open(url) {
        return Err(busy(folder));
    }
    let restoring = folder.join(RESTORING);
    if restoring.exists() {
        fs::remove_dir_all(&restoring)?;
    }
    make_folder(&restoring)?;
    for file in [DATABASE, ROOT_KEY] {
        copy_private(&from.join(file), &restoring.join(file))?;
    }
    copy_files(&from.join(ATTACHMENTS), &restoring.join(ATTACHMENTS))?;
    // A backup of an earlier version is brought up to this one.
    let rows = match check::sound(&in_folder(config, &restoring)?, Opener::Copy, caller).await {
        Ok(rows) => rows,
        Err(failure) => {
            fs::remove_dir_all(&restoring)?;
            return Err(failure);
        }
    };
    let replaced = set_aside(folder)?;
    // The database comes last: without it, no start takes this for an installation.
    if restoring.join(ATTACHMENTS).exists() {
        fs::rename(restoring.join(ATTACHMENTS), folder.join(ATTACHMENTS))?;
    }
    for file in [ROOT_KEY, DATABASE] {
        fs::rename(restoring.join(file), folder.join(file))?;
    }
    fs::remove_dir_all(&restoring)?;
    lock.sync_all()?;
    let kept = replaced.map_or(String::new(), |old| format!(" What was there before is in {}.", old.display()));
    show(format_args!("Restored {} from {}.{kept}", check::words(rows), from.display()))
}

fn busy(folder: &Path) -> Failure {
    Failure::Usage(format!("a server is running on {}; stop it first", folder.display()))
}

/// Moves the present files, the journal too, into a folder of their own; `None` if there are none.
fn set_aside(folder: &Path) -> io::Result<Option<PathBuf>> {
    let journal = [format!("{DATABASE}-wal"), format!("{DATABASE}-shm")];
    let names = [DATABASE, ROOT_KEY, ATTACHMENTS].map(str::to_owned).into_iter().chain(journal).collect::<Vec<_>>();
    let present: Vec<_> = names.iter().filter(|name| folder.join(name).exists()).collect();
    if present.is_empty() {
        return Ok(None);
    }
    let mut number = 1;
    let mut aside = folder.join(format!("before-restore-{number}"));
    while aside.exists() {
        number += 1;
        aside.set_file_name(format!("before-restore-{number}"));
    }
    make_folder(&aside)?;
    for name in present {
        fs::rename(folder.join(name), aside.join(name))?;
    }
    Ok(Some(aside))
}

/// The same settings for the files in another folder.
fn in_folder(config: &Config, folder: &Path) -> Result<Config, Failure> {
    let folder = std::path::absolute(folder)?;
    Ok(Config {
        database_url: DatabaseUrl::of_file(&folder.join(DATABASE)).map_err(Failure::Usage)?,
        root_key: RootKeyFile::Own(folder.join(ROOT_KEY)),
        data_dir: Some(folder),
        ..config.clone()
    })
}

/// Copies a file to one that only this account can read, and to the disk.
fn copy_private(from: &Path, to: &Path) -> io::Result<()> {
    let mut source = File::open(from)?;
    let mut target = File::options().write(true).create_new(true).mode(0o600).open(to)?;
    io::copy(&mut source, &mut target)?;
    target.sync_all()
}

/// Copies the files of rooms, each in a folder of two digits. There may be none. One that is removed meanwhile is of a room
/// that was deleted.
fn copy_files(from: &Path, to: &Path) -> io::Result<()> {
    let folders = match fs::read_dir(from) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        folders => folders?,
    };
    make_folder(to)?;
    for folder in folders {
        let folder = folder?;
        let into = to.join(folder.file_name());
        make_folder(&into)?;
        for file in fs::read_dir(folder.path())? {
            let file = file?;
            match copy_private(&file.path(), &into.join(file.file_name())) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                copied => copied?,
            }
        }
        File::open(&into)?.sync_all()?;
    }
    File::open(to)?.sync_all()
}
