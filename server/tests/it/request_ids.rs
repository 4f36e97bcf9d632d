//! The id of a request, in its answer.

use std::process::Stdio;

use crate::command_line::keystead;
use crate::process::Server;
use crate::support::{Answer, Call, Product, Settings, service_key};

fn id(answer: &Answer) -> String {
    assert!(answer.headers.get_all("x-request-id").iter().count() <= 1);
    answer.header("x-request-id").to_owned()
}

fn is_new(id: &str) -> bool {
    id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Paths of pages and of each API, those that are nowhere included.
const PATHS: [&str; 8] = [
    "/login",
    "/nowhere",
    "/account",
    "/v1/keys",
    "/v1/nowhere",
    "/v2/keys.nothing",
    "/chat-service/api/nowhere",
    "/openapi/nowhere",
];

#[tokio::test]
async fn a_trusted_proxy_names_a_request_and_nobody_else_does() {
    let product = Product::with(Settings { trusted_proxies: "10.0.0.0/8", ..Settings::default() }).await;
    for path in ["/login", "/nowhere", "/v1/keys", "/v1/nowhere", "/v2/keys.nothing"] {
        let get = || Call::get(path);
        let given = id(&product.send(get().peer("10.0.0.1").header("x-request-id", "7Fx-1.b_2")).await);
        assert_eq!(given, "7Fx-1.b_2", "{path}");
        let too_long = "a".repeat(65);
        for call in [
            get(),
            get().peer("10.0.0.1"),
            get().peer("198.51.100.7").header("x-request-id", "theirs"),
            get().peer("10.0.0.1").header("x-request-id", "two words"),
            get().peer("10.0.0.1").header("x-request-id", &too_long),
            get().peer("10.0.0.1").header("x-request-id", "one").header("x-request-id", "two"),
        ] {
            let id = id(&product.send(call).await);
            assert!(is_new(&id), "{path}: {id}");
        }
    }
}

#[tokio::test]
async fn each_answer_has_its_own_id() {
    let product = Product::start().await;
    let mut ids = Vec::new();
    for path in PATHS {
        ids.push(id(&product.send(Call::get(path)).await));
    }
    // Errors in the form of another product keep it.
    assert!(ids.iter().all(|id| is_new(id)), "{ids:?}");
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), PATHS.len());
}

#[tokio::test]
async fn what_is_called_often_makes_none() {
    let product = Product::start().await;
    let (verifier, token) = (product.verifier().await, product.token(service_key("key")).await);
    let verify = format!(r#"{{"key":"{token}"}}"#);
    for call in [
        Call::post("/v1/keys/verify").bearer(&verifier).json(verify.clone()),
        Call::post("/v2/keys.verifyKey").bearer(&verifier).json(verify),
        Call::get("/v1/keys/self").bearer(&token),
        Call::get("/v1/authorize").bearer(&token),
        Call::get("/healthz"),
    ] {
        let answer = product.send(call).await;
        assert!(answer.status.is_success(), "{}", answer.body);
        assert_eq!(id(&answer), "");
    }
}

#[test]
fn what_is_called_often_repeats_the_id_of_a_proxy() {
    let folder = tempfile::tempdir().unwrap();
    for (proxies, repeats) in [("127.0.0.1", true), ("10.0.0.1", false)] {
        let mut command = keystead(folder.path());
        command.args(["--listen", "127.0.0.1:0", "--trusted-proxies", proxies]).stderr(Stdio::null());
        let mut server = Server::run(command, true);
        for path in ["/v1/keys/self", "/v1/authorize", "/healthz"] {
            let head = format!("GET {path} HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n");
            let answer = server.ask(&format!("{head}X-Request-Id: of-the-proxy\r\n\r\n"));
            assert_eq!(answer.contains("x-request-id: of-the-proxy\r\n"), repeats, "{answer}");
            let answer = server.ask(&format!("{head}X-Request-Id: not an id\r\n\r\n"));
            assert!(!answer.contains("x-request-id"), "{answer}");
        }
        // It has one already, and gets no second.
        let login = "GET /login HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\nX-Request-Id: of-the-proxy\r\n\r\n";
        let answer = server.ask(login);
        assert_eq!(answer.matches("x-request-id: ").count(), 1, "{answer}");
        assert_eq!(answer.contains("x-request-id: of-the-proxy\r\n"), repeats, "{answer}");
        server.stop();
    }
}
