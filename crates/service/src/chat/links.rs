//! Files that anybody with their link may read. Only this installation can make such a link.

use data_encoding::HEXLOWER;
use domain::{
    attachment::{Attachment, LINKED_BYTES_MAX, LINKED_MAX, file_name, media_type},
    audit::{Action, AuditEvent, Change, Subject},
    ids::{AppId, AttachmentId, RoomId},
    refusal::Refusal,
    role::Act,
};
use store::{AttachmentRow, Tx};
use subtle::ConstantTimeEq;

use super::attachments::{READING_BY_LINK, digest};
use crate::{Caller, Error, Result, Service, apps::in_use, entropy, mac::MacKey, service::event};

/// How many bytes of a MAC a link has.
const MAC: usize = 16;

impl Service {
    /// The link of a file: safe in a path. It works for as long as the file is there.
    pub fn file_link(&self, id: &AttachmentId) -> String {
        let (key, version) = self.keyring().access();
        format!("{id}-{version}-{}", HEXLOWER.encode(&mac(key, id)))
    }

    /// The file of a link that this installation made; `None` for any other text. The file may be gone.
    pub fn linked(&self, link: &str) -> Option<AttachmentId> {
        let mut parts = link.splitn(3, '-');
        let (id, version, sent) = (AttachmentId::parse(parts.next()?)?, parts.next()?, parts.next()?);
        let sent = HEXLOWER.decode(sent.as_bytes()).ok()?;
        let right = mac(self.keyring().access_version(version.parse().ok()?)?, &id);
        bool::from(right.as_slice().ct_eq(&sent)).then_some(id)
    }

    /// A file and its bytes for whoever has its link. `AttachmentNotFound` for a wrong link, and for a file that is gone or
    /// whose app is archived.
    pub async fn linked_file(&self, link: &str) -> Result<(Attachment, Vec<u8>)> {
        let id = self.linked(link).ok_or(Refusal::AttachmentNotFound)?;
        let row = self.store().some_attachments(&[id]).await?.pop().ok_or(Refusal::AttachmentNotFound)?;
        let app = self.app_of_file(&row).await?.ok_or(Refusal::AttachmentNotFound)?;
        let found = self.store().app(&app).await?.filter(|app| app.archived_at.is_none());
        found.ok_or(Refusal::AttachmentNotFound)?;
        let bytes = self.bytes_of(&row, &READING_BY_LINK).await?;
        Ok((row.file, bytes))
    }

    /// Whether a room has this file.
    pub async fn has_file(&self, caller: &Caller, room: &RoomId, id: &AttachmentId) -> Result<bool> {
        let room = self.room(caller, room).await?;
        let found = self.store().some_attachments(&[*id]).await?;
        Ok(found.iter().any(|row| row.room_id == room.id))
    }

    /// The app of a file: that of its room, or the one that has it without a room.
    async fn app_of_file(&self, row: &AttachmentRow) -> Result<Option<AppId>> {
        let room = self.store().room(&row.room_id).await?;
        Ok(room.map(|room| room.app_id).or_else(|| AppId::parse(row.room_id.as_str())))
    }

    /// Puts a file into a room for whoever gets its link, as `put_attachment` does. It stays even if no message has it.
    /// `AttachmentsFull` where there are as many as may be.
    pub async fn put_linked_file(
        &self,
        caller: &Caller,
        room: &RoomId,
        name: &str,
        claimed_type: &str,
        bytes: Vec<u8>,
    ) -> Result<Attachment> {
        let file = self.put_attachment(caller, room, name, claimed_type, bytes).await?;
        // Nobody has the link yet. If this fails, the file is one of those that nobody sent.
        let work = async |tx: &mut Tx| {
            fits(tx, room).await?;
            tx.mark_sent(&[file.id]).await?;
            Ok::<_, Error>(())
        };
        let done = self.write(work).await;
        if matches!(done, Err(Error::Refused(_))) {
            // Whoever is refused again and again must not fill the disk for a day.
            self.drop_unsent(&[file.id]).await;
        }
        done?;
        Ok(file)
    }

    /// Puts a file into an app, in no room, for whoever gets its link. Refuses as `put_linked_file` does.
    pub async fn put_file(
        &self,
        caller: &Caller,
        app: &AppId,
        name: &str,
        claimed_type: &str,
        bytes: Vec<u8>,
    ) -> Result<Attachment> {
        caller.may(Act::ManageRooms)?;
        self.right_size(&bytes)?;
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let id = AttachmentId::from_random(entropy::bytes(self.entropy())?);
        let file = Attachment { id, name: file_name(name), media_type: media_type(claimed_type).to_owned(), size };
        let (digest, bytes) = digest(bytes).await?;
        let row = AttachmentRow { room_id: place(app)?, file, digest };
        let work = async |tx: &mut Tx| {
            in_use(tx, caller, app).await?;
            tx.insert_attachment(&row, self.now()).await?;
            fits(tx, &row.room_id).await?;
            tx.mark_sent(&[id]).await?;
            Ok::<_, Error>(())
        };
        self.keep_bytes(&id, bytes, work).await?;
        Ok(row.file)
    }

    /// Removes a file of an app that no message names; its link is dead at once. `AttachmentNotFound` if there is none.
    pub async fn remove_file(&self, caller: &Caller, app: &AppId, id: &AttachmentId) -> Result<()> {
        caller.may(Act::ManageRooms)?;
        let row = self.store().some_attachments(&[*id]).await?.pop().ok_or(Refusal::AttachmentNotFound)?;
        let is_ours = caller.sight().apps.has(app) && self.app_of_file(&row).await? == Some(*app);
        if !is_ours {
            return Err(Refusal::AttachmentNotFound.into());
        }
        let work = async |tx: &mut Tx| {
            let files = tx.unnamed_attachments(&[*id]).await?;
            if files.is_empty() {
                return Err(Refusal::AttachmentNotFound.into());
            }
            tx.delete_attachments(&files).await?;
            let subject = match tx.room(&row.room_id).await? {
                Some(room) => Subject::room(&room.id, room.kind, &room.name),
                // It is in no room.
                None => Subject::app(app, &tx.app(app).await?.map(|app| app.name).unwrap_or_default()),
            };
            let changes = vec![Change { field: "file".to_owned(), from: Some(row.file.name.clone()), to: None }];
            let event = event(caller, self.now(), Action::FileRemoved, subject);
            self.record(tx, AuditEvent { app_id: Some(*app), changes, ..event }).await?;
            Ok::<_, Error>(())
        };
        self.write(work).await?;
        self.drop_file(id).await;
        Ok(())
    }
}

/// Where a file of an app is that is in no room: under the app's own id, which no room has.
fn place(app: &AppId) -> Result<RoomId> {
    RoomId::parse(app.as_str())
        .ok_or_else(|| Error::impossible("the id of an app has other digits than that of a room"))
}

/// `AttachmentsFull` if the files of a room, or those of an app in no room, are more than may stay there without a message.
async fn fits(tx: &mut Tx, room: &RoomId) -> Result<()> {
    let (files, bytes) = tx.attachments_size(room).await?;
    if files > LINKED_MAX || bytes > LINKED_BYTES_MAX { Err(Refusal::AttachmentsFull.into()) } else { Ok(()) }
}

/// The MAC of a file's id. Nothing else that is signed with these keys begins with the word.
fn mac(key: &MacKey, id: &AttachmentId) -> [u8; MAC] {
    let whole = key.mac(&[b"file|", id.as_str().as_bytes()]);
    whole.first_chunk().copied().unwrap_or_default()
}
