//! The forms of the log, as the binary writes it.

use std::fs::{self, File};
use std::path::Path;

use serde_json::{Map, Value};

use crate::command_line::{done, keystead, run};
use crate::process::Server;
use crate::support::{EMAIL, PASSWORD};

/// What the log says of a page, a call of the management API and one that is made often, each with its own id.
fn log_of(format: Option<&str>) -> String {
    let folder = tempfile::tempdir().unwrap();
    let issue = ["key", "issue", "--kind", "service", "--name", "n"];
    let token = done(&run(folder.path(), &issue, ""));
    let log = folder.path().join("log");
    let mut command = keystead(folder.path());
    command
        .args(["--listen", "127.0.0.1:0", "--trusted-proxies", "127.0.0.1"])
        .env("KEYSTEAD_LOG", "info,server=debug");
    if let Some(format) = format {
        command.env("KEYSTEAD_LOG_FORMAT", format);
    }
    command.stderr(File::create(&log).unwrap());
    let mut server = Server::run(command, true);
    for (path, id) in [("/login?next=%2Fsecret-place", "of-page"), ("/v1/keys", "of-api"), ("/v1/keys/self", "of-self")]
    {
        let answer = server.ask(&format!(
            "GET {path} HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\nX-Request-Id: {id}\r\nAuthorization: Bearer {}\r\n\r\n",
            token.trim()
        ));
        assert!(answer.contains(&format!("x-request-id: {id}\r\n")), "{answer}");
    }
    server.stop();
    let text = read(&log);
    assert!(!text.contains("secret-place") && !text.contains(token.trim()), "{text}");
    text
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap()
}

#[test]
fn a_line_of_text_names_its_request() {
    for format in [None, Some("text")] {
        let text = log_of(format);
        for (id, route) in [("of-page", "/login"), ("of-api", "/v1/keys")] {
            let named = |line: &&str| line.contains(&format!("request{{id=\"{id}\"}}"));
            let line = text.lines().find(named).unwrap_or_else(|| panic!("{id}: {text}"));
            assert!(line.contains("answered") && line.contains(&format!("route=\"{route}\"")), "{line}");
        }
        assert!(!text.contains("of-self"), "{text}");
        assert!(text.lines().any(|line| line.ends_with("stopping")), "{text}");
    }
}

#[test]
fn a_line_of_json_is_an_object_with_its_fields_at_the_top() {
    let text = log_of(Some("json"));
    let lines: Vec<Map<String, Value>> =
        text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect();
    for line in &lines {
        let text_of = |name: &str| line[name].as_str().unwrap_or_else(|| panic!("{name}: {line:?}"));
        let (day, time) = text_of("timestamp").split_once('T').unwrap();
        assert!(day.len() == 10 && time.len() >= 9 && time.ends_with('Z'), "{line:?}");
        assert!(["ERROR", "WARN", "INFO", "DEBUG", "TRACE"].contains(&text_of("level")), "{line:?}");
        assert!(!text_of("target").is_empty(), "{line:?}");
        text_of("message");
    }
    let answered = |id: &str| {
        let of_request = |line: &&Map<String, Value>| line.get("request_id").is_some_and(|known| known == id);
        let mut of_request = lines.iter().filter(of_request);
        of_request.find(|line| line["message"] == "answered").unwrap_or_else(|| panic!("{id}: {text}"))
    };
    let page = answered("of-page");
    assert_eq!(page["route"], "/login");
    assert_eq!(page["status"], 200);
    assert_eq!(page["method"], "GET");
    assert_eq!(page["level"], "DEBUG");
    assert!(page["ms"].is_u64() && page["target"].as_str().unwrap().starts_with("server::"), "{page:?}");
    let api = answered("of-api");
    assert_eq!(api["route"], "/v1/keys");
    assert_eq!(api["status"], 403);
    assert!(!text.contains("of-self"), "{text}");
    assert!(lines.iter().any(|line| line["message"] == "stopping" && !line.contains_key("request_id")));
}

/// Whoever reads the log of many wrong passwords has to find the account, and no e-mail may be in it that somebody typed.
#[test]
fn a_wrong_password_names_the_person_by_their_id_alone() {
    let folder = tempfile::tempdir().unwrap();
    done(&run(folder.path(), &["owner", "create", "--email", EMAIL, "--password-stdin"], PASSWORD));
    let log = folder.path().join("log");
    let mut command = keystead(folder.path());
    command.args(["--listen", "127.0.0.1:0"]).env("KEYSTEAD_LOG", "info").stderr(File::create(&log).unwrap());
    let mut server = Server::run(command, false);
    for (email, password) in [(EMAIL, "known+and+wrong"), ("nobody@example.com", "unknown+and+wrong")] {
        let form = format!("email={}&password={password}", email.replace('@', "%40"));
        let answer = server.ask(&format!(
            "POST /login HTTP/1.1\r\nHost: HOST\r\nOrigin: http://HOST\r\nConnection: close\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            form.len()
        ));
        assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    }
    server.stop();
    let text = read(&log);
    let lines: Vec<_> = text.lines().filter(|line| line.contains("a password was wrong")).collect();
    let [known, unknown] = lines[..] else { panic!("{text}") };
    let id = known.split("person=").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap_or_default();
    assert!(id.len() == 24 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{known}");
    assert!(!unknown.contains("person="), "{unknown}");
    for typed in [EMAIL, "nobody@", "and wrong"] {
        assert!(!text.contains(typed), "{typed}: {text}");
    }
}
