//! Keystead and an echo service on their own ports, behind a proxy.

use std::fmt::Write;
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::Request;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::support::{Product, Settings};

/// Where the clients of these tests call from: not from the proxies' address, whose word Keystead takes.
pub const CLIENT: &str = "127.0.0.2";

pub struct Behind {
    pub product: Product,
    keystead: Option<Runtime>,
    seen: Arc<AtomicUsize>,
    front: u16,
    _proxy: Proxy,
}

/// A process that ends with its test.
struct Proxy {
    child: Child,
    /// Removed after the process that uses it.
    folder: TempDir,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Behind {
    /// Writes the files (a name and a text of `docs/proxies` each, with the real ports put in), and starts the program
    /// in their folder.
    pub async fn start(program: &str, arguments: &[&str], files: &[(&str, &str)]) -> Self {
        let product = Product::with(Settings { trusted_proxies: "127.0.0.1", ..Settings::default() }).await;
        let seen = Arc::new(AtomicUsize::new(0));
        // On its own threads, so that its connections end with them.
        let keystead = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let keystead_at = serve(product.app.clone(), keystead.handle()).await;
        let service_at = serve(echo(Arc::clone(&seen)), &Handle::current()).await;
        let front = free_port();
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let text = text
                .replace("127.0.0.1:3000", &keystead_at.to_string())
                .replace("127.0.0.1:8081", &service_at.to_string())
                .replace("8080", &front.to_string())
                .replace("/etc/haproxy/", &format!("{}/", folder.path().display()))
                .replace("FOLDER", &folder.path().display().to_string());
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let mut proxy = Proxy { child: spawn(program, arguments, folder.path()), folder };
        proxy.wait_for(front, program);
        Self { product, keystead: Some(keystead), seen, front, _proxy: proxy }
    }

    pub async fn ask(&self, request: Asked) -> Answered {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(CLIENT.parse().unwrap(), 0)).unwrap();
        let mut stream = socket.connect((Ipv4Addr::LOCALHOST, self.front).into()).await.unwrap();
        stream.write_all(request.0.as_bytes()).await.unwrap();
        let mut text = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut text));
        read.await.expect("an answer in time").unwrap();
        Answered::read(&String::from_utf8(text).unwrap())
    }

    /// How many requests the service has seen.
    pub fn seen(&self) -> usize {
        self.seen.load(Ordering::SeqCst)
    }

    /// Stops Keystead: nobody answers at its port, or on an existing connection.
    pub fn stop_keystead(&mut self) {
        self.keystead.take().into_iter().for_each(Runtime::shutdown_background);
    }
}

impl Drop for Behind {
    fn drop(&mut self) {
        self.stop_keystead();
    }
}

impl Proxy {
    fn wait_for(&mut self, port: u16, program: &str) {
        let until = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            let log = || std::fs::read_to_string(self.folder.path().join("log")).unwrap();
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("{program} ended with {status}:\n{}", log());
            }
            assert!(Instant::now() < until, "{program} does not listen:\n{}", log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn spawn(program: &str, arguments: &[&str], folder: &Path) -> Child {
    let log = File::create(folder.join("log")).unwrap();
    let path = format!("{}:/usr/sbin", std::env::var("PATH").unwrap_or_default());
    Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env("PATH", path)
        .envs(["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"].map(|name| (name, folder)))
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap_or_else(|error| panic!("{program} cannot be started ({error}): scripts/test-tools.sh installs it"))
}

async fn serve(app: Router, on: &Handle) -> SocketAddr {
    let serving = async move {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = app.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        address
    };
    on.spawn(serving).await.unwrap()
}

/// Echoes a request: the request line, the headers, an empty line, the body.
fn echo(seen: Arc<AtomicUsize>) -> Router {
    Router::new().fallback(async move |request: Request| {
        seen.fetch_add(1, Ordering::SeqCst);
        let (parts, body) = request.into_parts();
        let mut said = format!("{} {}\n", parts.method, parts.uri);
        for (name, value) in &parts.headers {
            writeln!(said, "{name}: {}", value.to_str().unwrap()).unwrap();
        }
        let body = axum::body::to_bytes(body, 100_000).await.unwrap();
        format!("{said}\n{}", String::from_utf8_lossy(&body))
    })
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// A request as it goes over the wire.
#[derive(Clone)]
pub struct Asked(String);

impl Asked {
    pub fn new(method: &str, target: &str) -> Self {
        Self(format!("{method} {target} HTTP/1.1\r\nHost: api.example.com\r\nConnection: close\r\n\r\n"))
    }

    pub fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        let at = self.0.find("\r\n\r\n").unwrap() + 2;
        self.0.insert_str(at, &format!("{name}: {value}\r\n"));
        self
    }

    pub fn bearer(self, token: &str) -> Self {
        self.header("Authorization", &format!("Bearer {token}"))
    }

    pub fn body(self, body: &str) -> Self {
        let mut asked = self.header("Content-Length", &body.len().to_string());
        asked.0.push_str(body);
        asked
    }
}

#[derive(Debug)]
pub struct Answered {
    pub status: u16,
    head: String,
    pub body: String,
}

impl Answered {
    fn read(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self { status, head: head.to_owned(), body: body.to_owned() }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        values(&self.head, name).first().copied()
    }

    /// What the service was told in a header: nothing, or one value.
    pub fn told(&self, name: &str) -> &str {
        let told = values(&self.body, name);
        assert!(told.len() < 2, "{name}: {told:?}");
        told.first().copied().unwrap_or("")
    }
}

fn values<'a>(head: &'a str, name: &str) -> Vec<&'a str> {
    let of_name = |line: &'a str| line.split_once(':').filter(|(given, _)| given.eq_ignore_ascii_case(name));
    head.lines()
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(of_name)
        .map(|(_, value)| value.trim())
        .collect()
}
