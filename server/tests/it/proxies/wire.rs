//! Requests and answers as they go over the wire.

use std::fmt::Write;

/// A request.
#[derive(Clone)]
pub struct Asked {
    head: String,
    body: String,
}

impl Asked {
    pub fn new(method: &str, target: &str) -> Self {
        Self { head: format!("{method} {target} HTTP/1.1\r\nHost: api.example.com\r\n"), body: String::new() }
    }

    pub fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        write!(self.head, "{name}: {value}\r\n").unwrap();
        self
    }

    pub fn bearer(self, token: &str) -> Self {
        self.header("Authorization", &format!("Bearer {token}"))
    }

    pub fn body(self, body: &str) -> Self {
        let asked = self.header("Content-Length", &body.len().to_string());
        Self { body: body.to_owned(), ..asked }
    }

    /// Asks for another protocol.
    pub fn upgrade(self, protocol: &str) -> Self {
        let asked = self.header("Upgrade", protocol).header("Sec-WebSocket-Version", "13");
        asked.header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
    }

    /// As it is sent. Its connection is closed, unless it says otherwise itself.
    pub fn bytes(&self) -> Vec<u8> {
        let close = if self.head.contains("\r\nConnection: ") { "" } else { "Connection: close\r\n" };
        format!("{}{close}\r\n{}", self.head, self.body).into_bytes()
    }
}

#[derive(Debug)]
pub struct Answered {
    pub status: u16,
    head: String,
    pub body: String,
}

impl Answered {
    pub fn read(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self { status, head: head.to_owned(), body: body.to_owned() }
    }

    /// Whether a text has all the bytes that its head announces.
    pub fn is_whole(text: &[u8]) -> bool {
        let Some(end) = text.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
        let head = String::from_utf8_lossy(&text[..end]);
        let length = values(&head, "Content-Length").first().and_then(|length| length.parse::<usize>().ok());
        length.is_some_and(|length| text.len() >= end + 4 + length)
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
