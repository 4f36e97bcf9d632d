//! The pictures of contacts.

use domain::{
    audit::{Action, AuditEvent, Change},
    contact::Contact,
    field::{Field, FieldErrors},
    ids::{AttachmentId, ContactId},
    refusal::Refusal,
    role::Act,
};
use store::Tx;

use super::contacts::managed;
use crate::{Caller, Error, Result, Service, entropy};

/// The most bytes of a picture.
pub const AVATAR_MAX: usize = 1_000_000;

/// The first bytes of the pictures that a browser shows and never runs, and their types.
const PICTURES: [(&[u8], &str); 4] = [
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"RIFF", "image/webp"),
];

/// The type of a picture by its own bytes; `None` for anything else.
fn picture_type(bytes: &[u8]) -> Option<&'static str> {
    let (_, found) = PICTURES.iter().find(|(begins, _)| bytes.starts_with(begins))?;
    let is_webp = bytes.get(8..12).is_some_and(|word| word == b"WEBP");
    (*found != "image/webp" || is_webp).then_some(*found)
}

impl Service {
    /// Gives a contact a picture: PNG, JPEG, GIF or WebP.
    pub async fn set_avatar(&self, caller: &Caller, id: &ContactId, bytes: Vec<u8>) -> Result<()> {
        caller.may(Act::ManageContacts)?;
        let wrong = |message: &str| FieldErrors::one(Field::Attachment, message);
        if bytes.len() > AVATAR_MAX {
            return Err(wrong("A picture may have at most 1,000,000 bytes: choose a smaller one.").into());
        }
        if picture_type(&bytes).is_none() {
            return Err(wrong("Send a PNG, JPEG, GIF or WebP picture.").into());
        }
        let avatar = AttachmentId::from_random(entropy::bytes(self.entropy())?);
        let work = async |tx: &mut Tx| {
            let contact = managed(tx, caller, id).await?;
            tx.set_contact_avatar(id, Some(&avatar)).await?;
            if let Some(before) = &contact.avatar {
                tx.delete_attachment_bytes(before).await?;
            }
            let change = Change { field: "picture".to_owned(), from: None, to: Some("another one".to_owned()) };
            let event = self.contact_event(caller, Action::ContactChanged, &contact);
            self.record(tx, AuditEvent { changes: vec![change], ..event }).await?;
            Ok::<_, Error>(contact.avatar)
        };
        let before = self.keep_bytes(&avatar, bytes, work).await?;
        if let Some(before) = before {
            self.drop_file(&before).await;
        }
        Ok(())
    }

    /// The picture of a contact whom the caller sees, and its type; `PictureNotFound` if there is none.
    pub async fn avatar(&self, contact: &Contact) -> Result<(&'static str, Vec<u8>)> {
        let bytes = self.read_bytes(contact.avatar.as_ref().ok_or(Refusal::PictureNotFound)?).await?;
        let media_type = picture_type(&bytes).ok_or(Refusal::PictureNotFound)?;
        Ok((media_type, bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_known_by_its_own_bytes() {
        for (bytes, found) in [
            (&b"\x89PNG\r\n\x1a\n...."[..], Some("image/png")),
            (b"\xff\xd8\xff\xe0", Some("image/jpeg")),
            (b"GIF89a", Some("image/gif")),
            (b"RIFF\0\0\0\0WEBPVP8 ", Some("image/webp")),
            (b"RIFF\0\0\0\0WAVE", None),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>", None),
            (b"<!DOCTYPE html>", None),
            (b"", None),
        ] {
            assert_eq!(picture_type(bytes), found);
        }
    }
}
