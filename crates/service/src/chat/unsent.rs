//! Files that nobody sent: whose message was never written, or whose row was not.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use domain::{
    ids::AttachmentId,
    timestamp::{Millis, Timestamp},
};
use store::Tx;
use tokio_util::sync::CancellationToken;

use super::attachments::on_disk;
use crate::{Error, Result, Service};

/// After this time, nobody sends a file any more that they have put into a room.
const KEPT: Millis = Millis::days(1);

/// How many files one transaction looks at, so that other writers do not wait long.
const AT_ONCE: u32 = 50;

/// How many files of a folder are looked up at once.
const LOOKED_UP: usize = 500;

/// How many sweeps together look at every folder: about a day of them.
const SWEEPS: i64 = 128;

/// The time between two of them.
const BETWEEN: Millis = Millis::minutes(10);

impl Service {
    /// Removes what nobody sent within a day, in pieces until `shutdown`. [`Service::tidy`] does it.
    pub(crate) async fn sweep_unsent(&self, shutdown: &CancellationToken) -> Result<()> {
        let before = self.now().plus(Millis(-KEPT.0));
        while !shutdown.is_cancelled() {
            let some = self.store().unsent_attachments(before, AT_ONCE).await?;
            if some.is_empty() {
                break;
            }
            let work = async |tx: &mut Tx| {
                // Once more, because a message may have come meanwhile.
                let sent = tx.sent_attachments(&some).await?;
                let (sent, unsent): (Vec<_>, Vec<_>) = some.iter().copied().partition(|id| sent.contains(id));
                tx.mark_sent(&sent).await?;
                tx.delete_attachments(&unsent).await?;
                Ok::<_, Error>(unsent)
            };
            // What stays of them if this ends here is the folders' sweep's.
            for id in self.write(work).await? {
                self.drop_file(&id).await;
            }
        }
        let turn = self.now().millis().div_euclid(BETWEEN.0).rem_euclid(SWEEPS);
        let folders = (0..=u8::MAX).filter(|folder| i64::from(*folder) % SWEEPS == turn);
        for folder in folders.take_while(|_| !shutdown.is_cancelled()) {
            self.sweep_folder(folder).await?;
        }
        Ok(())
    }

    /// Removes the files of a folder, by the first byte of their ids, that are older than a day and that nothing names.
    pub async fn sweep_folder(&self, folder: u8) -> Result<()> {
        let Some(root) = self.files().folder.clone() else { return Ok(()) };
        let before = self.now().plus(Millis(-KEPT.0));
        let found = on_disk(move || old_files(&root.join(format!("{folder:02x}")), before)).await;
        let found = found.map_err(|error| Error::internal("a folder of files cannot be read", error))?;
        for some in found.chunks(LOOKED_UP) {
            let ids: Vec<_> = some.iter().filter_map(|(id, _)| *id).collect();
            let named: BTreeSet<_> = self.store().named_files(&ids).await?.into_iter().collect();
            for (id, path) in some {
                if id.is_none_or(|id| !named.contains(&id)) {
                    remove(path.clone()).await;
                }
            }
        }
        Ok(())
    }
}

/// The files in a folder that were written before this time, with their ids. Those without one were never finished. What is
/// not Keystead's is left alone.
fn old_files(folder: &Path, before: Timestamp) -> io::Result<Vec<(Option<AttachmentId>, PathBuf)>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let finished = name.strip_suffix(".part");
        let Some(id) = AttachmentId::parse(finished.unwrap_or(&name)) else { continue };
        let written = match entry.metadata().and_then(|about| about.modified()) {
            // Somebody has removed it meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            written => written?,
        };
        let since = written.duration_since(UNIX_EPOCH).unwrap_or_default();
        if i64::try_from(since.as_millis()).is_ok_and(|millis| millis < before.millis()) {
            found.push((finished.is_none().then_some(id), entry.path()));
        }
    }
    Ok(found)
}

async fn remove(path: PathBuf) {
    if let Err(error) = on_disk(move || fs::remove_file(path)).await
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(%error, "a file that nothing names cannot be removed");
    }
}
