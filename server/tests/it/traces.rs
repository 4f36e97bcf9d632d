//! Traces, as a collector gets them from the binary.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use prost::Message;
use tokio::net::TcpListener;

use crate::command_line::{done, failed, keystead, run};
use crate::process::Server;
use crate::support::{EMAIL, PASSWORD};

/// What a collector got.
#[derive(Default)]
struct Got {
    spans: Vec<Span>,
    services: Vec<String>,
    authorizations: Vec<String>,
    bytes: Vec<u8>,
}

/// A collector, which answers the first requests with this status.
struct Collector {
    address: SocketAddr,
    got: Arc<Mutex<Got>>,
}

#[derive(Clone)]
struct Answering {
    got: Arc<Mutex<Got>>,
    busy: Arc<Mutex<u32>>,
}

impl Collector {
    async fn start(busy: u32) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let got = Arc::<Mutex<Got>>::default();
        let state = Answering { got: Arc::clone(&got), busy: Arc::new(Mutex::new(busy)) };
        let app = Router::new().route("/v1/traces", post(take)).with_state(state);
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { address, got }
    }

    fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The one span of this name.
    fn span(&self, name: &str) -> Span {
        let spans = &self.got.lock().unwrap().spans;
        let mut named = spans.iter().filter(|span| span.name == name);
        let span = named.next().unwrap_or_else(|| panic!("{name}: {spans:?}")).clone();
        assert!(named.next().is_none(), "{name}: {spans:?}");
        span
    }
}

async fn take(State(state): State<Answering>, headers: HeaderMap, body: Bytes) -> StatusCode {
    {
        let mut busy = state.busy.lock().unwrap();
        if *busy > 0 {
            *busy -= 1;
            return StatusCode::SERVICE_UNAVAILABLE;
        }
    }
    let mut got = state.got.lock().unwrap();
    assert_eq!(headers["content-type"], "application/x-protobuf");
    let authorization = headers.get("authorization").map_or("", |value| value.to_str().unwrap());
    got.authorizations.push(authorization.to_owned());
    got.bytes.extend(&body);
    for of_resource in ExportTraceServiceRequest::decode(body).unwrap().resource_spans {
        got.services.extend(text_of(&of_resource.resource.unwrap().attributes, "service.name"));
        got.spans.extend(of_resource.scope_spans.into_iter().flat_map(|of_scope| of_scope.spans));
    }
    StatusCode::OK
}

fn value_of(attributes: &[KeyValue], name: &str) -> Option<Value> {
    attributes.iter().find(|attribute| attribute.key == name)?.value.clone()?.value
}

fn text_of(attributes: &[KeyValue], name: &str) -> Option<String> {
    match value_of(attributes, name)? {
        Value::StringValue(text) => Some(text),
        other => panic!("{name}: {other:?}"),
    }
}

/// A server that sends to this endpoint, behind a proxy on this machine.
fn traced(data: &Path, endpoint: &str) -> Command {
    let mut command = keystead(data);
    command.args(["--listen", "127.0.0.1:0", "--trusted-proxies", "127.0.0.1"]);
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint).stderr(Stdio::null());
    command
}

fn get(server: &Server, path: &str, headers: &str) -> String {
    server.ask(&format!("GET {path} HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n{headers}\r\n"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_gets_a_span_for_each_page_when_the_server_stops() {
    let collector = Collector::start(0).await;
    let folder = tempfile::tempdir().unwrap();
    done(&run(folder.path(), &["owner", "create", "--email", EMAIL, "--password-stdin"], PASSWORD));
    let mut command = traced(folder.path(), &collector.endpoint());
    // Spans do not depend on the level of the log.
    command.env("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20collect-1").env("KEYSTEAD_LOG", "off");
    let mut server = Server::run(command, false);
    let form = format!("email={}&password={}", EMAIL.replace('@', "%40"), PASSWORD.replace(' ', "+"));
    let answer = server.ask(&format!(
        "POST /login HTTP/1.1\r\nHost: HOST\r\nOrigin: http://HOST\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        form.len()
    ));
    let set = answer.lines().find(|line| line.to_ascii_lowercase().starts_with("set-cookie:")).unwrap();
    let cookie = set.split([' ', ';']).nth(1).unwrap();
    let parent = "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n";
    get(&server, "/account", &format!("Cookie: {cookie}\r\nX-Request-Id: of-account\r\n{parent}"));
    get(&server, "/login?next=%2Fvery-secret", "");
    get(&server, "/v1/keys/self", "");
    server.stop();

    let account = collector.span("GET /account");
    assert_eq!(account.kind, i32::from(SpanKind::Server));
    assert_eq!(hex::encode(&account.trace_id), "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(hex::encode(&account.parent_span_id), "b7ad6b7169203331");
    assert!(account.end_time_unix_nano >= account.start_time_unix_nano && account.start_time_unix_nano > 0);
    let text = |name: &str| text_of(&account.attributes, name).unwrap_or_else(|| panic!("{name}: {account:?}"));
    assert_eq!((text("http.request.method"), text("http.route")), ("GET".to_owned(), "/account".to_owned()));
    assert_eq!(text("keystead.request_id"), "of-account");
    assert_eq!(value_of(&account.attributes, "http.response.status_code"), Some(Value::IntValue(200)));
    let person = text("enduser.id");
    assert!(person.len() == 24 && person.bytes().all(|byte| byte.is_ascii_hexdigit()), "{person}");

    let login = collector.span("GET /login");
    assert!(login.parent_span_id.is_empty() && login.trace_id != account.trace_id);
    assert_eq!(text_of(&login.attributes, "enduser.id"), None);
    let got = collector.got.lock().unwrap();
    assert!(got.spans.iter().all(|span| !span.name.contains("/v1/keys/self")));
    assert!(got.services.iter().all(|service| service == "keystead") && !got.services.is_empty());
    assert!(got.authorizations.iter().all(|value| value == "Bearer collect-1"));
    // Neither addresses nor who somebody is.
    for secret in ["very-secret", EMAIL, cookie.split_once('=').unwrap().1] {
        let found = got.bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "{secret}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_was_busy_gets_the_same_spans_later() {
    let collector = Collector::start(1).await;
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::run(traced(folder.path(), &collector.endpoint()), true);
    get(&server, "/login", "");
    let until = Instant::now() + Duration::from_secs(30);
    while collector.got.lock().unwrap().spans.is_empty() {
        assert!(Instant::now() < until, "nothing came");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    collector.span("GET /login");
    server.stop();
}

#[test]
fn a_collector_that_is_away_delays_nobody_and_is_told_of_once() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let mut command = traced(folder.path(), "http://127.0.0.1:1");
    command.stderr(std::fs::File::create(&log).unwrap());
    let mut server = Server::run(command, true);
    let started = Instant::now();
    for _ in 0..20 {
        assert!(get(&server, "/login", "").starts_with("HTTP/1.1 200"));
    }
    assert!(started.elapsed() < Duration::from_mins(1));
    let took = server.stop();
    assert!(took < Duration::from_secs(8), "{took:?}");
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.contains("spans did not reach the collector of traces"), "{log}");
    assert!(log.matches("collector of traces").count() <= 2, "{log}");
}

#[test]
fn what_is_wrong_with_the_variables_stops_the_start_and_a_command_reads_none() {
    let folder = tempfile::tempdir().unwrap();
    let with = |variable: &str, value: &str| {
        let mut command = keystead(folder.path());
        command.env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318").env(variable, value);
        command
    };
    for (variable, value) in [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "127.0.0.1:4318"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "hunter2"),
        ("OTEL_TRACES_SAMPLER_ARG", "all"),
    ] {
        let line = failed(&with(variable, value).output().unwrap(), 2);
        assert!(line.contains(variable) && !line.contains("hunter2"), "{line}");
    }
    let mut command = with("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
    done(&command.args(["key", "issue", "--kind", "service", "--name", "n"]).output().unwrap());
}
