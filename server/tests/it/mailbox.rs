//! A real mail server, which scripts/test-tools.sh fetches.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A mail server on loopback, which keeps every mail as a file.
pub struct MailBox {
    server: Child,
    port: u16,
    folder: TempDir,
}

impl MailBox {
    pub fn start() -> Self {
        let port = free_port();
        let folder = tempfile::tempdir().unwrap();
        let kept = folder.path().join("mail");
        let server = Command::new("python3")
            .args(["-m", "aiosmtpd", "--nosetuid", "--listen", &format!("127.0.0.1:{port}")])
            .args(["--class", "aiosmtpd.handlers.Mailbox"])
            .arg(&kept)
            .env("PYTHONPATH", cache().join("mail"))
            .spawn()
            .unwrap();
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(30), "the mail server does not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        Self { server, port, folder }
    }

    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}?from=keystead@example.com", self.port)
    }

    /// The mails, each with its long lines whole: they go as several, each with an equals sign at its end.
    pub fn mails(&self) -> Vec<String> {
        let files = fs::read_dir(self.folder.path().join("mail/new")).unwrap();
        let mails = files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
        mails.map(|mail| mail.replace("=\r\n", "").replace("=\n", "")).collect()
    }

    /// The mails once there are so many, which were sent in the background.
    pub async fn after(&self, count: usize) -> Vec<String> {
        let begun = Instant::now();
        loop {
            let mails = self.mails();
            if mails.len() >= count {
                return mails;
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "{} of {count} mails came", mails.len());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for MailBox {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Where scripts/test-tools.sh puts what the tests need.
fn cache() -> PathBuf {
    let home = std::env::var("HOME").map(|home| PathBuf::from(home).join(".cache"));
    std::env::var("XDG_CACHE_HOME").map_or_else(|_| home.unwrap(), PathBuf::from).join("keystead")
}

/// Below the ports that the system gives out by itself: one of those could be taken before the other program has it.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 20_000 + u16::try_from(std::process::id() % 400).unwrap() * 25;
    let ports = std::iter::repeat_with(|| first + NEXT.fetch_add(1, Ordering::SeqCst));
    let mut free = ports.take(200).filter(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok());
    free.next().expect("a free port")
}
