//! The metrics of a running server: where they are, who may not have them, and what stops the start.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::command_line::{done, failed, keystead, run};
use crate::mailbox::free_port;
use crate::process::Server;

/// An address that nobody listens on just now.
fn free_address() -> String {
    format!("127.0.0.1:{}", free_port())
}

/// A server with metrics at this address.
fn server(data: &Path, metrics: &str) -> Server {
    let mut command = keystead(data);
    command.args(["--listen", "127.0.0.1:0"]).env("KEYSTEAD_METRICS_LISTEN", metrics).stderr(Stdio::null());
    Server::run(command, true)
}

fn exchanged(mut stream: impl Read + Write, request: &str) -> String {
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// What is at the address of the metrics for this method and path.
fn asked(address: &str, method_and_path: &str) -> String {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    exchanged(stream, &format!("{method_and_path} HTTP/1.1\r\nHost: metrics\r\n\r\n"))
}

/// The value of the series that is written like this.
fn value(text: &str, series: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {series} in {text}")).parse().unwrap()
}

#[test]
fn metrics_have_an_address_of_their_own_and_nothing_else_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let token = done(&run(folder.path(), &["key", "issue", "--kind", "service", "--name", "n"], ""));
    let address = free_address();
    let mut server = server(folder.path(), &address);
    let own = format!(
        "GET /v1/keys/self HTTP/1.1\r\nHost: HOST\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\r\n",
        token.trim()
    );
    for _ in 0..3 {
        assert!(server.ask(&own).contains("VALID"));
    }
    server.ask("GET /login HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n");

    let text = asked(&address, "GET /metrics");
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");
    assert!(text.contains("content-type: text/plain; version=0.0.4; charset=utf-8\r\n"), "{text}");
    for (series, expected) in [
        ("keystead_verify_calls_total{code=\"VALID\",edge=\"self\"}", 3.0..4.0),
        ("keystead_console_requests_total{status=\"2xx\"}", 1.0..2.0),
        ("keystead_keys{state=\"active\"}", 1.0..2.0),
        ("keystead_ready", 1.0..2.0),
        ("keystead_nodes", 1.0..2.0),
        ("keystead_connections_closed_total{why=\"ended\"}", 3.0..6.0),
    ] {
        assert!(expected.contains(&value(&text, series)), "{series} in {text}");
    }
    assert!(!text.contains(token.trim()) && !text.contains(token.split('_').nth(1).unwrap()), "no key is a label");

    assert!(asked(&address, "HEAD /metrics").starts_with("HTTP/1.1 200"));
    for path in ["/", "/healthz", "/login", "/metrics/", "/v1/keys/self"] {
        let answer = asked(&address, &format!("GET {path}"));
        assert!(answer.starts_with("HTTP/1.1 404"), "{path}: {answer}");
    }
    let answer = asked(&address, "POST /metrics");
    assert!(answer.starts_with("HTTP/1.1 405") && answer.contains("allow: GET, HEAD\r\n"), "{answer}");
    let answer = server.ask("GET /metrics HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n");
    assert!(!answer.contains("keystead_"), "the public address has none: {answer}");
    server.stop();
}

#[test]
fn metrics_may_be_at_a_socket_of_the_file_system() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("metrics.sock");
    let mut server = server(&folder.path().join("data"), &format!("unix:{}", socket.display()));
    let stream = UnixStream::connect(&socket).unwrap();
    let text = exchanged(stream, "GET /metrics HTTP/1.1\r\nHost: metrics\r\n\r\n");
    assert!(text.contains("\nkeystead_ready 1\n"), "{text}");
    server.stop();
    assert!(fs::symlink_metadata(&socket).is_err(), "it is left behind");
}

#[test]
fn a_file_in_the_place_of_a_socket_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keystead.db");
    fs::write(&file, "rows").unwrap();
    let socket = format!("unix:{}", file.display());
    for variable in ["KEYSTEAD_LISTEN", "KEYSTEAD_METRICS_LISTEN"] {
        let mut command = keystead(&folder.path().join("data"));
        let started = command.env("KEYSTEAD_LISTEN", "127.0.0.1:0").env(variable, &socket).output().unwrap();
        let line = failed(&started, 1);
        assert!(line.contains("cannot listen on") && line.contains(&socket), "{line}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "rows");
    }
}

#[test]
fn whoever_says_nothing_takes_no_place_for_long_and_gets_no_more_than_there_are() {
    let folder = tempfile::tempdir().unwrap();
    let address = free_address();
    let mut server = server(folder.path(), &address);
    let silent: Vec<_> = (0..16).map(|_| TcpStream::connect(&address).unwrap()).collect();
    // All places are taken, so the next one is closed without an answer.
    let mut answer = String::new();
    let refused = TcpStream::connect(&address).unwrap().read_to_string(&mut answer);
    assert!(refused.is_err() || answer.is_empty(), "{answer}");
    let begun = Instant::now();
    let mut first = silent.into_iter().next().unwrap();
    first.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let _ = first.read_to_string(&mut answer);
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    // Its place is free a moment after it was closed.
    let is_answered = || {
        let mut stream = TcpStream::connect(&address)?;
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: metrics\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok::<_, std::io::Error>(answer.starts_with("HTTP/1.1 200"))
    };
    while !is_answered().unwrap_or(false) {
        assert!(begun.elapsed() < Duration::from_mins(1), "nobody gets an answer");
        std::thread::sleep(Duration::from_millis(50));
    }
    server.stop();
}

#[test]
fn an_address_that_cannot_be_had_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let start = |listen: &str, metrics: &str| {
        let mut command = keystead(folder.path());
        command.env("KEYSTEAD_LISTEN", listen).env("KEYSTEAD_METRICS_LISTEN", metrics).output().unwrap()
    };
    for (listen, metrics) in [
        ("127.0.0.1:3999", "127.0.0.1:3999"),
        ("127.0.0.1:3999", "0.0.0.0:3999"),
        ("0.0.0.0:3999", "[::1]:3999"),
        ("unix:/run/keystead.sock", "unix:/run/keystead.sock"),
        ("127.0.0.1:3999", "9090"),
    ] {
        let line = failed(&start(listen, metrics), 2);
        assert!(line.contains("KEYSTEAD_METRICS_LISTEN"), "{line}");
    }
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let line = failed(&start("127.0.0.1:0", &taken.local_addr().unwrap().to_string()), 1);
    assert!(line.contains("for metrics") && line.contains("KEYSTEAD_METRICS_LISTEN"), "{line}");
}

#[test]
fn metrics_that_others_can_reach_are_worth_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let port = free_address().rsplit_once(':').unwrap().1.to_owned();
    let log = fs::File::create(folder.path().join("log")).unwrap();
    let mut command = keystead(&folder.path().join("data"));
    command.args(["--listen", "127.0.0.1:0"]).env("KEYSTEAD_METRICS_LISTEN", format!("0.0.0.0:{port}")).stderr(log);
    let mut server = Server::run(command, true);
    server.stop();
    let log = fs::read_to_string(folder.path().join("log")).unwrap();
    assert!(log.contains("WARN") && log.contains("no sign-in"), "{log}");
}
