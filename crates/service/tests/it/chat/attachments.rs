//! Files in rooms, in a folder and in the database.

use std::{fs, path::PathBuf};

use domain::{message::Author, refusal::Refusal, role::Role};
use service::chat::{
    attachments::Files,
    sent_files::{NewFile, NewFiles},
};

use super::{join, key, new, room, rules};
use crate::world::{World, owner, refusal, signed_in};

/// The files in a folder and the folders in it.
fn files(folder: &PathBuf) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

async fn a_file_comes_back_under_a_harmless_name_and_type(w: World) {
    let service = &w.service;
    let (id, other) = (room(&w, new(rules("Lounge"))).await.id, room(&w, new(rules("Other"))).await.id);
    let bytes: Vec<u8> = (0..700_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    let put = async |name, claimed, bytes| service.put_attachment(owner(), &id, name, claimed, bytes).await;
    let image = w.no_event(put("../../x.png", "image/png", bytes.clone())).await.unwrap();
    assert_eq!((image.name.as_str(), image.media_type.as_str(), image.size), ("x.png", "image/png", 700_000));
    let script = put("a.svg", "image/svg+xml", b"<svg onload=alert(1)>".to_vec()).await.unwrap();
    assert_eq!(script.media_type, "application/octet-stream");
    let auditor = signed_in(Role::Auditor);
    assert!(service.attachment(&auditor, &id, &image.id).await.unwrap() == (image.clone(), bytes));
    assert_eq!(refusal(service.attachment(owner(), &other, &image.id).await), Refusal::AttachmentNotFound);
    assert_eq!(refusal(put("a", "", Vec::new()).await), Refusal::AttachmentEmpty);
    let forbidden = service.put_attachment(&auditor, &id, "a", "", vec![1]).await;
    assert_eq!(refusal(forbidden), Refusal::Forbidden);
    service.close_room(owner(), &id).await.unwrap();
    assert_eq!(refusal(put("a", "", vec![1]).await), Refusal::RoomEnded);
}

async fn a_folder_has_the_bytes_of_rows_alone(w: World) {
    let service = &w.service;
    let folder = w.root_key().with_file_name("attachments");
    service.keeps_files(Files { folder: Some(folder.clone()), most: 10 });
    let id = room(&w, new(rules("Lounge"))).await.id;
    let put = async |bytes| service.put_attachment(owner(), &id, "a.png", "image/png", bytes).await;
    assert_eq!(refusal(put(vec![1; 11]).await), Refusal::AttachmentTooLarge { most: 10 });
    let file = put(vec![7; 10]).await.unwrap();
    assert_eq!(fs::read(&files(&folder)[0]).unwrap(), [7; 10]);
    assert!(w.store.attachment_bytes(&file.id).await.unwrap().is_empty());
    assert_eq!(service.attachment(owner(), &id, &file.id).await.unwrap().1, [7; 10]);
    fs::write(&files(&folder)[0], [8; 10]).unwrap();
    assert!(service.attachment(owner(), &id, &file.id).await.is_err(), "somebody changed it");
    service.delete_room(owner(), &id).await.unwrap();
    assert!(files(&folder).is_empty());
}

async fn files_that_are_refused_do_not_stay(w: World) {
    let service = &w.service;
    let folder = w.root_key().with_file_name("attachments");
    service.keeps_files(Files { folder: Some(folder.clone()), most: 10 });
    let id = room(&w, new(rules("Lounge"))).await.id;
    join(service, &id, "ana").await.unwrap();
    let upload = async |text: &str, reply_to, sizes: &[usize]| {
        let file = |size: &usize| NewFile { name: "a".to_owned(), media_type: String::new(), bytes: vec![7; *size] };
        let (author, files) = (Author::participant(&key("ana")), sizes.iter().map(file).collect());
        service.send_files(owner(), &id, NewFiles { author, text: text.to_owned(), reply_to, files }).await
    };
    let sent = upload("Two", None, &[1, 2]).await.unwrap();
    let told: Vec<_> = sent.iter().map(|message| (&*message.text, message.attachment.as_ref().unwrap().size)).collect();
    assert_eq!(told, [("Two", 1), ("", 2)]);
    let kept = async || {
        let rows = w.store.attachments_of(&id, 99).await.unwrap().len();
        assert_eq!(files(&folder).len(), rows);
        rows
    };
    assert_eq!(kept().await, 2);
    assert_eq!(refusal(upload("", None, &[3, 11]).await), Refusal::AttachmentTooLarge { most: 10 });
    assert_eq!(refusal(upload("", None, &[3, 0]).await), Refusal::AttachmentEmpty);
    assert_eq!(refusal(w.no_change(upload("", Some(99), &[3])).await), Refusal::MessageNotFound);
    assert!(matches!(refusal(w.no_change(upload("a\0b", None, &[3])).await), Refusal::Invalid(_)));
    service.mute(owner(), &id, &key("ana")).await.unwrap();
    assert_eq!(refusal(w.no_change(upload("", None, &[3])).await), Refusal::Muted);
    assert_eq!(kept().await, 2);
}

on_both! {
    a_file_comes_back_under_a_harmless_name_and_type,
    files_that_are_refused_do_not_stay,
    a_folder_has_the_bytes_of_rows_alone,
}
