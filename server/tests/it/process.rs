//! The server as a process: what it prints, how it listens, how it stops.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::command_line::keystead;
use crate::support::{EMAIL, PASSWORD};

/// A running server; killed if the test fails before it stops it.
pub struct Server {
    child: Child,
    address: String,
    link: Option<String>,
}

impl Server {
    pub fn start(data: &Path, with_link: bool) -> Self {
        let mut command = keystead(data);
        command.args(["--listen", "127.0.0.1:0"]).stderr(Stdio::null());
        Self::run(command, with_link)
    }

    /// Runs a command that starts the server.
    pub fn run(mut command: Command, with_link: bool) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        let address = first.strip_prefix("Keystead is running at http://localhost:").unwrap();
        let address = format!("127.0.0.1:{address}");
        let link = with_link.then(|| lines.next().unwrap().unwrap());
        Self { child, address, link }
    }

    pub fn connect(&self, request: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
        let host = self.address.replace("127.0.0.1", "localhost");
        stream.write_all(request.replace("HOST", &host).as_bytes()).unwrap();
        stream
    }

    /// Where it listens.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The process that was started.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn ask(&self, request: &str) -> String {
        let mut answer = String::new();
        self.connect(request).read_to_string(&mut answer).unwrap();
        answer
    }

    fn terminate(&self) {
        assert!(Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap().success());
    }

    /// Asks it to stop, and gives the time it took.
    pub fn stop(&mut self) -> Duration {
        let started = Instant::now();
        self.terminate();
        self.ended();
        started.elapsed()
    }

    pub fn ended(&mut self) {
        let status = self.child.wait().unwrap();
        assert_eq!(status.code(), Some(0));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn it_prints_its_address_and_until_there_is_an_owner_the_link_to_become_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(folder.path(), true);
    let link = server.link.clone().unwrap();
    let token = link.split("/setup?token=").nth(1).unwrap();
    assert!(token.len() >= 32 && token.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{link}");
    let answer = server.ask("GET /readyz HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("ready\n"), "{answer}");
    let answer = server.ask("GET /login HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("<html"), "{answer}");

    for (head, status) in [
        ("HTTP/1.1\r\n", 400),
        ("HTTP/1.1\r\nHost: HOST\r\nHost: HOST\r\n", 400),
        ("HTTP/1.0\r\nHost: HOST\r\nHost: HOST\r\n", 400),
        ("HTTP/1.0\r\n", 200),
    ] {
        let answer = server.ask(&format!("GET /healthz {head}Connection: close\r\n\r\n"));
        assert!(answer.contains(&format!(" {status} ")), "{head}: {answer}");
    }

    let second = keystead(&folder.path().join("other")).args(["--listen", &server.address]).output().unwrap();
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8(second.stderr).unwrap();
    assert!(said.contains("cannot listen on") && said.lines().count() == 1, "{said}");
    server.stop();
}

#[test]
fn it_listens_on_the_socket_that_it_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let given = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = given.local_addr().unwrap().to_string();
    // The first one is descriptor 3, and the process that it is for is named.
    let script = r#"export LISTEN_PID=$$ LISTEN_FDS=1; exec "$0" --listen 192.0.2.1:1 3<&0 </dev/null"#;
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_keystead")]).env_clear().env("KEYSTEAD_DATA_DIR", folder.path());
    command.stdin(OwnedFd::from(given)).stderr(Stdio::null());
    let mut server = Server::run(command, true);
    assert_eq!(server.address, address);
    let answer = server.ask("GET /readyz HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    server.stop();
}

/// Runs a command beside the server, and gives what it printed.
pub fn run(data: &Path, arguments: &[&str], stdin: &str) -> String {
    let mut child = keystead(data).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_request_under_way_is_answered_before_it_stops() {
    let folder = tempfile::tempdir().unwrap();
    let issue = ["key", "issue", "--kind", "service", "--name", "n", "--permission", "keystead.verify"];
    let token = run(folder.path(), &issue, "");
    let mut server = Server::start(folder.path(), true);
    let mut stream = server.connect(&format!(
        "POST /v1/keys/verify HTTP/1.1\r\nHost: HOST\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: 11\r\n\r\n{{\"key\"",
        token.trim()
    ));
    // Wait until it has surely read the head. A second connection shows that it is not asleep.
    server.ask("GET /healthz HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n");
    std::thread::sleep(Duration::from_millis(300));
    server.terminate();
    let gone = Instant::now() + Duration::from_secs(30);
    while TcpStream::connect(&server.address).is_ok() {
        assert!(Instant::now() < gone, "it still takes connections");
        std::thread::sleep(Duration::from_millis(20));
    }
    // Long enough for a process that does not wait to be gone.
    std::thread::sleep(Duration::from_millis(700));
    stream.write_all(b":\"a\"}").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.contains("NOT_FOUND"), "{answer}");
    server.ended();
}

/// Each silent connection takes a descriptor, and the database needs some, too.
#[test]
fn a_process_with_few_descriptors_answers_beside_silent_connections() {
    let folder = tempfile::tempdir().unwrap();
    let key = run(folder.path(), &["key", "issue", "--kind", "service", "--name", "n"], "");
    let mut command = Command::new("prlimit");
    command.args(["--nofile=300:300", env!("CARGO_BIN_EXE_keystead"), "--listen", "127.0.0.1:0"]);
    command.env("KEYSTEAD_DATA_DIR", folder.path()).stdin(Stdio::null()).stderr(Stdio::null());
    let mut server = Server::run(command, true);
    let (key, begun) = (key.trim(), Instant::now());
    let _silent: Vec<_> = (0..400).map(|_| TcpStream::connect(server.address())).collect();
    for _ in 0..20 {
        let answer = server.ask(&format!(
            "GET /v1/keys/self HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\nAuthorization: Bearer {key}\r\n\r\n"
        ));
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("VALID"), "{answer}");
    }
    // Without a descriptor left, a new connection waits until a silent one is given up: minutes for all of them.
    assert!(begun.elapsed() < Duration::from_mins(1), "{:?}", begun.elapsed());
    server.stop();
}

#[test]
fn a_head_has_a_bound() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(folder.path(), true);
    for (bytes, status) in [(12_000, "HTTP/1.1 200 "), (17_000, "HTTP/1.1 431 ")] {
        let answer = server.ask(&format!(
            "GET /healthz HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\nX-Long: {}\r\n\r\n",
            "x".repeat(bytes)
        ));
        assert!(answer.starts_with(status), "{bytes}: {answer}");
    }
    server.stop();
}

#[test]
fn it_stops_in_time_although_streams_and_idle_connections_are_open() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &["owner", "create", "--email", EMAIL, "--password-stdin"], PASSWORD);
    let token = run(folder.path(), &["key", "issue", "--kind", "service", "--name", "n"], "");
    let id = token.split('_').nth(1).unwrap();
    let mut server = Server::start(folder.path(), false);

    let form = format!("email={}&password={}", EMAIL.replace('@', "%40"), PASSWORD.replace(' ', "+"));
    let answer = server.ask(&format!(
        "POST /login HTTP/1.1\r\nHost: HOST\r\nOrigin: http://HOST\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    ));
    assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
    let set = answer.lines().find(|line| line.to_ascii_lowercase().starts_with("set-cookie:")).unwrap();
    assert!(set.contains("; HttpOnly") && set.contains("; SameSite=Strict") && set.contains("; Path=/"), "{set}");
    let cookie = set.split([' ', ';']).nth(1).unwrap();

    let idle = server.connect("GET /healthz HTTP/1.1\r\nHost: HOST\r\n\r\n");
    let events = format!("GET /integrations/setup/events?key={id} HTTP/1.1\r\nHost: HOST\r\nCookie: {cookie}\r\n\r\n");
    let mut events = BufReader::new(server.connect(&events));
    let mut line = String::new();
    events.read_line(&mut line).unwrap();
    assert_eq!(line, "HTTP/1.1 200 OK\r\n");
    let own = format!(
        "GET /v1/keys/self HTTP/1.1\r\nHost: HOST\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\r\n",
        token.trim()
    );
    assert!(server.ask(&own).contains(r#""code":"VALID""#));
    while !line.starts_with("data: ") {
        line.clear();
        assert_ne!(events.read_line(&mut line).unwrap(), 0, "the stream ended before the call was seen");
    }
    assert!(line.contains(r#""code":"VALID""#), "{line}");

    let took = server.stop();
    // Less than requests under way may take.
    assert!(took < Duration::from_secs(7), "{took:?}");
    let mut rest = String::new();
    events.read_to_string(&mut rest).unwrap();
    drop(idle);
}

#[test]
fn a_half_sent_request_keeps_nothing_off_the_record() {
    let folder = tempfile::tempdir().unwrap();
    let token = run(folder.path(), &["key", "issue", "--kind", "service", "--name", "n", "--quota", "5000"], "");
    let own = format!(
        "GET /v1/keys/self HTTP/1.1\r\nHost: HOST\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\r\n",
        token.trim()
    );
    let (most, end) = own.split_at(own.len() - 2);
    let mut server = Server::start(folder.path(), true);
    let half = server.connect("GET /healthz HTTP/1.1\r\n");
    let mut late = server.connect(most);
    // Until it has surely read both.
    std::thread::sleep(Duration::from_millis(300));
    let told = Instant::now();
    server.terminate();
    // So late that the block is returned only on shutdown, and not because it was idle.
    std::thread::sleep(Duration::from_secs(6));
    late.write_all(end.as_bytes()).unwrap();
    let mut answer = String::new();
    late.read_to_string(&mut answer).unwrap();
    assert!(answer.contains(r#""credits":4999"#), "{answer}");
    server.ended();
    assert!(told.elapsed() < Duration::from_secs(12), "{:?}", told.elapsed());
    drop(half);

    let mut server = Server::start(folder.path(), true);
    let answer = server.ask(&own);
    assert!(answer.contains(r#""credits":4998"#), "{answer}");
    server.stop();
}

#[test]
fn what_a_proxy_gets_wrong_is_in_the_log_once_in_a_while_and_without_what_may_be_a_key() {
    let data = tempfile::tempdir().unwrap();
    let log = data.path().join("log");
    let mut command = keystead(data.path());
    command.args(["--listen", "127.0.0.1:0"]).stderr(std::fs::File::create(&log).unwrap());
    let mut server = Server::run(command, true);
    let ask = |target: &str, headers: &str| {
        let answer = server.ask(&format!("GET {target} HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n{headers}\r\n"));
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    };
    ask("/v1/authorize?ks_secret=1", "");
    ask("/v1/authorize", "X-Keystead-Permissions: a.b\r\n");
    ask("/v1/authorize/?permissions=a.b", "");
    server.stop();
    let log = std::fs::read_to_string(&log).unwrap();
    let lines: Vec<_> = log.lines().filter(|line| line.contains("/v1/authorize")).collect();
    let [line] = lines.as_slice() else { panic!("{log}") };
    assert!(line.contains("WARN") && line.contains("127.0.0.1") && line.contains("unknown"), "{line}");
    assert!(!log.contains("ks_secret"), "{log}");
}
