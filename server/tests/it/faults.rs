//! What breaks around the server, and that it works again once that is mended.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::process::Server;

const READY: &str = "GET /readyz HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n";

/// How long anything may take to work again.
const SOON: Duration = Duration::from_secs(15);

/// A sign-in that fails. Each writes a row.
fn wrong_sign_in(server: &Server, number: u32) -> String {
    let form = format!("email=nobody{number}%40example.com&password=a+long+wrong+password");
    server.ask(&format!(
        "POST /login HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\nSec-Fetch-Site: same-origin\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    ))
}

fn is_ready(server: &Server) -> bool {
    server.ask(READY).starts_with("HTTP/1.1 200")
}

/// The server on a small disk of its own, and where that disk is.
fn on_a_small_disk(folder: &Path, megabytes: u32) -> (Server, PathBuf) {
    let mut command = Command::new("unshare");
    let script = r#"mount -t tmpfs -o size="$0"m tmpfs "$1" && exec "$2" --data-dir "$1/data" --listen 127.0.0.1:0"#;
    let binary = env!("CARGO_BIN_EXE_keystead");
    command.env_clear().args(["--user", "--map-root-user", "--mount", "/bin/sh", "-c", script]);
    command.arg(megabytes.to_string()).arg(folder).arg(binary).stdin(Stdio::null()).stderr(Stdio::null());
    let server = Server::run(command, true);
    let disk = PathBuf::from(format!("/proc/{}/root{}", server.id(), folder.display()));
    (server, disk)
}

/// Fills a disk to its last byte.
fn fill(file: &Path) {
    let mut file = File::create(file).unwrap();
    for size in [65_536, 1] {
        while file.write_all(&vec![0; size]).is_ok() {}
    }
}

#[test]
fn a_full_disk_refuses_writes_until_it_has_room() {
    let folder = tempfile::tempdir().unwrap();
    let (mut server, disk) = on_a_small_disk(folder.path(), 6);
    assert!(is_ready(&server));
    let ballast = disk.join("ballast");
    fill(&ballast);
    let started = Instant::now();
    // The log of the database still has some room.
    let refused = (0..2_000).map(|n| wrong_sign_in(&server, n)).find(|answer| !answer.starts_with("HTTP/1.1 401"));
    let refused = refused.unwrap_or_else(|| panic!("no write failed in {:?}", started.elapsed()));
    assert!(refused.starts_with("HTTP/1.1 503"), "{refused}");
    // A small write may still fit where a larger one did not.
    let mut looks = (0..200).map(|n| {
        wrong_sign_in(&server, n);
        server.ask(READY)
    });
    let unready = looks.find(|answer| answer.starts_with("HTTP/1.1 503"));
    let unready = unready.unwrap_or_else(|| panic!("ready, with a full disk"));
    assert!(unready.ends_with("the database cannot be written\n"), "{unready}");

    fs::remove_file(&ballast).unwrap();
    let room = Instant::now();
    while !is_ready(&server) {
        assert!(room.elapsed() < SOON, "not ready again");
        sleep(Duration::from_millis(100));
    }
    let answer = wrong_sign_in(&server, 0);
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    server.stop();
}

#[test]
fn a_log_that_cannot_be_written_stops_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = crate::command_line::keystead(folder.path());
    command.args(["--listen", "127.0.0.1:0"]).stderr(File::options().write(true).open("/dev/full").unwrap());
    let mut server = Server::run(command, true);
    for number in 0..6 {
        // Each is a warning.
        let answer = wrong_sign_in(&server, number);
        assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    }
    assert!(is_ready(&server));
    server.stop();
}
