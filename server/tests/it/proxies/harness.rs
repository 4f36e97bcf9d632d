//! Keystead and an echo service on their own ports, behind a proxy.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use tokio::runtime::{Builder, Handle, Runtime};

use super::echo::echo;
use super::wire::{Answered, Asked};
use crate::mailbox::free_port;
use crate::support::{Product, Settings};

/// Where the clients of these tests call from: not from the proxies' address, whose word Keystead takes.
pub const CLIENT: &str = "127.0.0.2";

pub struct Behind {
    pub product: Product,
    keystead: Option<Runtime>,
    keystead_at: SocketAddr,
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
    /// Writes the files of `docs/proxies` that are named, with the real ports and folder put in, and `main` if there is
    /// one. Then starts the program in their folder.
    pub async fn start(program: &str, arguments: &[&str], docs: &[&str], main: Option<(&str, &str)>) -> Self {
        Self::edited(program, arguments, docs, main, ("", "")).await
    }

    /// The same, after an operator has replaced a text in the files.
    pub async fn edited(
        program: &str,
        arguments: &[&str],
        docs: &[&str],
        main: Option<(&str, &str)>,
        (written, instead): (&str, &str),
    ) -> Self {
        let product = Product::with(Settings { trusted_proxies: "127.0.0.1", ..Settings::default() }).await;
        let seen = Arc::new(AtomicUsize::new(0));
        // On its own threads, so that its connections end with them.
        let keystead = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let keystead_at = serve(product.app.clone(), keystead.handle()).await;
        let service_at = serve(echo(Arc::clone(&seen)), &Handle::current()).await;
        let (front, inner) = (free_port(), free_port());
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path().display().to_string();
        let edited = |text: String| if written.is_empty() { text } else { text.replace(written, instead) };
        let texts = docs.iter().map(|name| (*name, edited(snippet(name))));
        for (name, text) in texts.chain(main.map(|(name, text)| (name, text.to_owned()))) {
            // First, because the port of another may have these digits too.
            let text = text
                .replace("8080", &front.to_string())
                .replace("127.0.0.1:3000", &keystead_at.to_string())
                .replace("port_value: 3000", &format!("port_value: {}", keystead_at.port()))
                .replace("127.0.0.1:8081", &service_at.to_string())
                .replace("port_value: 8081", &format!("port_value: {}", service_at.port()))
                .replace("127.0.0.1:8082", &format!("127.0.0.1:{inner}"))
                .replace("/etc/haproxy/", &format!("{here}/"))
                .replace("/etc/traefik/keystead.yml", &format!("{here}/traefik.yml"))
                .replace("FOLDER", &here);
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let mut proxy = Proxy { child: spawn(program, arguments, folder.path()), folder };
        proxy.wait_for(front, program);
        let behind = Self { product, keystead: Some(keystead), keystead_at, seen, front, _proxy: proxy };
        // Traefik listens before it has read all of its configuration.
        let until = Instant::now() + Duration::from_secs(20);
        while behind.ask(Asked::get("/")).await.status != 401 {
            assert!(Instant::now() < until, "{program} does not ask Keystead");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        behind
    }

    pub async fn ask(&self, request: Asked) -> Answered {
        let mut stream = self.connect().await;
        let (mut reader, mut writer) = stream.split();
        let sent = request.bytes();
        let answer = async {
            let mut text = Vec::new();
            // Some proxies wait for the client to close.
            while !Answered::is_whole(&text) && reader.read_buf(&mut text).await.unwrap() > 0 {}
            Answered::read(&String::from_utf8(text).unwrap())
        };
        // A refusal may come before the whole body was sent.
        let talk = async { tokio::join!(writer.write_all(&sent), answer).1 };
        tokio::time::timeout(Duration::from_secs(20), talk).await.expect("an answer in time")
    }

    /// Asks for another protocol. Gives the answer's head and whether the service spoke through the proxy.
    pub async fn upgrade(&self, request: Asked) -> (Answered, bool) {
        let mut stream = self.connect().await;
        stream.write_all(&request.bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let answer = Answered::read(&String::from_utf8(head).unwrap());
        if answer.status != 101 {
            return (answer, false);
        }
        stream.write_all(b"hello").await.unwrap();
        let mut said = [0; 5];
        let read = tokio::time::timeout(Duration::from_mins(1), stream.read_exact(&mut said)).await;
        (answer, read.is_ok_and(|read| read.is_ok()) && &said == b"HELLO")
    }

    async fn connect(&self) -> tokio::net::TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(CLIENT.parse().unwrap(), 0)).unwrap();
        socket.connect((Ipv4Addr::LOCALHOST, self.front).into()).await.unwrap()
    }

    /// How many requests the service has seen.
    pub fn seen(&self) -> usize {
        self.seen.load(Ordering::SeqCst)
    }

    /// Stops Keystead: nobody answers at its port, or on an existing connection.
    pub fn stop_keystead(&mut self) {
        self.keystead.take().into_iter().for_each(Runtime::shutdown_background);
        let begun = Instant::now();
        while TcpStream::connect(self.keystead_at).is_ok() {
            assert!(begun.elapsed() < Duration::from_secs(30), "it goes on");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// In place of Keystead, which was stopped: connections are accepted, and nothing is ever answered.
    pub fn hang_keystead(&self) -> TcpListener {
        TcpListener::bind(self.keystead_at).unwrap()
    }
}

impl Drop for Behind {
    fn drop(&mut self) {
        self.stop_keystead();
    }
}

impl Proxy {
    fn wait_for(&mut self, port: u16, program: &str) {
        let until = Instant::now() + Duration::from_secs(20);
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

/// A file of `docs/proxies`.
pub fn snippet(name: &str) -> String {
    let folder = Path::new("../docs/proxies");
    std::fs::read_to_string(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Where `scripts/test-tools.sh` puts the programs that Debian does not have.
fn installed() -> PathBuf {
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache");
    std::env::var_os("XDG_CACHE_HOME").map_or_else(home, PathBuf::from).join("keystead/proxies/bin")
}

fn spawn(program: &str, arguments: &[&str], folder: &Path) -> Child {
    let log = File::create(folder.join("log")).unwrap();
    let path = format!("{}:{}:/usr/sbin", installed().display(), std::env::var("PATH").unwrap_or_default());
    // The program is looked up in this PATH, not in the child's.
    let found = std::env::split_paths(&path).map(|folder| folder.join(program)).find(|path| path.exists());
    Command::new(found.unwrap_or_else(|| panic!("{program} is missing: scripts/test-tools.sh installs it")))
        .args(arguments)
        .current_dir(folder)
        .envs(["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"].map(|name| (name, folder)))
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap_or_else(|error| panic!("{program} cannot be started: {error}"))
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
