//! The command line against servers that are away, that answer badly, or that refuse its key.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::cli_both::{Two, manager};
use crate::command_line::{done, failed, keystead, run};

fn list(url: &str) -> Command {
    let mut command = keystead(Path::new("/nowhere"));
    command.args(["key", "list", "--url", url]).env("KEYSTEAD_KEY", "ks_7Qm2xVbN4tRa_secret");
    command
}

fn asked(url: &str) -> Output {
    list(url).output().unwrap()
}

/// A server that answers each connection with this, and what it was asked.
fn answers(answer: &'static str) -> (String, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut heard = String::new();
        let mut lines = BufReader::new(stream.try_clone().unwrap());
        while lines.read_line(&mut heard).unwrap_or(0) > 2 {}
        let _ = stream.write_all(answer.as_bytes());
        heard
    });
    (url, server)
}

#[test]
fn a_server_that_is_away_is_named() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let line = failed(&asked(&url), 3);
    assert!(line.contains(&url) && line.contains("cannot be reached"), "{line}");
    let line = failed(&asked("http://localhost:1"), 3);
    assert!(line.contains("http://localhost:1"), "{line}");
    let health = keystead(Path::new("/nowhere")).args(["health", "--url", &url]).output().unwrap();
    assert!(failed(&health, 3).contains(&url));
}

#[test]
fn a_server_without_a_certificate_gets_no_key() {
    // It speaks plain HTTP where TLS is expected.
    let (url, server) = answers("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let line = failed(&asked(&url.replace("http://", "https://")), 3);
    assert!(line.contains("cannot be trusted"), "{line}");
    assert!(!server.join().unwrap().contains("secret"));
}

#[test]
fn a_redirect_is_not_followed_and_bad_answers_are_told() {
    for (answer, words) in [
        (
            "HTTP/1.1 302 Found\r\nLocation: https://evil.example/\r\nContent-Length: 0\r\n\r\n",
            "leads to https://evil.example/",
        ),
        ("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>", "not as Keystead does"),
        ("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\n\r\nno!", "answered 502"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n{", "cannot be read"),
        ("nonsense\r\n\r\n", "broke off"),
    ] {
        let (url, server) = answers(answer);
        let line = failed(&asked(&url), 3);
        // A call whose answer was lost is sent again, and then nobody is there any more.
        assert!(line.contains(words) || line.contains("cannot be reached"), "{line}");
        assert!(server.join().unwrap().contains("authorization: Bearer ks_7Qm2xVbN4tRa_secret"));
    }
}

#[test]
fn what_was_done_before_a_server_went_away_is_told() {
    let (first, second) = ("7Qm2xVbN4tRa", "8Qm2xVbN4tRa");
    let (url, server) = answers("HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"key\":{\"n\":1}}");
    let output = act(&url, &["disable", first, second, "--json"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(3) && said.contains("1 of 2 were asked for before"), "{said}");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), r#"{"data":[{"key":{"n":1}}]}"#);
    assert!(server.join().unwrap().contains(first));
    // Nobody may believe that nothing has happened.
    let (url, _server) = answers("");
    let line = failed(&act(&url, &["delete", first, "--yes"]), 3);
    assert!(line.contains("it is not known whether this was done"), "{line}");
}

fn act(url: &str, act: &[&str]) -> Output {
    let mut command = keystead(Path::new("/nowhere"));
    command.arg("key").args(act).args(["--url", url]).env("KEYSTEAD_KEY", "ks_7Qm2xVbN4tRa_secret");
    command.output().unwrap()
}

#[test]
fn a_key_is_not_shown_to_the_network_or_to_other_processes() {
    for url in ["http://keys.example.com", "http://192.0.2.1:3000"] {
        let line = failed(&asked(url), 2);
        assert!(line.contains("--insecure-http") && !line.contains("secret"), "{line}");
    }
    let mut command = keystead(Path::new("/nowhere"));
    let none = command.args(["key", "list", "--url", "https://keys.example.com"]).output().unwrap();
    let line = failed(&none, 2);
    assert!(line.contains("KEYSTEAD_KEY") && line.contains("--key-file"), "{line}");
    assert!(
        failed(&list("https://keys.example.com").env("KEYSTEAD_KEY", " ").output().unwrap(), 2)
            .contains("KEYSTEAD_KEY")
    );
    let missing = list("https://keys.example.com").args(["--key-file", "/nowhere/key"]).output().unwrap();
    assert!(failed(&missing, 2).contains("/nowhere/key"));
    for arguments in [&["key", "list", "--key-file", "/nowhere/key"][..], &["key", "list", "--insecure-http"]] {
        let folder = tempfile::tempdir().unwrap();
        assert!(failed(&run(folder.path(), arguments, ""), 2).contains("--url"));
    }
    assert!(
        failed(&run(Path::new("/nowhere"), &["key", "list", "--url", "https://a.example", "--key", "x"], ""), 2)
            .contains("--key")
    );
}

#[test]
fn a_key_that_may_not_is_told_so() {
    let two = Two::start();
    let reads = manager(two.data(), &["keystead.keys.read"]);
    assert!(done(&two.with_key(&reads, &["key", "list"])).contains("manager"));
    let line = failed(&two.with_key(&reads, &["key", "issue", "--kind", "service", "--name", "x"]), 1);
    assert!(line.contains("keystead.keys.write"), "{line}");
    assert!(failed(&two.with_key(&reads, &["audit", "list"]), 1).contains("keystead.audit.read"));
    for wrong in ["ks_7Qm2xVbN4tRa_x", "x", &two.key[..two.key.len() - 1]] {
        let line = failed(&two.with_key(wrong, &["key", "list"]), 1);
        assert!(line.contains("The key was refused") && !line.contains(wrong), "{line}");
    }
    let own = two.key.split('_').nth(1).unwrap();
    assert!(failed(&two.there(&["key", "disable", own]), 1).contains("cannot change itself") || own.len() == 12);
    let file = two.data().join("key");
    std::fs::write(&file, format!("{}\n", two.key)).unwrap();
    let mut command = keystead(Path::new("/nowhere"));
    command.args(["key", "list", "--url", &two.url(), "--key-file", file.to_str().unwrap()]);
    assert!(done(&command.output().unwrap()).contains("manager"));
}

#[test]
fn an_answer_that_is_lost_is_asked_for_again_and_nothing_is_done_twice() {
    let two = Two::start();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let address = two.server.address().to_owned();
    // It passes the first call on, and loses the answer.
    let between = thread::spawn(move || {
        for keeps in [false, true] {
            let (mut client, _) = listener.accept().unwrap();
            let mut request = [0; 16 << 10];
            let length = client.read(&mut request).unwrap();
            let mut server = TcpStream::connect(&address).unwrap();
            server.write_all(&request[..length]).unwrap();
            let mut answer = [0; 16 << 10];
            let length = server.read(&mut answer).unwrap();
            if keeps {
                client.write_all(&answer[..length]).unwrap();
            }
        }
    });
    let mut command = keystead(Path::new("/nowhere"));
    command.args(["key", "issue", "--kind", "service", "--name", "Once", "--url", &url]).env("KEYSTEAD_KEY", &two.key);
    let token = done(&command.output().unwrap());
    between.join().unwrap();
    assert!(token.starts_with("ks_"), "{token}");
    assert_eq!(done(&two.here(&["key", "list", "--search", "Once"])).lines().count(), 2);
}

#[test]
fn the_tail_follows_and_ends_well() {
    let two = Two::start();
    for there in [false, true] {
        let mut command = keystead(if there { Path::new("/nowhere") } else { two.data() });
        command.args(["audit", "tail", "--lines", "1", "--action", "key.issued"]);
        if there {
            command.args(["--url", &two.url()]).env("KEYSTEAD_KEY", &two.key);
        }
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.next().unwrap().unwrap().starts_with("Number"));
        assert!(lines.next().unwrap().unwrap().contains("key.issued"));
        done(&two.here(&["key", "issue", "--kind", "service", "--name", "Followed"]));
        let line = lines.next().unwrap().unwrap();
        assert!(line.contains("Followed"), "{line}");
        if there {
            // Nobody reads it any more.
            drop(lines);
            let gone = Instant::now() + Duration::from_secs(10);
            while child.try_wait().unwrap().is_none() {
                assert!(Instant::now() < gone, "it goes on");
                thread::sleep(Duration::from_millis(50));
            }
        } else {
            assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
        }
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), &*output.stderr), (Some(0), &b""[..]));
    }
}

#[test]
fn a_server_elsewhere_is_asked_whether_it_is_ready() {
    let two = Two::start();
    let health = keystead(Path::new("/nowhere")).args(["health", "--url", &two.url()]).output().unwrap();
    assert_eq!(done(&health), "ready\n");
}

#[test]
fn completions_and_manual_pages_name_the_commands() {
    let here = Path::new("/nowhere");
    for shell in ["bash", "zsh", "fish"] {
        let script = done(&run(here, &["completions", shell], ""));
        for word in
            ["keystead", "rotate", "acknowledge", "external-id", "tail", "master_user", "no_longer_needed", "3d"]
        {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    assert!(failed(&run(here, &["completions", "dos"], ""), 2).contains("dos"));
    assert!(done(&run(here, &["man"], "")).contains("keystead"));
    let page = done(&run(here, &["man", "key", "issue"], ""));
    assert!(page.contains("deny\\-cidr") && page.contains(".TH"), "{page}");
    let title = page.lines().find(|line| line.starts_with(".TH")).unwrap();
    assert!(title.contains(concat!("keystead ", env!("CARGO_PKG_VERSION"))), "{title}");
    let (_, environment) = page.split_once(".SH ENVIRONMENT").unwrap();
    for name in ["KEYSTEAD_KEY", "KEYSTEAD_DATABASE_URL", "KEYSTEAD_DATA_DIR", "KEYSTEAD_LOG_FORMAT"] {
        assert!(environment.contains(name), "{name}: {environment}");
    }
    let page_of_all = done(&run(here, &["man"], ""));
    let (_, environment) = page_of_all.split_once(".SH ENVIRONMENT").unwrap();
    assert!(environment.contains("KEYSTEAD_LISTEN") && !environment.contains("KEYSTEAD_KEY"), "{environment}");
    assert!(failed(&run(here, &["man", "key", "eat"], ""), 2).contains("keystead key eat"));
    let folder = tempfile::tempdir().unwrap();
    done(&run(here, &["man", "--into", folder.path().to_str().unwrap()], ""));
    assert_eq!(std::fs::read_to_string(folder.path().join("keystead-key-issue.1")).unwrap(), page);
}
