//! The process ends at each step of a write. What was answered holds, what was not is whole or not there, no revoked key
//! passes, no call quota is spent twice over, and the record stays whole.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::TestDatabase;

use crate::command_line::keystead;
use crate::process::Server;

/// What a start writes is written by then.
const SETTLED: Duration = Duration::from_millis(300);

/// The points before the commit of a change, and those after it.
const BEFORE: [&str; 3] = ["begin", "announce", "commit-before"];
const AFTER: [&str; 2] = ["commit-after", "cache-after"];

const QUOTA: usize = 60;

/// An installation whose server ends and is started again.
struct Place {
    data: PathBuf,
    url: String,
    armed: PathBuf,
    manager: String,
}

impl Place {
    fn new(folder: &Path, database: &TestDatabase) -> Self {
        let (data, armed) = (folder.join("data"), folder.join("armed"));
        fs::create_dir(&data).unwrap();
        let mut place = Self { data, url: database.url().to_owned(), armed, manager: String::new() };
        let permissions = ["keystead.verify", "keystead.keys.read", "keystead.keys.write"];
        let mut issue = vec!["key", "issue", "--kind", "service", "--name", "manager"];
        issue.extend(permissions.iter().flat_map(|name| ["--permission", *name]));
        place.manager = place.command(&issue);
        place
    }

    fn keystead(&self) -> Command {
        let mut command = keystead(&self.data);
        command.env("KEYSTEAD_DATABASE_URL", &self.url).stderr(Stdio::null());
        command
    }

    /// Runs a command, and gives its only line.
    fn command(&self, arguments: &[&str]) -> String {
        let output = self.keystead().args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// A server that does not end before it is armed; with no point, never.
    fn start(&self, point: Option<&str>) -> Server {
        let _ = fs::remove_file(&self.armed);
        let mut command = self.keystead();
        command.args(["--listen", "127.0.0.1:0"]);
        if let Some(point) = point {
            command.env("FAILPOINT", format!("{point}={}", self.armed.display()));
        }
        Server::run(command, true)
    }

    fn arm(&self) {
        sleep(SETTLED);
        File::create(&self.armed).unwrap();
    }

    fn manage(&self, server: &Server, call: (&str, &str), body: &Value) -> Option<Value> {
        ask(server, call, &self.manager, body)
    }

    fn code(&self, server: &Server, token: &str) -> String {
        let answer = self.manage(server, ("POST", "/v1/keys/verify"), &json!({ "key": token })).unwrap();
        answer["code"].as_str().unwrap().to_owned()
    }

    fn issue(&self, server: &Server, body: &Value) -> Subject {
        let made = self.manage(server, ("POST", "/v1/keys"), body).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Subject { id: text(&made["key"]["id"]), token: text(&made["secret"]) }
    }
}

/// Calls the API with a key, and gives the body of an answer that says that all went well.
fn ask(server: &Server, (method, path): (&str, &str), token: &str, body: &Value) -> Option<Value> {
    let content = match body {
        Value::Null => String::new(),
        body => {
            let body = body.to_string();
            format!("Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len())
        }
    };
    let end = if content.is_empty() { "Content-Length: 0\r\n\r\n" } else { "" };
    let host = server.address().replace("127.0.0.1", "localhost");
    let mut stream = TcpStream::connect(server.address()).ok()?;
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    let head = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
    write!(stream, "{head}Authorization: Bearer {token}\r\n{content}{end}").ok()?;
    let mut answer = String::new();
    // It may break off at any byte.
    let _ = stream.read_to_string(&mut answer);
    let (head, body) = answer.split_once("\r\n\r\n")?;
    head.starts_with("HTTP/1.1 2").then(|| serde_json::from_str(body).unwrap_or(Value::Null))
}

/// A key that something is done to.
struct Subject {
    id: String,
    token: String,
}

/// What is done to a key: the call, and the codes of its first secret before and after it.
struct Done {
    call: &'static str,
    body: fn() -> Value,
    codes: [&'static str; 2],
}

static ACTS: [Done; 5] = [
    Done { call: "disable", body: || Value::Null, codes: ["VALID", "DISABLED"] },
    Done { call: "revoke", body: || json!({ "reason": "leaked" }), codes: ["VALID", "REVOKED"] },
    Done { call: "rotate", body: || json!({ "overlap": "none" }), codes: ["VALID", "NOT_FOUND"] },
    Done { call: "acknowledge", body: || Value::Null, codes: ["PENDING", "VALID"] },
    // An edit, by its own method.
    Done { call: "", body: || json!({ "name": "Renamed" }), codes: ["VALID", "VALID"] },
];

fn changes_are_whole(database: &TestDatabase) {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new(folder.path(), database);
    let mut server = place.start(None);
    let mut cases = Vec::new();
    for point in BEFORE.into_iter().chain(AFTER) {
        for act in &ACTS {
            let waits = act.codes[0] == "PENDING";
            let body = json!({ "kind": "service", "name": format!("{point} {}", act.call), "acknowledge": !waits });
            cases.push((point, act, place.issue(&server, &body)));
        }
    }
    server.stop();
    for (point, act, subject) in &cases {
        let server = place.start(Some(point));
        place.arm();
        let path = format!("/v1/keys/{}/{}", subject.id, act.call);
        let method = if act.call.is_empty() { "PATCH" } else { "POST" };
        let answered = place.manage(&server, (method, path.trim_end_matches('/')), &(act.body)());
        assert!(answered.is_none(), "{} passes {point} before it is answered: {answered:?}", act.call);
    }
    let mut server = place.start(None);
    for (point, act, subject) in &cases {
        let is_done = AFTER.contains(point);
        let code = place.code(&server, &subject.token);
        assert_eq!(code, act.codes[usize::from(is_done)], "{} at {point}", act.call);
        let key = place.manage(&server, ("GET", &format!("/v1/keys/{}", subject.id)), &Value::Null).unwrap();
        let is_renamed = key["key"]["name"].as_str().or(key["name"].as_str()) == Some("Renamed");
        assert_eq!(is_renamed, is_done && act.call.is_empty(), "{key}");
    }
    server.stop();
    assert!(place.command(&["check"]).contains("event"));
}

fn a_new_key_is_whole_or_not_there(database: &TestDatabase) {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new(folder.path(), database);
    for point in BEFORE.into_iter().chain(AFTER) {
        let server = place.start(Some(point));
        place.arm();
        let body = json!({ "kind": "service", "name": format!("New {point}") });
        let answered = place.manage(&server, ("POST", "/v1/keys"), &body);
        assert!(answered.is_none(), "{point}: {answered:?}");
    }
    let mut server = place.start(None);
    let listed = place.manage(&server, ("GET", "/v1/keys?q=New"), &Value::Null).unwrap().to_string();
    for point in BEFORE {
        assert!(!listed.contains(&format!("New {point}")), "{listed}");
    }
    for point in AFTER {
        assert!(listed.contains(&format!("New {point}")), "{listed}");
    }
    server.stop();
    assert!(place.command(&["check"]).contains("event"));
}

fn no_quota_is_spent_twice_over(database: &TestDatabase) {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new(folder.path(), database);
    let quota = QUOTA.to_string();
    for (point, loses_none) in [("quota-before", true), ("quota-after", false), ("usage-before", false)] {
        let token = place.command(&["key", "issue", "--kind", "service", "--name", point, "--quota", &quota]);
        let own = |server: &Server| {
            let answer = ask(server, ("GET", "/v1/keys/self"), &token, &Value::Null);
            answer.and_then(|answer| answer["code"].as_str().map(|code| code == "VALID"))
        };
        let server = place.start(Some(point));
        place.arm();
        let mut spent = 0;
        let begun = Instant::now();
        // Counts are written once a second, so that calls are answered until then. `None` is no answer at all.
        while let Some(passed) = own(&server).filter(|_| begun.elapsed() < Duration::from_secs(10)) {
            spent += usize::from(passed);
            sleep(Duration::from_millis(100));
            if server_is_gone(&server) {
                break;
            }
        }
        // A process that ends is not gone at once.
        while begun.elapsed() < Duration::from_secs(20) && !server_is_gone(&server) {
            sleep(Duration::from_millis(50));
        }
        assert!(server_is_gone(&server), "{point} was not reached");
        drop(server);
        let mut server = place.start(None);
        while own(&server) == Some(true) {
            spent += 1;
            assert!(spent <= QUOTA, "{point}: the quota is spent twice over");
        }
        assert!(!loses_none || spent == QUOTA, "{point}: {spent} of {QUOTA}");
        server.stop();
    }
    assert!(place.command(&["check"]).contains("event"));
}

/// Whether it takes no connection any longer.
fn server_is_gone(server: &Server) -> bool {
    TcpStream::connect(server.address()).is_err()
}

#[test]
fn changes_are_whole_on_sqlite() {
    changes_are_whole(&TestDatabase::empty_sqlite());
}

#[test]
fn changes_are_whole_on_postgres() {
    changes_are_whole(&TestDatabase::empty_postgres());
}

#[test]
fn a_new_key_is_whole_or_not_there_on_sqlite() {
    a_new_key_is_whole_or_not_there(&TestDatabase::empty_sqlite());
}

#[test]
fn a_new_key_is_whole_or_not_there_on_postgres() {
    a_new_key_is_whole_or_not_there(&TestDatabase::empty_postgres());
}

#[test]
fn no_quota_is_spent_twice_over_on_sqlite() {
    no_quota_is_spent_twice_over(&TestDatabase::empty_sqlite());
}

#[test]
fn no_quota_is_spent_twice_over_on_postgres() {
    no_quota_is_spent_twice_over(&TestDatabase::empty_postgres());
}
