//! Files of chats in the console, and what those who manage chats write in them.

use domain::attachment::SIZE_MAX;
use domain::ids::RoomId;
use domain::message::{Author, AuthorKind, Message, MessageKind};
use domain::room::RoomKind;
use service::chat::sent_files::{NewFile, NewFiles};

use crate::chatrooms::{get, post, room};
use crate::support::{Answer, Call, Product, operator, text};

/// Sends the form of a chat as a browser does, with one file.
async fn write(product: &Product, session: &str, chat: &RoomId, words: &str, name: &str, bytes: &[u8]) -> Answer {
    let head = format!(
        "--B\r\nContent-Disposition: form-data; name=\"message\"\r\n\r\n{words}\r\n--B\r\n\
         Content-Disposition: form-data; name=\"attachment\"; filename=\"{name}\"\r\nContent-Type: image/png\r\n\r\n"
    );
    let body = [head.as_bytes(), bytes, b"\r\n--B--\r\n"].concat();
    let call = Call::post(&format!("/chats/{chat}/write")).cookie(session).same_origin();
    product.send(call.header("content-type", "multipart/form-data; boundary=B").body(body)).await
}

async fn messages(product: &Product, chat: &RoomId) -> Vec<Message> {
    product.service.messages(&operator(), chat, 1, None, 100).await.unwrap()
}

#[tokio::test]
async fn files_of_a_chat_are_downloads_that_no_browser_runs() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let (chat, other) =
        (room(&product, RoomKind::Chat, "Support").await, room(&product, RoomKind::Chat, "Sales").await);
    let bytes = b"<script>alert(1)</script>".to_vec();
    let file =
        NewFile { name: "odd\u{e9}.svg".to_owned(), media_type: "image/svg+xml".to_owned(), bytes: bytes.clone() };
    let author = Author::butler();
    let new = NewFiles { author, text: String::new(), reply_to: None, files: vec![file] };
    let sent = product.service.send_files(&operator(), &chat, new).await.unwrap();
    let id = sent[0].attachment.as_ref().unwrap().id;
    let page = get(&product, &format!("/chats/{chat}"), &session).await.body;
    assert!(page.contains(&format!("href=\"/files?room={chat}&amp;file={id}\" download")), "{page}");
    let path = format!("/files?room={chat}&file={id}");
    let answer = get(&product, &path, &session).await;
    assert_eq!((answer.status.as_u16(), answer.body.as_bytes()), (200, &*bytes));
    assert_eq!(answer.header("content-type"), "application/octet-stream");
    let disposition = answer.header("content-disposition");
    assert!(disposition.starts_with("attachment; filename=\"odd_.svg\"") && disposition.contains("odd%C3%A9.svg"));
    assert_eq!((answer.header("x-content-type-options"), answer.header("cache-control")), ("nosniff", "no-store"));
    assert!(answer.header("content-security-policy").contains("sandbox"));
    for gone in [
        format!("/files?room={other}&file={id}"),
        format!("/files?room={chat}&file=x"),
        "/files".to_owned(),
        format!("{path}&file={id}"),
    ] {
        let answer = get(&product, &gone, &session).await;
        assert_eq!(answer.status, 404, "{gone}");
        assert!(!answer.body.contains("deserialize"), "{}", answer.body);
    }
    assert_eq!(product.send(Call::get(&path)).await.status, 303, "a stranger signs in first");
}

#[tokio::test]
async fn whoever_manages_chats_writes_in_them_with_and_without_a_file() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let chat = room(&product, RoomKind::Chat, "Support").await;
    let path = format!("/chats/{chat}/write");
    let page = get(&product, &format!("/chats/{chat}"), &session).await.body;
    assert!(page.contains("enctype=\"multipart/form-data\"") && page.contains("At most 10,000,000 bytes."), "{page}");
    assert_eq!(post(&product, &path, &session, "message=Hello").await.status, 303);
    assert_eq!(write(&product, &session, &chat, "Without a file", "", b"").await.status, 303);
    let sent = write(&product, &session, &chat, "Look", "../a.png", b"\x89PNG").await;
    assert_eq!((sent.status.as_u16(), sent.header("location")), (303, &*format!("/chats/{chat}")));
    let found = messages(&product, &chat).await;
    let kinds: Vec<_> = found.iter().map(|message| (message.kind, message.text.as_str())).collect();
    let (said, file) = (MessageKind::Text, MessageKind::File);
    assert_eq!(kinds, [(said, "Hello"), (said, "Without a file"), (file, "Look")]);
    assert!(found.iter().all(|message| message.author.kind == AuthorKind::Manager));
    let file = found[2].attachment.as_ref().unwrap();
    assert_eq!((&*file.name, &*file.media_type, file.size), ("a.png", "image/png", 4));
}

#[tokio::test]
async fn a_file_without_words_has_no_line_for_them() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let chat = room(&product, RoomKind::Chat, "Support").await;
    for (words, name, bytes) in [("", "one.bin", &b"1"[..]), ("Look", "two.bin", &b"12"[..])] {
        assert_eq!(write(&product, &session, &chat, words, name, bytes).await.status, 303, "{name}");
    }
    let page = get(&product, &format!("/chats/{chat}"), &session).await.body;
    let line = |n: u32| {
        let (_, from) = page.split_once(&format!("id=\"m-{n}\"")).unwrap();
        from.split("</li>").next().unwrap().to_owned()
    };
    let (silent, said) = (line(1), line(2));
    assert!(!silent.contains("<p dir=\"auto\"") && text(&silent).contains(", 1 byte"), "{silent}");
    assert!(!text(&silent).contains("1 bytes"), "{silent}");
    assert!(said.contains("<p dir=\"auto\"") && text(&said).contains(", 2 bytes"), "{said}");
}

#[tokio::test]
async fn what_is_wrong_with_a_message_or_file_is_said_at_its_field() {
    let product = Product::start().await;
    let session = product.sign_in().await;
    let chat = room(&product, RoomKind::Chat, "Support").await;
    let path = format!("/chats/{chat}/write");
    let blank = post(&product, &path, &session, "message=+").await;
    assert!(blank.status == 422 && blank.body.contains("message-error"), "{}", text(&blank.body));
    let empty = write(&product, &session, &chat, "Look here", "a.png", b"").await;
    assert!(empty.status == 422 && empty.body.contains("attachment-error"), "{}", text(&empty.body));
    assert!(empty.body.contains("Look here"), "what was typed is still there: {}", empty.body);
    for more in [1, 200_000] {
        let large = vec![0; usize::try_from(SIZE_MAX).unwrap() + more];
        let large = write(&product, &session, &chat, "Look", "a.png", &large).await;
        assert!(large.status == 422 && large.body.contains("attachment-error"), "{more}: {}", text(&large.body));
    }
    assert!(messages(&product, &chat).await.is_empty());
    // Neither a room nor a chat with the butler is written in here, nor one that is archived.
    let lobby = room(&product, RoomKind::Room, "Lobby").await;
    assert_eq!(post(&product, &format!("/chats/{lobby}/write"), &session, "message=Hi").await.status, 404);
    product.service.archive_room(&operator(), &chat, true).await.unwrap();
    let late = post(&product, &path, &session, "message=Hi").await;
    assert!(late.status == 409 && late.body.contains(">Hi</textarea>"), "what was typed is still there: {}", late.body);
    assert!(messages(&product, &chat).await.is_empty());
}
