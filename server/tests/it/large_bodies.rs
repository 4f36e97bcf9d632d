//! What whoever sends a large body, or a late one, hears, and what is said below the routes.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::Duration;

use crate::process::{Server, run};

/// More than any buffer between the two takes.
const SENT: usize = 24 * 1024 * 1024;

/// The answer to a call whose sender reads it only after it has sent everything.
fn after_everything(server: &Server, head: &str) -> String {
    let head = format!("POST {head}\r\nHost: HOST\r\nContent-Length: {SENT}\r\n\r\n");
    let mut stream = server.connect(&head);
    let piece = vec![b'a'; 64 * 1024];
    for _ in 0..SENT / piece.len() {
        stream.write_all(&piece).expect("the sender is cut off");
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("the answer is lost");
    answer
}

#[test]
fn whoever_sends_a_large_body_hears_why_it_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(folder.path(), true);
    let form = "HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=B";
    let json = "HTTP/1.1\r\nContent-Type: application/json\r\nAuthorization: Bearer ks_wrong";
    for (head, says) in [
        (format!("/v2/apps/5e4b0f225aca01092928f917/attachments {form}"), "unauthorized"),
        (format!("/chat-service/api/chats/messages/send-files {form}"), "RU001"),
        (format!("/openconnect {json}"), "\"success\":false"),
        (format!("/v2/keys.verifyKey {json}"), "\"meta\""),
        (format!("/v1/keys/verify {json}"), "urn:keystead:problem:"),
        (format!("/v1/apps {json}"), "urn:keystead:problem:key-refused"),
        (format!("/login {form}"), ""),
    ] {
        let answer = after_everything(&server, &head);
        assert!(answer.starts_with("HTTP/1.1 4"), "{head}: {answer}");
        assert!(answer.contains(says), "{head}: {answer}");
        assert!(answer.to_ascii_lowercase().contains("connection: close"), "{head}: {answer}");
    }
    server.stop();
}

/// The next answer, which is short and comes in one piece; nothing if the connection has ended.
fn next_answer(stream: &mut TcpStream) -> String {
    let mut piece = [0; 4096];
    let read = stream.read(&mut piece).unwrap_or(0);
    String::from_utf8_lossy(&piece[..read]).into_owned()
}

/// The answers to a refused call whose body is sent apart from its head, and to a call on the same connection after it.
fn with_a_late_body(server: &Server, head: &str) -> (String, String) {
    let mut stream = server.connect(&format!("{head}\r\nHost: HOST\r\nContent-Length: 2\r\n\r\n"));
    sleep(Duration::from_millis(5));
    let sent = stream.write_all(b"{}");
    let first = next_answer(&mut stream);
    let sent = sent.and_then(|()| stream.write_all(b"GET /v1/keys/self HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    (first, sent.map(|()| next_answer(&mut stream)).unwrap_or_default())
}

#[test]
fn a_short_body_that_comes_late_does_not_end_the_connection() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(folder.path(), true);
    let key = "HTTP/1.1\r\nContent-Type: application/json\r\nAuthorization: Bearer ks_wrong";
    for head in ["POST /v1/keys/verify", "POST /v1/keys", "POST /v1/keys/self", "POST /v1/authorize", "GET /healthz"] {
        let mut last = (String::new(), String::new());
        // On a machine that stands still, a body may come later than it is waited for.
        let is_kept = (0..10).any(|_| {
            last = with_a_late_body(&server, &format!("{head} {key}"));
            !last.0.to_ascii_lowercase().contains("connection: close") && last.1.starts_with("HTTP/1.1 401 ")
        });
        assert!(is_kept, "{head}: {last:?}");
    }
    for (length, more) in [(10, ""), (2, "\r\nExpect: 100-continue")] {
        let head = format!("POST /v1/keys/verify {key}{more}\r\nHost: HOST\r\nContent-Length: {length}\r\n\r\n");
        let mut answer = String::new();
        let mut stream = server.connect(&head);
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
        assert!(answer.to_ascii_lowercase().contains("connection: close"), "a body that does not come: {answer}");
    }
    server.stop();
}

/// The answer to a call whose body comes after its head.
pub fn in_two_pieces(server: &Server, path: &str, key: &str, body: &str) -> String {
    let mut stream = server.connect(&format!(
        "POST {path} HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\nContent-Type: application/json\r\nAuthorization: Bearer {key}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    ));
    sleep(Duration::from_millis(300));
    // One that is refused may be cut off before all of it is sent.
    let _ = stream.write_all(body.as_bytes());
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer
}

/// What is answered to an event whose body comes late, with its key in the head or in the body.
fn with_a_late_event(server: &Server, key: &str, in_head: bool) -> String {
    let (head, member) = if in_head {
        (format!("Authorization: Bearer {key}\r\n"), String::new())
    } else {
        (String::new(), format!(r#","jwt":"{key}""#))
    };
    let body = format!(r#"{{"event":"On Ring","crmId":"example.com","notes":"{}"{member}}}"#, "x".repeat(9_000));
    let mut stream = server.connect(&format!(
        "POST /openconnect HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\nContent-Type: application/json\r\n{head}Content-Length: {}\r\n\r\n",
        body.len()
    ));
    sleep(Duration::from_millis(300));
    // One that is refused may be cut off before all of it is sent.
    let _ = stream.write_all(body.as_bytes());
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer
}

#[test]
fn strangers_who_send_slowly_do_not_keep_a_known_key_from_reporting() {
    let folder = tempfile::tempdir().unwrap();
    let key = run(folder.path(), &["key", "issue", "--kind", "open_connect", "--name", "Desk"], "");
    let key = key.trim();
    let mut server = Server::start(folder.path(), true);
    assert!(with_a_late_event(&server, key, false).starts_with("HTTP/1.1 200 "));
    let begun = "POST /openconnect HTTP/1.1\r\nHost: HOST\r\nContent-Length: 131072\r\n\r\n{";
    let _strangers: Vec<_> = (0..70).map(|_| server.connect(begun)).collect();
    sleep(Duration::from_millis(300));
    assert!(with_a_late_event(&server, key, false).starts_with("HTTP/1.1 503 "), "the room of strangers is full");
    let answer = with_a_late_event(&server, key, true);
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    server.stop();
}

#[test]
fn a_call_without_its_host_is_answered_in_the_form_of_its_api() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(folder.path(), true);
    for (path, says) in [
        ("/v1/keys/self", "urn:keystead:problem:malformed"),
        ("/v1/nothing", "urn:keystead:problem:malformed"),
        ("/v2/apps/5e4b0f225aca01092928f917", "\"errors\""),
        ("/v2/keys.verifyKey", "\"meta\""),
        ("/chat-service/api/chats", "RB"),
        ("/openapi/v1/users", "result_cd"),
        ("/openconnect", "MALFORMED"),
        ("/healthz", "exactly one Host header."),
    ] {
        let answer = server.ask(&format!("GET {path} HTTP/1.1\r\nConnection: close\r\n\r\n"));
        assert!(answer.starts_with("HTTP/1.1 400 "), "{path}: {answer}");
        assert!(answer.contains(says), "{path}: {answer}");
    }
    server.stop();
}
