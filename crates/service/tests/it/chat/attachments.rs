//! Files in rooms, in a folder and in the database.

use std::{
    fs,
    path::PathBuf,
    time::{Duration, UNIX_EPOCH},
};

use domain::{
    message::Author,
    refusal::Refusal,
    role::Role,
    timestamp::{Millis, Timestamp},
};
use service::chat::{
    attachments::Files,
    sent_files::{NewFile, NewFiles},
};
use tokio_util::sync::CancellationToken;

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

async fn files_that_nobody_sent_are_gone_after_a_day(w: World) {
    let service = &w.service;
    let folder = w.root_key().with_file_name("attachments");
    service.keeps_files(Files { folder: Some(folder.clone()), most: 10 });
    let id = room(&w, new(rules("Lounge"))).await.id;
    let file = NewFile { name: "a".to_owned(), media_type: String::new(), bytes: vec![7] };
    let new = NewFiles { author: Author::manager("M"), text: String::new(), reply_to: None, files: vec![file] };
    let sent = service.send_files(owner(), &id, new).await.unwrap().remove(0).attachment.unwrap().id;
    let put = async || service.put_attachment(owner(), &id, "a.png", "image/png", vec![1]).await.unwrap().id;
    let tidy = async || service.tidy(&CancellationToken::new()).await.unwrap();
    put().await;
    w.clock.advance(Millis::hours(23));
    let young = put().await;
    tidy().await;
    assert_eq!(files(&folder).len(), 3);
    w.clock.advance(Millis::hours(2));
    for _ in 0..2 {
        tidy().await;
        let mut kept = w.store.attachments_of(&id, 9).await.unwrap();
        kept.sort_unstable();
        let mut expected = [sent, young];
        expected.sort_unstable();
        assert_eq!(kept, expected);
        assert_eq!(files(&folder).len(), 2);
    }
    assert_eq!(service.attachment(owner(), &id, &sent).await.unwrap().1, [7]);
}

async fn files_in_the_folder_that_nothing_names_are_gone_after_a_day(w: World) {
    let service = &w.service;
    let folder = w.root_key().with_file_name("attachments");
    service.keeps_files(Files { folder: Some(folder.clone()), most: 10 });
    let id = room(&w, new(rules("Lounge"))).await.id;
    let kept = service.put_attachment(owner(), &id, "a.png", "image/png", vec![1]).await.unwrap().id;
    fs::create_dir_all(folder.join("ab")).unwrap();
    let (nameless, unfinished) = ("ab".repeat(12), format!("{}.part", "ab".repeat(12)));
    let (young, foreign) = (format!("{}cd", "ab".repeat(11)), "about.txt".to_owned());
    for name in [&nameless, &unfinished, &young, &foreign] {
        fs::write(folder.join("ab").join(name), "x").unwrap();
    }
    let written = |path: PathBuf, at: Timestamp| {
        let at = UNIX_EPOCH + Duration::from_millis(at.millis().unsigned_abs());
        fs::File::options().write(true).open(path).unwrap().set_modified(at).unwrap();
    };
    let now = service.now();
    for path in files(&folder) {
        written(path, now.plus(Millis(-Millis::days(2).0)));
    }
    written(folder.join("ab").join(&young), now);
    for part in 0..=u8::MAX {
        service.sweep_folder(part).await.unwrap();
    }
    let mut names: Vec<_> =
        files(&folder).iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect();
    names.sort_unstable();
    let mut expected = [kept.to_string(), young, foreign];
    expected.sort_unstable();
    assert_eq!(names, expected);
}

on_both! {
    files_that_nobody_sent_are_gone_after_a_day,
    files_in_the_folder_that_nothing_names_are_gone_after_a_day,
    a_file_comes_back_under_a_harmless_name_and_type,
    files_that_are_refused_do_not_stay,
    a_folder_has_the_bytes_of_rows_alone,
}
