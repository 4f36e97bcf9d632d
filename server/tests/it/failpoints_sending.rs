//! The process ends beside the mark of a delivery, and beside the row of a file that somebody sent.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Stdio;
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use domain::delivery::{DeliveryQuery, DeliveryState};
use domain::ids::{IntegrationId, RoomId};
use domain::integration::IntegrationKind;
use domain::room::{RoomKind, RoomRules};
use domain::webhook::WebhookRules;
use service::chat::rooms::NewRoom;
use service::integrations::NewIntegration;

use crate::command_line::{done, keystead, opened, run};
use crate::process::Server;
use crate::support::{EMAIL, PASSWORD, operator};

/// A receiver that takes everything.
fn receiver() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut length = 0;
            let mut reader = BufReader::new(&stream);
            for line in reader.by_ref().lines().map_while(Result::ok).take_while(|line| !line.is_empty()) {
                let line = line.to_ascii_lowercase();
                if let Some(told) = line.strip_prefix("content-length:") {
                    length = told.trim().parse().unwrap();
                }
            }
            let _ = reader.read_exact(&mut vec![0; length]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
    format!("http://{address}/")
}

/// An installation with an owner, a chat, and a webhook that is told of what is said there.
async fn prepared(data: &Path) -> (RoomId, IntegrationId) {
    done(&run(data, &["owner", "create", "--email", EMAIL, "--password-stdin"], PASSWORD));
    let product = opened(data).await;
    let app = product.service.default_app();
    let rules = WebhookRules::checked(&receiver(), &["conversation:message"], false, false).unwrap();
    let new = NewIntegration { kind: IntegrationKind::Custom, name: None, extra: String::new(), webhooks: vec![rules] };
    let (integration, _) = product.service.create_integration(&operator(), app, new).await.unwrap();
    let rules = RoomRules::checked("Support", None, None, None).unwrap();
    let new = NewRoom { kind: RoomKind::Chat, rules, password: None, creator: None, contacts: Vec::new() };
    let chat = product.service.create_room(&operator(), app, new).await.unwrap().id;
    product.store.close().await;
    (chat, integration.id)
}

/// Sends a form as a browser does, and gives the answer, as far as it came.
fn send(server: &Server, path: &str, cookie: &str, kind: &str, body: &str) -> String {
    let host = server.address().replace("127.0.0.1", "localhost");
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    let head = format!("POST {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nSec-Fetch-Site: same-origin\r\n");
    let length = body.len();
    let rest = format!("Cookie: {cookie}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}");
    stream.write_all(format!("{head}{rest}").as_bytes()).unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer
}

/// Starts a server that ends at this point, has a file sent in the chat there, and waits for the end.
fn until(data: &Path, point: &str, chat: &RoomId) {
    let armed = data.join("armed");
    let mut command = keystead(data);
    command.args(["--listen", "127.0.0.1:0"]).stderr(Stdio::null());
    command.env("KEYSTEAD_WEBHOOK_NETWORKS", "127.0.0.0/8");
    command.env("FAILPOINT", format!("{point}={}", armed.display()));
    let server = Server::run(command, false);
    let form = format!("email={}&password={}", EMAIL.replace('@', "%40"), PASSWORD.replace(' ', "+"));
    let answer = send(&server, "/login", "", "application/x-www-form-urlencoded", &form);
    let set = answer.lines().find(|line| line.to_ascii_lowercase().starts_with("set-cookie:")).unwrap();
    let cookie = set.split([' ', ';']).nth(1).unwrap();
    File::create(&armed).unwrap();
    let form = "--B\r\nContent-Disposition: form-data; name=\"message\"\r\n\r\nLook\r\n--B\r\n\
                Content-Disposition: form-data; name=\"attachment\"; filename=\"a.txt\"\r\n\
                Content-Type: text/plain\r\n\r\nwhole\r\n--B--\r\n";
    send(&server, &format!("/chats/{chat}/write"), cookie, "multipart/form-data; boundary=B", form);
    let begun = Instant::now();
    while TcpStream::connect(server.address()).is_ok() {
        assert!(begun.elapsed() < Duration::from_secs(20), "{point} was not reached");
        sleep(Duration::from_millis(20));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delivery_that_was_not_marked_waits_and_one_that_was_is_over() {
    for (point, state) in [("delivery-before", DeliveryState::Waiting), ("delivery-after", DeliveryState::Delivered)] {
        let folder = tempfile::tempdir().unwrap();
        let (chat, integration) = prepared(folder.path()).await;
        until(folder.path(), point, &chat);
        let product = opened(folder.path()).await;
        let page = product.service.deliveries(&operator(), &integration, &DeliveryQuery::default()).await.unwrap();
        let states: Vec<_> = page.rows.iter().map(|delivery| delivery.state).collect();
        assert_eq!(states, [state], "{point}");
        product.store.close().await;
        assert!(done(&run(folder.path(), &["check"], "")).contains("event"), "{point}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_message_is_without_its_file() {
    for point in ["file-before", "file-after"] {
        let folder = tempfile::tempdir().unwrap();
        let (chat, _) = prepared(folder.path()).await;
        until(folder.path(), point, &chat);
        let product = opened(folder.path()).await;
        let messages = product.service.messages(&operator(), &chat, 1, None, 100).await.unwrap();
        for file in messages.iter().filter_map(|message| message.attachment.as_ref()) {
            let (_, bytes) = product.service.attachment(&operator(), &chat, &file.id).await.unwrap();
            assert_eq!(bytes, b"whole", "{point}");
        }
        assert!(point == "file-after" || messages.iter().all(|message| message.attachment.is_none()), "{messages:?}");
        product.store.close().await;
        assert!(done(&run(folder.path(), &["check"], "")).contains("event"), "{point}");
    }
}
