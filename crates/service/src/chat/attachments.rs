//! Files in rooms: in a folder beside a SQLite database, and in a Postgres database, which several servers share.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use domain::{
    attachment::{Attachment, SIZE_MAX, file_name, media_type},
    ids::{AttachmentId, RoomId},
    refusal::Refusal,
    role::Act,
    room::RoomKind,
};
use sha2::{Digest, Sha256};
use store::{AttachmentRow, Tx, failpoint};
use tokio::sync::Semaphore;

use super::{ROOM_OR_CHAT, managed, of_kind, sent_files::NewFile};
use crate::{Caller, Error, Result, Service, entropy, to_the_end::to_the_end};

/// How much of a deleted room one transaction removes, so that other writers do not wait long.
const FILES_AT_ONCE: u32 = 50;
const MESSAGES_AT_ONCE: u32 = 5_000;

/// How many such transactions one sweep makes.
const PIECES: usize = 40;

/// The places of those whose files are being read. Whoever has the link of one file can ask for it a thousand times, so they
/// have places of their own.
static READING: Semaphore = Semaphore::const_new(8);
pub(super) static READING_BY_LINK: Semaphore = Semaphore::const_new(8);

/// Where files of rooms are, and how large they may be.
#[derive(Debug, Clone)]
pub struct Files {
    /// The folder; `None` if the database keeps them.
    pub folder: Option<PathBuf>,
    /// The most bytes of a file.
    pub most: u64,
}

impl Default for Files {
    fn default() -> Self {
        Self { folder: None, most: SIZE_MAX }
    }
}

impl Service {
    /// The most bytes of a file.
    pub fn attachment_max(&self) -> u64 {
        self.files().most
    }

    /// Puts a file into a room. A message can name it then. `AttachmentEmpty`, `AttachmentTooLarge`.
    pub async fn put_attachment(
        &self,
        caller: &Caller,
        room: &RoomId,
        name: &str,
        claimed_type: &str,
        bytes: Vec<u8>,
    ) -> Result<Attachment> {
        let file = NewFile { name: name.to_owned(), media_type: claimed_type.to_owned(), bytes };
        self.put_file_in(caller, room, ROOM_OR_CHAT, file).await
    }

    /// The same in a room of one of these kinds.
    pub(super) async fn put_file_in(
        &self,
        caller: &Caller,
        room: &RoomId,
        kinds: &[RoomKind],
        new: NewFile,
    ) -> Result<Attachment> {
        let found = self.room_for(caller, Act::ManageRooms, room).await?;
        of_kind(found, kinds)?.is_open(self.now())?;
        let NewFile { name, media_type: claimed_type, bytes } = new;
        self.right_size(&bytes)?;
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let id = AttachmentId::from_random(entropy::bytes(self.entropy())?);
        let file = Attachment { id, name: file_name(&name), media_type: media_type(&claimed_type).to_owned(), size };
        let (digest, bytes) = digest(bytes).await?;
        let row = AttachmentRow { room_id: *room, file, digest };
        let work = async |tx: &mut Tx| {
            let now = self.now();
            managed(tx, caller, room, kinds).await?.is_open(now)?;
            tx.insert_attachment(&row, now).await?;
            Ok::<_, Error>(())
        };
        self.keep_bytes(&id, bytes, work).await?;
        Ok(row.file)
    }

    /// `AttachmentEmpty` or `AttachmentTooLarge` for bytes that no file may have.
    pub(super) fn right_size(&self, bytes: &[u8]) -> Result<(), Refusal> {
        let most = self.attachment_max();
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        match size {
            0 => Err(Refusal::AttachmentEmpty),
            size if size > most => Err(Refusal::AttachmentTooLarge { most }),
            _ => Ok(()),
        }
    }

    /// A file of a room and its bytes; `AttachmentNotFound` if the room has none with this id.
    pub async fn attachment(&self, caller: &Caller, room: &RoomId, id: &AttachmentId) -> Result<(Attachment, Vec<u8>)> {
        let room = self.room_for(caller, Act::SeeRooms, room).await?;
        let found = self.store().some_attachments(&[*id]).await?.pop();
        let row = found.filter(|row| row.room_id == room.id).ok_or(Refusal::AttachmentNotFound)?;
        let bytes = self.bytes_of(&row, &READING).await?;
        Ok((row.file, bytes))
    }

    /// The bytes of a file, as they were put there, for one of those who share these places.
    pub(super) async fn bytes_of(&self, row: &AttachmentRow, places: &'static Semaphore) -> Result<Vec<u8>> {
        let (service, id) = (self.clone(), row.file.id);
        let read = async move { digest(service.read_bytes(&id).await?).await };
        let (found, bytes) = in_a_place(places, read).await?;
        if found == row.digest {
            Ok(bytes)
        } else {
            Err(Error::impossible("the bytes of a file are not those that were put there"))
        }
    }

    /// Keeps bytes under an id, and makes a change, both or neither.
    pub(crate) async fn keep_bytes<T>(
        &self,
        id: &AttachmentId,
        bytes: Vec<u8>,
        work: impl AsyncFnOnce(&mut Tx) -> Result<T>,
    ) -> Result<T> {
        let Some(path) = self.files().path(id) else {
            let both = async |tx: &mut Tx| {
                tx.put_attachment_bytes(id, &bytes).await?;
                work(tx).await
            };
            return self.write(both).await;
        };
        // Before the row, so that no row is ever without its file.
        on_disk(move || write(&path, &bytes)).await.map_err(|error| Error::internal("a file cannot be kept", error))?;
        failpoint::reached("file-before");
        let done = self.write(work).await;
        failpoint::reached("file-after");
        if done.as_ref().is_err_and(|error| !error.is_uncertain()) {
            self.drop_file(id).await;
        }
        done
    }

    /// The bytes under an id; `AttachmentNotFound` if there are none.
    pub(crate) async fn read_bytes(&self, id: &AttachmentId) -> Result<Vec<u8>> {
        let bytes = match self.files().path(id) {
            None => self.store().attachment_bytes(id).await?,
            Some(path) => match on_disk(move || fs::read(path)).await {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
                read => read.map_err(|error| Error::internal("a file in a room cannot be read", error))?,
            },
        };
        if bytes.is_empty() { Err(Refusal::AttachmentNotFound.into()) } else { Ok(bytes) }
    }

    /// Removes the file of an id, after the change with which the row went. The bytes in the database go with that.
    pub(crate) async fn drop_file(&self, id: &AttachmentId) {
        let Some(path) = self.files().path(id) else { return };
        if let Err(error) = on_disk(move || fs::remove_file(path)).await
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, file = %id, "a file that nothing names any more cannot be removed");
        }
    }

    /// Removes what is left of deleted rooms, in pieces. [`Service::run`] does it from time to time.
    pub(crate) async fn sweep_deleted_rooms(&self) -> Result<()> {
        let mut pieces = 0;
        for room in self.store().deleted_rooms(100).await? {
            while pieces < PIECES && !self.prune_deleted_room(&room).await? {
                pieces += 1;
            }
        }
        Ok(())
    }

    /// Removes a piece of what is left of a deleted room; `true` if that was all.
    pub(crate) async fn prune_deleted_room(&self, room: &RoomId) -> Result<bool> {
        let files = self.store().attachments_of(room, FILES_AT_ONCE).await?;
        // The file first: once its row is gone, nobody would find it.
        for id in &files {
            self.drop_file(id).await;
        }
        let work = async |tx: &mut Tx| {
            tx.delete_attachments(&files).await?;
            let is_empty = tx.prune_room(room, MESSAGES_AT_ONCE).await? && files.is_empty();
            if is_empty {
                tx.forget_room(room).await?;
            }
            Ok::<_, Error>(is_empty)
        };
        self.write(work).await
    }
}

impl Files {
    /// The file of an id, in a folder of its first two digits; `None` if the database keeps it.
    fn path(&self, id: &AttachmentId) -> Option<PathBuf> {
        let folder = self.folder.as_ref()?;
        Some(folder.join(id.as_str().get(..2)?).join(id.as_str()))
    }
}

/// Writes a file that is whole or not there, even if the power fails.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let unfinished = path.with_extension("part");
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all()).and_then(|()| fs::rename(&unfinished, path));
    if written.is_err() {
        // It failed already, and says why.
        let _ = fs::remove_file(&unfinished);
    }
    written?;
    File::open(folder)?.sync_all()
}

pub(super) async fn digest(bytes: Vec<u8>) -> Result<(Vec<u8>, Vec<u8>)> {
    let digest = on_disk(move || Ok((Sha256::digest(&bytes).to_vec(), bytes))).await;
    digest.map_err(|error| Error::internal("the digest of a file", error))
}

/// Runs what holds the bytes of a file. Whoever waits for a place holds none yet, and whoever goes away keeps it until theirs
/// are gone.
async fn in_a_place<T: Send + 'static>(
    places: &'static Semaphore,
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    let place = places.acquire().await;
    let reading = async move {
        let _place = place;
        work.await
    };
    to_the_end("a file was not read to its end", reading).await
}

/// Runs what would keep a thread of the server waiting.
pub(super) async fn on_disk<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use super::*;

    #[tokio::test]
    async fn only_a_few_hold_the_bytes_of_a_file_at_once() {
        static PLACES: Semaphore = Semaphore::const_new(2);
        let (begun, go_on) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
        let mut readers = Vec::new();
        for _ in 0..6 {
            let (begun, go_on) = (Arc::clone(&begun), Arc::clone(&go_on));
            let read = async move {
                begun.fetch_add(1, Ordering::SeqCst);
                drop(go_on.acquire().await);
                Ok(())
            };
            readers.push(tokio::spawn(in_a_place(&PLACES, read)));
        }
        let others_run = async || {
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
        };
        others_run().await;
        assert_eq!(begun.load(Ordering::SeqCst), 2);
        // The first goes away, and its bytes are still there; so does one that waits.
        readers.remove(0).abort();
        readers.pop().unwrap().abort();
        others_run().await;
        assert_eq!(begun.load(Ordering::SeqCst), 2);
        go_on.add_permits(1);
        for reader in readers {
            reader.await.unwrap().unwrap();
        }
        assert_eq!((begun.load(Ordering::SeqCst), PLACES.available_permits()), (5, 2));
    }

    #[test]
    fn a_file_is_whole_and_nobody_elses() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let files = Files { folder: Some(folder.path().join("attachments")), most: SIZE_MAX };
        let path = files.path(&AttachmentId::from_random([0xab; 12])).unwrap();
        assert!(path.ends_with(format!("ab/{}", "ab".repeat(12))));
        write(&path, b"bytes").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"bytes");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing unfinished stays");
    }
}
