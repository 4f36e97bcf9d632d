//! The published forms of the call that makes a key of an integration, run by the programs that they are written for
//! against a server that listens. Nothing of them is changed but the host, the ids and the credentials.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::sunshine_caller::{Client, Pair};

/// A client whose product listens, and a folder for what it runs.
struct Listening {
    client: Client,
    address: SocketAddr,
    folder: TempDir,
}

impl Listening {
    async fn start() -> Self {
        let client = Client::start().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = client.product.app.clone().into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { client, address, folder: tempfile::tempdir().unwrap() }
    }

    fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    fn url(&self) -> String {
        format!("{}{}", self.base(), self.client.keys())
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// The names of the keys of the integration, without the one that the tests begin with.
    async fn made(&self) -> Vec<String> {
        let listed = self.client.get(&self.client.keys()).await;
        let names =
            listed["keys"].as_array().unwrap().iter().map(|key| key["displayName"].as_str().unwrap().to_owned());
        names.filter(|name| name != "Integration").collect()
    }
}

/// The text of a file beside this one.
fn published(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/published").join(name);
    fs::read_to_string(path).unwrap()
}

/// Runs a program to its end, beside the server.
async fn output(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs the published Tcl script with these credentials, and gives what it prints.
async fn tcl(listening: &Listening, key: &Pair) -> String {
    let script = published("create_key.tcl")
        .replace("https://domain.com", &listening.base())
        .replace("{{appId}}", &listening.client.app)
        .replace(":integrationId", &listening.client.integration)
        .replace("\"username\"", &format!("\"{}\"", key.id))
        .replace("\"password\"", &format!("\"{}\"", key.secret));
    listening.write("ck.tcl", &published("ck.tcl"));
    listening.write("create_key.tcl", &script);
    let run = "source ck.tcl\nsource create_key.tcl\nputs \"$id|$displayName|$secret\"\n";
    let run = listening.write("run.tcl", run);
    let mut command = Command::new("tclsh");
    command.arg(run).current_dir(listening.folder.path());
    let output = output(command).await;
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_published_tcl_script_makes_a_key() {
    let listening = Listening::start().await;
    let said = tcl(&listening, &listening.client.of_app).await;
    assert!(said.contains("Response Status Code = 201"), "{said}");
    let told = said.lines().last().unwrap().split('|').map(str::to_owned).collect::<Vec<_>>();
    let [id, name, secret] = told.as_slice() else { panic!("{said}") };
    assert_eq!(name, "My custom key");
    let key = Pair { id: id.clone(), secret: secret.clone() };
    let own = listening.client.path("integrations/me/webhooks");
    listening.client.send(&key, "GET", &own, None).await.shown(200);
    assert_eq!(listening.made().await, ["My custom key"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_published_tcl_script_is_told_in_json_why_it_failed() {
    let listening = Listening::start().await;
    let wrong = Pair { id: listening.client.of_app.id.clone(), secret: "password".to_owned() };
    let said = tcl(&listening, &wrong).await;
    assert!(said.contains("Response Status Code = 401") && said.trim_end().ends_with("Failed."), "{said}");
    let body: Value = serde_json::from_str(said.lines().nth(1).unwrap()).unwrap();
    assert_eq!(body["errors"][0]["code"], "unauthorized");
    assert!(listening.made().await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_published_curl_line_makes_a_key() {
    let listening = Listening::start().await;
    for key in [&listening.client.of_app, &listening.client.account] {
        let mut command = Command::new("curl");
        command.args(["--silent", "--show-error", "--write-out", "\n%{http_code} %{content_type}"]);
        command.args(["-X", "POST", "-u", &format!("{}:{}", key.id, key.secret)]);
        command.args(["-H", "Content-Type: application/json", "-d", r#"{ "displayName": "My custom key" }"#]);
        command.arg(listening.url());
        let output = output(command).await;
        assert!(output.status.success(), "{}", text(&output.stderr));
        let said = text(&output.stdout);
        let (body, status) = said.rsplit_once('\n').unwrap();
        assert_eq!(status, "201 application/json", "{said}");
        let made: Value = serde_json::from_str(body).unwrap();
        assert_eq!(made["key"]["displayName"], "My custom key");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_python_program_makes_a_key_and_signs_a_jwt_with_it() {
    let listening = Listening::start().await;
    let script = listening.write("create_key.py", &published("create_key.py"));
    let Client { app, integration, of_app, .. } = &listening.client;
    let mut command = Command::new("python3");
    command.arg(script).args([&listening.base(), app, integration, &of_app.id, &of_app.secret]);
    let output = output(command).await;
    assert!(output.status.success(), "{}", text(&output.stderr));
    let said = text(&output.stdout);
    assert!(said.starts_with("201 int_") && said.contains("My custom key"), "{said}");
    assert!(said.trim_end().ends_with("200 1"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_published_postman_item_makes_a_key() {
    let listening = Listening::start().await;
    let item: Value = serde_json::from_str(&published("create_key.postman.json")).unwrap();
    let variables = [
        ("baseUrl", &listening.base()),
        ("appId", &listening.client.app),
        ("integrationId", &listening.client.integration),
        ("username", &listening.client.of_app.id),
        ("password", &listening.client.of_app.secret),
    ];
    let collection = json!({
        "info": { "name": "Keys", "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json" },
        "item": [item],
        "variable": variables.map(|(key, value)| json!({ "key": key, "value": value })),
    });
    let collection = listening.write("collection.json", &collection.to_string());
    let report = listening.folder.path().join("report.json");
    // scripts/test-tools.sh fetches it.
    let newman = Path::new(env!("CARGO_MANIFEST_DIR")).join("../end2end/node_modules/.bin/newman");
    let mut command = Command::new(newman);
    command.arg("run").arg(collection).args(["--reporters", "json", "--reporter-json-export"]).arg(&report);
    let output = output(command).await;
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    let report: Value = serde_json::from_str(&fs::read_to_string(report).unwrap()).unwrap();
    let response = &report["run"]["executions"][0]["response"];
    assert_eq!((&response["code"], &response["status"]), (&json!(201), &json!("Created")));
    assert_eq!(listening.made().await, ["My custom key"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_is_to_be_closed_is_said_to_be_and_ends_cleanly() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let listening = Listening::start().await;
    for (authorization, status) in [(listening.client.of_app.basic(), "201"), ("Basic ?".to_owned(), "401")] {
        let mut stream = tokio::net::TcpStream::connect(listening.address).await.unwrap();
        let body = r#"{"displayName":"My custom key"}"#;
        let request = format!(
            "POST {} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {authorization}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            listening.client.keys(),
            body.len(),
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
        let head = head.to_lowercase();
        assert!(head.contains("connection: close") && head.contains("content-type: application/json"), "{head}");
        assert!(serde_json::from_str::<Value>(body).unwrap().is_object());
    }
}
